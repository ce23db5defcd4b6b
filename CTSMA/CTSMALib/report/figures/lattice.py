"""The display lattice of one bone, laid flat: where patches, compartments and the silhouette lie in a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.analysis.result import PatchMeasurement
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import Bone
from CTSMALib.anatomy.patch import DEPTHS_MM

STRIDE_MM = 3.0  # where the lattice itself does not tell
_SLAB_MM = (-16.0, 8.0)  # about the patches, along the bone's axis: the bone that a silhouette shows
_SILHOUETTE_SPACING_MM = 0.8
_REACH_MM = 64.0  # as far as half a bone can reach from the middle of its patches


def surface_points(items: list[PatchMeasurement]) -> dict[str, NDArray[np.float64]]:
    """Patch id to the (lateral, anterior) point of the joint surface that lies over the patch.

    Patches go deeper along the surface's normal, so the two layers of a place point back to it; a
    patch without a partner in the other layer stands for itself. Patches without a position are left out.
    """
    located = [item.patch for item in items if np.isfinite(item.patch.center_anatomical_mm).all()]
    centers = {
        (p.compartment, p.row, p.column, p.layer): np.array(p.center_anatomical_mm, dtype=float) for p in located
    }
    share = DEPTHS_MM[0] / (DEPTHS_MM[1] - DEPTHS_MM[0])
    points = {}
    for patch in located:
        first, second = (centers.get((patch.compartment, patch.row, patch.column, layer)) for layer in (1, 2))
        known = first is not None and second is not None
        point = first - share * (second - first) if known else np.array(patch.center_anatomical_mm)  # type: ignore[operator]
        points[patch.id] = np.asarray(point[:2], dtype=float)
    return points


@dataclass(frozen=True)
class Lattice:
    """Display patches of the first layer of one bone in picture coordinates (right, up) in mm.

    Attributes:
        cells: the patches.
        points_mm: patch id to (lateral, anterior) on the joint surface.
        sign: +1 where the picture's right is lateral, -1 where it is medial.
        middle_mm: (lateral, anterior) that goes to the middle of the picture.
        pitch_mm: distance of neighbors along (lateral, anterior).
    """

    cells: tuple[PatchMeasurement, ...]
    points_mm: dict[str, NDArray[np.float64]]
    sign: float
    middle_mm: NDArray[np.float64]
    pitch_mm: NDArray[np.float64]

    @classmethod
    def of(cls, items: list[PatchMeasurement], sign: float) -> Lattice | None:
        """Lay out the display patches of one bone, both layers; ``None`` where none has a position."""
        points = surface_points(items)
        cells = tuple(item for item in items if item.patch.layer == 1 and item.patch.id in points)
        if not cells:
            return None
        places = np.array([points[cell.patch.id] for cell in cells])
        indices = np.array([(cell.patch.row, cell.patch.column) for cell in cells], dtype=float)
        steps = np.ptp(indices, axis=0)
        pitch = np.where(steps > 0, np.ptp(places, axis=0) / np.maximum(steps, 1.0), STRIDE_MM)
        return cls(cells, points, sign, (places.min(axis=0) + places.max(axis=0)) / 2, pitch)

    def to_picture(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """(lateral, anterior) points (..., 2) to picture points."""
        return (np.asarray(points_mm, dtype=float) - self.middle_mm) * np.array([self.sign, 1.0])

    def centers(self, cells: list[PatchMeasurement]) -> NDArray[np.float64]:
        """Picture points (N, 2) of cells."""
        return self.to_picture(np.array([self.points_mm[cell.patch.id] for cell in cells]))

    def squares(self, cells: list[PatchMeasurement]) -> NDArray[np.float64]:
        """Corners (N, 4, 2) of cells."""
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * self.pitch_mm / 2
        return self.centers(cells)[:, None, :] + corners

    def members(self, compartment: str) -> list[PatchMeasurement]:
        """The cells of a compartment."""
        return [cell for cell in self.cells if cell.patch.compartment == compartment]

    def border(self, compartment: str) -> list[NDArray[np.float64]]:
        """Line segments (2, 2) around the cells of a compartment: every side without a neighbor."""
        members = self.members(compartment)
        taken = {(cell.patch.row, cell.patch.column) for cell in members}
        segments = []
        for cell in members:
            # Rows run towards lateral, columns towards posterior.
            for step, outward in (((1, 0), (1, 0)), ((-1, 0), (-1, 0)), ((0, 1), (0, -1)), ((0, -1), (0, 1))):
                if (cell.patch.row + step[0], cell.patch.column + step[1]) not in taken:
                    along = np.array(outward[::-1])
                    ends = np.array([np.array(outward) + along, np.array(outward) - along])
                    segments.append(self.to_picture(self.points_mm[cell.patch.id] + ends * self.pitch_mm / 2))
        return segments


def centered(lattice: Lattice, labels: sitk.Image, bone: Bone, frame: JointFrame) -> Lattice:
    """The lattice with the middle of the whole bone, not of its patches, in the middle of the picture."""
    mask = silhouette(labels, bone, frame, lattice, (_REACH_MM, _REACH_MM))
    if not mask.any():
        return lattice
    rows, columns = np.nonzero(mask)
    right = (columns.min() + columns.max() + 1) / 2 * _SILHOUETTE_SPACING_MM - _REACH_MM
    up = _REACH_MM - (rows.min() + rows.max() + 1) / 2 * _SILHOUETTE_SPACING_MM
    return replace(lattice, middle_mm=lattice.middle_mm + np.array([right * lattice.sign, up]))


def silhouette(
    labels: sitk.Image, bone: Bone, frame: JointFrame, lattice: Lattice, half_size_mm: tuple[float, float]
) -> NDArray[np.bool_]:
    """The bone near the patches, projected along its axis, (rows from the top, columns).

    Args:
        labels: bone labels, LPS.
        bone: which bone.
        frame: its joint frame.
        lattice: gives the viewpoint and the height.
        half_size_mm: half the picture's width and height.
    """
    height = float(np.median([cell.patch.center_anatomical_mm[2] for cell in lattice.cells]))
    spacing = _SILHOUETTE_SPACING_MM
    counts = [int(2 * half / spacing) for half in half_size_mm]
    corner = np.array([-half_size_mm[0] * lattice.sign, half_size_mm[1]]) + lattice.middle_mm
    origin = frame.to_lps(np.array([*corner, height + _SLAB_MM[0]]))
    toward = [frame.to_lps(np.array([*corner, height + _SLAB_MM[0]]) + step) - origin for step in _steps(lattice.sign)]
    mask = sitk.Resample(
        sitk.Cast(labels == bone.label, sitk.sitkUInt8),
        [*counts, int((_SLAB_MM[1] - _SLAB_MM[0]) / 2.0)],
        sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkNearestNeighbor,
        origin.tolist(),
        [spacing, spacing, 2.0],
        np.stack(toward, axis=1).ravel().tolist(),
        0.0,
        sitk.sitkUInt8,
    )
    return np.asarray(sitk.GetArrayFromImage(mask).max(axis=0) > 0)


def _steps(sign: float) -> NDArray[np.float64]:
    """Picture right, picture down and proximal in (lateral, anterior, proximal)."""
    return np.array([(sign, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)])
