"""Estimate the CT numbers of muscle, fat, marrow and cortical bone from the scan itself, in place of a phantom.

Soft tissue and marrow are read from block means of about 1.5 mm, which removes most of the noise.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.direct_ct.cortical_reference import cortical_reference
from CTSMALib.morphometry.direct_ct.histogram_mode import histogram_mode
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReference, TissueReferences
from CTSMALib.notices import Notice, Severity

Floats = NDArray[np.float64]

BLOCK_MM = 1.5
BONE_MARGIN_MM = 3.0  # distance to bone kept by soft tissue, and to the bone's surface kept by marrow
FEWEST_BLOCKS = 300
SMOOTHING_HU = 6.0

FAT_WINDOW_HU = (-160.0, -40.0)
MUSCLE_WINDOW_HU = (10.0, 110.0)
FAT_DEFAULT = (-100.0, 20.0)  # HU and plausible error
MUSCLE_DEFAULT = (55.0, 15.0)

MARROW_PERCENTILE = 5.0
MARROW_RANGE_HU = (-140.0, -20.0)  # of yellow marrow; above this trabecular bone or red marrow was in view
MARROW_DEFAULT_SHARE = 0.3  # yellow marrow lies about this far from fat towards muscle
MARROW_DEFAULT_SD_HU = 30.0

BONE_TISSUE_HU = 1500.0  # solid trabecular bone at 120 kV
# From tabulated attenuation of cortical bone and water at the usual effective energies, 50 to 80 keV.
KVP, KVP_FACTOR = (70.0, 80.0, 100.0, 120.0, 140.0, 150.0), (1.65, 1.45, 1.16, 1.0, 0.90, 0.87)
BONE_TISSUE_TOLERANCE = 0.25  # a resolved cortex further off than this is not believed


def estimate_tissue_references(
    image: sitk.Image,
    bone_labels: sitk.Image,
    kvp: float | None = None,
    psf_fwhm_mm: float | None = None,
) -> TissueReferences:
    """Estimate the references of a scan.

    Args:
        image: CT in HU.
        bone_labels: uint8 on the same grid, bones with their marrow filled in, 0 elsewhere.
        kvp: tube voltage; 120 kV is assumed without it.
        psf_fwhm_mm: in-plane sharpness, which says how thick a cortex must be to be resolved;
            twice the finest spacing without it.

    Returns:
        The references, with a notice for every default and limit.
    """
    blocks, soft, interior = _blocks(image, bone_labels)
    voxels_per_block = int(np.prod(_shrink_factors(image)))
    fat = _soft(blocks[soft], FAT_WINDOW_HU, FAT_DEFAULT, voxels_per_block)
    muscle = _soft(blocks[soft], MUSCLE_WINDOW_HU, MUSCLE_DEFAULT, voxels_per_block)
    default_marrow = fat.hu + MARROW_DEFAULT_SHARE * (muscle.hu - fat.hu)
    marrow = _marrow(blocks[interior], voxels_per_block, default_marrow)
    assumed = BONE_TISSUE_HU * float(np.interp(120.0 if kvp is None else kvp, KVP, KVP_FACTOR))
    cortical, resolved = cortical_reference(image, bone_labels, psf_fwhm_mm, assumed)
    believed = resolved and abs(cortical.hu / assumed - 1.0) <= BONE_TISSUE_TOLERANCE
    # Imaged cortex cannot exceed solid bone, so where it is not resolved it still is a lower limit.
    bone_tissue = (
        cortical.hu if believed else float(np.clip(cortical.hu, assumed, (1.0 + BONE_TISSUE_TOLERANCE) * assumed))
    )
    notices = _default_notices(fat, muscle, marrow) + (_bone_notice(cortical, resolved, believed, bone_tissue, kvp),)
    return TissueReferences(fat, muscle, marrow, cortical, believed, bone_tissue, notices)


def _shrink_factors(image: sitk.Image) -> list[int]:
    return [min(max(1, round(BLOCK_MM / s)), n) for s, n in zip(image.GetSpacing(), image.GetSize(), strict=True)]


def _blocks(image: sitk.Image, bone_labels: sitk.Image) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Block means in HU, and which blocks are soft tissue away from bone or lie deep inside a bone."""
    factors = _shrink_factors(image)
    means = sitk.BinShrink(image, factors)
    values = sitk.GetArrayFromImage(means).astype(float)
    bone = sitk.GetArrayFromImage(sitk.BinShrink(sitk.Cast(bone_labels > 0, sitk.sitkUInt8) * 255, factors))
    spacing = means.GetSpacing()[::-1]
    soft = np.abs(values) < 250.0
    if bone.any():
        soft &= ndimage.distance_transform_edt(bone == 0, sampling=spacing) > BONE_MARGIN_MM
    interior = ndimage.distance_transform_edt(bone >= 250, sampling=spacing) > BONE_MARGIN_MM
    return values, soft, interior


