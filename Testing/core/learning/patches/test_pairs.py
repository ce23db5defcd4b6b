"""Patches of whole scans: of accepted bones only, and where a registration puts them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis import pair_patches
from CTSMALib.analysis.pair_patches import pair_part, part_of_scans
from CTSMALib.anatomy.given_bones import given_bones
from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.errors import InputError
from CTSMALib.learning.patches.build import Plan, PlannedPart, build
from CTSMALib.learning.patches.columns import COLUMNS
from CTSMALib.learning.patches.knee_part import NOT_ACCEPTED, KneePart
from CTSMALib.learning.patches.pair_manifest import PairRow, read_pair_manifest
from CTSMALib.learning.patches.whole_scans import DOUBTFUL, usable_bones
from CTSMALib.morphometry.apparent.registry import DEFAULT
from CTSMALib.registration.record import (
    IDENTITY,
    BoneRecord,
    KneeQuality,
    PairedPatch,
    Quality,
    RegistrationRecord,
    Review,
    ras_rows,
)
from CTSMALib.registration.record_folder import write_record
from CTSMALib.volumes.rigid import turned
from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader
from Testing.core.made_up_mr import BONE_FRACTION, MARROW, NOISE, made_up_mr

MOTION = turned(np.array([8.0, -5.0, 6.0]), np.array([-60.0, -20.0, 0.0]), np.array([12.0, -7.0, 20.0]))
ERROR_MM = 0.4
QUALITY = Quality(*(0.5, 0.9, 0.1, 0.1, 0.2, 0.3, 1.0, 1.1, 1.0, ERROR_MM, 0.8))
CT, MR = (InputIdentity(name, "NRRD", name) for name in ("ct", "mr"))


def a_record(decisions: dict[str, str]) -> RegistrationRecord:
    bones = tuple(
        BoneRecord(
            name,
            ras_rows(MOTION),
            IDENTITY,
            (0.0, 0.0, 0.0),
            KneeQuality(1.0, 0.9, 1.05, 1.0),
            QUALITY,
            QUALITY,
            "good",
        )
        for name in ("femur", "tibia")
    )
    patches = tuple(
        PairedPatch(
            name := f"{c.key}-r{row}-c{column}-d{layer}", c.bone.name, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1.0, ERROR_MM,
            ("outside",) if name == "TL-r3-c4-d2" else (),
        )
        for c in COMPARTMENTS for row in (1, 2, 3) for column in (1, 2, 3, 4) for layer in (1, 2)
    )  # fmt: skip
    reviews = tuple(Review(bone, told, "AB", "2026-01-01T00:00:00+00:00", "", "1") for bone, told in decisions.items())
    return RegistrationRecord(
        "1", "2026-01-01T00:00:00+00:00", CT, MR, "right", "whole", "", (), bones, patches, None,
        (), reviews, (), {}, (),
    )  # fmt: skip


def a_row(folder: Path = Path("registration")) -> PairRow:
    return PairRow(
        "p1", "right", "train", "2", "61", "F", Path("ct"), Path("mr"), folder, {"site": "A", "mirrored": "?"}
    )


def as_moved(image: sitk.Image) -> sitk.Image:
    """The image where the motion brings it."""
    moved = sitk.Image(image)
    moved.SetDirection((MOTION[:3, :3] @ np.reshape(image.GetDirection(), (3, 3))).ravel().tolist())
    moved.SetOrigin((MOTION[:3, :3] @ np.array(image.GetOrigin()) + MOTION[:3, 3]).tolist())
    return moved


@pytest.fixture(scope="module")
def a_part() -> KneePart:
    """The tibia and the femur of a made-up knee; the tibia alone was accepted."""
    scan, labels = made_up_mr()
    ct = sitk.Cast(given_bones(labels).as_ct, sitk.sitkInt16)
    mr = Scan(as_moved(scan.image), scan.header, MR)
    record = a_record({"femur": "rejected", "tibia": "accepted"})
    return part_of_scans(a_row(), record, Scan(ct, ScanHeader(modality="CT"), CT), mr)


def test_patches_of_the_accepted_bone_are_read_where_it_moved_to(a_part: KneePart) -> None:
    columns = a_part.columns
    assert tuple(columns) == COLUMNS and len(a_part) > 40
    assert set(columns["bone"]) == {"tibia"} and "TL-r3-c4-d2" not in columns["id"]
    assert a_part.left_out[NOT_ACCEPTED] == 48 and a_part.left_out[DOUBTFUL] == 1
    assert columns["app_bv_tv"].mean() == pytest.approx(BONE_FRACTION, abs=0.05)
    inside = np.where(a_part.mr_valid > 0, a_part.mr.astype(float), np.nan)
    assert np.nanmean(inside, axis=(1, 2, 3)) == pytest.approx(columns["app_bv_tv"], abs=0.03)
    assert columns["registration_error_mm"] == pytest.approx(ERROR_MM)
    assert np.isnan(columns["true:bv_tv"]).all() and np.isfinite(columns["u:app_bv_tv"]).all()


def test_masks_of_both_scans_lie_on_each_other(a_part: KneePart) -> None:
    """Below the plate of the tibia: cells above it are outside in both."""
    ct, mr = (mask.mean(axis=(2, 3)) for mask in (a_part.ct_valid, a_part.mr_valid))
    assert ct.min() < 0.5  # some patches reach the plate
    means = mr.reshape(len(mr), 8, 5).mean(axis=2), ct.reshape(len(ct), 8, 2).mean(axis=2)
    assert np.abs(means[0] - means[1]).max() < 0.15


def test_the_knee_is_told_with_what_the_manifest_says(a_part: KneePart) -> None:
    knee = a_part.knee
    assert (knee["knee"], knee["split"], knee["grade"], knee["site"]) == ("p1_right", "train", "2", "A")
    assert knee["mirrored"] == 0 and (knee["ct_pixel_mm"], knee["ct_slice_mm"]) == (1.0, 1.0)
    assert knee["mr_noise"] == pytest.approx(NOISE * 0.9, rel=0.2) and MARROW > 0


def test_a_manifest_gives_the_voltage_of_files_that_do_not_state_it(
    a_part: KneePart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Solid bone of this knee is not resolved: its CT number is that of the voltage."""
    scan, labels = made_up_mr()
    ct = sitk.Cast(given_bones(labels).as_ct, sitk.sitkInt16)
    monkeypatch.setattr(pair_patches, "read_scan", lambda path: Scan(ct, ScanHeader(modality="CT"), CT))
    monkeypatch.setattr(pair_patches, "read_mr", lambda path: Scan(as_moved(scan.image), scan.header, MR))
    write_record(a_record({"tibia": "accepted"}), tmp_path)
    other = pair_part(replace(a_row(tmp_path), kvp=100.0)).knee["ct_bone_tissue_hu"]
    assert other == pytest.approx(1.16 * float(a_part.knee["ct_bone_tissue_hu"]), rel=0.01)


