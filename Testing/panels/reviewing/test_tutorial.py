"""docs/registration-tutorial.md: its actions lead from a misaligned virtual pair to an accepted registration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from CTSMALib.registration.record_folder import load_record
from CTSMALib.registration.review.decisions import status
from CTSMALib.scene.registration.practice import true_error_mm
from Testing.core.made_up_pair import with_few_points
from Testing.panels.reviewing.tutorial_steps import ACTIONS, NUDGED, READER, REFINED, make_actions, practice_panel
from Testing.panels.tutorial import tells_exactly

TUTORIAL = Path(__file__).parents[3] / "docs" / "registration-tutorial.md"
MOST_ACTIONS = 12


@pytest.fixture()
def a_practice_panel(scene: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The panel on an empty scene, with a quick engine."""
    with_few_points(monkeypatch)
    with practice_panel(scene) as panel:
        yield panel


def errors_mm(panel: Any) -> dict[str, float]:
    """How far each bone truly is from where it belongs."""
    motions = panel.session.corrections
    return {bone: true_error_mm(bone, motions.composed(bone)) for bone in panel.session.bones}


def test_the_tutorial_leads_to_an_accepted_and_true_registration(bench: Any, a_practice_panel: Any) -> None:
    panel, off_mm = a_practice_panel, {}
    for number in make_actions(bench, panel):
        off_mm[number] = errors_mm(panel)
    assert len(off_mm) == len(ACTIONS) <= MOST_ACTIONS
    tibia = {number: errors["tibia"] for number, errors in off_mm.items()}
    assert tibia[1] > 4.0
    assert tibia[NUDGED] < 0.7 * tibia[1]
    assert tibia[REFINED] < 0.3
    assert max(off_mm[REFINED].values()) < 0.3
    record = load_record(panel.session.folder)
    assert {bone.name: bone.verdict for bone in record.bones} == dict.fromkeys(off_mm[1], "good")
    assert [(r.bone, r.decision, r.reviewer) for r in record.reviews] == [(b, "accepted", READER) for b in off_mm[1]]
    assert status(record) == "accepted"
    assert "Accepted" in panel.scans.ui.summaryLabel.property("text")
    assert any("worst" in text.lower() or "estimated error" in text for text in bench.dialogs.status_messages)


def test_the_tutorial_tells_exactly_these_actions() -> None:
    tells_exactly(TUTORIAL, [action.words for action in ACTIONS])


def test_the_pair_is_what_it_says_it_is(bench: Any, a_practice_panel: Any) -> None:
    panel = a_practice_panel
    list(make_actions(bench, panel, last=1))
    record = panel.session.record
    assert {bone.name: bone.verdict for bone in record.bones if bone.verdict != "good"} == {"tibia": "failed"}
    assert record.reviews == () and record.side == "right"
    codes = {notice.code for notice in record.notices}
    assert {"virtual-scan", "moved-on-purpose"} <= codes
    off_mm = errors_mm(panel)
    assert off_mm.pop("tibia") > 4.0
    assert max(off_mm.values()) < 0.2


def test_practicing_again_begins_anew_with_the_same_scans(bench: Any, a_practice_panel: Any) -> None:
    panel = a_practice_panel
    list(make_actions(bench, panel, last=NUDGED))
    folder, scans = panel.session.folder, (panel.session.nodes.ct, panel.session.nodes.mr)
    list(make_actions(bench, panel, last=1))
    assert panel.session.folder != folder
    assert (panel.session.nodes.ct, panel.session.nodes.mr) == scans
    assert errors_mm(panel)["tibia"] > 4.0
    assert load_record(folder).bone("tibia").user_moving_to_fixed_ras[1][3] != 0.0  # the other one keeps its work


def test_what_is_bundled_is_left_as_it_is(bench: Any, a_practice_panel: Any) -> None:
    from CTSMALib.resources import resource
    from CTSMALib.scene.registration.practice import REGISTRATION

    bundled = resource(REGISTRATION)
    before = {path: path.read_bytes() for path in bundled.rglob("*") if path.is_file()}
    list(make_actions(bench, a_practice_panel, last=NUDGED))
    assert a_practice_panel.session.save()
    assert {path: path.read_bytes() for path in bundled.rglob("*") if path.is_file()} == before
