"""Pairs of a CT and an MR of virtual knees under the conditions that a registration has to bear.

The knees come from cohorts that the public command makes; seeds 901 and 902 are reserved for tests::

    ctsma virtual make --knees 60 --seed 901 --grades balanced --mode registration --out COHORTS/test
    ctsma virtual make --knees 12 --seed 902 --grades balanced --mode whole --no-truth --out COHORTS/testwhole

Everything drawn follows from the seed of the cohort, the number of the knee and the condition:

- ``undistorted``: the MR scanned again without gradient distortion, in its place. Knees 0 to 11.
- ``full``: the header of the MR is displaced, by a rotation of up to 30 degrees about any axis through the middle of
  the image and a translation of up to 50 mm along each axis, and the image cropped at one end of one axis.
  ``overlap`` is the share of its volume that is kept, 60 to 100 %. All knees.
- ``larger``, ``smaller``: displaced, not cropped, with bone labels grown or shrunk by 2 mm. Knees 0 to 11.
- ``cut``: displaced, and cropped so that a fifth of one bone (femur, tibia, patella in turn), as labeled in the CT,
  lies outside: along any axis, from that end where less of all bones is lost. Knees 12 to 23.
- ``whole``: full-resolution pairs with microstructure, displaced, not cropped. The 12 knees of the second cohort.

Points are LPS in mm; a motion is (4, 4) from points of the CT to points of the MR.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from threadpoolctl import threadpool_limits

from CTSMALib.anatomy.knee import find_anatomy
from CTSMALib.anatomy.labels import BONES
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.virtual.body.acquisition import TO_REGISTER, draw_acquisition
from CTSMALib.virtual.body.knee import COARSE, virtual_knee
from CTSMALib.virtual.body.order import BFFE
from CTSMALib.virtual.body.scans import image_of, tissue_of
from CTSMALib.virtual.cohort.knee_folder import CT_FILE, LANDMARKS_FILE, read_knee_facts
from CTSMALib.virtual.cohort.plain import as_plain, digest
from CTSMALib.virtual.cohort.read import Cohort, CohortKnee
from CTSMALib.virtual.scanners import GradientDistortion, MRProtocol
from CTSMALib.virtual.spec import KneeSpec
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.rigid import angle_deg, applied, read_itk, turned

UNDISTORTED, FULL, LARGER, SMALLER, CUT, WHOLE = CONDITIONS = (
    "undistorted", "full", "larger", "smaller", "cut", "whole",
)  # fmt: skip
KNEES = {UNDISTORTED: range(12), LARGER: range(12), SMALLER: range(12), CUT: range(12, 24)}  # the others: all
MOST_DEG, MOST_MM, LEAST_OVERLAP = 30.0, 50.0, 0.6
OFF_MM = 2.0  # of labels that are too large or too small
LOST = 0.2  # of a bone that is cut
CUT_BONES = BONES[:3]  # in turn
FOUND_LABELS = "found_labels.nii.gz"
Array = NDArray[np.float64]
Landmarks = dict[str, tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Pair:
    """A CT and an MR to register, and what is true of them.

    Attributes:
        condition: one of :data:`CONDITIONS`, or the name of a refusal.
        knee: of the CT.
        ct: HU.
        mr: signal.
        labels: bones of the CT, found and not true.
        landmarks: by bone, (n, 3) in the CT and (n, 3) where the MR shows them.
        truth: by bone, its motion, without distortion.
        start_deg, start_mm: how far the header of the MR was displaced.
        overlap: share of the volume of the MR that was kept.
        cut_bone: of which a fifth lies outside; empty otherwise.
    """

    condition: str
    knee: CohortKnee
    ct: sitk.Image
    mr: sitk.Image
    labels: sitk.Image
    landmarks: Landmarks
    truth: dict[str, Array]
    start_deg: float = 0.0
    start_mm: float = 0.0
    overlap: float = 1.0
    cut_bone: str = ""

    def inside(self, bone: str) -> NDArray[np.bool_]:
        """(n,) which landmarks of a bone lie in the MR."""
        return inside(self.mr, self.landmarks[bone][1])


def number_of(knee: CohortKnee) -> int:
    """The number of a knee in its cohort, from 0."""
    return int(knee.folder.name.removeprefix("vk")) - 1


def chosen(cohort: Cohort, condition: str) -> list[CohortKnee]:
    """The knees of a condition."""
    return [knee for knee in cohort.knees if condition not in KNEES or number_of(knee) in KNEES[condition]]


def make_pair(cohort: Cohort, knee: CohortKnee, condition: str, cache: Path) -> Pair:
    """The pair of a knee under a condition.

    Args:
        cohort: its cohort.
        knee: which.
        condition: one of :data:`CONDITIONS`.
        cache: folder for labels and images that take time to make.
    """
    pair = plain_pair(knee, condition, cache)
    if condition == UNDISTORTED:
        exact = {bone: (ct, applied(pair.truth[bone], ct)) for bone, (ct, _) in pair.landmarks.items()}
        return replace(pair, mr=_undistorted_mr(pair, cache), landmarks=exact)
    rng = rng_of(cohort, knee, CONDITIONS.index(condition))
    if condition in (LARGER, SMALLER):
        pair = replace(pair, labels=off_labels(pair.labels, OFF_MM if condition == LARGER else -OFF_MM))
    elif condition == CUT:
        pair = _cut(pair, rng)
    elif condition == FULL:
        pair = cropped(pair, int(rng.integers(3)), float(rng.uniform(LEAST_OVERLAP, 1.0)), bool(rng.integers(2)))
    return displaced(pair, rng)


def plain_pair(knee: CohortKnee, condition: str, cache: Path) -> Pair:
    """The pair as it was made."""
    assert knee.mr is not None
    ct, mr = (sitk.ReadImage(str(path)) for path in (knee.folder / CT_FILE, knee.mr))
    with (knee.folder / LANDMARKS_FILE).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def points(bone: str, scan: str) -> Array:
        return np.array([[float(r[f"{scan}_{axis}_mm"]) for axis in "xyz"] for r in rows if r["bone"] == bone])

    landmarks = {bone.name: (points(bone.name, "ct"), points(bone.name, "mr")) for bone in BONES}
    truth = {bone.name: read_itk(knee.registration / f"{bone.name}.tfm") for bone in BONES}
    return Pair(condition, knee, ct, mr, _labels(knee, ct, cache), landmarks, truth)


def rng_of(cohort: Cohort, knee: CohortKnee, condition: int) -> np.random.Generator:
    """Random numbers for a condition of a knee."""
    return np.random.default_rng([cohort.facts.seed, number_of(knee), condition])


def _labels(knee: CohortKnee, ct: sitk.Image, cache: Path) -> sitk.Image:
    """Bones as an analysis of the CT finds them: beside the knee, in the cache, or found now."""
    path = cache / "labels" / f"{knee.folder.name}-{read_knee_facts(knee.folder)['digest'][:12]}.nii.gz"
    for known in (knee.folder / FOUND_LABELS, path):
        if known.exists():
            return sitk.ReadImage(str(known))
    with threadpool_limits(limits=1, user_api="blas"):
        labels = find_anatomy(ct, find_knees(ct)[0]).labels
    _write(labels, path)
    return labels


def _write(image: sitk.Image, path: Path) -> None:
    """By way of another name, so that what is there is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"part-{path.name}")
    sitk.WriteImage(image, str(aside))
    aside.replace(path)


