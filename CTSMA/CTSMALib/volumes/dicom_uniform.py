"""The planes of a CT must be made alike: with one kernel, at one tube voltage, and all in HU or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from CTSMALib.errors import InputError
from CTSMALib.volumes.dicom_frames import Frame
from CTSMALib.volumes.tube_voltage import possible_voltage


def check_uniform(frames: Sequence[Frame], what: str) -> None:
    """Refuse planes that differ in what their values mean; what a plane does not state is no difference.

    Args:
        frames: the planes that will be read.
        what: the subject of the sentences.

    Raises:
        InputError: they differ.
    """
    if len({(f.slope is None, f.intercept is None) for f in frames}) > 1:
        raise InputError(
            f"{what} states for {_rescaled(frames)}.", "Export the original series from the scanner or the archive."
        )
    _check_one(sorted({f.kernel for f in frames if f.kernel}), "reconstruction kernels", "", what)
    voltages = {kvp for f in frames if (kvp := possible_voltage(f.kvp)) is not None}
    _check_one([f"{kvp:g}" for kvp in sorted(voltages)], "tube voltages", " kV", what)


def common_kernel(frames: Iterable[Frame]) -> str:
    """The kernel of planes: the first that is stated; empty where none is."""
    return next((f.kernel for f in frames if f.kernel), "")


def common_voltage(frames: Iterable[Frame]) -> float | None:
    """The tube voltage of planes in kV: the first that is stated and possible."""
    return next((kvp for f in frames if (kvp := possible_voltage(f.kvp)) is not None), None)


def _rescaled(frames: Sequence[Frame]) -> str:
    """How many planes, of which not all state the same, state how stored values become HU."""
    stated = sum(f.slope is not None and f.intercept is not None for f in frames)
    if stated:
        return f"only {stated} of its {len(frames)} slices how stored values become HU"
    partly = sum(f.slope is not None or f.intercept is not None for f in frames)
    return (
        f"none of its {len(frames)} slices how stored values become HU: "
        f"{partly} state a slope without an intercept, or the reverse"
    )


def _check_one(values: Iterable[str], name: str, unit: str, what: str) -> None:
    every = list(values)
    if len(every) > 1:
        listed = f"{', '.join(every[:-1])} and {every[-1]}"
        raise InputError(
            f"{what} mixes slices of several {name}: {listed}{unit}.",
            "Export each scan and each reconstruction as a series of its own.",
        )
