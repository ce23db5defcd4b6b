"""A synthetic CT leads a registration, alone or beside the MR, and the record says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.cli import main
from CTSMALib.errors import InputError
from CTSMALib.jobs import register, register_cohort
from CTSMALib.jobs.request import RegisterCohortRequest, RegisterRequest
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import HIGHEST_HU, LOWEST_HU
from CTSMALib.registration.guide import guide_named
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.names import BONES, BOTH, GUIDES, KNEE, MR, SYNTHETIC
from CTSMALib.registration.record_folder import load_record, save_findings
from CTSMALib.registration.register import register as registered
from CTSMALib.registration.stages import fit_knee
from CTSMALib.registration.start import Start
from CTSMALib.synthesis import synthesize as synthesis_room
from CTSMALib.synthesis.synthetic_knee import UNKNOWN_HU, SyntheticKnee
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.rigid import applied, inverse, turned, write_itk
from Testing.core.made_up_pair import MadeUpPair
from Testing.core.registration.made_up_record import a_record_folder
from Testing.core.small_networks import a_bundle

HU, SIGNAL = [-1000.0, -100.0, 40.0, 150.0, 900.0], [0.0, 500.0, 200.0, 600.0, 30.0]
TOLD = "synthetic CT (made up 1.0 ("


@pytest.fixture(scope="module")
def a_motion(a_pair: MadeUpPair) -> np.ndarray:
    return turned(np.array([5.0, -3.0, 7.0]), a_pair.joint_mm, np.array([12.0, -8.0, 5.0]))


@pytest.fixture(scope="module")
def a_near_motion(a_pair: MadeUpPair, a_motion: np.ndarray) -> np.ndarray:
    return a_motion @ turned(np.array([2.0, 1.0, -2.0]), a_pair.joint_mm, np.array([1.5, -2.0, 1.0]))


@pytest.fixture(scope="module")
def a_synthetic_ct(a_pair: MadeUpPair, a_motion: np.ndarray) -> sitk.Image:
    """The CT itself, moved as one piece; unknown where it shows nothing."""
    center = applied(a_motion, Grid.of(a_pair.ct).corners_mm().mean(axis=0))
    size, spacing = np.array([118, 118, 112]), 0.8
    transform = sitk.AffineTransform(3)
    back = inverse(a_motion)
    transform.SetMatrix(back[:3, :3].ravel().tolist())
    transform.SetTranslation(back[:3, 3].tolist())
    origin = center - 0.5 * (size - 1) * spacing
    ct = sitk.Resample(
        a_pair.ct, size.tolist(), transform, sitk.sitkLinear, origin.tolist(), [spacing] * 3,
        np.eye(3).ravel().tolist(), float(UNKNOWN_HU), sitk.sitkFloat32,
    )  # fmt: skip
    return sitk.Cast(sitk.Round(ct), sitk.sitkInt16)


@pytest.fixture(scope="module")
def an_mr(a_synthetic_ct: sitk.Image) -> sitk.Image:
    """The MR that it is a CT of: marrow and fat bright, cortex dark."""
    hu = sitk.GetArrayFromImage(a_synthetic_ct).astype(float)
    first, second = 15.0 * np.random.default_rng(2).standard_normal((2, *hu.shape))
    mr = sitk.GetImageFromArray(np.hypot(np.interp(hu, HU, SIGNAL) + first, second).astype(np.float32))
    mr.CopyInformation(a_synthetic_ct)
    return mr


@pytest.fixture(scope="module")
def a_femur(a_pair: MadeUpPair) -> sitk.Image:
    return sitk.Cast(a_pair.labels == 1, sitk.sitkUInt8)


def found_with(name: str, pair: MadeUpPair, femur: sitk.Image, mr: sitk.Image, ct: sitk.Image, near: np.ndarray):
    fixed, moving = FixedKnee(pair.ct, femur), MovingKnee(mr)
    start = Start(first_stage=BONES, knee=near)
    return fixed, registered(fixed, moving, start=start, guide=guide_named(name, mr, ct))


@pytest.mark.parametrize("name", [SYNTHETIC, BOTH])
def test_a_synthetic_ct_that_is_the_moved_ct_is_found(
    name: str, a_pair, a_femur, an_mr, a_synthetic_ct, a_near_motion, a_motion
) -> None:
    fixed, found = found_with(name, a_pair, a_femur, an_mr, a_synthetic_ct, a_near_motion)
    surface = fixed.surface("femur").points_mm
    apart = applied(found.motions.matrices["femur"], surface) - applied(a_motion, surface)
    assert np.linalg.norm(apart, axis=1).mean() < 0.1
    before = applied(a_near_motion, surface) - applied(a_motion, surface)
    assert np.linalg.norm(before, axis=1).mean() > 2.0


def test_the_guide_leads_where_the_mr_shows_nothing(
    a_pair, a_femur, an_mr, a_synthetic_ct, a_near_motion, a_motion
) -> None:
    noise = sitk.GetImageFromArray(np.random.default_rng(3).uniform(1, 400, an_mr.GetSize()[::-1]).astype(np.float32))
    noise.CopyInformation(an_mr)
    fixed = FixedKnee(a_pair.ct, a_femur)
    guide = guide_named(SYNTHETIC, noise, a_synthetic_ct)
    assert guide is not None and np.isnan(guide.level(1.0).signal).any()
    surface = fixed.surface("femur").points_mm
    away = {}
    for name, moving in (("guide", guide), ("mr", MovingKnee(noise))):
        found = applied(fit_knee(fixed, moving, [a_near_motion]).matrix, surface)
        away[name] = float(np.linalg.norm(found - applied(a_motion, surface), axis=1).mean())
    assert away["guide"] < 0.2 and away["mr"] > 0.5, away


def test_both_images_count_as_much(an_mr: sitk.Image, a_synthetic_ct: sitk.Image) -> None:
    guide = guide_named(BOTH, an_mr, a_synthetic_ct)
    assert guide is not None
    level = guide.level(2.0)
    assert level.limits is None and level.also is not None and level.also.limits == (LOWEST_HU, HIGHEST_HU)
    assert guide_named(MR, an_mr, None) is None
    with pytest.raises(ValueError, match="synthetic CT is needed"):
        guide_named(SYNTHETIC, an_mr, None)


@pytest.fixture
def a_synthesis(monkeypatch: pytest.MonkeyPatch, a_synthetic_ct: sitk.Image) -> None:
    """Makes the synthetic CT that is the moved CT, and finds the MR unlike the training."""

    def synthesize(mr, model, progress) -> SyntheticKnee:  # type: ignore[no-untyped-def]
        progress("Making the CT", 0.5)
        hu = sitk.GetArrayFromImage(a_synthetic_ct)
        none = np.zeros(hu.shape, dtype=np.uint8)
        return SyntheticKnee(
            Grid.of(a_synthetic_ct), hu, none.astype(np.float32), none, none[None].astype(np.float16),
            hu > UNKNOWN_HU, 9.0, 1.0, model.identity,
        )  # fmt: skip

    monkeypatch.setattr(synthesis_room, "synthesize", synthesize)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, a_pair, a_femur, an_mr, a_near_motion) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("scans")
    images = {"ct": a_pair.ct, "mr": an_mr, "femur": a_femur}
    for name, image in images.items():
        sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))
    write_itk(a_near_motion, folder / "near.tfm")
    a_bundle(folder / "model")
    return {name: folder / f"{name}.nii.gz" for name in images} | {
        "near": folder / "near.tfm",
        "model": folder / "model",
    }


def ordered(files: dict[str, Path], out: Path, *more: object) -> list[str]:
    scans = ["register", str(files["ct"]), str(files["mr"]), "--labels", str(files["femur"]), "--out", str(out)]
    return [*scans, "--no-images", *map(str, more)]


@pytest.mark.usefixtures("a_synthesis")
def test_the_record_says_what_led(files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "r"
    more = ("--initial", files["near"], "--from-stage", "bones", "--with", "both", "--model", files["model"])
    assert main(ordered(files, out, *more)) == 0
    record = load_record(out)
    told = {(stage.stage, stage.subject): stage.made_by for stage in record.stages}
    assert told[KNEE, "knee"] == "user"
    assert told[BONES, "femur"].startswith("mutual-information") and f", MR and {TOLD}" in told[BONES, "femur"]
    assert "mr-unlike-training" in [notice.code for notice in record.notices]
    printed = capsys.readouterr()
    assert "looks unlike those" in printed.out and "Making the CT" in printed.err


@pytest.mark.usefixtures("a_synthesis")
def test_a_cohort_goes_on_only_with_the_same_guide_and_model(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "pairs.csv"
    manifest.write_text(f"subject,side,ct,mr\ns1,,{files['ct']},{files['mr']}\n", encoding="utf-8")
    real = register.run

    def with_femur_alone(request: RegisterRequest, progress) -> Path:  # type: ignore[no-untyped-def]
        return real(replace(request, labels=files["femur"], initial=files["near"]), progress)

    monkeypatch.setattr(register, "run", with_femur_alone)
    wanted = RegisterCohortRequest(manifest, tmp_path / "out", images=False, guide=SYNTHETIC, model=files["model"])
    out = register_cohort.run(wanted)
    record = load_record(out / "s1")
    assert [TOLD in stage.made_by for stage in record.stages] == [True, True]
    monkeypatch.setattr(register, "run", None)  # nothing is registered again
    register_cohort.run(wanted)
    a_bundle(tmp_path / "other", bone=2)
    for other in ({"guide": BOTH}, {"guide": MR, "model": None}, {"model": tmp_path / "other"}):
        with pytest.raises(InputError, match=r"was registered with synthetic CT \(made up"):
            register_cohort.run(replace(wanted, **other))
    stages = tuple(replace(stage, made_by=stage.made_by.partition(",")[0]) for stage in record.stages)
    save_findings(replace(record, stages=stages), out / "s1")
    with pytest.raises(InputError, match="was registered with the MR alone"):
        register_cohort.run(wanted)


def test_wrong_choices_are_refused_before_anything_is_read(files: dict[str, Path], tmp_path: Path, capsys) -> None:
    out = tmp_path / "r"
    with pytest.raises(SystemExit):
        main(ordered(files, out, "--with", "ct"))
    told = capsys.readouterr().err
    assert all(name in told for name in GUIDES)
    for more, said in (
        (("--model", files["model"]), "no synthetic CT is made"),
        (("--with", "both", "--model", files["ct"].parent), "metadata.json"),
        (("--with", "both", "--model", tmp_path / "none"), "does not exist"),
    ):
        assert main(ordered(files, out, *more)) == 2
        assert said in capsys.readouterr().err
    with pytest.raises(InputError, match="nothing called 'ct'"):
        register.run(RegisterRequest(files["ct"], files["mr"], out, guide="ct"))
    earlier = a_record_folder(tmp_path / "earlier")
    wanted = RegisterRequest(
        files["ct"], files["mr"], out, guide=BOTH, model=files["model"], initial=earlier, from_stage="judge"
    )
    with pytest.raises(InputError, match="finds no bone anew"):
        register.run(wanted)
    assert not out.exists()
