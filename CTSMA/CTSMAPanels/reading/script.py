"""Analyzing a scan of the scene and showing a result from a script, without any widget."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from CTSMALib.catalogue import quantity
from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.commands import analyze_arguments
from CTSMALib.jobs.knee_folders import knee_folders
from CTSMALib.jobs.monitor import JobMonitor, JobOutcome, JobState
from CTSMALib.jobs.runner import JobRunner
from CTSMALib.jobs.supervision import TICK_S
from CTSMALib.scene.add_result import add_results
from CTSMALib.scene.coloring import keys_with_values
from CTSMALib.scene.ct_node import ct_geometry
from CTSMALib.scene.overlay import hide
from CTSMALib.scene.panel_state import MODULE, PanelState
from CTSMALib.scene.result_nodes import ResultNodes, results_in
from CTSMALib.scene.scan_kind import AUTO
from CTSMALib.scene.selection import NO_PATCH
from CTSMALib.scene.state import NO_NODE, NodeId, load_state, save_state, state_node
from CTSMAPanels.reading.jobs import Method, prepare_analysis
from CTSMAPanels.reading.showing import ResultViews
from CTSMAPanels.settings.store import read_settings


class ScriptedPanel(Protocol):
    """What a script needs of the panel."""

    state: PanelState

    def apply(self, state: PanelState, everything: bool = False) -> None:
        """Bring a state into scene and views."""


def analyze_and_wait(
    scene: Any, ct: Any, side: str = "auto", on_change: Callable[[JobMonitor], None] | None = None, model: str = "",
    scan: str = AUTO, kvp: float = 0.0, structure: bool = False,
) -> list[ResultNodes]:  # fmt: skip
    """Analyze a CT or MR in a worker process and wait for it.

    Args:
        scene: ``vtkMRMLScene``.
        ct: volume node.
        side: of :data:`CTSMALib.jobs.request.SIDES`.
        on_change: called with the monitor of the worker when it has changed, where this was called: it may touch the
            scene and widgets. What it raises cancels the analysis.
        model: name of the model that estimates apparent parameters; empty for the one that comes with CTSMA, "none" for
            none.
        scan: what the volume is, of :data:`CTSMALib.scene.scan_kind.SCANS`.
        kvp: tube voltage in kV of a CT that does not state it; 0 where it does, or nobody knows it.
        structure: whether the model estimates ``vcal_*`` too.

    Returns:
        The new results in the scene, one per knee.

    Raises:
        CTSMAError: the scan cannot be analyzed; the text says why and what to do.
    """
    with tempfile.TemporaryDirectory(prefix="CTSMA-") as work:
        method = Method(side, model, scan=scan, kvp=kvp, structure=structure)
        request, geometry = prepare_analysis(ct, method, Path(work)), ct_geometry(ct)
        outcome = _run(analyze_arguments(request), on_change)
        if outcome.state is not JobState.FINISHED or outcome.path is None:
            raise CTSMAError(outcome.message, outcome.remedy)
        return add_results(scene, knee_folders(outcome.path), ct, geometry)


def show_result(result: ResultNodes, key: str, panel: ScriptedPanel | None = None, **fields: Any) -> None:
    """Show a result and hide every other one; the panel shows the same, now or when it is made.

    Args:
        result: the nodes.
        key: quantity of the catalogue; a result without such values shows its first.
        panel: of the module, where it has been made.
        fields: of :class:`~CTSMALib.scene.panel_state.PanelState`: how it is shown.

    Raises:
        KeyError: the catalogue has no such quantity.
    """
    quantity(key)
    keys, shown = keys_with_values(result), NodeId(result.node.GetID())
    state = panel.state if panel is not None else _saved(result.scene)
    state = replace(
        state, result=shown, quantity=key if not keys or key in keys else keys[0], bones="all", boxes=True,
        patch=state.patch if state.result == shown else NO_PATCH, **fields,
    ).valid()  # fmt: skip
    for other in results_in(result.scene):
        if other.node is not result.node:
            hide(other)
    if panel is not None:
        panel.apply(state, everything=True)
        return
    state = replace(state, other=NO_NODE)
    save_state(state_node(result.scene, MODULE), state)
    ResultViews().show(result, None, state, None)


def _saved(scene: Any) -> PanelState:
    """What the panel will begin with."""
    node = state_node(scene, MODULE)
    state = load_state(node, PanelState)
    return state if node.HasParameter("model") else replace(state, model=read_settings().student_model)


def _run(arguments: list[str], on_change: Callable[[JobMonitor], None] | None) -> JobOutcome:
    """Run a worker, and tell of its changes here: not in the thread that follows it, which must not touch the scene."""
    runner, told = JobRunner(threads=read_settings().threads), list[JobMonitor]()
    runner.start(arguments, told.append)
    try:
        while True:
            outcome = _outcome(runner)
            if told:
                told.clear()
                if on_change is not None:
                    on_change(runner.monitor)
            if outcome is not None:
                return outcome
    except BaseException:  # also an interrupt
        runner.cancel()
        runner.wait()
        raise


def _outcome(runner: JobRunner) -> JobOutcome | None:
    """How the job has ended; ``None`` after a moment in which it goes on."""
    try:
        return runner.wait(TICK_S)
    except TimeoutError:
        return None
