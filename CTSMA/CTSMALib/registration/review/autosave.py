"""Saving a review into the folder of its registration, without writing over what somebody else saved there."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from CTSMALib.errors import InputError, OutputError
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import PATCHES_FILE, RECORD_FILE, load_record, write_record

_ASIDE = ".review-"


def load(folder: Path) -> tuple[RegistrationRecord, str]:
    """Read a registration to review it.

    Returns:
        The record, and a token that tells :func:`save` what it was read from.

    Raises:
        InputError: the folder holds none, or a damaged one.
    """
    token = _token(folder)  # before reading: a change in between is taken for one by somebody else
    return load_record(folder), token


def save(record: RegistrationRecord, folder: Path, token: str) -> str:
    """Write record, transforms and table of patches.

    Everything is written aside first. Then one file after the other is exchanged, the record last; if that fails, what
    was there before is put back.

    Args:
        record: all of it.
        folder: that it was loaded from.
        token: of :func:`load`, or of the last :func:`save`.

    Returns:
        The token for the next time.

    Raises:
        InputError: somebody else changed the registration since.
        OutputError: it could not be written; the previous one is kept.
    """
    _refuse_changed(folder, token)
    aside = None
    try:
        aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder))
        write_record(record, aside)
        _refuse_changed(folder, token)
        _exchange(aside, folder)
    except OSError as error:
        raise OutputError(
            f"The review could not be saved in {folder} ({error.strerror or error}).",
            "What was saved before is kept; check disk space and permissions, then save again.",
        ) from error
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
    return _token(folder)


def _exchange(aside: Path, folder: Path) -> None:
    """Put files in their places, or leave all as it was."""
    names = sorted(path.relative_to(aside) for path in aside.rglob("*") if path.is_file())
    names.sort(key=lambda name: name == Path(RECORD_FILE))  # the record last: it is what others are made from
    before = {name: (folder / name).read_bytes() if (folder / name).exists() else None for name in names}
    done: list[Path] = []
    try:
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            os.replace(aside / name, folder / name)
            done.append(name)
    except OSError:
        for name in done:
            _put_back(folder / name, before[name])
        raise


def _put_back(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(content)


def _refuse_changed(folder: Path, token: str) -> None:
    if _token(folder) != token:
        raise InputError(
            f"The registration in {folder} was changed by somebody else since it was opened.",
            "Open it again and repeat what you did last; nothing was written.",
        )


def _token(folder: Path) -> str:
    """SHA-256 of the files that a record is read from."""
    parts = [_content(folder / name) for name in (RECORD_FILE, PATCHES_FILE)]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part or b"").digest() for part in parts)).hexdigest()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
