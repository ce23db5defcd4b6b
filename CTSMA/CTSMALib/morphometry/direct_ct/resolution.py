"""What a scan can and cannot resolve.

A structure of spatial frequency f along a direction is counted as resolved when the voxel grid can carry
it (Nyquist) and the point spread function leaves at least 5 % of its amplitude.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.catalogue import quantities
from CTSMALib.morphometry.direct_ct.sharpness import Sharpness
from CTSMALib.morphometry.direct_ct.slice_axis import slice_axis
from CTSMALib.notices import Notice, Severity

STRUT_MM = 0.2  # thickness of a trabecula
PERIOD_MM = 0.8  # strut and the marrow space beside it
VOXELS_PER_STRUT = 2.0
LEAST_AMPLITUDE = 0.05
ROUNDING = 1e-3

# Lowest frequency (cycles/mm) a quantity needs, in every direction or along one anatomical axis.
_EVERY_DIRECTION = {
    "ct_gradient_mean": 0.5,
    "ct_power_band_1": 0.1,
    "ct_power_band_2": 0.25,
    "ct_power_band_3": 0.5,
    "ct_power_band_4": 0.75,
    "ct_spectral_slope": 0.5,
    "ct_spectral_centroid": 0.5,
    "ct_contrast_fine": 0.5,
    "ct_contrast_medium": 0.25,
    "ct_contrast_coarse": 0.125,
}
_ALONG_AXIS = {
    "ct_gradient_lateral": (0, 0.5),
    "ct_gradient_anterior": (1, 0.5),
    "ct_gradient_proximal": (2, 0.5),
    "ct_acf_lateral": (0, 0.5),
    "ct_acf_anterior": (1, 0.5),
    "ct_acf_proximal": (2, 0.5),
    "ct_plate_thickness_mm": (2, 0.3),
}


def resolution_statement(spacing_mm: tuple[float, float, float], sharpness: Sharpness) -> tuple[bool, str]:
    """Say whether single trabeculae can be measured.

    They can where a strut of 0.2 mm spans at least two voxels and the point spread function is not wider
    than half of the trabecular period of 0.8 mm, both in every direction.

    Args:
        spacing_mm: voxel size.
        sharpness: measured widths; an unknown width never speaks for resolution.

    Returns:
        Whether trabeculae are resolved, and a sentence or two for the reader.
    """
    widths = _widths(sharpness)
    fine_enough = max(spacing_mm) <= STRUT_MM / VOXELS_PER_STRUT * (1.0 + ROUNDING)
    sharp_enough = len(widths) == 2 and max(widths) <= PERIOD_MM / 2.0
    facts = f"With {_facts(spacing_mm, sharpness)}"
    if fine_enough and sharp_enough:
        return True, f"{facts}, single trabeculae of about {STRUT_MM} mm are resolved."
    return False, (
        f"{facts}, this CT does not resolve single trabeculae, which are about {STRUT_MM} mm thick and "
        f"{PERIOD_MM - STRUT_MM:.1f} mm apart. No trabecular thickness, separation or number is reported from it; "
        "the quantities that are reported describe the CT number and its texture."
    )


def unresolved_keys(image: sitk.Image, sharpness: Sharpness, frames: Iterable[JointFrame]) -> frozenset[str]:
    """Patch quantities that the scan cannot carry, to be left out of every table.

    Args:
        image: the scan, for its grid.
        sharpness: measured widths; the voxel size or the other width, whichever is larger, stands in for an
            unknown one.
        frames: joint frames of the measured bones; a key unresolved in one of them is left out everywhere,
            so that bones stay comparable.

    Returns:
        Catalogue keys.
    """
    spacing, fwhm, axes = _grid(image, sharpness)
    missing = {
        key
        for key, frequency in _EVERY_DIRECTION.items()
        if not all(_carries(frequency * axis, axes, spacing, fwhm) for axis in axes)
    }
    for frame in frames:
        for key, (row, frequency) in _ALONG_AXIS.items():
            if not _carries(frequency * frame.axes[row], axes, spacing, fwhm):
                missing.add(key)
    return frozenset(missing)


def unresolved_notice(keys: frozenset[str], spacing_mm: tuple[float, float, float], sharpness: Sharpness) -> Notice:
    """Tell the reader which quantities were left out and why.

    Args:
        keys: from :func:`unresolved_keys`, not empty.
        spacing_mm: voxel size.
        sharpness: measured widths.
    """
    entries = quantities("ct_", scope="patch")
    names = "; ".join(entry.title for entry in entries if entry.key in keys)
    text = (
        f"With {_facts(spacing_mm, sharpness)}, {len(keys)} of {len(entries)} patch quantities are left out, "
        f"because their values would be interpolation or blur rather than structure: {names}."
    )
    return Notice("unresolved-quantities", text, Severity.REFUSED)


def _facts(spacing_mm: tuple[float, float, float], sharpness: Sharpness) -> str:
    voxels = " by ".join(f"{s:.2g}" for s in spacing_mm)
    widths = _widths(sharpness)
    blur = f"a blur (FWHM) of up to {max(widths):.1f} mm" if widths else "a blur that could not be measured"
    return f"voxels of {voxels} mm and {blur}"


def _widths(sharpness: Sharpness) -> list[float]:
    return [width for width in (sharpness.inplane_fwhm_mm, sharpness.through_plane_fwhm_mm) if width is not None]


def _grid(
    image: sitk.Image, sharpness: Sharpness
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Spacing and blur along the image axes, and these axes as rows in LPS."""
    spacing = np.asarray(image.GetSpacing())
    measured = [sharpness.inplane_fwhm_mm] * 3
    measured[slice_axis(image)] = sharpness.through_plane_fwhm_mm
    least = max(_widths(sharpness), default=0.0)
    fwhm = np.array([max(s, least) if width is None else width for s, width in zip(spacing, measured, strict=True)])
    return spacing, fwhm, np.asarray(image.GetDirection()).reshape(3, 3).T


def _carries(
    wave: NDArray[np.float64], axes: NDArray[np.float64], spacing: NDArray[np.float64], fwhm: NDArray[np.float64]
) -> bool:
    """Whether a plane wave (cycles/mm, LPS) survives sampling and blur."""
    along = np.abs(axes @ wave)
    if np.any(along > 0.5 / spacing * (1.0 + ROUNDING)):
        return False
    amplitude = np.exp(-(np.pi**2) / (4.0 * np.log(2.0)) * np.sum((along * fwhm) ** 2))
    return bool(amplitude >= LEAST_AMPLITUDE)