def _undistorted_mr(pair: Pair, cache: Path) -> sitk.Image:
    """The MR scanned again without distortion, after checking that this is the scan that was made."""
    facts = read_knee_facts(pair.knee.folder)
    path = cache / "undistorted" / f"{pair.knee.folder.name}-{facts['digest'][:12]}.nii.gz"
    if path.exists():
        return sitk.ReadImage(str(path))
    spec = KneeSpec(**{**facts["spec"], "joint_space_mm": tuple(facts["spec"]["joint_space_mm"])})
    wanted = {name: facts[name] for name in ("generator", "order", "dicom")}
    if facts["order"]["mode"] != "registration" or digest({**wanted, "spec": spec}) != facts["digest"]:
        raise ValueError(f"{pair.knee.folder.name} is not a knee that can be scanned again")
    knee = virtual_knee(spec, COARSE)
    scan = draw_acquisition(knee, facts["order"]["scan_seed"], coverage=TO_REGISTER).mr[BFFE]
    same_grid = np.allclose(scan.grid.corners_mm(), Grid.of(pair.mr).corners_mm(), atol=1e-3)  # NIfTI rounds
    if not same_grid or as_plain(scan.protocol) != facts["mr_protocols"][BFFE]:
        raise ValueError(f"{pair.knee.folder.name} was scanned otherwise")
    if number_of(pair.knee) == 0 and not np.array_equal(
        sitk.GetArrayFromImage(image_of(tissue_of(knee, scan), scan)), sitk.GetArrayFromImage(pair.mr)
    ):
        raise ValueError("with its distortion, the MR is not the one that was made")
    assert isinstance(scan.protocol, MRProtocol)
    scan = replace(scan, protocol=replace(scan.protocol, distortion=GradientDistortion()))
    image = image_of(tissue_of(knee, scan), scan)
    image.CopyInformation(pair.mr)
    _write(image, path)
    return image


