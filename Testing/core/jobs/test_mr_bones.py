"""What outlines the bones of an MR in ``ctsma analyze-mr``: the network, or the simple method in its stead."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis import mr_bone_source
from CTSMALib.analysis.mr_bone_source import SIMPLE as BY_SIMPLE
from CTSMALib.analysis.mr_bone_source import MRBones
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.cli import main
from CTSMALib.errors import AnatomyError, CancelledError, InputError, MissingDependencyError
from CTSMALib.jobs import learning_packages
from CTSMALib.jobs.__main__ import _parser
from CTSMALib.jobs.arguments.analyze import analyze_mr_request
from CTSMALib.jobs.commands import analyze_arguments
from CTSMALib.jobs.mr_bones import BY_NETWORK, NOT_USED, bone_finder, network_bones
from CTSMALib.jobs.request import AUTO, NETWORK, SIMPLE, AnalyzeMRRequest
from CTSMALib.progress import silent
from CTSMALib.subcommands.analyzing import SHOWN_NOTICES
from CTSMALib.synthesis.model import load_model
from CTSMALib.synthesis.synthetic_knee import DOUBTFUL, MISPLACED, NOT_LIKE_TRAINING, SyntheticKnee
from CTSMALib.volumes.grid import Grid
from Testing.core.small_networks import AXIS_ALIGNED, a_bundle

MM = 1.0
FAR, NEAR = 3.0, 0.5  # distances from the training, whose limit is 1


@pytest.fixture(scope="module")
def a_model(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return a_bundle(tmp_path_factory.mktemp("models") / "m")


@pytest.fixture(scope="module")
def an_mr() -> sitk.Image:
    rng = np.random.default_rng(2)
    image = sitk.GetImageFromArray(rng.uniform(100.0, 400.0, (40, 40, 40)).astype(np.float32))
    image.SetOrigin((-20.0, -20.0, -20.0))
    return image


def a_knee(distance: float, labels: tuple[int, ...] = (1, 2)) -> SyntheticKnee:
    """Two slabs of bone that end between voxels: their likelihoods are equal 12.5 and 27.5 voxels up."""
    grid = Grid((40, 40, 40), (MM,) * 3, (-20.0, -20.0, -20.0), AXIS_ALIGNED)
    height = np.broadcast_to(np.arange(40.0)[:, None, None], (40, 40, 40))
    likelihood = np.zeros((5, 40, 40, 40), np.float16)
    likelihood[2] = np.clip(0.5 + (12.5 - height) / 2.0, 0.0, 1.0)
    likelihood[1] = np.clip(0.5 + (height - 27.5) / 2.0, 0.0, 1.0)
    for missing in {1, 2} - set(labels):
        likelihood[missing] = 0.0
    likelihood[0] = 1.0 - likelihood[1:].sum(axis=0)
    bones = np.argmax(likelihood, axis=0).astype(np.uint8)
    nothing = np.zeros(bones.shape)
    return SyntheticKnee(
        grid, nothing.astype(np.int16), nothing.astype(np.float32), bones, likelihood, bones == bones, distance, 1.0,
        "made up 1.0 (00000000)",
    )  # fmt: skip


@pytest.fixture
def the_network_sees(monkeypatch: pytest.MonkeyPatch) -> Callable[[SyntheticKnee], None]:
    import CTSMALib.synthesis.synthesize as room

    def set_to(knee: SyntheticKnee) -> None:
        monkeypatch.setattr(room, "synthesize", lambda mr, model, progress: knee)

    return set_to


@pytest.fixture
def simple_labels(monkeypatch: pytest.MonkeyPatch) -> sitk.Image:
    labels = sitk.Image([4, 4, 4], sitk.sitkUInt8) + 1
    monkeypatch.setattr(mr_bone_source, "segment_mr_bones", lambda mr, progress: labels)
    return labels


@pytest.fixture
def no_knee_for_the_simple_method(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(mr: sitk.Image, progress: object) -> sitk.Image:
        raise AnatomyError("No femur and tibia with bright marrow were found.", "")

    monkeypatch.setattr(mr_bone_source, "segment_mr_bones", nothing)


def request_for(bones: str, model: Bundle | None) -> AnalyzeMRRequest:
    return AnalyzeMRRequest(Path("a"), Path("b"), bones=bones, bone_model=model and model.folder)


def codes(found: MRBones) -> list[str]:
    return [notice.code for notice in found.notices]


def test_outlines_of_the_network_lie_between_its_voxels(an_mr, a_model, the_network_sees) -> None:
    the_network_sees(a_knee(NEAR))
    found = network_bones(an_mr, silent, a_model, load_model(a_model))
    values = sitk.GetArrayFromImage(found.labels)
    column = values[:, values.shape[1] // 2, values.shape[2] // 2]
    ends = [found.labels.GetOrigin()[2] + 0.5 * i for i in (np.argmin(column), len(column) - np.argmin(column[::-1]))]
    assert set(column) == {0, 1, 2} and column[0] == 2
    np.testing.assert_allclose(ends, (-20.0 + 12.5, -20.0 + 27.5), atol=0.51)
    assert found.made_by == f"made up 1.0, SHA-256 {a_model.sha256}" and len(a_model.sha256) == 64
    assert codes(found) == [BY_NETWORK]


def test_an_unfamiliar_mr_is_flagged(an_mr, a_model, the_network_sees) -> None:
    the_network_sees(a_knee(FAR))
    found = network_bones(an_mr, silent, a_model, load_model(a_model))
    assert codes(found) == [BY_NETWORK, NOT_LIKE_TRAINING]
    assert "distance 3.0, usual up to 1.0" in found.notices[1].text and "CT" not in found.notices[1].text


def turned_over(knee: SyntheticKnee) -> SyntheticKnee:
    return replace(knee, bones=knee.bones[::-1].copy(), likelihood=knee.likelihood[:, ::-1].copy())


def test_a_tibia_above_the_femur_is_told_and_not_taken(an_mr, a_model, the_network_sees, simple_labels) -> None:
    """As of a real MR whose tumor was taken for a tibia, though the MR looked familiar."""
    the_network_sees(turned_over(a_knee(NEAR)))
    asked = bone_finder(request_for(NETWORK, a_model))(an_mr, silent)
    assert codes(asked) == [BY_NETWORK, MISPLACED] and "below the femur" in asked.notices[1].text
    found = bone_finder(request_for(AUTO, a_model))(an_mr, silent)
    assert found.labels is simple_labels and "below the femur" in found.notices[1].text
    assert set(DOUBTFUL) <= set(SHOWN_NOTICES)


def test_a_missing_tibia_is_told(an_mr, a_model) -> None:
    """With the real networks, of random weights, that call everything a femur."""
    with pytest.raises(AnatomyError, match="no tibia"):
        network_bones(an_mr, silent, a_model, load_model(a_model))


def test_the_network_outlines_familiar_mrs_by_default(an_mr, a_model, the_network_sees, simple_labels) -> None:
    the_network_sees(a_knee(NEAR))
    found = bone_finder(request_for(AUTO, a_model))(an_mr, silent)
    assert a_model.sha256 in found.made_by and codes(found) == [BY_NETWORK]


def test_unfamiliar_ones_are_outlined_by_the_simple_method_if_the_two_differ(
    an_mr, a_model, the_network_sees, simple_labels
) -> None:
    the_network_sees(a_knee(FAR))
    found = bone_finder(request_for(AUTO, a_model))(an_mr, silent)
    assert found.labels is simple_labels and found.made_by == BY_SIMPLE
    assert codes(found) == ["bones-by-simple-method", NOT_USED] and "unlike" in found.notices[1].text
    asked = bone_finder(request_for(NETWORK, a_model))(an_mr, silent)
    assert codes(asked) == [BY_NETWORK, NOT_LIKE_TRAINING]


@pytest.mark.parametrize(("off_mm", "taken"), [(1.0, BY_NETWORK), (6.0, "bones-by-simple-method")])
def test_unfamiliar_ones_are_outlined_by_the_network_if_both_agree(
    an_mr, a_model, the_network_sees, monkeypatch: pytest.MonkeyPatch, off_mm: float, taken: str
) -> None:
    the_network_sees(a_knee(FAR))
    simple = a_knee(FAR).bones_image()
    simple.SetOrigin((-20.0, -20.0, -20.0 + off_mm))
    monkeypatch.setattr(mr_bone_source, "segment_mr_bones", lambda mr, progress: simple)
    found = bone_finder(request_for(AUTO, a_model))(an_mr, silent)
    assert codes(found)[0] == taken and (found.labels is simple) == (taken != BY_NETWORK)


@pytest.mark.usefixtures("no_knee_for_the_simple_method")
def test_an_unfamiliar_mr_in_which_one_way_finds_no_knee_is_refused(an_mr, a_model, the_network_sees) -> None:
    """As real ones with a tumor, which the network takes for a bone."""
    the_network_sees(a_knee(FAR))
    with pytest.raises(AnatomyError, match="unlike") as told:
        bone_finder(request_for(AUTO, a_model))(an_mr, silent)
    assert "--bones network" in told.value.remedy
    assert codes(bone_finder(request_for(NETWORK, a_model))(an_mr, silent)) == [BY_NETWORK, NOT_LIKE_TRAINING]


def test_the_simple_method_steps_in_where_the_network_finds_no_knee(an_mr, a_model, the_network_sees, simple_labels):
    the_network_sees(a_knee(NEAR, labels=(1,)))
    found = bone_finder(request_for(AUTO, a_model))(an_mr, silent)
    assert found.labels is simple_labels and "no tibia" in found.notices[1].text


def test_without_pytorch_the_simple_method_does_it(an_mr, simple_labels, monkeypatch: pytest.MonkeyPatch) -> None:
    find = learning_packages.find_spec
    monkeypatch.setattr(learning_packages, "find_spec", lambda name: None if name == "torch" else find(name))
    monkeypatch.setitem(sys.modules, "torch", None)
    found = bone_finder(request_for(AUTO, None))(an_mr, silent)
    assert codes(found) == ["bones-by-simple-method", NOT_USED] and "pip install" in found.notices[1].text
    assert codes(bone_finder(request_for(SIMPLE, None))(an_mr, silent)) == ["bones-by-simple-method"]
    with pytest.raises(MissingDependencyError, match="torch"):
        bone_finder(request_for(NETWORK, None))


def test_the_network_can_be_cancelled(an_mr, a_model) -> None:
    def cancelled(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith("part 1"):
            raise CancelledError

    with pytest.raises(CancelledError):
        network_bones(an_mr, cancelled, a_model, load_model(a_model))


def test_a_model_and_no_network_are_refused(a_model, tmp_path: Path, capsys) -> None:
    with pytest.raises(InputError, match="simple method"):
        bone_finder(request_for(SIMPLE, a_model))
    (tmp_path / "mr.nii.gz").touch()
    mr = str(tmp_path / "mr.nii.gz")
    assert main(["analyze-mr", mr, "--labels", mr, "--bones", "network", "--out", str(tmp_path / "r")]) == 2
    assert "Leave out --labels" in capsys.readouterr().err


def test_the_worker_takes_the_same_arguments() -> None:
    asked = partial(AnalyzeMRRequest, Path("a b"), Path("--out"), side="left", name="x", overwrite=True)
    for request in (
        asked(),
        asked(bones=NETWORK, bone_model=Path("-m")),
        asked(labels=Path("/l")),
        asked(bones=SIMPLE),
    ):
        assert analyze_mr_request(_parser().parse_args(analyze_arguments(request))) == request
