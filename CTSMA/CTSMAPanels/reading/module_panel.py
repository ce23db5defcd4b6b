"""The panel of the module CTSMA: its parts, and the state that binds them to the scene."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from CTSMALib.jobs.monitor import JobMonitor
from CTSMALib.scene.coloring import keys_with_values
from CTSMALib.scene.ct_node import likely_ct
from CTSMALib.scene.exclusions import history_of
from CTSMALib.scene.layouts import COMPARING, READING, show_layout, show_table
from CTSMALib.scene.overlay import hide
from CTSMALib.scene.panel_state import AS_STATED, MODULE, PanelState
from CTSMALib.scene.plot_nodes import show_in_views
from CTSMALib.scene.result_nodes import KnownResults, ResultNodes
from CTSMALib.scene.review_traces import reviews_now
from CTSMALib.scene.selection import NO_PATCH, other_layer
from CTSMALib.scene.side_by_side import aim_beside, show_everywhere
from CTSMALib.scene.state import NO_NODE, NodeId, load_state, save_state, state_node
from CTSMALib.scene.views import aim_camera, aim_slices
from CTSMAPanels.main_window import views_node, why_no_views
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.panel_jobs import JobHost, NewRunner
from CTSMAPanels.plot_clicks import PlotClicks
from CTSMAPanels.reading.batch_panel import BatchPanel
from CTSMAPanels.reading.ct_watch import CTWatch
from CTSMAPanels.reading.diagnosis_jobs import DiagnosisJobs
from CTSMAPanels.reading.diagnosis_panel import DiagnosisPanel
from CTSMAPanels.reading.dicom_panel import DicomPanel
from CTSMAPanels.reading.export_actions import ExportWork
from CTSMAPanels.reading.inspector_panel import EXCLUDE_KEY, REDO_KEY, UNDO_KEY, InspectorPanel
from CTSMAPanels.reading.jobs import ReadingJobs
from CTSMAPanels.reading.patch_actions import PatchActions
from CTSMAPanels.reading.patch_panel import PatchPanel
from CTSMAPanels.reading.plot_panel import PlotPanel, chosen_other, comparable
from CTSMAPanels.reading.report_panel import ReportPanel
from CTSMAPanels.reading.result_actions import ResultActions
from CTSMAPanels.reading.result_panel import ResultPanel
from CTSMAPanels.reading.scan_actions import ScanWork
from CTSMAPanels.reading.scan_panel import ScanActions, ScanPanel
from CTSMAPanels.reading.scene_events import SceneEvents
from CTSMAPanels.reading.showing import ResultViews
from CTSMAPanels.reading.view_panel import ViewPanel
from CTSMAPanels.run_bar import RunBar
from CTSMAPanels.scene_panel import tell
from CTSMAPanels.settings.store import ExtensionSettings, SettingsWatch, read_settings
from CTSMAPanels.shortcuts import Keys
from CTSMAPanels.view_clicks import ViewClicks


class ModulePanel(SceneEvents):
    """Everything the module shows.

    What the user does becomes a new :class:`PanelState`; the state is saved in the scene, and whatever
    differs from the state before is brought into the views.

    Attributes:
        result, other: what is shown, and the result beside it.
        entered: the module is open; else views are another one's.
    """

    UI_FILE = "CTSMA.ui"

    def make_parts(self, new_runner: NewRunner, work: Path) -> None:
        """Make state, jobs and parts."""
        scene, self.state = self.scene, PanelState()
        self.result: ResultNodes | None = None
        self.other: ResultNodes | None = None
        self.entered = self._unseen = False  # the scene was read, and its state is not in the views yet
        self._reviews: dict[str, int] = {}  # as they were when the user left
        self.known, self.views = KnownResults(scene), ResultViews()
        self.run_bar = RunBar(self.cancel)
        self.finding = ResultActions(self)
        host = JobHost(new_runner, work, self._job_changed, self.finding.left_nothing)
        self.jobs = ReadingJobs(scene, host, self.finding.came, self._exported)
        host = JobHost(new_runner, work, self._diagnosis_changed, tell)
        self.diagnosing = DiagnosisJobs(host, lambda _result: self.refresh())
        self.work, self.acting = ScanWork(self), PatchActions(self)
        self.ct_watch = CTWatch(self._ct_moved)
        actions = ScanActions(self.work.analyze, self.work.correct_bones, self.work.analyze_again)
        self.scan = ScanPanel(scene, self.change, actions)
        self.batch = BatchPanel(scene, self.work.batch, self.change)
        self.results = ResultPanel(scene, self.change, self.finding.open_folder, self.finding.remove)
        self.view = ViewPanel(self.change, self.show_reading_layout)
        self.patches = PatchPanel(self.change)
        self.export = ExportWork(self)
        self.report = ReportPanel(self.export.report)
        self.dicom = DicomPanel(self.export.dicom, self.export.preview_dicom)
        self.diagnosis = DiagnosisPanel(self.diagnose, self.acting.select, self.refresh)
        acting = self.acting
        self.inspector = InspectorPanel(acting.exclude, acting.include, acting.undo, acting.redo)
        self.plots = PlotPanel(self.change, self.show_reading_layout, self.show_side_by_side)
        self.clicks = ViewClicks(acting.slice_clicked, acting.surface_clicked)
        self.plot_clicks = PlotClicks(acting.point_clicked)
        keys = {EXCLUDE_KEY: self.inspector.toggle, UNDO_KEY: acting.undo, REDO_KEY: acting.redo}
        self.keys = Keys(self.widget, keys)
        self.settings = SettingsWatch(self._settings_changed)

    def enter(self) -> None:
        """The user opens the module: its clicks count, and a CT that has come meanwhile is chosen."""
        if self.closed:
            return
        self._follow_layout(True)
        self.entered = True
        if self._unseen and not self.is_quiet():
            self.read_scene()
        self.dependencies.refresh()
        self.scan.list_models()
        self.diagnosis.list_models()
        if self.state.model not in self.scan.models:  # it was taken away
            self.change(model="")
        if not self.state.ct and (likely := likely_ct(self.scene)) is not None:
            self.change(ct=NodeId(likely.GetID()))
        self._watch_views()
        self.keys.switch(True)
        self.inspector.draw()
        with problems_shown(_("The result cannot be shown.")):
            self.finding.show_waiting()
            self._come_back()
        self.refresh()

    def _come_back(self) -> None:
        """Let views show the results again after a review of a registration."""
        reviewed = reviews_now(self.scene) != self._reviews
        if self.result is not None:
            self.views.come_back(self.result, self.known.all(), self.state, reviewed)
        elif reviewed:
            self.views.hide_others(None, self.known.all())

    def exit(self) -> None:
        """The user opens another module, in which a click or a key means something else."""
        if self.entered:
            self._reviews = reviews_now(self.scene)
        self._follow_layout(False)
        self.entered = False
        self.clicks.stop()
        self.plot_clicks.stop()
        self.keys.switch(False)

    def _follow_layout(self, on: bool) -> None:
        """Learn when the user arranges the views, or no more: there may be views then whose clicks nobody watches."""
        manager = slicer.app.layoutManager()
        if manager is not None and on != self.entered:
            (manager.layoutChanged.connect if on else manager.layoutChanged.disconnect)(self._layout_changed)

    def _layout_changed(self, *_args: Any) -> None:
        if self.entered:
            self._watch_views()
            if self.result is not None and not self.is_quiet():
                self.views.fill_new_views(self.result, self.state)

    def _watch_views(self) -> None:
        self.clicks.watch()
        self.plot_clicks.watch()

    def places(self) -> Iterable[tuple[Any, Any]]:
        """Where in the panel each part goes."""
        return (
            (self.ui.scanSection, self.dependencies.widget),
            (self.ui.scanSection, self.scan.widget),
            (self.ui.batchSection, self.batch.widget),
            (self.ui.runBarPlace, self.run_bar.widget),
            (self.ui.resultSection, self.results.widget),
            (self.ui.viewSection, self.view.widget),
            (self.ui.patchesSection, self.patches.widget),
            (self.ui.inspectorSection, self.inspector.widget),
            (self.ui.plotSection, self.plots.widget),
            (self.ui.diagnosisSection, self.diagnosis.widget),
            (self.ui.reportSection, self.report.widget),
            (self.ui.dicomSection, self.dicom.widget),
        )

    def _settings_changed(self, before: ExtensionSettings, after: ExtensionSettings) -> None:
        """What was proposed by the settings follows them."""
        self.inspector.name_reader(after.reader)
        if self.state.model == before.student_model != after.student_model:
            self.scan.list_models()
            self.change(model=after.student_model)
        if after.export_folder and after.export_folder != before.export_folder:
            for edit in (self.report.ui.folderEdit, self.dicom.ui.dicomFolderEdit):
                edit.setCurrentPath(after.export_folder)
        self.refresh()

    # State ------------------------------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Take what the user changed, save it with the scene, and show it."""
        state = self._coupled(replace(self.state, **fields), fields)
        if state == self.state or self.applying or self.is_quiet():
            return
        with problems_shown(_("The result cannot be shown.")):
            self.apply(state)
        if "patch" in fields and self.result is not None and state.patch != NO_PATCH:
            self.views.go_to(self.result, state.patch)

    def _coupled(self, state: PanelState, fields: dict[str, Any]) -> PanelState:
        """A selected patch lies in the shown layer: one follows the other. A voltage is that of one CT."""
        if state.ct != self.state.ct and "kvp" not in fields:
            state = replace(state, kvp=AS_STATED)
        if self.result is None or not 1 <= state.patch <= len(self.result.patches):
            return state
        layer = int(self.result.patches.layers[state.patch - 1])
        if "patch" in fields or layer == state.layer:
            return replace(state, layer=layer)
        return replace(state, patch=other_layer(self.result.patches, state.patch))

    def read_scene(self) -> None:
        """Take the state that is saved with the scene, for example after a scene was opened.

        Views of another module are left alone until the user opens this one.
        """
        node = self.scene.GetSingletonNode(MODULE, "vtkMRMLScriptedModuleNode")
        state = load_state(node, PanelState).valid() if node is not None else PanelState()
        if node is None or not node.HasParameter("model"):  # nothing was chosen in this scene yet
            state = replace(state, model=read_settings().student_model)
        if not state.ct and (likely := likely_ct(self.scene)) is not None:
            state = replace(state, ct=NodeId(likely.GetID()), kvp=AS_STATED)
        self.result = self.other = None
        self.views.forget()
        self.known.forget()
        self._unseen = not self.entered
        for other in self.known.all():
            if other.node.GetID() != state.result and self.entered:
                show_everywhere(other)
                hide(other)
        try:
            with problems_shown(_("The result in the scene cannot be shown.")):
                self.apply(state, everything=True, later=self._unseen)
                return
        except Exception:
            logging.exception("a saved result")
        self.result = None
        self.apply(replace(state, result=NO_NODE, patch=NO_PATCH), everything=True, later=self._unseen)

    def refresh(self) -> None:
        """Show again what may be done now."""
        if self.closed:
            return
        obstacle = self.obstacle()
        self.scan.show(self.state, self.result, obstacle)
        self.batch.show(self.state, obstacle)
        self.results.show(self.state, self.result, obstacle)
        self.view.show(self.state, self.result)
        self.patches.show(self.state, self.result)
        self.diagnosis.show(self.result, obstacle, self.state.patch)
        self.inspector.show(self.state, self.result, self.diagnosis.contributions, self.diagnosis.outdated)
        others = comparable(self.result, self.known.all())
        self.plots.show(self.state, self.result, self.views.plot, others, why_no_views())
        self.report.show(self.result, obstacle)
        self.dicom.show(self.result, obstacle)

    def apply(self, state: PanelState, everything: bool = False, later: bool = False) -> None:
        """Save a state, and show what differs from the one before; everything where that is not known.

        Args:
            state: what to show.
            everything: whether it is not known what is shown.
            later: whether views show it only when the user opens the module.
        """
        self.applying = True
        try:
            before = None if everything else self.state
            previous, found = self.result, self._find_result(state)
            completed = self._completed(state, found)  # fails on a damaged result, of which nothing is taken then
            changed = (previous.node if previous else None) is not (found.node if found else None)
            self.result, self.state, self.other = found, completed, self._find_other(found, completed)
            save_state(state_node(self.scene, MODULE), self.state)
            if changed and previous is not None and previous.node.GetScene() is self.scene:
                self.views.leave(previous)
            self.ct_watch.watch(self.result)
            held = later or (self._unseen and not self.entered and not everything)
            if self.result is not None and not held:
                self.views.show(self.result, self.other, self.state, None if changed else before)
            self.refresh()
        finally:
            self.applying = False

    def patches_changed(self) -> None:
        """Other patches count now."""
        if self.result is not None:
            self.views.patches_changed(self.result, self.other, self.state)
            self.refresh()

    def _find_other(self, result: ResultNodes | None, state: PanelState) -> ResultNodes | None:
        if self.other is not None and self.other.node.GetID() == state.other:
            return self.other  # it has read its tables already
        return chosen_other(state, comparable(result, self.known.all())) if state.other else None

    def _ct_moved(self) -> None:
        if not self.is_quiet():
            self.ct_watch.watch(self.result)
            self.refresh()

    def _find_result(self, state: PanelState) -> ResultNodes | None:
        return self.known.of(self.scene.GetNodeByID(state.result) if state.result else None)

    def _completed(self, state: PanelState, result: ResultNodes | None) -> PanelState:
        """The state without what does not exist, or what its result does not have."""
        state = state.valid()
        if state.model not in self.scan.models:
            state = replace(state, model="")
        if state.corrected and self.scene.GetNodeByID(state.corrected) is None:
            state = replace(state, corrected=NO_NODE)
        if result is None:
            return replace(state, result=NO_NODE, patch=NO_PATCH, other=NO_NODE)
        if state.other and chosen_other(state, comparable(result, self.known.all())) is None:
            state = replace(state, other=NO_NODE)
        keys = keys_with_values(result)
        if keys and state.quantity not in keys:
            state = replace(state, quantity=keys[0])
        _read = (
            result.facts,
            result.display_patches,
            history_of(result),
        )  # read now: a damaged result is refused as a whole
        return state if state.patch <= len(result.patches) else replace(state, patch=NO_PATCH)

    # What the user does -----------------------------------------------------------------------------------

    def is_busy(self) -> bool:
        """Whether a worker runs."""
        return any(jobs.runner.is_busy() for jobs in (self.jobs, self.diagnosing))

    def cancel(self) -> None:
        """Cancel what runs; scans that wait stay in their list, and are not begun."""
        self.work.batch.pause()
        for jobs in (self.jobs, self.diagnosing):
            if jobs.runner.is_busy():
                jobs.runner.cancel()

    def diagnose(self) -> None:
        """Let a model say what the patches of the shown result mean together."""
        if self.result is not None and not self.is_busy():
            with problems_shown(_("The diagnosis could not be started.")):
                self.diagnosing.diagnose(self.result, self.diagnosis.asked)

    def open_folder(self) -> None:
        """Ask for a result folder and show it."""
        self.finding.open_folder()

    def show_reading_layout(self) -> None:
        """Arrange the views for reading and center them on the joint."""
        self._arrange(READING)

    def show_side_by_side(self) -> None:
        """Arrange the views for two scans of the knee."""
        if self.other is not None:
            self._arrange(COMPARING)

    def _arrange(self, layout: int) -> None:
        views = views_node()
        if views is None or self.result is None:
            return
        show_layout(views, layout)
        show_table(self.result)
        show_in_views(self.result)
        if self.entered:  # there may be new views now
            self._watch_views()
        aim_slices(self.result)
        aim_camera(self.result, self.state.bones)
        if self.other is not None:
            self.views.show(self.result, self.other, self.state, None)  # the new views are empty
            aim_beside(self.other)
            if self.state.patch != NO_PATCH:
                self.views.go_to(self.result, self.state.patch)

    # What comes from elsewhere ----------------------------------------------------------------------------

    def _job_changed(self, monitor: JobMonitor) -> None:
        self.run_bar.show(monitor)
        self.work.job_changed(monitor)
        self.refresh()

    def _diagnosis_changed(self, monitor: JobMonitor) -> None:
        self.run_bar.show(monitor)
        self.refresh()

    def result_gone(self) -> None:
        """A result is no longer in the scene: its files of this session go too."""
        self.jobs.forget_missing()

    def _exported(self, folder: Path) -> None:
        self.report.exported(folder)

    def scene_closing(self) -> None:
        """Stop what runs, before the scene is emptied."""
        self.work.batch.close()
        self.jobs.close()
        self.diagnosing.close()
        self.finding.forget()
        self.result = self.other = None
        self.known.forget()
        self.views.forget()
        self.ct_watch.forget()  # its node goes with the scene

    def close(self) -> None:
        """Let go of scene and views, before the panel goes; what is saved in the scene stays as it is."""
        self.closed = True
        self.settings.stop()
        self.exit()
        self.work.batch.close()  # else the next of its scans would begin
        self.jobs.close()
        self.diagnosing.close()
        self.ct_watch.stop()
        self.scan.let_go()
        self.results.let_go()
