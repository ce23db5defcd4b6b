"""Keeping compiled libraries quiet: what a user must know is said in sentences of ours."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import SimpleITK as sitk

_ERRORS = 2  # the file descriptor of standard error, to which C code prints past Python
_one_at_a_time = threading.RLock()


@contextmanager
def libraries_silenced() -> Iterator[None]:
    """Discard what ITK, the NIfTI library and the DICOM decoders print; for short calls into them."""
    with _one_at_a_time:
        shown = sitk.ProcessObject.GetGlobalWarningDisplay()
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        kept = _redirected()
        try:
            yield
        finally:
            if kept is not None:
                os.dup2(kept, _ERRORS)
                os.close(kept)
            sitk.ProcessObject.SetGlobalWarningDisplay(shown)


def _redirected() -> int | None:
    """Point standard error to nowhere; a copy of what it was, ``None`` where it is closed."""
    with suppress(OSError, ValueError, AttributeError):  # closed, or replaced by something without a buffer
        sys.stderr.flush()
    try:
        kept = os.dup(_ERRORS)
    except OSError:
        return None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _ERRORS)
    os.close(nowhere)
    return kept