@pytest.mark.parametrize("text", ["20", "high"])
def test_a_manifest_with_an_impossible_voltage_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(f"subject,side,ct,mr,registration,split,ct_kvp\np1,left,a,b,c,train,{text}\n")
    with pytest.raises(InputError, match="ct_kvp of p1"):
        read_pair_manifest(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text("subject,side,ct,mr,registration,split,ct_kvp\np1,left,a,b,c,train,\n")
    assert read_pair_manifest(tmp_path / "m.csv")[0].kvp is None


def test_no_scan_is_read_where_no_bone_is_accepted(tmp_path: Path) -> None:
    write_record(a_record({"femur": "needs work"}), tmp_path)
    part = pair_part(a_row(tmp_path))
    assert len(part) == 0 and part.left_out == {NOT_ACCEPTED: 96}
    assert usable_bones(a_record({"femur": "auto", "tibia": "accepted"})) == ("femur", "tibia")


def test_a_set_without_accepted_bones_says_so(tmp_path: Path) -> None:
    write_record(a_record({"femur": "needs work"}), tmp_path)
    plan = Plan((PlannedPart("p1_right", "digest", partial(pair_part, a_row(tmp_path))),), DEFAULT, False, "a manifest")
    with pytest.raises(InputError, match="No patch is left: bone not accepted 96") as told:
        build(plan, tmp_path / "set")
    assert "Review the registrations" in told.value.remedy


def test_a_registration_of_other_scans_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_record(a_record({"femur": "accepted"}), tmp_path)
    image = sitk.Image(2, 2, 2, sitk.sitkInt16)
    scan = Scan(image, ScanHeader(), CT)
    monkeypatch.setattr(pair_patches, "read_scan", lambda path: scan)
    monkeypatch.setattr(pair_patches, "read_mr", lambda path: replace(scan, identity=replace(MR, sha256="other")))
    with pytest.raises(InputError, match="of another MR"):
        pair_part(a_row(tmp_path))


HEADER = "subject,side,ct,mr,registration,split,grade,truth,site\n"


def test_a_manifest_is_read_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text(f"{HEADER}p1,left,a/ct.nii,a/mr.nii,r/p1,train,3,t.csv,A\np2,right,b/ct.nii,b/mr.nii,,test,0,,B\n")
    (row,) = read_pair_manifest(path)
    assert (row.subject, row.side, row.split, row.grade, row.age) == ("p1", "left", "train", "3", "")
    assert row.ct == tmp_path / "a/ct.nii" and row.registration == tmp_path / "r/p1"
    assert row.facts == {"site": "A"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEADER.replace("split", "part") + "p1,left,c,m,r,train,3,,A\n", "no column split"),
        (HEADER + "p1,both,c,m,r,train,3,,A\n", "the side 'both' of p1"),
        (HEADER + "p1,left,c,m,r,dev,3,,A\n", "the split 'dev' of p1"),
        (HEADER + "p1,left,c,m,r,train,mild,,A\n", "could not convert"),
        (HEADER + "p1,left,c,m,r,train,3\n", "wrong number of cells"),
        (HEADER + "p1,left,c,m,,train,3,,A\n", "no row with ct, mr and registration"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_pair_manifest(path)