def displaced(pair: Pair, rng: np.random.Generator, degrees: float | None = None) -> Pair:
    """The header of the MR moved away; what is true moves along. The angle is drawn where it is not given."""
    axis = rng.normal(size=3)
    angle = float(rng.uniform(0.0, MOST_DEG)) if degrees is None else degrees
    shift = rng.uniform(-MOST_MM, MOST_MM, 3)
    middle = Grid.of(pair.mr).corners_mm().mean(axis=0)
    motion = turned(axis / np.linalg.norm(axis) * angle, middle, shift)
    mr = sitk.Image(pair.mr)
    mr.SetOrigin(applied(motion, np.array(mr.GetOrigin())).tolist())
    mr.SetDirection((motion[:3, :3] @ np.reshape(mr.GetDirection(), (3, 3))).ravel().tolist())
    return replace(
        pair, mr=mr,
        landmarks={bone: (ct, applied(motion, shown)) for bone, (ct, shown) in pair.landmarks.items()},
        truth={bone: motion @ matrix for bone, matrix in pair.truth.items()},
        start_deg=angle_deg(motion), start_mm=float(np.linalg.norm(shift)),
    )  # fmt: skip


def cropped(pair: Pair, axis: int, kept: float, from_start: bool) -> Pair:
    """The MR without one end of an axis (0, 1, 2 for x, y, z of its array)."""
    size = list(pair.mr.GetSize())
    first, count = [0, 0, 0], max(1, round(kept * size[axis]))
    first[axis], overlap = (size[axis] - count if from_start else 0), count / size[axis]
    size[axis] = count
    return replace(pair, mr=sitk.RegionOfInterest(pair.mr, size, first), overlap=overlap)


def _cut(pair: Pair, rng: np.random.Generator) -> Pair:
    """The least crop that leaves a fifth of a bone outside."""
    bone = CUT_BONES[number_of(pair.knee) % len(CUT_BONES)].name
    axis = int(rng.integers(3))
    volumes = {b.name: applied(pair.truth[b.name], voxels_mm(pair.labels, b.label)) for b in BONES}

    def lost(from_start: bool) -> tuple[int, Pair]:
        """By bisection; how many voxels of all bones are outside, and the pair."""
        low, high = 0.0, 1.0  # share kept: too little, enough
        while (high - low) * pair.mr.GetSize()[axis] > 0.5:
            middle = (low + high) / 2
            left_out = ~inside(cropped(pair, axis, middle, from_start).mr, volumes[bone])
            low, high = (middle, high) if left_out.mean() >= LOST else (low, middle)
        found = cropped(pair, axis, low, from_start)
        return sum(int((~inside(found.mr, points)).sum()) for points in volumes.values()), found

    return replace(min((lost(end) for end in (False, True)), key=lambda item: item[0])[1], cut_bone=bone)


def inside(image: sitk.Image, points_mm: Array) -> NDArray[np.bool_]:
    """(n,) which points (n, 3) lie in an image."""
    axes = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    index = np.linalg.solve(axes, (points_mm - image.GetOrigin()).T).T
    found: NDArray[np.bool_] = np.all((index >= -0.5) & (index <= np.array(image.GetSize()) - 0.5), axis=1)
    return found


def voxels_mm(labels: sitk.Image, label: int) -> Array:
    """(n, 3) LPS centers of the voxels of a label."""
    index = np.argwhere(sitk.GetArrayViewFromImage(labels) == label)[:, ::-1]
    axes = np.reshape(labels.GetDirection(), (3, 3)) * np.array(labels.GetSpacing())
    return index @ axes.T + np.array(labels.GetOrigin())


def off_labels(labels: sitk.Image, millimeters: float) -> sitk.Image:
    """Labels grown by a distance, the nearest bone winning, or shrunk by it if negative; faces of the image stay."""
    array, spacing = sitk.GetArrayFromImage(labels), labels.GetSpacing()[::-1]
    edge = min(spacing) / 2  # distances are those of voxel centers
    nearest = np.full(array.shape, np.inf)
    result = np.zeros_like(array)
    for bone in BONES:
        mask = array == bone.label
        if millimeters < 0:
            away = ndimage.distance_transform_edt(mask, spacing)
            result[mask & (away > edge - millimeters)] = bone.label
        elif mask.any():
            away = ndimage.distance_transform_edt(~mask, spacing)
            closer = (away <= edge + millimeters) & (away < nearest)
            result[closer], nearest[closer] = bone.label, away[closer]
    changed = sitk.GetImageFromArray(result)
    changed.CopyInformation(labels)
    return changed
