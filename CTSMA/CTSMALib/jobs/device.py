"""What a job computes on, told to the user."""

from __future__ import annotations

import os


def processor() -> str:
    """The cores this process may use, for example ``"CPU, 8 cores"``."""
    try:
        cores = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on Linux
        cores = os.cpu_count() or 1
    return f"CPU, {cores} core{'' if cores == 1 else 's'}"
