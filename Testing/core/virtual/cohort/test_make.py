"""Cohorts on disk: the same bytes every time, gone on with after a kill, never mixed."""

from __future__ import annotations

import csv
import json
import shutil
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import CancelledError, InputError, OutputError
from CTSMALib.virtual.cohort import pool
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.lock import CAN_LOCK, locked
from CTSMALib.virtual.cohort.make import make_cohort
from Testing.core.virtual.cohort.made_up_knees import BONES, MADE_UP, REFUSED_GRADE, REFUSING, digests

FULL = CohortOrder(5, seed=3, grades="balanced", series=("t1",), rescan=True)


def made(folder: Path, order: CohortOrder, **options) -> dict[str, str]:  # type: ignore[no-untyped-def]
    folder.mkdir(exist_ok=True)
    make_cohort(order, folder, **{"makers": MADE_UP, **options})
    return digests(folder)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    first = made(tmp_path / "a", FULL)
    assert first == made(tmp_path / "b", FULL)
    knee = {name.removeprefix("vk0003/") for name in first if name.startswith("vk0003/")}
    assert knee == {
        *("ct.nii.gz", "bffe.nii.gz", "t1.nii.gz", "bffe_rescan.nii.gz", "ct_labels.nii.gz", "bffe_labels.nii.gz"),
        *("truth.csv", "landmarks.csv", "knee.json", "transforms/moving_to_fixed_ras.json"),
        *(f"transforms/{bone}{end}.tfm" for bone in BONES for end in ("", "_rescan")),
    }
    other = made(tmp_path / "c", CohortOrder(1, seed=8))
    assert other["vk0001/ct.nii.gz"] != first["vk0001/ct.nii.gz"]


def test_processes_write_what_one_writes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="This knee cannot be made"):  # the error comes from another process
        made(tmp_path / "a", FULL, makers=REFUSING, processes=2)
    finished = {row["subject"] for row in rows_of(tmp_path / "a" / "manifest.csv")}
    assert finished == {path.name for path in (tmp_path / "a").glob("*vk*")}
    assert len(finished) >= 2
    assert made(tmp_path / "a", FULL) == made(tmp_path / "b", FULL)


def test_after_a_stop_only_missing_knees_are_made(tmp_path: Path) -> None:
    whole = made(tmp_path / "whole", FULL)

    def stop(stage: str, fraction: float, message: str = "") -> None:
        if stage == "vk0003: Writing the tables":
            assert list((tmp_path / "a").glob(".vk0003.part-*"))
            raise CancelledError

    with pytest.raises(CancelledError):
        made(tmp_path / "a", FULL, progress=stop)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        *("cohort.json", "manifest.csv", "vk0001", "vk0002"),
    ]
    assert [row["subject"] for row in rows_of(tmp_path / "a" / "manifest.csv")] == ["vk0001", "vk0002"]
    killed = tmp_path / "a" / ".vk0003.part-99-ab"  # what a killed process leaves behind
    killed.mkdir()
    (killed / "ct.nii.gz").write_bytes(b"half")
    kept = (tmp_path / "a" / "vk0001" / "ct.nii.gz").stat().st_mtime_ns
    assert made(tmp_path / "a", FULL) == whole
    assert (tmp_path / "a" / "vk0001" / "ct.nii.gz").stat().st_mtime_ns == kept


def test_a_larger_number_adds_and_a_smaller_one_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "a", CohortOrder(2, seed=7))
    assert made(tmp_path / "a", CohortOrder(4, seed=7)) == made(tmp_path / "b", CohortOrder(4, seed=7))
    with pytest.raises(InputError, match="--knees asks for 3"):
        made(tmp_path / "a", CohortOrder(3, seed=7))


def test_other_arguments_and_other_knees_are_refused(tmp_path: Path) -> None:
    before = made(tmp_path / "a", CohortOrder(2, seed=7))
    for other in (CohortOrder(2, seed=8), CohortOrder(2, seed=7, rescan=True), CohortOrder(2, seed=7, patches=3)):
        with pytest.raises(InputError, match=r"other arguments: --(seed|rescan|patches)"):
            made(tmp_path / "a", other)
    assert digests(tmp_path / "a") == before
    file = tmp_path / "a" / "vk0002" / "knee.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "digest": "0"}))
    with pytest.raises(InputError, match="vk0002 is not the one"):
        made(tmp_path / "a", CohortOrder(2, seed=7))


def test_a_knee_that_fails_leaves_the_others(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="This knee cannot be made"):
        made(tmp_path / "a", FULL, makers=REFUSING)
    rows = rows_of(tmp_path / "a" / "manifest.csv")
    assert len(rows) == 3
    assert str(REFUSED_GRADE) not in {row["grade"] for row in rows}
    assert not list((tmp_path / "a").glob(".*"))
    assert {row["subject"] for row in rows} == {path.name for path in (tmp_path / "a").glob("vk*")}


def test_a_process_that_died_is_explained() -> None:
    future: Future = Future()
    future.set_exception(BrokenProcessPool("a child died"))
    with pytest.raises(InputError, match="the memory was used up"):
        pool._facts(future)


@pytest.mark.skipif(not CAN_LOCK, reason="this system locks no folders")
def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(OutputError, match="Another process"):
        made(tmp_path, CohortOrder(1))


