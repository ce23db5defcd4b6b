"""Build CTSMA/Resources/Specimens from micro-CT of trabecular bone: signed distances from the bone surface.

Usage: python scripts/build_specimens.py FOLDER

FOLDER holds ``trab_lhdl_microct`` and ``trab_bonebox_rois`` (Resources/Specimens/README.md says where they come from).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "CTSMA"))

from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_binary, from_gray  # noqa: E402
from CTSMALib.morphometry.trabecular.cleaning import clean  # noqa: E402
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure  # noqa: E402

FAR_MM = 1.2  # distances are kept up to here, in steps of a hundredth of that
STEPS = 100
LHDL_THRESHOLD = 63  # given with the data
ROI_0 = (slice(100, None), slice(None), slice(80, None))  # without the cortical shell


def main(folder: Path) -> None:
    """Write one volume per specimen, and what is known of all of them."""
    out = ROOT / "CTSMA" / "Resources" / "Specimens"
    out.mkdir(parents=True, exist_ok=True)
    facts = {}
    for name, image in specimens(folder).items():
        measured = measure(image, options=MeasureOptions(denoise=False, maps=False)).regions[0]
        axis = int(np.argmax(np.abs(measured.principal_zyx)))
        distance = np.moveaxis(distance_mm(image), axis, 0)
        stored = np.clip(np.rint(distance / FAR_MM * STEPS), -STEPS, STEPS).astype(np.int8)
        volume = sitk.GetImageFromArray(stored)
        volume.SetSpacing([image.spacing_mm[0]] * 3)
        sitk.WriteImage(volume, str(out / f"{name}.nii.gz"), useCompression=True)
        values = {key: round(estimate.value, 4) for key, estimate in measured.values.items()}
        facts[name] = {"mm_per_step": FAR_MM / STEPS, "values": values}
    document = {"schema": "ctsma-specimens", "version": 1, "specimens": facts}
    (out / "specimens.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def specimens(folder: Path) -> dict[str, BoneImage]:
    """The specimens as bone images with cubic voxels, cleaned."""
    gray = _array(folder / "trab_lhdl_microct" / "LHDL_3155_D_4_bc_0.0195mm.nii.gz").astype(np.float32)
    gray = gray.reshape(100, 2, 100, 2, 100, 2).mean((1, 3, 5))
    found = {"lhdl_3155": clean(from_gray(gray, 0.039, threshold=LHDL_THRESHOLD))}
    for number in (0, 1):
        roi = _array(folder / "trab_bonebox_rois" / f"isodata_04216_roi_{number}_0.05mm.nii.gz") > 0
        found[f"bonebox_{number}"] = clean(from_binary(roi[ROI_0] if number == 0 else roi, 0.05))
    return found


def distance_mm(image: BoneImage) -> np.ndarray:
    """(z, y, x) signed distance from the surface, negative in bone; by the gray values next to the surface."""
    step = image.spacing_mm[0]
    bone = image.bone
    whole = ndimage.distance_transform_edt(~bone) - ndimage.distance_transform_edt(bone)
    distance = np.where(whole > 0, whole - 0.5, whole + 0.5)
    gradient = np.sqrt(sum(part**2 for part in np.gradient(image.fraction)))
    near = (np.abs(whole) <= 1.0) & (gradient > 0.1)
    distance = np.where(near, (0.5 - image.fraction) / np.maximum(gradient, 0.1), distance)
    return ndimage.gaussian_filter(distance, 0.6) * step


def _array(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
