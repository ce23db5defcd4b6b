"""Analyzing a scan of the scene from a script, without any widget."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.commands import analyze_arguments
from CTSMALib.jobs.knee_folders import knee_folders
from CTSMALib.jobs.monitor import JobMonitor, JobState
from CTSMALib.jobs.runner import JobRunner
from CTSMALib.scene.add_result import add_results
from CTSMALib.scene.ct_node import ct_geometry
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.scan_kind import AUTO
from CTSMAPanels.reading.jobs import Method, prepare_analysis
from CTSMAPanels.settings.store import read_settings


def analyze_and_wait(
    scene: Any, ct: Any, side: str = "auto", on_change: Callable[[JobMonitor], None] | None = None, model: str = "",
    scan: str = AUTO, kvp: float = 0.0, structure: bool = False,
) -> list[ResultNodes]:  # fmt: skip
    """Analyze a CT or MR in a worker process and wait for it.

    Args:
        scene: ``vtkMRMLScene``.
        ct: volume node.
        side: of :data:`CTSMALib.jobs.request.SIDES`.
        on_change: called with the monitor of the worker, from another thread; it must not touch the scene.
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
        outcome = JobRunner(threads=read_settings().threads).run(analyze_arguments(request), on_change)
        if outcome.state is not JobState.FINISHED or outcome.path is None:
            raise CTSMAError(outcome.message, outcome.remedy)
        return add_results(scene, knee_folders(outcome.path), ct, geometry)
