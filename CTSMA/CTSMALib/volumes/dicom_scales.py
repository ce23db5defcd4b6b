"""The scales of MR planes: which are arbitrary, and may differ from plane to plane."""

from __future__ import annotations

from dataclasses import replace

from CTSMALib.volumes.dicom_stack import Stack

_MOST_TIMES = 2.0**14  # by which planes may be enlarged, so that values stay within 32 bits


def as_stored(stack: Stack) -> Stack:
    """A stack whose values are read as they are stored, if one scale without offset holds for all of its planes.

    Otherwise, where a scale is so small that whole numbers would lose the signal, all are made larger by one factor:
    the smallest becomes 1, so that every plane keeps its steps.
    """
    slopes = [abs(f.slope or 1.0) for f in stack.frames]
    if len({(f.slope, f.intercept or 0.0) for f in stack.frames}) == 1 and not stack.frames[0].intercept:
        return replace(stack, frames=tuple(replace(f, slope=None, intercept=None) for f in stack.frames))
    least = max(min(slopes), max(slopes) / _MOST_TIMES)
    return scaled(stack, 1.0 / least) if least < 1.0 else stack


def scaled(stack: Stack, factor: float) -> Stack:
    """A stack whose values are multiplied by a factor."""
    scales = [((f.slope or 1.0) * factor, (f.intercept or 0.0) * factor) for f in stack.frames]
    frames = zip(stack.frames, scales, strict=True)
    return replace(stack, frames=tuple(replace(f, slope=slope, intercept=offset) for f, (slope, offset) in frames))
