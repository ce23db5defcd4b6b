"""``ctsma register``: from files to a folder, going on from one, cohorts, and what stops it."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis import registration_input
from CTSMALib.cli import main
from CTSMALib.errors import InputError, OutputError
from CTSMALib.jobs import register, register_cohort
from CTSMALib.jobs.request import RegisterCohortRequest, RegisterRequest
from CTSMALib.registration.record import ACCEPTED, GOOD, RegistrationRecord, Review, rows
from CTSMALib.registration.record_folder import load_record, write_record
from CTSMALib.volumes import read_mr, read_scan
from CTSMALib.volumes.rigid import applied, read_itk, turned, write_itk
from Testing.core.made_up_pair import MadeUpPair, made_up_pair, with_few_points
from Testing.core.registration.made_up_record import a_record_folder

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Files:
    """The pair on disk; ``femur`` labels that bone alone, which spares the anatomy; ``knee`` is a first transform."""

    ct: Path
    mr: Path
    labels: Path
    femur: Path
    knee: Path


@pytest.fixture(scope="module", autouse=True)
def few_points() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        with_few_points(patch)
        yield


@pytest.fixture(scope="module")
def a_pair() -> MadeUpPair:
    return made_up_pair()


@pytest.fixture(scope="module")
def files(a_pair: MadeUpPair, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("pair")
    found = Files(*(folder / f"{name}.nii.gz" for name in ("ct", "mr", "labels", "femur")), folder / "knee.tfm")
    images = (a_pair.ct, a_pair.mr, a_pair.labels, sitk.Cast(a_pair.labels == 1, sitk.sitkUInt8))
    for image, path in zip(images, (found.ct, found.mr, found.labels, found.femur), strict=True):
        sitk.WriteImage(image, str(path))
    write_itk(a_pair.matrices["tibia"], found.knee)
    return found


@pytest.fixture(scope="module")
def a_femur_registration(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the femur alone, from a transform of the knee. Do not write into it."""
    out = tmp_path_factory.mktemp("femur") / "first"
    register.run(RegisterRequest(files.ct, files.mr, out, labels=files.femur, initial=files.knee, images=False))
    return out


def matrices_of(record: RegistrationRecord) -> np.ndarray:
    return np.array([bone.fixed_to_moving_lps for bone in record.bones])


