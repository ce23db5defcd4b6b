"""The actions of docs/registration-tutorial.md, made in the real panel; a test and the pictures share them."""

from __future__ import annotations

import argparse
import functools
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from CTSMALib.jobs.arguments.register import add_register_arguments, register_request
from CTSMALib.jobs.register import run
from CTSMALib.jobs.request import RegisterRequest
from CTSMALib.registration.record_folder import MATRICES_FILE
from Testing.panels.reading.fake_runner import FakeRunner

READER = "Reader A"


@dataclass(frozen=True)
class Action:
    """One click, key or entry of a reader.

    Attributes:
        words: that stand in bold in the tutorial's step of the same number.
        do: makes it in a panel.
    """

    words: str
    do: Callable[[Any], None]


def _choose(box: Any, key: Any) -> None:
    box.setCurrentIndex(box.findData(key))


ACTIONS = (
    Action("Practice pair", lambda p: p.scans.ui.practiceButton.click()),
    Action("Tibia", lambda p: _choose(p.correct.ui.subjectComboBox, "tibia")),
    Action("Worst patch", lambda p: p.see.ui.worstButton.click()),
    Action("2 mm / 2°", lambda p: _choose(p.correct.ui.stepComboBox, 2.0)),
    Action("Front", lambda p: p.correct.ui.moveFrontButton.click()),
    Action("Front", lambda p: p.correct.ui.moveFrontButton.click()),
    Action("As found (before)", lambda p: _choose(p.see.ui.motionComboBox, "auto")),
    Action("Corrected (after)", lambda p: _choose(p.see.ui.motionComboBox, "after")),
    Action("Refine from here", lambda p: p.correct.ui.refineButton.click()),
    Action("Reviewer", lambda p: p.judging.ui.reviewerEdit.setText(READER)),
    Action("Accept all good", lambda p: p.judging.ui.acceptGoodButton.click()),
)
OPENED, WORST, NUDGED, BEFORE, AFTER, REFINED, ACCEPTED = 2, 3, 6, 7, 8, 9, 11  # numbers of steps after which to look


@functools.cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    """Results of jobs, for tests that ask for the same; it goes when the tests end."""
    return tempfile.TemporaryDirectory()


class RunsHere(FakeRunner):
    """Does the jobs of a panel in the process of the test, whose engine may have been made quick."""

    def start(self, arguments: list[str]) -> None:
        """Do a job that goes on from a registration, or take the result of the same one before."""
        super().start(arguments)
        parser = argparse.ArgumentParser()
        add_register_arguments(parser)
        request = register_request(parser.parse_args(arguments[1:]))
        assert isinstance(request, RegisterRequest) and request.initial is not None
        begun_at = (request.initial / MATRICES_FILE).read_bytes() + request.from_stage.encode()
        kept = Path(_kept().name) / hashlib.sha256(begun_at).hexdigest()
        if not kept.exists():
            run(replace(request, out=kept))
        self.finish_with(kept)


@contextmanager
def practice_panel(scene: Any) -> Iterator[Any]:
    """The panel on an empty scene; jobs are done at once."""
    import slicer

    from CTSMALib.scene.registration.review_layout import register_layouts
    from CTSMAPanels.dependencies import DependencyBar
    from CTSMAPanels.reviewing.review_panel import ReviewPanel

    register_layouts(slicer.app.layoutManager().layoutLogic().GetLayoutNode())
    panel = ReviewPanel(scene, RunsHere, lambda on_change: DependencyBar(on_change, missing=list))
    panel.enter()
    yield panel
    panel.close()


def make_actions(bench: Any, panel: Any, first: int = 1, last: int = len(ACTIONS)) -> Iterator[int]:
    """Make actions, one after the other, let the panel show each, and yield its number."""
    for number in range(first, last + 1):
        ACTIONS[number - 1].do(panel)
        bench.process_events(120)
        yield number
