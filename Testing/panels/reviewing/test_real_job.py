"""A registration is made, corrected and judged again by real worker processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from CTSMALib.registration.record_folder import load_record

LONGEST_S = 300.0


@pytest.fixture()
def a_working_panel(bench: Any, scene: Any) -> Iterator[Any]:
    """The panel with workers that work."""
    from CTSMAPanels.dependencies import DependencyBar
    from CTSMAPanels.reviewing.review_panel import ReviewPanel

    panel = ReviewPanel(scene, dependencies=lambda on_change: DependencyBar(on_change, missing=list))
    panel.enter()
    yield panel
    panel.close()


def finish(bench: Any, panel: Any) -> None:
    end = time.monotonic() + LONGEST_S
    while panel.jobs.runner.is_busy():
        assert time.monotonic() < end, "it takes too long"
        bench.process_events(20)
    bench.process_events(100)


def test_a_pair_of_the_scene_is_registered_corrected_and_judged(
    bench: Any, a_working_panel: Any, scans: tuple[Any, Any], tmp_path: Path
) -> None:
    panel, folder = a_working_panel, tmp_path / "registration"
    panel.scans.ui.ctSelector.setCurrentNode(scans[0])
    panel.scans.ui.mrSelector.setCurrentNode(scans[1])
    panel.scans.ui.folderEdit.setCurrentPath(str(folder))
    panel.scans.ui.registerButton.click()
    finish(bench, panel)
    assert panel.session is not None, panel.run_bar.ui.messageLabel.property("text")
    first = load_record(folder)
    assert {bone.verdict for bone in first.bones} == {"good"}
    panel.correct.ui.moveFrontButton.click()
    panel.correct.ui.judgeButton.click()
    finish(bench, panel)
    judged = load_record(folder)
    femur, before = judged.bone("femur"), first.bone("femur")
    assert panel.session.is_judged("femur"), panel.run_bar.ui.messageLabel.property("text")
    assert femur.user_moving_to_fixed_ras != before.user_moving_to_fixed_ras
    assert femur.auto_quality == before.quality
    assert femur.quality.estimated_mm > 1.5 * before.quality.estimated_mm
    assert judged.earlier == () and (folder / "mr_on_ct.nii.gz").is_file()