def test_transforms_lead_from_ct_to_mr(tmp_path: Path) -> None:
    made(tmp_path / "a", FULL)
    knee = tmp_path / "a" / "vk0001"
    matrices = json.loads((knee / "transforms" / "moving_to_fixed_ras.json").read_text())
    assert set(matrices) == {"bffe", "bffe_rescan"}
    flip = np.array([-1.0, -1.0, 1.0])
    rows = rows_of(knee / "landmarks.csv")
    assert len(rows) == 40 * len(BONES)
    for row in rows:
        ct, mr = ([float(row[f"{scan}_{axis}_mm"]) for axis in "xyz"] for scan in ("ct", "mr"))
        transform = sitk.ReadTransform(str(knee / "transforms" / f"{row['bone']}.tfm"))
        np.testing.assert_allclose(transform.TransformPoint(ct), mr, atol=1e-9)
        back = np.array(matrices["bffe"][row["bone"]]) @ [*(flip * mr), 1.0]
        np.testing.assert_allclose(flip * back[:3], ct, atol=1e-9)
    assert matrices["bffe_rescan"]["femur"] != matrices["bffe"]["femur"]


def test_volumes_keep_their_place_and_type(tmp_path: Path) -> None:
    made(tmp_path / "a", FULL)
    for name, kind in (("ct", sitk.sitkInt16), ("bffe", sitk.sitkInt16), ("ct_labels", sitk.sitkUInt8)):
        volume = sitk.ReadImage(str(tmp_path / "a" / "vk0001" / f"{name}.nii.gz"))
        assert volume.GetPixelID() == kind
        np.testing.assert_allclose(volume.GetOrigin(), (-12.5, 31.0, 400.0), atol=1e-4)
        np.testing.assert_allclose(volume.GetDirection(), (0, -1, 0, 1, 0, 0, 0, 0, 1), atol=1e-6)


def test_tables_keep_every_digit_and_leave_gaps(tmp_path: Path) -> None:
    made(tmp_path / "a", FULL)
    assert rows_of(tmp_path / "a" / "vk0001" / "truth.csv") == [
        {"id": "FM-r1-c1-d1", "bv_tv": repr(1 / 3), "tb_th_mm": ""},
        {"id": "FM", "bv_tv": "", "tb_th_mm": ""},
    ]


def test_patches_and_no_scans(tmp_path: Path) -> None:
    order = CohortOrder(1, mode="patches", registration_error_mm=0.5, truth="none")
    assert made(tmp_path / "a", order) == made(tmp_path / "b", order)
    knee = tmp_path / "a" / "vk0001"
    assert not list(knee.glob("*.nii.gz")) and not (knee / "truth.csv").exists()
    with np.load(knee / "patches.npz", allow_pickle=False) as stored:
        assert stored["ids"].tolist() == ["FM-r1-c1-d1", "TL-r3-c4-d2"]
        assert stored["ct"].shape == (2, 4, 5, 6) and stored["mr"].dtype == np.int16
        assert stored["ct_spacing_mm"].tolist() == [0.4, 0.35, 0.35]
        assert np.abs(stored["shift_mm"]).min() > 0.0


def test_dicom_in_the_styles_of_several_vendors(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    dicom = pytest.importorskip("CTSMALib.virtual.dicom")
    made(tmp_path / "a", CohortOrder(4, series=("pd_fs",), rescan=True, dicom=True))
    heads = []
    for knee in sorted((tmp_path / "a").glob("vk*")):
        assert sorted(path.name for path in (knee / "dicom").iterdir()) == ["bffe", "bffe_rescan", "ct", "pd_fs"]
        files = sorted((knee / "dicom" / "ct").iterdir())
        heads.append(pydicom.dcmread(files[0], stop_before_pixels=True))
        assert heads[-1].PatientID.startswith(f"{knee.name}-")
    assert len({(head.SOPClassUID, str(head.get("ConvolutionKernel"))) for head in heads}) == len(dicom.STYLES)


def test_other_images_have_other_uids(tmp_path: Path) -> None:
    """Whole scans, scans to register and knees of other grades differ, though their names and seeds are the same."""
    pydicom = pytest.importorskip("pydicom")
    orders = {
        "whole": CohortOrder(2, seed=3, dicom=True),
        "registration": CohortOrder(2, seed=3, mode="registration", dicom=True),
        "balanced": CohortOrder(2, seed=3, grades="balanced", dicom=True),
    }
    instances, people = [], []
    for name, order in orders.items():
        made(tmp_path / name, order)
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file() and "dicom" in path.parts]
        heads = [pydicom.dcmread(file, stop_before_pixels=True) for file in files]
        instances += [head.SOPInstanceUID for head in heads]
        people.append({head.PatientID for head in heads})
    assert len(set(instances)) == len(instances) > 20
    assert people[0] == people[1] and not people[0] & people[2]


def test_beginnings_that_a_kill_left_are_cleared_away(tmp_path: Path) -> None:
    for name in (".manifest.csv.part-12", ".cohort.json.part-12"):
        (tmp_path / name).write_text("half")
    (tmp_path / ".vk0001.part-12-ab").mkdir()
    make_cohort(CohortOrder(1), tmp_path, MADE_UP)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort.json", "manifest.csv", "vk0001"]


def test_a_finished_knee_that_lost_a_file_is_told(tmp_path: Path) -> None:
    make_cohort(CohortOrder(2), tmp_path, MADE_UP)
    (tmp_path / "vk0002" / "ct.nii.gz").unlink()
    with pytest.raises(InputError, match=r"lacks ct\.nii\.gz"):
        make_cohort(CohortOrder(2), tmp_path, MADE_UP)
    shutil.rmtree(tmp_path / "vk0002")
    make_cohort(CohortOrder(2), tmp_path, MADE_UP)
    assert (tmp_path / "vk0002" / "ct.nii.gz").exists()
