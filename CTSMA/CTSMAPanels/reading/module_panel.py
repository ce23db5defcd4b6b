"""The panel of the module CTSMA: its parts, and the state that binds them to the scene."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import qt
import slicer
from numpy.typing import NDArray
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.knee_folders import knee_folders
from CTSMALib.jobs.monitor import JobMonitor
from CTSMALib.scene.add_result import add_results
from CTSMALib.scene.coloring import color_by, keys_with_values
from CTSMALib.scene.ct_node import follow_ct, likely_ct
from CTSMALib.scene.layouts import show_layout, show_table
from CTSMALib.scene.overlay import hide, show_models, show_overlay
from CTSMALib.scene.panel_state import MODULE, PanelState
from CTSMALib.scene.remove_result import remove_result
from CTSMALib.scene.result_nodes import PART_ATTRIBUTE, ResultNodes, is_result, results_in
from CTSMALib.scene.selection import NO_PATCH, bone_of, center_of, jump_to, label_at, label_under, other_layer, select
from CTSMALib.scene.state import NodeId, load_state, save_state, state_node
from CTSMALib.scene.views import aim_camera, aim_slices
from CTSMAPanels.dependencies import DependencyBar
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.panel_jobs import Runner, user_folder
from CTSMAPanels.process import QtJobRunner
from CTSMAPanels.reading.jobs import ReadingJobs
from CTSMAPanels.reading.patch_panel import PatchPanel
from CTSMAPanels.reading.report_panel import ReportPanel
from CTSMAPanels.reading.result_panel import ResultPanel
from CTSMAPanels.reading.scan_panel import ScanPanel
from CTSMAPanels.reading.view_panel import ViewPanel
from CTSMAPanels.run_bar import RunBar
from CTSMAPanels.ui_files import load_panel
from CTSMAPanels.view_clicks import ViewClicks


class ModulePanel:
    """Everything the module shows.

    What the user does becomes a new :class:`PanelState`; the state is saved in the scene, and whatever
    differs from the state before is brought into the views.

    Args:
        scene: ``vtkMRMLScene``.
        new_runner: makes the runner of jobs, replaceable for tests.
        dependencies: the bar of missing packages, replaceable for tests.
    """

    UI_FILE = "CTSMA.ui"

    def __init__(
        self,
        scene: Any,
        new_runner: Callable[[Callable[[JobMonitor], None]], Runner] = QtJobRunner,
        dependencies: Callable[[Callable[[], None]], DependencyBar] = DependencyBar,
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self.scene = scene
        self.state = PanelState()
        self.result: ResultNodes | None = None
        self._applying = False
        self._entered = False
        self._closed = False
        self._watched_ct: tuple[Any, int] | None = None
        self.dependencies = dependencies(self.refresh)
        self.run_bar = RunBar(lambda: self.jobs.runner.cancel())
        self.jobs = ReadingJobs(
            scene, new_runner, Path(slicer.app.temporaryPath),
            self._job_changed, self._results_came, self._exported, lambda error: slicer.util.errorDisplay(str(error)),
        )  # fmt: skip
        self.scan = ScanPanel(scene, self.change, self.analyze)
        self.results = ResultPanel(scene, self.change, self.open_folder, self.remove_result)
        self.view = ViewPanel(self.change, self.show_reading_layout)
        self.patches = PatchPanel(self.change)
        self.report = ReportPanel(self.export)
        self.clicks = ViewClicks(self._slice_clicked, self._surface_clicked)
        self._place_panels()
        self.read_scene()

    def enter(self) -> None:
        """The user opens the module: its clicks count, and a CT that has come meanwhile is chosen."""
        if self._closed:
            return
        self._entered = True
        self.dependencies.refresh()
        if not self.state.ct and (likely := likely_ct(self.scene)) is not None:
            self.change(ct=NodeId(likely.GetID()))
        self.clicks.watch()
        self.refresh()

    def exit(self) -> None:
        """The user opens another module, in which a click means something else."""
        self._entered = False
        self.clicks.stop()

    def _place_panels(self) -> None:
        for place, widget in (
            (self.ui.scanSection, self.dependencies.widget),
            (self.ui.scanSection, self.scan.widget),
            (self.ui.runBarPlace, self.run_bar.widget),
            (self.ui.resultSection, self.results.widget),
            (self.ui.viewSection, self.view.widget),
            (self.ui.patchesSection, self.patches.widget),
            (self.ui.reportSection, self.report.widget),
        ):
            place.layout().addWidget(widget)

    # State ------------------------------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Take what the user changed, save it with the scene, and show it."""
        state = self._coupled(replace(self.state, **fields), fields)
        if state == self.state or self._applying or self._is_quiet():
            return
        with problems_shown(_("The result cannot be shown.")):
            self._apply(state)
        if "patch" in fields and self.result is not None and state.patch != NO_PATCH:
            jump_to(self.scene, center_of(self.result, state.patch))

    def _coupled(self, state: PanelState, fields: dict[str, Any]) -> PanelState:
        """A selected patch lies in the shown layer: one follows the other."""
        if self.result is None or not 1 <= state.patch <= len(self.result.patches):
            return state
        layer = int(self.result.patches.layers[state.patch - 1])
        if "patch" in fields or layer == state.layer:
            return replace(state, layer=layer)
        return replace(state, patch=other_layer(self.result.patches, state.patch))

    def read_scene(self) -> None:
        """Take the state that is saved with the scene, for example after a scene was opened."""
        node = self.scene.GetSingletonNode(MODULE, "vtkMRMLScriptedModuleNode")
        state = load_state(node, PanelState).valid() if node is not None else PanelState()
        if not state.ct and (likely := likely_ct(self.scene)) is not None:
            state = replace(state, ct=NodeId(likely.GetID()))
        self.result = None
        for other in results_in(self.scene):
            if other.node.GetID() != state.result:
                hide(other)
        try:
            with problems_shown(_("The result in the scene cannot be shown.")):
                self._apply(state, everything=True)
                return
        except Exception:
            logging.exception("a saved result")
        self.result = None
        self._apply(replace(state, result=NodeId(""), patch=NO_PATCH), everything=True)

    def _is_quiet(self) -> bool:
        """Whether nodes come and go by themselves; the state is read when that is over."""
        scene = self.scene
        return self._closed or scene.IsClosing() or scene.IsImporting() or scene.IsBatchProcessing()

    def refresh(self) -> None:
        """Show again what may be done now."""
        obstacle = self._obstacle()
        self.scan.show(self.state, self.dependencies.reason or obstacle)
        self.results.show(self.state, self.result, self.dependencies.reason or obstacle)
        self.view.show(self.state, self.result)
        self.patches.show(self.state, self.result)
        self.report.show(self.result, self.dependencies.reason or obstacle)

    def _obstacle(self) -> str:
        return _("Another job is running; wait for it, or cancel it.") if self.jobs.runner.is_busy() else ""

    def _apply(self, state: PanelState, everything: bool = False) -> None:
        self._applying = True
        try:
            before = None if everything else self.state
            previous, found = self.result, self._find_result(state)
            completed = self._completed(state, found)  # fails on a damaged result, of which nothing is taken then
            changed = (previous.node if previous else None) is not (found.node if found else None)
            self.result, self.state = found, completed
            save_state(state_node(self.scene, MODULE), self.state)
            if changed and previous is not None and previous.node.GetScene() is self.scene:
                hide(previous)
            self._watch_ct()
            if self.result is not None:
                self._show_result(None if changed else before)
            self.refresh()
        finally:
            self._applying = False

    def _watch_ct(self) -> None:
        """Let the shown result follow its CT when that is put under a transform."""
        ct = self.result.get("ct") if self.result is not None else None
        if self._watched_ct is not None:
            watched, observer = self._watched_ct
            if watched is ct:
                return
            watched.RemoveObserver(observer)
        event = slicer.vtkMRMLTransformableNode.TransformModifiedEvent
        self._watched_ct = (ct, ct.AddObserver(event, self._ct_moved)) if ct is not None else None
        if self.result is not None:
            follow_ct(self.result)

    def _ct_moved(self, caller: Any, event: str) -> None:
        if self.result is not None and not self._is_quiet():
            follow_ct(self.result)
            self.refresh()

    def _find_result(self, state: PanelState) -> ResultNodes | None:
        node = self.scene.GetNodeByID(state.result) if state.result else None
        if not is_result(node):
            return None
        if self.result is not None and self.result.node is node:
            return self.result  # it has read its tables already
        return ResultNodes(node)

    def _completed(self, state: PanelState, result: ResultNodes | None) -> PanelState:
        """The state without what does not exist, or what its result does not have."""
        state = state.valid()
        if result is None:
            return replace(state, result=NodeId(""), patch=NO_PATCH)
        keys = keys_with_values(result)
        if keys and state.quantity not in keys:
            state = replace(state, quantity=keys[0])
        _facts, _map = result.facts, result.display_patches  # read now: a damaged result is refused as a whole
        return state if state.patch <= len(result.patches) else replace(state, patch=NO_PATCH)

    def _show_result(self, before: PanelState | None) -> None:
        """Bring into the views what differs from the state before; everything without one."""
        assert self.result is not None
        state, result = self.state, self.result

        def differs(*fields: str) -> bool:
            return before is None or any(getattr(before, name) != getattr(state, name) for name in fields)

        if differs("quantity", "layer") and keys_with_values(result):
            color_by(result, state.quantity, state.layer)
        if differs("overlay", "quantity", "opacity"):
            show_overlay(result, state.overlay, state.quantity, state.opacity)
        if differs("bones", "boxes", "layer"):
            show_models(result, state.bones, state.boxes, state.layer)
        if before is not None and differs("bones"):
            aim_camera(result, state.bones)
        if differs("patch"):
            select(result, state.patch)
        if before is None:
            show_table(result, instead_of_another_only=True)

    # What the user does -----------------------------------------------------------------------------------

    def analyze(self) -> None:
        """Analyze the chosen CT."""
        with problems_shown(_("The analysis could not be started.")):
            self.jobs.analyze(self.scene.GetNodeByID(self.state.ct), self.state.side)

    def export(self) -> None:
        """Write the report of the shown result, after a question where it would replace another one."""
        with problems_shown(_("The report could not be exported.")):
            folder, existing = user_folder(self.report.folder), self.report.existing()
            if existing:
                question = _("Replace {names} in {folder}? They may be the report of another knee.")
                names = ", ".join(existing)
                if not slicer.util.confirmOkCancelDisplay(question.format(names=names, folder=folder)):
                    return
            self.jobs.export(
                self.result, folder, self.report.formats, self.report.pseudonymise, overwrite=bool(existing)
            )

    def open_folder(self) -> None:
        """Ask for a result folder and show it."""
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Result folder"))
        if folder:
            with problems_shown(_("The result could not be opened.")):
                knees = knee_folders(Path(str(folder))) or [Path(str(folder))]
                results = add_results(self.scene, knees)
                for result, knee in zip(results, knees, strict=True):
                    self.jobs.remember(result, knee)
                self._results_came(results)

    def remove_result(self) -> None:
        """Remove the shown result, if the user really wants to."""
        if self.result is None:
            return
        question = _("Remove '{title}' from the scene? This cannot be undone.").format(title=self.result.title)
        if slicer.util.confirmOkCancelDisplay(question):
            removed = self.result
            self._apply(replace(self.state, result=NodeId(""), patch=NO_PATCH))  # hides it
            remove_result(removed)

    def show_reading_layout(self) -> None:
        """Arrange the views for reading and center them on the joint."""
        manager = slicer.app.layoutManager()
        if manager is None or self.result is None:
            return
        show_layout(manager.layoutLogic().GetLayoutNode())
        show_table(self.result)
        if self._entered:  # there may be new views now
            self.clicks.watch()
        aim_slices(self.result)
        aim_camera(self.result, self.state.bones)

    # What comes from elsewhere ----------------------------------------------------------------------------

    def _job_changed(self, monitor: JobMonitor) -> None:
        self.run_bar.show(monitor)
        self.refresh()

    def _results_came(self, results: list[ResultNodes]) -> None:
        if not results:
            raise CTSMAError("The analysis has left no result.", "Start it again.")
        for other in results[1:]:
            hide(other)
        shown = results[0]
        ct = self.state.ct or NodeId(shown.get("ct").GetID())
        self._apply(replace(self.state, ct=ct, result=NodeId(shown.node.GetID()), patch=NO_PATCH))
        self.show_reading_layout()

    def _exported(self, folder: Path) -> None:
        self.report.exported(folder)

    def _slice_clicked(self, world_ras_mm: NDArray[np.float64]) -> None:
        if self.result is not None:
            self._select(label_at(self.result, world_ras_mm))

    def _surface_clicked(self, world_ras_mm: NDArray[np.float64], node: Any) -> None:
        bone = bone_of(self.result, node) if self.result is not None else ""
        if self.result is not None and bone:
            self._select(label_under(self.result, world_ras_mm, bone, self.state.layer))

    def _select(self, label: int) -> None:
        """Select a patch that was clicked in a view, in the layer where it lies; a click beside keeps the old one."""
        if label == NO_PATCH or self.result is None:
            return
        self.change(patch=label)

    def node_removed(self, node: Any) -> None:
        """Forget a result or a CT that was removed from the scene."""
        if self._applying or node is None or self._is_quiet():
            return
        if node.GetAttribute(PART_ATTRIBUTE) == "patch_labels":
            qt.QTimer.singleShot(0, self.remove_remains)  # not while the scene is removing nodes
        elif self.result is not None and node is self.result.node:
            self._apply(replace(self.state, result=NodeId(""), patch=NO_PATCH))
        elif node.GetID() == self.state.ct:
            self._apply(replace(self.state, ct=NodeId("")))

    def nodes_settled(self) -> None:
        """Forget what was removed while many nodes came and went at once."""
        if self._applying or self._is_quiet():
            return
        state = self.state
        if self.result is not None and not self.scene.IsNodePresent(self.result.node):
            state = replace(state, result=NodeId(""), patch=NO_PATCH)
        if state.ct and self.scene.GetNodeByID(state.ct) is None:
            state = replace(state, ct=NodeId(""))
        if state != self.state:
            self._apply(state)

    def remove_remains(self) -> None:
        """Remove what is left of results whose nodes a user has deleted: they hold the patient's data."""
        if self._is_quiet():
            return
        for result in [each for each in results_in(self.scene) if each.get("patch_labels") is None]:
            if self.result is not None and self.result.node is result.node:
                self._apply(replace(self.state, result=NodeId(""), patch=NO_PATCH))
            remove_result(result)

    def scene_closing(self) -> None:
        """Stop what runs, before the scene is emptied."""
        self.jobs.close()
        self.result = None
        self._watched_ct = None  # its node goes with the scene

    def close(self) -> None:
        """Let go of scene and views, before the panel goes; what is saved in the scene stays as it is."""
        self._closed = True
        self.clicks.stop()
        self.jobs.close()
        if self._watched_ct is not None:
            self._watched_ct[0].RemoveObserver(self._watched_ct[1])
            self._watched_ct = None
        for selector in (self.scan.ui.ctSelector, self.results.ui.resultSelector):
            selector.blockSignals(True)
            selector.setMRMLScene(None)
