"""What a whole MR tells: noise, acquired resolution, signal of marrow in the bones, ghosts; and what it resolves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.grids import labels_on, shrunk
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.errors import InputError
from CTSMALib.morphometry.apparent.levels import estimate_noise
from CTSMALib.morphometry.apparent.marrow_surface import MarrowSurface, fit_marrow_surface
from CTSMALib.morphometry.apparent.noise_resolution import estimate_acquired_mm
from CTSMALib.morphometry.apparent.quality import LARGEST_GHOSTING, ghosting
from CTSMALib.notices import Notice

LARGEST_IN_PLANE_MM, LARGEST_SLICE_MM = 0.45, 1.2  # a little beyond the protocols that the recipes were tried on
USUAL_FILLING = 1.6  # acquired over stored pixel, where it cannot be told
LEAST_MARROW = 0.3  # median of bone, of the brightest tissue; with less, fat is suppressed


@dataclass(frozen=True, eq=False)
class MRLevels:
    """Levels of a scan.

    Attributes:
        signal: (z, y, x) float32 of the part around the knee.
        trabecular: (z, y, x) bool on the same grid.
        index_to_lps: (3, 4) from (z, y, x, 1) to LPS mm.
        spacing_mm: (z, y, x).
        noise: standard deviation in one channel.
        acquired_mm: resolution in the slice.
        acquired_known: whether that was measured.
        marrow: signal of pure marrow.
        ghosting: see the catalogue; NaN where it could not be measured.
    """

    signal: NDArray[np.float32]
    trabecular: NDArray[np.bool_]
    index_to_lps: NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    noise: float
    acquired_mm: float
    acquired_known: bool
    marrow: MarrowSurface
    ghosting: float

    def notices(self) -> list[Notice]:
        """What a reader must know."""
        found = []
        if not self.acquired_known:
            text = (
                f"The acquired resolution could not be measured (no air with noise in view); {self.acquired_mm:.2f} mm "
                f"were assumed, {USUAL_FILLING:g} pixels. Apparent Tb.N, Tb.Th and Tb.Sp shift with it as a whole."
            )
            found.append(Notice("resolution-assumed", text))
        if self.ghosting > LARGEST_GHOSTING:
            text = (
                f"Ghosts of {100 * self.ghosting:.0f} % of the marrow's signal lie beside the body: something moved "
                "during the scan. Apparent values are not reliable."
            )
            found.append(Notice("motion", text))
        return found

    def scan_values(self) -> dict[str, float]:
        """Values by catalogue key, scope "scan"."""
        values = {"mr_slice_mm": max(self.spacing_mm), "mr_ghosting": self.ghosting}
        return values | ({"mr_acquired_mm": self.acquired_mm} if self.acquired_known else {})


def measure_levels(image: sitk.Image, anatomy: KneeAnatomy) -> MRLevels:
    """Measure the levels of a scan.

    Args:
        image: the whole scan, signals.
        anatomy: of its knee.

    Raises:
        InputError: too little bone with bright marrow is in view, or too little of anything to tell the noise.
    """
    signal = sitk.GetArrayFromImage(sitk.Cast(anatomy.scan, sitk.sitkFloat32))
    trabecular = sitk.GetArrayFromImage(labels_on(anatomy.trabecular, anatomy.scan)) > 0
    whole = sitk.GetArrayFromImage(sitk.Cast(image, sitk.sitkFloat32))
    bones = sitk.GetArrayFromImage(labels_on(anatomy.labels, image)) > 0
    spacing = image.GetSpacing()[::-1]
    zyx = (float(spacing[0]), float(spacing[1]), float(spacing[2]))
    noise = estimate_noise(whole, bones, zyx)
    acquired = estimate_acquired_mm(whole, bones, zyx)
    known = bool(np.isfinite(acquired))
    to_lps = _index_to_lps(anatomy.scan)
    if not np.isfinite(noise):
        raise InputError(
            "The noise of the MR could not be measured: too little of it is in view.", "Give the whole series."
        )
    marrow = fit_marrow_surface(signal, trabecular, to_lps, noise)
    if marrow is None:
        raise InputError(
            "Too little trabecular bone with bright marrow is in view to find the signal of marrow.",
            "Give an MR without fat suppression that covers the ends of femur and tibia, or check the bone labels.",
        )
    level = float(np.median(marrow.at(_some_points(trabecular, to_lps))))
    in_plane = sorted(zyx)[1]
    return MRLevels(
        signal, trabecular, to_lps, zyx, noise, acquired if known else USUAL_FILLING * in_plane, known, marrow,
        ghosting(whole, level, noise, zyx),
    )  # fmt: skip


def refuse_dark_marrow(image: sitk.Image, labels: sitk.Image) -> None:
    """Refuse a scan whose fat is suppressed.

    Args:
        image: the scan, signals.
        labels: bones on an axis-aligned 1 mm grid.

    Raises:
        InputError: marrow is not bright.
    """
    coarse = sitk.GetArrayFromImage(sitk.Resample(shrunk(image), labels, sitk.Transform(), sitk.sitkLinear, -1.0))
    bone = coarse[(sitk.GetArrayViewFromImage(labels) > 0) & (coarse >= 0.0)]
    seen = coarse[coarse > 0.0]
    if len(bone) == 0 or len(seen) == 0 or np.median(bone) < LEAST_MARROW * np.quantile(seen, 0.98):
        raise InputError(
            "Marrow is much darker than the brightest tissue, as with fat suppression.",
            "Give an MR with bright marrow, such as a balanced (BFFE) series without fat suppression.",
        )


def resolves(image: sitk.Image, acquired_mm: float) -> tuple[bool, str]:
    """Whether apparent parameters can be read, and why, in a sentence.

    Args:
        image: the scan.
        acquired_mm: resolution in the slice; not a number where it is not known: the pixel counts then.
    """
    spacing = sorted(image.GetSpacing())
    in_plane, slices = max(spacing[1], np.nan_to_num(acquired_mm)), spacing[2]
    seen = f"Resolution {in_plane:.2f} mm in the slice, slices {slices:.2f} mm apart"
    if in_plane <= LARGEST_IN_PLANE_MM and slices <= LARGEST_SLICE_MM:
        return True, f"{seen}: several trabeculae share a voxel, and apparent parameters are read from their contrast."
    limits = f"{LARGEST_IN_PLANE_MM:g} mm and {LARGEST_SLICE_MM:g} mm"
    return False, f"{seen}: too coarse for apparent trabecular parameters, which need {limits} at most."


def _index_to_lps(image: sitk.Image) -> NDArray[np.float64]:
    matrix = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    return np.column_stack([matrix[:, ::-1], image.GetOrigin()])


def _some_points(mask: NDArray[np.bool_], index_to_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    index = np.argwhere(mask)[:: max(1, np.count_nonzero(mask) // 2000)]
    return index @ index_to_lps[:, :3].T + index_to_lps[:, 3]
