"""The panel of the module CTSMARegistration, with a made-up pair and a runner whose worker the tests play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.registration.record import RegistrationRecord, rows
from CTSMALib.registration.record_folder import load_record, write_record
from CTSMALib.registration.review.corrections import Corrections
from Testing.core.made_up_pair import MadeUpPair, made_up_pair
from Testing.panels.reading.fake_runner import FakeRunner
from Testing.scene.registration.pair_record import identities, true_record

WRONG_MM = (0.0, 1.0, 0.0)  # where the made-up registration leaves the femur


@pytest.fixture(scope="session")
def a_pair() -> MadeUpPair:
    """CT and MR."""
    return made_up_pair()


def misaligned_record(pair: MadeUpPair) -> RegistrationRecord:
    """The femur lies a millimeter too far back and is doubtful; the other bones are right and good."""
    record = true_record(pair)
    auto = np.array(record.bone("femur").auto_moving_to_fixed_ras)
    auto[:3, 3] -= WRONG_MM
    found = {
        "femur": {"auto_moving_to_fixed_ras": rows(auto), "verdict": "check", "reasons": ("The outline is off.",)},
    }
    bones = tuple(
        replace(bone, **found.get(bone.name, {"verdict": "good", "reasons": ()}))  # type: ignore[arg-type]
        for bone in record.bones
    )
    fixed, moving = identities()
    return replace(record, fixed=fixed, moving=moving, bones=bones, reviews=(), landmarks=())


def write_registration(pair: MadeUpPair, folder: Path, record: RegistrationRecord | None = None) -> Path:
    """A folder as ``ctsma register`` writes it."""
    folder.mkdir(parents=True)
    write_record(record or misaligned_record(pair), folder)
    sitk.WriteImage(pair.labels, str(folder / "bones.nii.gz"))
    return folder


@pytest.fixture()
def a_folder(a_pair: MadeUpPair, tmp_path: Path) -> Path:
    """Of a registration whose femur is a millimeter off."""
    return write_registration(a_pair, tmp_path / "registration")


@pytest.fixture()
def a_panel(bench: Any, scene: Any) -> Iterator[Any]:
    """The panel on an empty scene; nothing is missing and jobs are played."""
    import slicer

    from CTSMALib.scene.registration.review_layout import register_layouts
    from CTSMAPanels.dependencies import DependencyBar
    from CTSMAPanels.reviewing.review_panel import ReviewPanel

    register_layouts(slicer.app.layoutManager().layoutLogic().GetLayoutNode())
    panel = ReviewPanel(scene, FakeRunner, lambda on_change: DependencyBar(on_change, missing=list))
    panel.enter()
    yield panel
    panel.close()


@pytest.fixture()
def scans(scene: Any, a_pair: MadeUpPair) -> tuple[Any, Any]:
    """CT and MR in the scene."""
    from CTSMALib.scene.geometry import fill_volume

    nodes = []
    for name, image, window in (("CT", a_pair.ct, (-500, 1300)), ("MR", a_pair.mr, (0, 700))):
        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        fill_volume(node, image)
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetAutoWindowLevel(False)
        node.GetDisplayNode().SetWindowLevelMinMax(*window)
        nodes.append(node)
    return nodes[0], nodes[1]


@pytest.fixture()
def an_open_panel(a_panel: Any, scans: tuple[Any, Any], a_folder: Path) -> Any:
    """The panel after the registration was opened."""
    a_panel.scans.ui.ctSelector.setCurrentNode(scans[0])
    a_panel.scans.ui.mrSelector.setCurrentNode(scans[1])
    a_panel.scans.ui.folderEdit.setCurrentPath(str(a_folder))
    a_panel.scans.ui.openButton.click()
    assert a_panel.session is not None
    return a_panel


@pytest.fixture()
def judged() -> Callable[[Any], Path]:
    """Plays the worker that judges: what lies within half a millimeter of the truth is good."""

    def play(panel: Any) -> Path:
        runner = panel.jobs.runner
        record = load_record(panel.session.folder)
        truth = true_record(made_up_pair())
        bones = []
        for bone in record.bones:
            off = Corrections.of_record(record).composed(bone.name) - np.array(
                truth.bone(bone.name).auto_moving_to_fixed_ras
            )
            good = np.abs(off[:3, 3]).max() < 0.5
            quality = replace(bone.quality, contour_mm=0.2 if good else 1.0)
            bones.append(replace(bone, quality=quality, verdict="good" if good else "check", reasons=()))
        runner.out.mkdir(parents=True)
        write_record(replace(record, bones=tuple(bones)), runner.out)
        sitk.WriteImage(sitk.Image([2, 2, 2], sitk.sitkUInt8), str(runner.out / "mr_on_ct.nii.gz"))
        moved = {bone.name: bone.fixed_to_moving_lps for bone in bones}
        matrices = np.array([moved[patch.bone] for patch in record.patches])
        np.savez(runner.out / "patches.npz", ids=[patch.id for patch in record.patches], matrix=matrices)
        runner.say(event="result", path=str(runner.out))
        out = runner.out
        runner.end()
        return Path(out)

    return play