def _soft(
    hu: Floats, window: tuple[float, float], default: tuple[float, float], voxels_per_block: int
) -> TissueReference:
    mode = histogram_mode(hu, window, SMOOTHING_HU)
    if mode is None or mode.samples < FEWEST_BLOCKS:
        return TissueReference(*default, voxels=0, measured=False)
    return TissueReference(mode.value, mode.sd, mode.samples * voxels_per_block, measured=True)


def _marrow(hu: Floats, voxels_per_block: int, default_hu: float) -> TissueReference:
    if len(hu) >= FEWEST_BLOCKS:
        value = float(np.percentile(hu, MARROW_PERCENTILE))
        if MARROW_RANGE_HU[0] <= value <= MARROW_RANGE_HU[1]:
            lowest = hu[hu <= np.percentile(hu, 2.0 * MARROW_PERCENTILE)]
            return TissueReference(value, float(lowest.std()), len(lowest) * voxels_per_block, measured=True)
    return TissueReference(default_hu, MARROW_DEFAULT_SD_HU, 0, measured=False)


def _default_notices(fat: TissueReference, muscle: TissueReference, marrow: TissueReference) -> tuple[Notice, ...]:
    reasons = {
        "fat": (fat, "no peak of fat was found outside the bones"),
        "muscle": (muscle, "no peak of muscle was found outside the bones"),
        "marrow": (marrow, "no fatty marrow was found inside the bones"),
    }
    return tuple(
        Notice(
            f"{name}-reference-default",
            f"The CT number of {name} was set to {reference.hu:.0f} HU because {reason}.",
        )
        for name, (reference, reason) in reasons.items()
        if not reference.measured
    )


def _bone_notice(
    cortical: TissueReference, resolved: bool, believed: bool, bone_tissue: float, kvp: float | None
) -> Notice:
    if believed:
        text = f"Solid bone was taken as {bone_tissue:.0f} HU, measured in thick cortex of this scan."
        return Notice("bone-reference-measured", text, Severity.INFO)
    voltage = "120 kV, as no voltage is stated" if kvp is None else f"{kvp:.0f} kV"
    if kvp is not None and not KVP[0] <= kvp <= KVP[-1]:
        voltage += f", like {float(np.clip(kvp, KVP[0], KVP[-1])):.0f} kV"
    taken = f"Solid bone was taken as {bone_tissue:.0f} HU"
    if resolved:
        remedy = "state the tube voltage" if kvp is None else "check whether the values of the scan are HU"
        text = (
            f"Thick cortex of this scan measures {cortical.hu:.0f} HU, which solid bone does not have at {voltage}; "
            f"{remedy}. {taken}, so all bone volume fractions of this scan may be wrong by a common factor."
        )
        return Notice("bone-reference-assumed", text)
    source = (
        f"assumed for {voltage}" if bone_tissue > cortical.hu or not cortical.measured else "the densest cortex in view"
    )
    text = (
        f"{taken} ({source}), because no cortex thicker than the blur is in view; "
        "the bone volume fraction may be off by a common factor of about 10 %."
    )
    return Notice("bone-reference-assumed", text)
