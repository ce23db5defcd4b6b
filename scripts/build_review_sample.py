"""Build CTSMA/Resources/SampleData/review_pair: a virtual CT and MR, their true motion, and a registration gone wrong.

Usage: python scripts/build_review_sample.py [--keep FOLDER]

The knee is scanned by the project's own generator, in small fields of view and voxels of about a millimeter, so that it
is small enough to come with the extension. It is then registered as ``ctsma register`` does it, the tibia is moved
away from where it was found, and all bones are judged where they lie: what the record says of them was measured.

With ``--keep``, scans and registration are kept in a folder and taken from there the next time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "CTSMA"))

from CTSMALib.anatomy.labels import BONES, TIBIA  # noqa: E402
from CTSMALib.jobs.register import run as register  # noqa: E402
from CTSMALib.jobs.request import RegisterRequest  # noqa: E402
from CTSMALib.notices import Notice  # noqa: E402
from CTSMALib.registration.names import BONES as BONES_STAGE  # noqa: E402
from CTSMALib.registration.names import JUDGE  # noqa: E402
from CTSMALib.registration.record import BoneRecord, RegistrationRecord, rows  # noqa: E402
from CTSMALib.registration.record_folder import load_record, write_record  # noqa: E402
from CTSMALib.virtual.body.acquisition import Coverage, Scan, draw_acquisition  # noqa: E402
from CTSMALib.virtual.body.knee import COARSE, virtual_knee  # noqa: E402
from CTSMALib.virtual.body.pose import moved  # noqa: E402
from CTSMALib.virtual.body.scans import image_of, labels_of, tissue_of  # noqa: E402
from CTSMALib.virtual.bones.shape import FRAME_OF  # noqa: E402
from CTSMALib.virtual.cohort.images import write_labels, write_scan  # noqa: E402
from CTSMALib.virtual.population import draw_spec  # noqa: E402
from CTSMALib.virtual.scanners.scan_grid import center_of  # noqa: E402
from CTSMALib.virtual.scanners.source import NOT_WARPED  # noqa: E402
from CTSMALib.virtual.version import GENERATOR  # noqa: E402
from CTSMALib.volumes.rigid import moving_to_fixed_ras, turned  # noqa: E402

OUT = ROOT / "CTSMA" / "Resources" / "SampleData" / "review_pair"
ICON = ROOT / "CTSMA" / "Resources" / "Icons" / "CTSMAPractice.png"
SEED, GRADE, SIDE, SOURCE = 8000, 1, "right", "visible_female"
THUMBNAIL_PX, THUMBNAIL_PLACE = 260, 0.66  # of the slices, from the front
SCAN_SEED = 15  # a leg that lies rather straight
MIDDLE_MM = (0.0, 27.0, -1.0)  # of both scans: lateral, anterior, proximal of the tibia's origin; the patella is in
CT_CHANGES = {
    **{"pixel_mm": 0.9, "slice_mm": 1.0, "increment_mm": 1.0, "psf_fwhm_mm": 1.2, "edge_enhancement": 0.0},
    "noise_hu": 7.0,
}
# The scale of the signal means nothing in an MR; a small one packs better. Without distortion the motion is exact.
MR_CHANGES = {
    **{"pixel_mm": 0.75, "acquired_mm": 0.85, "slice_mm": 1.1, "increment_mm": 1.1},
    **{"snr": 22.0, "reference_value": 80.0, "distortion": NOT_WARPED},
}
SMALL = Coverage((112.0, 124.0, 100.0), (118.0, 100.0, 100.0), CT_CHANGES, MR_CHANGES)
WRONG_BONE = "tibia"
SHIFT_RAS_MM, TURN_RAS_DEG = (0.0, -4.0, 2.0), (0.0, 0.0, 4.0)  # of the MR's bone from where it belongs
NOTICE = Notice(
    "moved-on-purpose", "For practice, the tibia was moved by some millimeters and degrees from where it was found."
)
RECORD, SCANS = "registration", ("ct.nii.gz", "mr.nii.gz", "mr_bones.nii.gz")
KEPT = ("registration.json", "patches.csv", "bones.nii.gz", "transforms")


def main(work: Path) -> None:
    """Make everything in a folder, and take over what is bundled."""
    _once(work / "scans", scan)
    _once(work / "found", lambda out: register(_request(work, out)))
    shutil.rmtree(work / "moved", ignore_errors=True)
    shutil.rmtree(work / "judged", ignore_errors=True)
    misalign(work / "found", work / "moved")
    register(replace(_request(work, work / "judged"), initial=work / "moved", from_stage=JUDGE))
    shutil.rmtree(OUT / RECORD, ignore_errors=True)
    (OUT / RECORD).mkdir(parents=True)
    for name in KEPT:
        copy = shutil.copytree if (work / "judged" / name).is_dir() else shutil.copyfile
        copy(work / "judged" / name, OUT / RECORD / name)
    write_record(as_if_found(load_record(OUT / RECORD)), OUT / RECORD)
    shutil.copyfile(work / "scans" / "truth.json", OUT / "truth.json")
    for name in SCANS:
        voxels = gzip.decompress((work / "scans" / name).read_bytes())
        (OUT / name).write_bytes(gzip.compress(voxels, 9, mtime=0))
    draw_thumbnail(work / "scans", ICON)
    told = {path.relative_to(OUT).as_posix(): path.stat().st_size for path in OUT.rglob("*") if path.is_file()}
    print(json.dumps({"bytes": sum(told.values()), "files": told}, indent=1))


def scan(folder: Path) -> None:
    """Make the knee and its scans; see docs/virtual-knees.md."""
    folder.mkdir()
    knee = virtual_knee(draw_spec(SEED, GRADE, SIDE, (SOURCE,)), COARSE)
    plan = draw_acquisition(knee, SCAN_SEED, coverage=SMALL)
    fixed, moving = centered(plan.ct), centered(plan.mr["bffe"])
    write_scan(image_of(tissue_of(knee, fixed), fixed), folder / SCANS[0])
    write_scan(image_of(tissue_of(knee, moving), moving), folder / SCANS[1])
    write_labels(labels_of(knee, moving), folder / SCANS[2])
    motions, landmarks = {}, {}
    for bone in BONES:
        frame, points = FRAME_OF[bone.name], knee.shape.bones[bone.name].landmarks_mm
        motions[bone.name] = moving_to_fixed_ras(moved(fixed.pose, moving.pose, frame)).round(9).tolist()
        both = {"ct_lps_mm": fixed.pose.frame(frame), "mr_lps_mm": moving.pose.frame(frame)}
        landmarks[bone.name] = {key: place.to_lps(points).round(3).tolist() for key, place in both.items()}
    truth = {
        "schema": "ctsma-review-truth", "version": 1, "generator": GENERATOR, "seed": SEED, "source": SOURCE,
        "grade": GRADE, "moving_to_fixed_ras": motions, "landmarks": landmarks,
    }  # fmt: skip
    (folder / "truth.json").write_text(json.dumps(truth) + "\n", encoding="utf-8")


def centered(drawn: Scan) -> Scan:
    """A scan whose field of view lies about the middle of the bones, patella included."""
    middle = drawn.pose.frame(TIBIA.name).to_lps(np.array(MIDDLE_MM))
    first = np.array(drawn.grid.origin_mm) + middle - center_of(drawn.grid)
    return replace(drawn, grid=replace(drawn.grid, origin_mm=tuple(first.tolist())))


def misalign(found: Path, folder: Path) -> None:
    """A copy of a registration in which one bone lies wrong."""
    shutil.copytree(found, folder)
    write_record(with_bone(load_record(found), WRONG_BONE, _displaced), folder)


def _displaced(bone: BoneRecord) -> BoneRecord:
    moved_by = turned(np.array(TURN_RAS_DEG), np.array(bone.center_fixed_ras_mm), np.array(SHIFT_RAS_MM))
    return replace(bone, auto_moving_to_fixed_ras=rows(moved_by @ np.array(bone.auto_moving_to_fixed_ras)))


def as_if_found(record: RegistrationRecord) -> RegistrationRecord:
    """The judged registration as if it had been found so: nobody has decided yet, and it says what was done to it."""
    bones = tuple(replace(bone, auto_quality=bone.quality) for bone in record.bones)
    stages = tuple(
        replace(stage, moving_to_fixed_ras=record.bone(WRONG_BONE).auto_moving_to_fixed_ras, made_by=NOTICE.code)
        if (stage.stage, stage.subject) == (BONES_STAGE, WRONG_BONE)
        else stage
        for stage in record.stages
    )
    kept = {role: name for role, name in record.files.items() if name.split("/")[0] in KEPT}
    return replace(record, bones=bones, stages=stages, reviews=(), files=kept, notices=(NOTICE, *record.notices))


def draw_thumbnail(scans: Path, target: Path) -> None:
    """Draw half of the CT and the other half of the MR, seen from the front, as a square PNG."""
    halves, half = [], THUMBNAIL_PX // 2
    for name, (low, high), begin in ((SCANS[0], (-300.0, 1100.0), -half), (SCANS[1], (0.0, 100.0), 0)):
        image = sitk.DICOMOrient(sitk.ReadImage(str(scans / name)), "LPI")  # rows from the top, seen from the front
        voxels = sitk.GetArrayFromImage(image)
        gray = np.interp(voxels[:, round(THUMBNAIL_PLACE * voxels.shape[1])], (low, high), (0, 255)).astype(np.uint8)
        scale = THUMBNAIL_PX / (gray.shape[0] * image.GetSpacing()[2])
        size = (round(gray.shape[1] * image.GetSpacing()[0] * scale), THUMBNAIL_PX)
        left = size[0] // 2 + begin
        picture = Image.fromarray(gray).resize(size, Image.Resampling.BICUBIC)
        halves.append(np.array(picture)[:, left : left + half])
    Image.fromarray(np.hstack(halves)).save(target, optimize=True)


def with_bone(
    record: RegistrationRecord, name: str, change: Callable[[BoneRecord], BoneRecord]
) -> RegistrationRecord:  # fmt: skip
    """A record with one bone changed."""
    return replace(record, bones=tuple(change(bone) if bone.name == name else bone for bone in record.bones))


def _request(work: Path, out: Path) -> RegisterRequest:
    return RegisterRequest(work / "scans" / SCANS[0], work / "scans" / SCANS[1], out)


def _once(folder: Path, make: Callable[[Path], Any]) -> None:
    if not folder.exists():
        make(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="folder to keep scans and registration in")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        place = keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        main(place)
