"""From a heap of image planes to one stack: which planes belong together, and how they lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.dicom_frames import Frame
from CTSMALib.volumes.dicom_spacing import slice_grid

SamePixels = Callable[[Frame, Frame], bool]
_SAME_PLACE_MM = 0.01
_DRIFT_TOLERANCE_PIXELS = 0.1
_LEAST_RISE = 0.1  # of the distance between first and last plane; two reconstructions side by side rise more
_LEAST_RISE_ONE_STACK = 0.7  # a tilt of 45 degrees, more than any gantry has
_LEFT_OUT = "Images left out of the series: {count} {what}."


@dataclass(frozen=True)
class Stack:
    """Planes in the order of their positions, and the regular grid that they fill.

    Attributes:
        frames: sorted along ``axes[:, 2]``; one per height.
        axes: 3 × 3, columns along rows, down columns, and normal to the planes; LPS, right-handed.
        heights: (n,) position of every plane along the normal, mm.
        drift: (n, 2) how far the first pixel lies off the normal through that of the first plane, mm along x and y.
        spacing: mm between rows of voxels along x, y, z of the regular grid.
        count: number of slices of the regular grid.
        regular: the planes are the slices of the grid; otherwise slices must be interpolated.
        tilted: ``drift`` is more than a small part of a pixel.
    """

    frames: tuple[Frame, ...]
    axes: np.ndarray
    heights: np.ndarray
    drift: np.ndarray
    spacing: tuple[float, float, float]
    count: int
    regular: bool
    tilted: bool
    notices: tuple[Notice, ...]


def arrange(frames: list[Frame], what: str, same_pixels: SamePixels) -> Stack:
    """Find the stack in the planes of a series.

    Args:
        frames: all planes of one series, in any order.
        what: the subject of the sentences, for example ``"Series 3"``.
        same_pixels: tells whether two planes at the same place hold the same image; asked only if nothing else
            tells them apart.

    Raises:
        InputError: the planes do not form one stack.
    """
    notices: list[Notice] = []
    frames = _consistent(_placed(frames, what, notices), what, notices)
    axes = _axes(frames[0], what)
    heights = np.array([f.position for f in frames]) @ axes[:, 2]
    _check_rise(np.array([f.position for f in frames]), heights, _LEAST_RISE, what)
    order = np.argsort(heights, kind="stable")
    frames = _one_per_height([frames[i] for i in order], what, same_pixels, notices)
    return _stack(frames, axes, what, notices)


def _stack(frames: list[Frame], axes: np.ndarray, what: str, notices: list[Notice]) -> Stack:
    if len(frames) < 2:
        raise InputError(f"{what} holds a single slice.", "Give a series of slices that covers the knee.")
    positions = np.array([f.position for f in frames])
    heights = positions @ axes[:, 2]
    _check_rise(positions, heights, _LEAST_RISE_ONE_STACK, what)
    drift = (positions - positions[0]) @ axes[:, :2]
    grid = slice_grid(heights, what)
    row_spacing, column_spacing = frames[0].pixel_spacing
    tilted = np.abs(drift).max() > _DRIFT_TOLERANCE_PIXELS * min(row_spacing, column_spacing)
    if tilted:
        notices.append(_tilt_notice(heights, drift))
    return Stack(
        frames=tuple(frames),
        axes=axes,
        heights=heights,
        drift=drift,
        spacing=(column_spacing, row_spacing, grid.spacing),
        count=grid.count,
        regular=grid.regular,
        tilted=bool(tilted),
        notices=(*notices, *grid.notices),
    )


def _placed(frames: list[Frame], what: str, notices: list[Notice]) -> list[Frame]:
    placed = [f for f in frames if f.position and f.orientation and f.pixel_spacing and min(f.pixel_spacing) > 0]
    if not placed:
        raise InputError(
            f"{what} does not say where its slices lie (position, orientation or pixel spacing is missing).",
            "Export the original series from the scanner or the archive.",
        )
    if len(placed) < len(frames):
        text = _LEFT_OUT.format(count=len(frames) - len(placed), what="images without a position")
        notices.append(Notice("images-left-out", text))
    return placed


def _consistent(frames: list[Frame], what: str, notices: list[Notice]) -> list[Frame]:
    """Leave out localizers and keep the largest group of planes of the same size, spacing and orientation."""
    slices = [f for f in frames if "LOCALIZER" not in f.image_type]
    if not slices:
        raise InputError(f"{what} is a localizer.", "Give the CT series that was planned on it.")
    groups: list[list[Frame]] = []
    for frame in slices:
        group = next((g for g in groups if _alike(g[0], frame)), None)
        if group is None:
            groups.append([frame])
        else:
            group.append(frame)
    largest = max(groups, key=len)
    dropped = ((len(frames) - len(slices), "localizer images"),
               (len(slices) - len(largest), "images of another size, spacing or orientation"))  # fmt: skip
    for count, name in dropped:
        if count:
            notices.append(Notice("images-left-out", _LEFT_OUT.format(count=count, what=name), Severity.INFO))
    return largest


def _alike(a: Frame, b: Frame) -> bool:
    return (
        (a.rows, a.columns, a.frame_of_reference) == (b.rows, b.columns, b.frame_of_reference)
        and np.allclose(a.pixel_spacing, b.pixel_spacing, rtol=1e-3, atol=0)
        and np.allclose(a.orientation, b.orientation, rtol=0, atol=2e-3)
    )


def _axes(frame: Frame, what: str) -> np.ndarray:
    row, column = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    if max(abs(row @ row - 1), abs(column @ column - 1), abs(row @ column)) > 0.01:
        raise InputError(
            f"{what} gives image axes that are not perpendicular unit vectors.",
            "Export the original series from the scanner or the archive.",
        )
    row = row / np.linalg.norm(row)
    column = column - (column @ row) * row  # headers round to few decimals
    column = column / np.linalg.norm(column)
    return np.stack([row, column, np.cross(row, column)], axis=1)


def _check_rise(positions: np.ndarray, heights: np.ndarray, least: float, what: str) -> None:
    """Refuse planes that are moved within themselves: their orientation or their positions are wrong."""
    distance = float(np.linalg.norm(np.ptp(positions, axis=0)))
    if np.ptp(heights) < least * distance:
        raise InputError(
            f"{what} gives slice positions that do not run across its slices.",
            "Export the original series from the scanner or the archive.",
        )


def _one_per_height(frames: list[Frame], what: str, same_pixels: SamePixels, notices: list[Notice]) -> list[Frame]:
    """Resolve planes at the same height: copies are dropped, several acquisitions are told apart."""
    unique = _one_per_identifier(frames, what, same_pixels)
    copies = len(frames) - len(unique)
    places = _places(unique)
    if len(places) < len(unique):
        chosen = _one_acquisition(unique, len(places), notices)
        if chosen is None:
            chosen, same = _without_copies(places, same_pixels, what)
            copies += same
        unique = chosen
    if copies:
        text = f"{copies} slices were stored twice; one copy was used."
        notices.append(Notice("doubled-slices", text, Severity.INFO))
    return unique


def _one_per_identifier(frames: list[Frame], what: str, same_pixels: SamePixels) -> list[Frame]:
    """Drop copies that bear the identifier of their original; one that all slices bear identifies none of them."""
    unique: dict[object, Frame] = {}
    for frame in frames:
        first = unique.setdefault((frame.instance_uid, frame.position), frame)
        if first is not frame and not same_pixels(first, frame):
            raise InputError(
                f"{what} holds two different images under one identifier ('{frame.path.name}'), as where an altered "
                "copy lies beside its original.",
                "Give a folder that holds the original images alone.",
            )
    return list(unique.values())


def _places(frames: list[Frame]) -> list[list[Frame]]:
    """Frames, sorted along the stack, in groups that share one height."""
    normal = np.cross(frames[0].orientation[:3], frames[0].orientation[3:])
    places: list[list[Frame]] = []
    last = -np.inf
    for frame in frames:
        height = float(np.dot(frame.position, normal))
        if height - last > _SAME_PLACE_MM:
            places.append([])
            last = height
        places[-1].append(frame)
    return places


def _one_acquisition(frames: list[Frame], place_count: int, notices: list[Notice]) -> list[Frame] | None:
    """Tell images at the same place apart by their headers; ``None`` where no header element does."""
    names = ["position in the image plane", *(name for name, _ in frames[0].separators)]
    for name in names:
        parts: dict[object, list[Frame]] = {}
        for frame in frames:
            parts.setdefault(_separator(frame, frames[0], name), []).append(frame)
        largest = max(parts.values(), key=len)
        complete = len(_places(largest)) == len(largest)
        if len(parts) > 1 and complete and 2 * len(largest) >= place_count:
            text = (
                f"The series holds {len(parts)} sets of images that differ in {name}; "
                f"one with {len(largest)} slices was used."
            )
            notices.append(Notice("several-acquisitions", text))
            return largest
    return None


def _separator(frame: Frame, reference: Frame, name: str) -> object:
    if name in dict(frame.separators):
        return dict(frame.separators)[name]
    row, column = np.array(reference.orientation[:3]), np.array(reference.orientation[3:])
    offset = np.array(frame.position) - np.array(reference.position)
    return round(float(offset @ row)), round(float(offset @ column))


def _without_copies(places: list[list[Frame]], same_pixels: SamePixels, what: str) -> tuple[list[Frame], int]:
    for first, *others in places:
        if not all(same_pixels(first, other) for other in others):
            raise InputError(
                f"{what} holds different images at the same place, for example several time points.",
                "Export one acquisition or one time point as a series of its own.",
            )
    return [place[0] for place in places], sum(len(place) - 1 for place in places)


def _tilt_notice(heights: np.ndarray, drift: np.ndarray) -> Notice:
    span = heights[-1] - heights[0]
    angle = np.degrees(np.arctan2(np.linalg.norm(drift[-1]), span))
    text = (
        f"The slices do not lie straight above each other (gantry tilt of {angle:.1f}°); they were shifted "
        "in their planes by linear interpolation, which softens fine texture."
    )
    return Notice("gantry-tilt", text)
