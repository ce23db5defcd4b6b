"""The panel of the module CTSMARegistration: its parts, and the state that binds them to the scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from CTSMALib.jobs.monitor import JobMonitor
from CTSMALib.scene.registration.cohort_review import CohortReview
from CTSMALib.scene.registration.review_state import MODULE, STEPS, ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.scene.registration.views_before import note_views_again
from CTSMALib.scene.state import NodeId, load_state, save_state, state_node
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.panel_jobs import JobHost, NewRunner
from CTSMAPanels.reviewing.agreement_panel import AgreementPanel
from CTSMAPanels.reviewing.bone_actions import BoneActions
from CTSMAPanels.reviewing.case_actions import CaseActions
from CTSMAPanels.reviewing.cases_panel import CasesPanel
from CTSMAPanels.reviewing.correct_panel import CorrectPanel
from CTSMAPanels.reviewing.export_panel import ExportPanel
from CTSMAPanels.reviewing.job_actions import JobActions
from CTSMAPanels.reviewing.jobs import ReviewJobs
from CTSMAPanels.reviewing.judge_panel import JudgePanel
from CTSMAPanels.reviewing.keys import NUDGES, REDO_KEY, TOGGLE_KEY, UNDO_KEY
from CTSMAPanels.reviewing.label_actions import LabelActions
from CTSMAPanels.reviewing.landmarks_panel import LandmarksPanel
from CTSMAPanels.reviewing.live_numbers import LiveNumbers
from CTSMAPanels.reviewing.opening_actions import OpeningActions
from CTSMAPanels.reviewing.picture import ReviewPicture
from CTSMAPanels.reviewing.scans_panel import ScansPanel
from CTSMAPanels.reviewing.see_panel import SeePanel
from CTSMAPanels.reviewing.view_actions import ViewActions
from CTSMAPanels.run_bar import RunBar
from CTSMAPanels.scene_panel import ScenePanel, tell
from CTSMAPanels.settings.store import SettingsWatch
from CTSMAPanels.shortcuts import Keys

CHOSEN = ("ct", "mr", "mr_labels")  # fields that name nodes of the user's
TABLES_MS = 60  # tables wait until the picture was drawn


class ReviewPanel(ScenePanel):
    """Everything the module shows.

    What the user chooses becomes a new :class:`ReviewState`, which is saved in the scene; what the user does to bones
    becomes a step of the :class:`ReviewSession`, which is saved in the folder of the registration.
    """

    UI_FILE = "CTSMAReview.ui"

    def make_parts(self, new_runner: NewRunner, work: Path) -> None:
        """Make state, jobs and parts."""
        self.state = ReviewState()
        self.session: ReviewSession | None = None
        self.cohort: CohortReview | None = None
        self.entered = self._case_changed = False
        self.run_bar = RunBar(lambda: self.jobs.runner.cancel())
        self.jobs = ReviewJobs(JobHost(new_runner, work, self._job_changed, tell))
        self.opening = OpeningActions(self, work)
        self.actions = BoneActions(self)
        self.work = JobActions(self)
        self.going = CaseActions(self)
        self.looking = ViewActions(self)
        self.labels = LabelActions(self)
        self.picture = ReviewPicture(self.actions.dragged)
        self.scans = ScansPanel(
            self.scene, self.change, self.opening.open_folder, self.work.register, self.opening.close, self.labels
        )
        self.cases = CasesPanel(self.change, self.going.choose_cohort, self.going.open_case, self.going.note)
        self.agreeing = AgreementPanel(self.going.open_disagreement)
        self.see = SeePanel(self.change, self.looking.jump_to_worst, self.looking.arrange)
        self.correct = CorrectPanel(self.change, self.actions, self.work)
        self.landmarks = LandmarksPanel(self.change, self.actions)
        self.judging = JudgePanel(self.change, self.actions.decide, self.actions.accept_good, self._named)
        self.exporting = ExportPanel(self.work.export)
        self.settings = SettingsWatch(lambda _before, after: self.judging.name_reviewer(after.reader))
        self.numbers = LiveNumbers(self.correct.show_numbers, lambda: self._tables.start())
        self._tables = qt.QTimer()
        self._tables.setSingleShot(True)
        self._tables.setInterval(TABLES_MS)
        self._tables.timeout.connect(self._show_tables)
        self.keys = Keys(self.widget, self._keys())

    def enter(self) -> None:
        """The user opens the module: its keys act, and the views are its own."""
        if self.closed:
            return
        self.entered = True
        self.picture.resume()
        lacked = self.dependencies.missing
        self.dependencies.refresh()
        if lacked and not self.dependencies.missing:
            self.packages_came()
        self.keys.switch(True)
        self.actions.show_points(True)
        if self.session is not None:
            note_views_again(self.session.nodes)
        self.opening.arrange()
        self.apply(self.state, everything=True)

    def exit(self) -> None:
        """The user opens another module, in which keys mean something else."""
        self.entered = False
        self.keys.switch(False)
        self.picture.pause()
        self.actions.show_points(False)
        self.numbers.settle()

    def _keys(self) -> dict[str, Callable[[], None]]:
        keys: dict[str, Callable[[], None]] = {
            nudge.key: (lambda nudge=nudge: self.actions.nudge(nudge)) for nudge in NUDGES
        }
        keys |= {str(n): (lambda step=step: self.change(step=step)) for n, step in enumerate(STEPS, 1)}
        return {
            **keys,
            UNDO_KEY: self.actions.undo,
            REDO_KEY: self.actions.redo,
            TOGGLE_KEY: self.actions.toggle_motion,
        }

    def places(self) -> Iterable[tuple[Any, Any]]:
        """Where in the panel each part goes."""
        return (
            (self.ui.registrationSection, self.dependencies.widget),
            (self.ui.registrationSection, self.scans.widget),
            (self.ui.runBarPlace, self.run_bar.widget),
            (self.ui.casesSection, self.cases.widget),
            (self.ui.casesSection, self.agreeing.widget),
            (self.ui.seeSection, self.see.widget),
            (self.ui.correctSection, self.correct.widget),
            (self.ui.landmarksSection, self.landmarks.widget),
            (self.ui.judgeSection, self.judging.widget),
            (self.ui.exportSection, self.exporting.widget),
        )

    # State ------------------------------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Take what the user chose, save it with the scene, and show it."""
        state = replace(self.state, **fields)
        if state == self.state or self.applying or self.is_quiet():
            return
        with problems_shown(_("The registration cannot be shown.")):
            self.apply(state)

    def read_scene(self) -> None:
        """Take what is saved with the scene, for example after a scene was opened; a review that is open stays so."""
        node = self.scene.GetSingletonNode(MODULE, "vtkMRMLScriptedModuleNode")
        state = load_state(node, ReviewState) if node is not None else ReviewState()  # before mending saves another
        self.opening.mend()
        if self.session is not None:  # another scene was added to this one
            self.apply(self.state, everything=True)
            return
        self.session = self.cohort = None
        if not self.dependencies.missing:
            with problems_shown(_("The review in the scene cannot be opened.")):
                self.watch(ReviewSession.restored(self.scene))
                if self.session is None:
                    state = replace(state, case="")
                elif self.entered:
                    note_views_again(self.session.nodes)
                if state.cohort and Path(state.cohort).is_dir():
                    self.cohort = CohortReview(Path(state.cohort))
        self.apply(state, everything=True)
        self.labels.give_again()

    def packages_came(self) -> None:
        """A review in the scene could not be read without them."""
        self.read_scene()

    def refresh(self) -> None:
        """Show again what may be done now."""
        if self.closed:
            return
        obstacle = self.obstacle()
        self._tables.stop()
        self.scans.show(self.state, self.session, obstacle)
        self.cases.show(self.state, self.cohort, obstacle)
        self.agreeing.show(self.cohort, obstacle)
        self.see.show(self.state, self.session)
        self.correct.show(self.state, self.session, obstacle)
        self.landmarks.show(self.state, self.session, self.actions.points)
        self.judging.show(self.state, self.session)
        self.exporting.show(self.session)
        self.numbers.watch()

    def is_busy(self) -> bool:
        """Whether a worker runs."""
        return self.jobs.runner.is_busy()

    def apply(self, state: ReviewState, everything: bool = False) -> None:
        """Take a state, save it with the scene, and show what differs, or everything."""
        self.applying = True
        try:
            before = None if everything else self.state
            self.state = state.valid(self.session.bones if self.session is not None else ())
            if self.cohort is not None:
                self.cohort.status, self.cohort.text = self.state.case_status, self.state.case_text
                self.cohort.blind, self.cohort.reader = self.state.second_reading, self.judging.reviewer
            if self.session is not None:
                self.session.read_blind(self.state.second_reading)
            save_state(state_node(self.scene, MODULE), self.state)
            self.picture.show(self.session, self.state, before)
            self.numbers.follow(self.session)
            self.refresh()
        finally:
            self.applying = False

    def watch(self, session: ReviewSession | None) -> None:
        """Let a review be the one that is open."""
        self.session = session
        if session is not None:
            session.reviewer = self.judging.reviewer or session.reviewer
            session.watch(self._stepped)

    def _stepped(self, reason: str) -> None:
        """The review has changed; pictures first, tables when there is time."""
        if reason in ("motion", "active", "record"):
            self.picture.moved()
        if reason in ("motion", "active"):
            self.numbers.later()
        if reason == "record" and self.state.error_colors:
            self.picture.color()
        self._case_changed = self._case_changed or reason in ("decisions", "record", "motion")
        self.correct.show(self.state, self.session, self.obstacle())
        self._tables.start()

    def _show_tables(self) -> None:
        self.read_case_again()
        self.refresh()

    def read_case_again(self) -> None:
        """Take in what became of the open case, once it is saved."""
        if self._case_changed and self.session is not None and not self.session.unsaved:
            self._case_changed = False
            if self.cohort is not None and self.state.case:
                self.cohort.read_again(self.state.case)

    def _named(self, reviewer: str) -> None:
        if self.session is not None:
            self.session.reviewer = reviewer
        if self.cohort is not None:
            self.cohort.reader = reviewer
        self._tables.start()

    # Opening and closing ----------------------------------------------------------------------------------

    def open_review(self, folder: Path, ct: Any, mr: Any, case: str = "") -> None:
        """Open a registration; see :meth:`OpeningActions.open`."""
        self.opening.open(folder, ct, mr, case)

    def chosen_scans(self) -> tuple[Any, Any]:
        """The volume nodes that are chosen as CT and MR; ``None`` for one that is not."""
        ct, mr = (self.scene.GetNodeByID(node) if node else None for node in (self.state.ct, self.state.mr))
        return ct, mr

    # Events -----------------------------------------------------------------------------------------------

    def _job_changed(self, monitor: JobMonitor) -> None:
        self.run_bar.show(monitor)
        if not self.applying:
            self.refresh()

    def node_removed(self, node: Any) -> None:
        """Forget what a user has deleted."""
        if self.applying or node is None or self.is_quiet():
            return
        if self.session is not None and not self.session.nodes.whole:
            qt.QTimer.singleShot(0, self.nodes_settled)  # not while the scene is removing nodes
        self._forget([field for field in CHOSEN if node.GetID() == getattr(self.state, field)])

    def nodes_settled(self) -> None:
        """Mend or close a review of which a user has deleted nodes, and forget those that were chosen."""
        if self.applying or self.is_quiet():
            return
        self.opening.mend()
        chosen = {field: getattr(self.state, field) for field in CHOSEN}
        self._forget([field for field, name in chosen.items() if name and self.scene.GetNodeByID(name) is None])

    def _forget(self, fields: Iterable[str]) -> None:
        """Choose nodes no more that a user has deleted."""
        gone = {field: NodeId("") for field in fields}
        if not gone:
            return
        self.change(**gone)
        if "mr_labels" in gone:
            self.labels.stop()
            if self.session is not None:
                self.session.give_mr_labels(None)

    def scene_closing(self) -> None:
        """Stop what runs and save, before the scene is emptied."""
        self.jobs.close()
        self.numbers.settle()
        self.opening.scene_closing()
        self.actions.points = None  # its nodes go with the scene
        self.labels.stop()
        self.picture.stop()
        self.numbers.stop()
        self._tables.stop()
        self.session = self.cohort = None

    def close(self) -> None:
        """Let go of scene and views, before the panel goes; what is saved in the scene stays as it is."""
        self.keys.switch(False)
        self.settings.stop()
        self.scene_closing()
        self.opening.tell()
        self.closed = True
        for selector in (self.scans.ui.ctSelector, self.scans.ui.mrSelector, self.scans.ui.labelsSelector):
            selector.blockSignals(True)
            selector.setMRMLScene(None)
