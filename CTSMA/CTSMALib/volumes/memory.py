"""Whether the memory of this machine will do, asked before it is needed."""

from __future__ import annotations

import os
from pathlib import Path

from CTSMALib.errors import InputError

_GB = 1e9
_CONTROL_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def check_memory(needed_bytes: float, what: str) -> None:
    """Refuse work that needs more memory than the machine has or this process may use.

    Says nothing where the system does not tell.

    Args:
        needed_bytes: estimate of the peak.
        what: begins the sentence, for example ``"To read 'knee.nii'"``.

    Raises:
        InputError: it will not do.
    """
    limit = memory_limit_bytes()
    if limit is not None and needed_bytes > limit:
        raise InputError(
            f"{what}, about {needed_bytes / _GB:.3g} GB of memory are needed; there are {limit / _GB:.3g} GB.",
            "Crop it to the region of interest, or use a machine with more memory.",
        )


def memory_limit_bytes() -> float | None:
    """Bytes of memory that this process may use: the machine's, or less where a limit is set; ``None`` if unknown."""
    limits = [limit for limit in (_machine(), _process(), _container()) if limit is not None and limit > 0]
    return min(limits, default=None)


def _machine() -> float | None:
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * float(os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # not POSIX
        return None


def _process() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else float(soft)


def _container() -> float | None:
    """The limit of a Linux control group, as of containers and batch systems."""
    for path in _CONTROL_GROUPS:
        try:
            return float(Path(path).read_text(encoding="ascii"))
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return None
