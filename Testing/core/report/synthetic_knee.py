"""A crude knee made of ellipsoids, and the analysis that a pipeline could have written about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.analysis.result import (
    BoneFinding,
    CompartmentFinding,
    ImageFacts,
    KneeAnalysis,
    PatchMeasurement,
    SideFinding,
    Summary,
)
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS, FEMUR, TIBIA
from CTSMALib.anatomy.patch import DEPTHS_MM, Patch
from CTSMALib.catalogue import quantities
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.scan import InputIdentity, ScanHeader

SPACING_MM = (0.9, 0.9, 1.2)
HALF_SIZE_MM = (54.0, 56.0, 54.0)
CENTER_LPS_MM = np.array([-80.0, 25.0, 640.0])
CONDYLE_MM = 24.0  # radius of the condyles in the sagittal plane
GAP_MM = 5.0
KEYS = tuple(entry.key for entry in quantities("ct_", scope="patch"))


def turned(degrees: float, mirrored: bool, origin: np.ndarray) -> JointFrame:
    """A frame close to patient right, anterior, proximal, turned about two axes."""
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    about_z = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    about_y = np.array([[c, 0, s / 2], [0, 1, 0], [-s / 2, 0, c]])
    axes = np.linalg.svd(np.diag([-1.0, -1.0, 1.0]) @ about_z @ about_y)
    return JointFrame(origin, axes[0] @ axes[2], mirrored)


@dataclass(frozen=True)
class SyntheticKnee:
    """HU, labels and frames of one knee."""

    ct: sitk.Image
    labels: sitk.Image
    frames: dict[str, JointFrame]


def synthetic_knee(mirrored: bool = False, seed: int = 7) -> SyntheticKnee:
    """A knee with cortical shells, marrow of uneven density, soft tissue and noise."""
    frames = {TIBIA.name: turned(6.0, mirrored, CENTER_LPS_MM), FEMUR.name: turned(3.0, mirrored, CENTER_LPS_MM)}
    counts = [int(2 * half / step) for half, step in zip(HALF_SIZE_MM, SPACING_MM, strict=True)]
    axes = [np.arange(n) * step - half for n, step, half in zip(counts, SPACING_MM, HALF_SIZE_MM, strict=True)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    points = np.stack([x, y, z], axis=-1) + CENTER_LPS_MM
    labels = np.zeros(x.shape, dtype=np.uint8)
    for bone in BONES:
        frame = frames[FEMUR.name if bone in (FEMUR,) or bone.name == "patella" else TIBIA.name]
        labels[_inside(bone.name, *np.moveaxis(frame.to_anatomical(points), -1, 0))] = bone.label
    image = sitk.GetImageFromArray(_hounsfield(labels, np.hypot(x, y), np.random.default_rng(seed)))
    label_image = sitk.GetImageFromArray(labels)
    for one in (image, label_image):
        one.SetSpacing(SPACING_MM)
        one.SetOrigin([float(start + center) for (start, *_), center in zip(axes, CENTER_LPS_MM, strict=True)])
    return SyntheticKnee(image, label_image, frames)


def _inside(bone: str, lateral: np.ndarray, anterior: np.ndarray, proximal: np.ndarray) -> np.ndarray:
    if bone == "tibia":
        taper = np.clip(1.0 + proximal / 90.0, 0.5, 1.0)
        return (proximal < 0) & ((lateral / (38 * taper)) ** 2 + (anterior / (25 * taper)) ** 2 < 1)
    if bone == "femur":
        up = proximal - GAP_MM - CONDYLE_MM
        condyles = ((np.abs(lateral) - 21) / 17) ** 2 + ((anterior - 2) / 27) ** 2 + (up / CONDYLE_MM) ** 2 < 1
        shaft = (up > -4) & ((lateral / (36 - 0.25 * up)) ** 2 + ((anterior - 4) / 20) ** 2 < 1)
        return condyles | shaft
    if bone == "patella":
        return (lateral / 19) ** 2 + ((anterior - 43) / 9) ** 2 + ((proximal - 30) / 19) ** 2 < 1
    return ((lateral - 33) / 8) ** 2 + ((anterior + 24) / 8) ** 2 < (proximal < -12)


def _hounsfield(labels: np.ndarray, radius: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    bone = labels > 0
    depth = ndimage.distance_transform_edt(bone, sampling=SPACING_MM[::-1])
    texture = ndimage.gaussian_filter(rng.standard_normal(labels.shape), 1.2)
    marrow = 130 + 420 * np.exp(-depth / 7.0) + 90 * texture / texture.std()
    hu = np.where(radius < 50, 45.0, np.where(radius < 54, -95.0, -1000.0))
    hu = np.where(bone, np.where(depth < 1.6, 1150.0, marrow), hu)
    hu = ndimage.gaussian_filter(hu, 0.6) + 12 * rng.standard_normal(labels.shape)
    return np.clip(hu, -1024, 3000).astype(np.int16)


def _surface(bone: str, anterior: float) -> float:
    """Height of the joint surface in the frame, mm."""
    if bone == "tibia":
        return 0.0
    return float(GAP_MM + CONDYLE_MM * (1 - np.sqrt(max(0.0, 1 - ((anterior - 2) / 27) ** 2))))


class Measured:
    """Patches with values sampled from the smoothed CT."""

    def __init__(self, knee: SyntheticKnee) -> None:
        self._knee = knee
        self._rng = np.random.default_rng(11)
        hu = sitk.GetArrayFromImage(knee.ct).astype(np.float32)
        size = [8.0 / step for step in SPACING_MM[::-1]]
        mean = ndimage.gaussian_filter(hu, [s / 3.5 for s in size])
        spread = np.sqrt(np.maximum(ndimage.gaussian_filter(hu**2, [s / 3.5 for s in size]) - mean**2, 1.0))
        self._fields = {"ct_hu_mean": mean, "ct_hu_sd": spread}

    def patch(
        self, bone: str, names: tuple[str, str], index: tuple[int, int, int], place: tuple[float, float]
    ) -> PatchMeasurement:
        """One measured cube; ``place`` is (lateral, anterior) in mm."""
        frame = self._knee.frames[bone]
        depth = DEPTHS_MM[index[2] - 1] * (-1.0 if bone == "tibia" else 1.0)
        anatomical = (place[0], place[1], _surface(bone, place[1]) + depth)
        center = frame.to_lps(np.array(anatomical))
        where = np.array(self._knee.ct.TransformPhysicalPointToContinuousIndex(center.tolist()))[::-1, None]
        values = {key: float(ndimage.map_coordinates(field, where, order=1)[0]) for key, field in self._fields.items()}
        values["ct_bvf"] = float(np.clip((values["ct_hu_mean"] + 60.0) / 1300.0, 0.0, 1.0))
        values["ct_plate_thickness_mm"] = 1.2 + 0.9 * float(
            np.exp(-((abs(place[0]) - 20) ** 2 + place[1] ** 2) / 300.0)
        )
        for entry in quantities("ct_", scope="patch"):
            low, high = entry.display_range
            values.setdefault(entry.key, low + (high - low) * float(self._rng.uniform(0.3, 0.6)))
        lps = (float(center[0]), float(center[1]), float(center[2]))
        return PatchMeasurement(Patch(names[0], bone, names[1], *index, lps, anatomical, 1.0), values)

    def learning(self) -> tuple[PatchMeasurement, ...]:
        """The 96 patches in grid order; two of them without values."""
        made = []
        for compartment in COMPARTMENTS:
            sign = 1.0 if compartment.lateral else -1.0
            for row in (1, 2, 3):
                for column in (1, 2, 3, 4):
                    for layer in (1, 2):
                        place = (sign * (11.0 + 9.0 * (row - 1)), 15.0 - 10.0 * (column - 1))
                        name = f"{compartment.key}-r{row}-c{column}-d{layer}"
                        index = (row, column, layer)
                        made.append(self.patch(compartment.bone.name, (name, compartment.key), index, place))
        return tuple(PatchMeasurement(m.patch, {}) if m.patch.id.startswith("TM-r3-c4") else m for m in made)

    def display(self) -> tuple[PatchMeasurement, ...]:
        """The lattice at 3 mm in both layers; a corner without values."""
        made = []
        for bone, width, length in (("femur", 36.0, 24.0), ("tibia", 35.0, 22.0)):
            for i, lateral in enumerate(np.arange(-width, width + 0.1, 3.0)):
                for j, anterior in enumerate(np.arange(length, -length - 0.1, -3.0)):
                    if (lateral / (width + 1)) ** 2 + (anterior / (length + 1)) ** 2 > 1:
                        continue
                    compartment = "" if abs(lateral) < 6 else bone[0].upper() + ("L" if lateral > 0 else "M")
                    for layer in (1, 2):
                        name = f"{bone}-i{i:03d}-j{j:03d}-d{layer}"
                        made.append(
                            self.patch(bone, (name, compartment), (i, j, layer), (float(lateral), float(anterior)))
                        )
        return tuple(PatchMeasurement(m.patch, {}) if m.patch.row > 20 and m.patch.column > 9 else m for m in made)


HEADER = ScanHeader(
    modality="CT",
    patient_id="KH-004711",
    patient_name="Żółć^Łukasz",
    patient_sex="M",
    patient_birth_date="19570314",
    patient_age="063Y",
    study_date="20200611",
    study_description="CT KNIE RECHTS Dr. Wiśniewska",
    series_description="Knochen 0.6 Br60",
    series_number="4",
    study_uid="1.2.826.0.1.3680043.8.498.1",
    series_uid="1.2.826.0.1.3680043.8.498.2",
    accession_number="ACC-99120",
    laterality="R",
    manufacturer="Siemens Healthineers",
    model_name="SOMATOM Force",
    convolution_kernel="Br60",
    kvp=120.0,
    slice_thickness_mm=0.6,
)


def analysis_of(knee: SyntheticKnee, header: ScanHeader = HEADER) -> KneeAnalysis:
    """The findings about a synthetic knee; the lateral femoral condyle is refused."""
    measured = Measured(knee)
    patches = measured.learning()
    frames = knee.frames
    side = "left" if frames["tibia"].mirrored else "right"
    counts = tuple(int(n) for n in knee.ct.GetSize())
    return KneeAnalysis(
        software_version="0.1.0",
        created="2020-06-11T14:03:22Z",
        method="direct CT measurement",
        model_sha256="",
        identity=InputIdentity("lukasz_0611.nii.gz", "NIfTI", "5f" * 32),
        header=header,
        image=ImageFacts(
            (512, 512, 301), (0.39, 0.39, 0.6), counts, 0.92, 1.31, 14.0, False,
            "The scan resolves structures of about 0.9 mm; single trabeculae are 0.1 to 0.2 mm thick.",
        ),
        side=SideFinding(side, "fibula", side, True),
        bones=tuple(_bone(bone.name, bone.label, bone.snomed, frames) for bone in BONES),
        references_hu={"marrow": -62.0, "cortical": 1240.0, "muscle": 55.0, "fat": -101.0},
        scan_values={},
        compartments=tuple(_finding(c.key, c.title, patches) for c in COMPARTMENTS),
        patches=patches,
        display_patches=measured.display(),
        maps=(),
        files={"ct": "ct.nii.gz", "labels": "labels.nii.gz"},
        notices=(
            Notice("metal", "Metal was found near the lateral femoral condyle.", Severity.REFUSED),
            Notice("thick-slices", "The slices are 1.2 mm thick; thin plates look thicker than they are."),
            Notice("reoriented", "The file lukasz_0611.nii.gz was stored in another order.", Severity.INFO),
        ),
    )  # fmt: skip


def _bone(name: str, label: int, snomed: str, frames: dict[str, JointFrame]) -> BoneFinding:
    frame = frames.get(name)
    if frame is None:
        return BoneFinding(name, label, snomed, 20.0, False)
    rows = tuple((float(a), float(b), float(c)) for a, b, c in frame.axes)
    x, y, z = (float(v) for v in frame.origin_mm)
    return BoneFinding(name, label, snomed, 210.0, True, (x, y, z), rows, frame.mirrored)


def _finding(key: str, title: str, patches: tuple[PatchMeasurement, ...]) -> CompartmentFinding:
    own = [m for m in patches if m.patch.compartment == key]
    if key == "FL":
        return CompartmentFinding(key, title, False, "metal lies within 10 mm of 17 of its patches", 0, len(own))
    valid = [m for m in own if m.values]
    values = {}
    for k in KEYS:
        column = np.array([m.values[k] for m in valid])
        values[k] = Summary(float(column.mean()), float(column.std(ddof=1)), len(column))
    reason = "" if len(valid) == len(own) else "its outer posterior patches reach beyond the bone"
    return CompartmentFinding(key, title, True, reason, len(valid), len(own), values)


def write_volumes(knee: SyntheticKnee, folder: Path) -> None:
    """The volumes that the report reads."""
    sitk.WriteImage(knee.ct, str(folder / "ct.nii.gz"))
    sitk.WriteImage(knee.labels, str(folder / "labels.nii.gz"))
