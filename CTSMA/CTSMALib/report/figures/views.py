"""Where the slices of the overview lie: chosen from the patch grid, so that they show what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.patch import Patch
from CTSMALib.report.figures.planes import Plane

_WIDTH_MM = 104.0
_HEIGHT_MM = 104.0
_FALLBACK_LATERAL_MM = 22.0
_FALLBACK_DEPTH_MM = -5.0
_SAGITTAL_SHIFT_MM = 8.0  # the patella lies in front of the condyles
_STANDING_SHIFT_MM = 4.0  # a little more femur than tibia


@dataclass(frozen=True)
class View:
    """One slice of the overview.

    Attributes:
        name: for file names.
        title: above the picture.
        plane: what it shows.
        letters: orientation at the left, right, upper and lower edge.
    """

    name: str
    title: str
    plane: Plane
    letters: tuple[str, str, str, str]


def slice_views(analysis: KneeAnalysis, frame: JointFrame) -> tuple[View, ...]:
    """Coronal and axial slice, then a sagittal one through each side of the joint."""
    places = _Places(analysis, frame)
    patient_left, posterior, proximal = -frame.axes[0], -frame.axes[1], frame.axes[2]
    anterior = frame.axes[1]

    def plane(lateral: float, front: float, height: float, right: np.ndarray, up: np.ndarray) -> Plane:
        return Plane(frame.to_lps(np.array([lateral, front, height])), right, up, _WIDTH_MM, _HEIGHT_MM)

    coronal = plane(0.0, places.anterior(), _STANDING_SHIFT_MM, patient_left, proximal)
    axial = plane(0.0, _SAGITTAL_SHIFT_MM / 2, places.depth(), patient_left, anterior)
    sagittals = [
        View(
            f"sagittal-{name}",
            f"Sagittal, {name} compartment",
            plane(places.lateral(is_lateral), _SAGITTAL_SHIFT_MM, _STANDING_SHIFT_MM, posterior, proximal),
            ("A", "P", "S", "I"),
        )
        for name, is_lateral in (("medial", False), ("lateral", True))
    ]
    return (
        View("coronal", "Coronal, through both condyles", coronal, ("R", "L", "S", "I")),
        View("axial", places.axial_title(), axial, ("R", "L", "A", "P")),
        *sagittals,
    )


class _Places:
    """Coordinates of the slices in the anatomical coordinates of a frame."""

    def __init__(self, analysis: KneeAnalysis, frame: JointFrame) -> None:
        self._frame = frame
        located = [item.patch for item in analysis.patches if np.isfinite(item.patch.center_lps_mm).all()]
        self._patches = located
        self._below = [patch for patch in located if patch.bone == "tibia" and patch.layer == 1]

    def _mean(self, patches: list[Patch], axis: int, otherwise: float) -> float:
        if not patches:
            return otherwise
        centers = np.array([patch.center_lps_mm for patch in patches], dtype=float)
        return float(self._frame.to_anatomical(centers)[:, axis].mean())

    def anterior(self) -> float:
        """The column of the grid that is nearest to the middle of all patches."""
        middle = self._mean(self._patches, 1, 0.0)
        columns = sorted({patch.column for patch in self._patches})
        means = [self._mean([p for p in self._patches if p.column == column], 1, 0.0) for column in columns]
        return min(means, key=lambda mean: abs(mean - middle), default=0.0)

    def lateral(self, is_lateral: bool) -> float:
        """The middle row of a side."""
        chosen = [p for p in self._patches if p.compartment.endswith("L" if is_lateral else "M") and p.row == 2]
        return self._mean(chosen, 0, _FALLBACK_LATERAL_MM if is_lateral else -_FALLBACK_LATERAL_MM)

    def depth(self) -> float:
        """The first layer of tibial patches, about 5 mm under the plate."""
        return self._mean(self._below, 2, _FALLBACK_DEPTH_MM)

    def axial_title(self) -> str:
        """Says how deep the axial slice lies, where tibial patches tell."""
        return "Axial, 5 mm below the tibial plateau" if self._below else "Axial"
