"""The job that diagnoses a result of the scene. No widgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from CTSMALib.errors import CTSMAError, OutputError
from CTSMALib.jobs.arguments.values import given_model
from CTSMALib.jobs.commands import diagnose_arguments
from CTSMALib.jobs.diagnose import DiagnoseRequest
from CTSMALib.scene.diagnosis_nodes import DIAGNOSIS_FILE, DiagnosisState, keep_diagnosis
from CTSMALib.scene.restore import write_result
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMAPanels.panel_jobs import JobHost, PanelJobs


class DiagnosisJobs(PanelJobs):
    """Diagnoses one result at a time, and puts the diagnosis into the scene only when the job has ended well.

    Args:
        host: the panel.
        on_diagnosed: called with the result that has a diagnosis now.
    """

    def __init__(self, host: JobHost, on_diagnosed: Callable[[ResultNodes], None]) -> None:
        self._on_diagnosed = on_diagnosed
        super().__init__(host)

    def diagnose(self, result: ResultNodes, state: DiagnosisState) -> None:
        """Diagnose a result, written from its nodes: patches that a reader has excluded do not count.

        Args:
            result: the nodes.
            state: with which model, and how.

        Raises:
            CTSMAError: a node that is needed was deleted, a job is running, or the disk is full.
        """
        self._refuse_if_busy()
        folder = self._new_work() / "result"
        try:
            folder.mkdir()
            write_result(result, folder)
        except OSError as error:
            raise OutputError(f"The result could not be written to {folder}.", "Free some space there.") from error
        model = given_model(state.model) if state.model else None
        request = DiagnoseRequest(folder, model, state.research, state.aggregator or None)
        self._finish = lambda done: self._take(result, done)
        self.runner.start(diagnose_arguments(request))

    def _take(self, result: ResultNodes, folder: Path) -> None:
        scene: Any = result.scene
        if not scene.IsNodePresent(result.node):  # the user has removed it meanwhile
            return
        try:
            text = (folder / DIAGNOSIS_FILE).read_text(encoding="utf-8")
        except OSError as error:
            raise CTSMAError("The work has left no diagnosis.", "Start it again.") from error
        keep_diagnosis(result, text)
        self._on_diagnosed(result)