def test_a_pair_of_files_becomes_a_registration(files: Files, a_pair: MadeUpPair, tmp_path: Path, capsys) -> None:
    out = tmp_path / "r"
    assert main(["register", str(files.ct), str(files.mr), "--labels", str(files.labels), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Femur" in said and "good" in said and "Research use only" in said
    record = load_record(out)
    assert [bone.name for bone in record.bones] == ["femur", "tibia", "patella", "fibula"]
    assert [bone.verdict for bone in record.bones] == [GOOD] * 4
    assert record.side == "right" and record.first_stage == "pose" and record.earlier == ()
    for bone in record.bones:
        center = np.array(bone.center_fixed_ras_mm) * [-1.0, -1.0, 1.0]
        away = applied(bone.fixed_to_moving_lps, center) - applied(a_pair.matrices[bone.name], center)
        assert np.linalg.norm(away) < 0.5, bone.name
    assert all((out / file).is_file() for file in record.files.values())
    assert {f"transform_{bone.name}" for bone in record.bones} | {"patches", "mr_on_ct"} <= set(record.files)
    assert (out / "overview.png").read_bytes().startswith(PNG)
    resampled = sitk.ReadImage(str(out / "mr_on_ct.nii.gz"))
    assert resampled.GetSpacing() == pytest.approx(a_pair.ct.GetSpacing())
    assert resampled.GetPixelID() == sitk.sitkFloat32  # this MR holds no whole numbers
    unflagged = [patch for patch in record.patches if not patch.flags]
    assert len(record.patches) > 20 and len(unflagged) > 0.5 * len(record.patches)
    with np.load(out / "patches.npz") as boxes:
        assert len(boxes["ids"]) == len(record.patches)


def test_a_second_run_finds_equal_matrices(files: Files, a_femur_registration: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    register.run(RegisterRequest(files.ct, files.mr, again, labels=files.femur, initial=files.knee, images=False))
    assert np.array_equal(matrices_of(load_record(again)), matrices_of(load_record(a_femur_registration)))
    assert not (again / "mr_on_ct.nii.gz").exists()


def test_going_on_from_a_registration_keeps_what_it_found(
    files: Files, a_femur_registration: Path, tmp_path: Path
) -> None:
    first, out = load_record(a_femur_registration), tmp_path / "second"
    ordered = ["register", str(files.ct), str(files.mr), "--labels", str(files.femur), "--no-images"]
    assert main([*ordered, "--initial", str(a_femur_registration), "--from-stage", "bones", "--out", str(out)]) == 0
    second = load_record(out)
    assert second.first_stage == "bones" and second.started_from == "first"
    assert len(second.earlier) == 1
    kept = second.earlier[0]
    assert (kept.created, kept.stages, kept.bones) == (first.created, first.stages, first.bones)
    assert np.abs(matrices_of(second) - matrices_of(first)).max() < 0.2


def test_a_corrected_registration_is_judged_again_as_it_is(
    files: Files, a_femur_registration: Path, tmp_path: Path, monkeypatch
) -> None:
    """What a person did stays apart and as it is; bones are not looked for again."""
    corrected = tmp_path / "corrected"
    shutil.copytree(a_femur_registration, corrected)
    record = load_record(corrected)
    nudge = turned(np.array([0.0, 3.0, 0.0]), np.array(record.bones[0].center_fixed_ras_mm), np.array([2.0, 1.0, 0.0]))
    femur = replace(record.bones[0], user_moving_to_fixed_ras=rows(nudge))
    review = Review("femur", ACCEPTED, "A reader", record.created, "", "0.6")
    record = replace(record, bones=(femur,), reviews=(review,))
    write_record(record, corrected)
    monkeypatch.setattr(registration_input, "knee_of_scan", None)
    request = RegisterRequest(files.ct, files.mr, tmp_path / "judged", initial=corrected, from_stage="judge")
    judged = load_record(register.run(request))
    (found,) = judged.bones
    assert found.user_moving_to_fixed_ras == rows(nudge)
    assert found.auto_moving_to_fixed_ras == femur.auto_moving_to_fixed_ras
    assert found.auto_quality == femur.quality and found.quality.estimated_mm > 3 * femur.quality.estimated_mm
    assert (judged.reviews, judged.earlier, judged.stages) == (record.reviews, record.earlier, record.stages)
    assert (judged.created, judged.first_stage) == (record.created, record.first_stage)
    assert found.fixed_to_moving_lps == pytest.approx(read_itk(request.out / "transforms" / "femur.tfm"), abs=1e-9)


def test_a_folder_that_exists_is_kept_unless_told_otherwise(files: Files, tmp_path: Path, monkeypatch) -> None:
    out = a_record_folder(tmp_path / "r")
    ordered = ["register", str(files.ct), str(files.mr), "--labels", str(files.femur), "--out", str(out)]
    assert main(ordered) == 2
    assert (out / "registration.json").is_file()
    monkeypatch.setattr(register, "_register", lambda request, folder, progress: a_record_folder(folder))
    assert main([*ordered, "--overwrite"]) == 0
    with pytest.raises(OutputError, match="scan lies in"):
        register.run(RegisterRequest(files.ct, files.mr, out, initial=out, overwrite=True))


@pytest.mark.parametrize("option", [["--engine", "other"], ["--from-stage", "last"]])
def test_an_unknown_engine_or_stage_is_refused(files: Files, tmp_path: Path, option: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["register", str(files.ct), str(files.mr), "--out", str(tmp_path / "r"), *option])
    assert stopped.value.code == 2 and option[1] in capsys.readouterr().err


def test_wrong_requests_leave_nothing(files: Files, tmp_path: Path) -> None:
    out = tmp_path / "r"
    for change, said in (
        ({"engine": "other"}, "no engine 'other'"),
        ({"from_stage": "last"}, "no stage 'last'"),
        ({"from_stage": "bones"}, "must be known"),
        ({"initial": tmp_path / "none.tfm"}, r"none\.tfm"),
        ({"labels": tmp_path / "none.nii.gz"}, r"none\.nii\.gz"),
    ):
        with pytest.raises(InputError, match=said):
            register.run(RegisterRequest(files.ct, files.mr, out, **change))
    for ct, mr in ((tmp_path / "no-ct.nii.gz", files.mr), (files.ct, tmp_path / "no-mr.nii.gz")):
        with pytest.raises(InputError, match=r"no-[cm][tr]\.nii\.gz"):
            register.run(RegisterRequest(ct, mr, out))
    assert list(tmp_path.iterdir()) == []


def test_ct_and_mr_or_a_cohort_must_be_given(files: Files, tmp_path: Path, capsys) -> None:
    assert main(["register", str(files.ct), "--out", str(tmp_path / "r")]) == 2
    assert "CT and MR are needed" in capsys.readouterr().err
    both = ["register", str(files.ct), str(files.mr), "--cohort", str(files.ct), "--out", str(tmp_path / "r")]
    assert main(both) == 2
    assert "cohort and a single pair" in capsys.readouterr().err


def a_manifest(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pairs.csv").write_text(text, encoding="utf-8")
    return folder / "pairs.csv"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def a_quick_job(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Registers nothing where the MR is there, and tells which pairs it was called for."""
    called: list[str] = []
    real = register.run

    def quick(request: RegisterRequest, progress) -> Path:
        called.append(request.out.name)
        now = datetime.now(UTC) + timedelta(seconds=1)
        return a_record_folder(request.out, created=now.isoformat()) if request.mr.exists() else real(request, progress)

    monkeypatch.setattr(register, "run", quick)
    return called


def test_a_cohort_lists_what_is_refused_and_goes_on(tmp_path: Path, a_quick_job: list[str], capsys) -> None:
    source = tmp_path / "in"
    text = (
        "subject,side,ct,mr,site,other_mrs\ns2,left,a/ct.nii.gz,a/none.nii.gz,x,\n"
        "s1,right,a/ct.nii.gz,a/mr.nii.gz,y,a/t1.nii.gz|a/pd.nii.gz\n"
    )
    manifest, out = a_manifest(source, text), tmp_path / "deep" / "out"
    (source / "a").mkdir()
    for name in ("ct.nii.gz", "mr.nii.gz"):
        (source / "a" / name).write_bytes(b"")
    assert main(["register", "--cohort", str(manifest), "--out", str(out)]) == 0
    assert a_quick_job == ["s2-left", "s1-right"]
    said = capsys.readouterr().out
    assert "1 pair" in said and "s2-left" in said and "none.nii.gz" in said
    status = rows_of(out / "status.csv")
    assert [(row["folder"], row["bone"], row["verdict"]) for row in status] == [
        ("s2-left", "", "refused"), ("s1-right", "femur", "good"), ("s1-right", "tibia", "check"),
    ]  # fmt: skip
    assert "none.nii.gz" in status[0]["reasons"]
    filled = rows_of(out / "manifest.csv")
    assert [row["registration"] for row in filled] == ["", "s1-right"]
    assert [row["site"] for row in filled] == ["x", "y"]
    assert (out / filled[1]["ct"]).resolve() == (source / "a" / "ct.nii.gz").resolve()
    assert (out / filled[1]["mr"]).resolve() == (source / "a" / "mr.nii.gz").resolve()
    others = [(out / one).resolve() for one in filled[1]["other_mrs"].split("|")]
    assert others == [(source / "a" / name).resolve() for name in ("t1.nii.gz", "pd.nii.gz")]
    (source / "a" / "none.nii.gz").write_bytes(b"")
    register_cohort.run(RegisterCohortRequest(manifest, out))
    assert a_quick_job == ["s2-left", "s1-right", "s2-left"]  # what was done is not done again
    assert {row["verdict"] for row in rows_of(out / "status.csv")} == {"good", "check"}


def test_rows_without_a_pair_stay_and_a_manifest_is_not_written_over(tmp_path: Path, a_quick_job: list[str]) -> None:
    text = "subject,side,ct,mr\ns1,,ct.nii.gz,mr.nii.gz\ns2,,ct.nii.gz,\n"
    manifest = a_manifest(tmp_path / "in", text).rename(tmp_path / "in" / "manifest.csv")
    (tmp_path / "in" / "ct.nii.gz").write_bytes(b"")
    (tmp_path / "in" / "mr.nii.gz").write_bytes(b"")
    out = register_cohort.run(RegisterCohortRequest(manifest, tmp_path / "out"))
    assert [row["subject"] for row in rows_of(out / "manifest.csv")] == ["s1", "s2"]
    with pytest.raises(InputError, match="written over"):
        register_cohort.run(RegisterCohortRequest(manifest, manifest.parent))
    assert manifest.read_text(encoding="utf-8") == text


def test_paths_of_a_virtual_cohort_still_lead_to_their_files(tmp_path: Path, a_quick_job: list[str]) -> None:
    manifest = a_manifest(tmp_path / "in", "subject,side,ct,mr,truth\ns1,,ct.nii.gz,mr.nii.gz,s1/truth.csv\n")
    (tmp_path / "in" / "s1").mkdir()
    for name in ("ct.nii.gz", "mr.nii.gz", "s1/truth.csv"):
        (tmp_path / "in" / name).write_bytes(b"")
    out = register_cohort.run(RegisterCohortRequest(manifest, tmp_path / "out"))
    assert (out / rows_of(out / "manifest.csv")[0]["truth"]).is_file()


def test_the_manifest_that_a_cohort_wrote_can_be_gone_on_with(tmp_path: Path, a_quick_job: list[str]) -> None:
    manifest = a_manifest(tmp_path / "in", "subject,side,ct,mr\ns1,,ct.nii.gz,mr.nii.gz\ns2,,,mr.nii.gz\n")
    (tmp_path / "in" / "ct.nii.gz").write_bytes(b"")
    (tmp_path / "in" / "mr.nii.gz").write_bytes(b"")
    out = register_cohort.run(RegisterCohortRequest(manifest, tmp_path / "out"))
    register_cohort.run(RegisterCohortRequest(out / "manifest.csv", out))
    assert a_quick_job == ["s1"]
    assert (out / rows_of(out / "manifest.csv")[0]["mr"]).is_file()


def test_a_scan_that_changed_after_its_registration_is_told(
    files: Files, tmp_path: Path, a_quick_job: list[str]
) -> None:
    """Newer files alone are no change: a copy of a cohort has those."""
    ct = tmp_path / "in" / "ct.nii.gz"
    manifest = a_manifest(ct.parent, f"subject,side,ct,mr\ns1,,ct.nii.gz,{files.mr}\n")
    ct.write_bytes(files.ct.read_bytes())
    identities = {"fixed": read_scan(ct).identity, "moving": read_mr(files.mr).identity}
    a_record_folder(tmp_path / "out" / "s1", **identities)
    out = register_cohort.run(RegisterCohortRequest(manifest, tmp_path / "out"))
    assert rows_of(out / "manifest.csv")[0]["registration"] == "s1"
    image = sitk.ReadImage(str(ct))
    image[5, 5, 5] = 77
    sitk.WriteImage(image, str(ct))
    register_cohort.run(RegisterCohortRequest(manifest, out))
    (status,) = rows_of(out / "status.csv")
    assert status["verdict"] == "refused" and "The CT changed" in status["reasons"]
    assert rows_of(out / "manifest.csv")[0]["registration"] == ""
    assert (out / "s1" / "registration.json").is_file() and not a_quick_job


def test_a_cohort_is_not_gone_on_with_in_another_way(tmp_path: Path, a_quick_job: list[str]) -> None:
    manifest = a_manifest(tmp_path / "in", "subject,side,ct,mr\ns1,,ct.nii.gz,mr.nii.gz\n")
    a_record_folder(tmp_path / "out" / "s1", earlier=())
    for wanted, said in (({"engine": "greedy"}, "with mutual-information 1"), ({"local": True}, "without local")):
        with pytest.raises(InputError, match=said):
            register_cohort.run(RegisterCohortRequest(manifest, tmp_path / "out", **wanted))
    assert not (tmp_path / "out" / "status.csv").exists()
    a_record_folder(tmp_path / "out" / "s1")  # a person went on from it, with whatever settings
    register_cohort.run(RegisterCohortRequest(manifest, tmp_path / "out", engine="greedy"))
    assert not a_quick_job


def test_a_scan_that_cannot_be_read_now_did_not_change(tmp_path: Path, a_quick_job: list[str]) -> None:
    manifest = a_manifest(tmp_path / "in", "subject,side,ct,mr\ns1,,away/ct.nii.gz,away/mr.nii.gz\n")
    a_record_folder(tmp_path / "out" / "s1", earlier=())
    out = register_cohort.run(RegisterCohortRequest(manifest, tmp_path / "out"))
    assert rows_of(out / "manifest.csv")[0]["registration"] == "s1"


def test_sides_are_read_as_people_write_them(tmp_path: Path) -> None:
    text = "subject,side,ct,mr\na,L,c,m\nb,Right,c,m\nc,,c,m\nd,unknown,c,m\n"
    pairs = register_cohort.read_pairs(a_manifest(tmp_path, text))[2]
    assert [pair.side for pair in pairs] == ["left", "right", "auto", "auto"]


def test_a_damaged_registration_does_not_stop_a_cohort(tmp_path: Path, a_quick_job: list[str]) -> None:
    rows = "".join(f"{name},,ct.nii.gz,mr.nii.gz\n" for name in ("s1", "s2"))
    manifest = a_manifest(tmp_path / "in", "subject,side,ct,mr\n" + rows)
    (tmp_path / "in" / "mr.nii.gz").write_bytes(b"")
    out = tmp_path / "out"
    (out / "s1").mkdir(parents=True)
    (out / "s1" / "registration.json").write_text("{")
    register_cohort.run(RegisterCohortRequest(manifest, out))
    assert "s2" in a_quick_job
    assert any(row["folder"] == "s2" and row["bone"] for row in rows_of(out / "status.csv"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subject,side,ct\ns1,left,a\n", "no column mr"),
        ("subject,side,ct,mr\ns1,left,a\n", "wrong number of cells"),
        ("subject,side,ct,mr\ns1,left,a,b,c\n", "wrong number of cells"),
        ("subject,side,ct,mr\ns1,left,a,b\ns1,left,c,d\n", "names s1-left twice"),
        ("subject,side,ct,mr\ns1,left,,\n", "holds no pair"),
        ("subject,side,ct,mr\ns1,medial,a,b\n", "side 'medial'"),
        ("subject,side,ct,mr\n../s1,left,a,b\n", "cannot name a folder"),
        ("subject,side,ct,mr\n..,,a,b\n", "cannot name a folder"),
        ("", "no column subject"),
        ("\0\1", "pairs.csv"),
    ],
)
def test_a_bad_manifest_is_refused_before_anything_is_written(tmp_path: Path, text: str, said: str) -> None:
    manifest = a_manifest(tmp_path / "in", text)
    with pytest.raises(InputError, match=said):
        register_cohort.run(RegisterCohortRequest(manifest, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
