"""The jobs that the panel starts: analyzing a scan, and exporting the report of a result. No widgets."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer

from CTSMALib.errors import CTSMAError, OutputError
from CTSMALib.jobs.arguments.values import NO_MODEL, given_model
from CTSMALib.jobs.commands import analyze_arguments, dicom_arguments, report_arguments
from CTSMALib.jobs.dicom_export import DicomRequest
from CTSMALib.jobs.knee_folders import knee_folders
from CTSMALib.jobs.monitor import JobMonitor
from CTSMALib.jobs.request import AnalyzeMRRequest, AnalyzeRequest, ExportRequest
from CTSMALib.scene.add_result import add_results
from CTSMALib.scene.bone_segments import write_bones
from CTSMALib.scene.ct_node import ct_geometry, first_instance, why_not, write_ct
from CTSMALib.scene.restore import holds, write_result
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.scan_kind import AUTO, MR, scan_kind
from CTSMAPanels.panel_jobs import JobHost, PanelJobs

QUICKEST_FORMAT = ("csv",)  # reports are exported when the user wants them


def dicom_file_of(instance_uid: str) -> str:
    """The DICOM file of an image, from the application's DICOM database; empty where it has none."""
    database = getattr(slicer, "dicomDatabase", None)
    return str(database.fileForInstance(instance_uid) or "") if instance_uid and database is not None else ""


@dataclass(frozen=True)
class Method:
    """How a scan is analyzed.

    Attributes:
        side: of :data:`CTSMALib.jobs.request.SIDES`.
        model: name of the model that estimates apparent parameters; empty for the one that comes with CTSMA, or
            :data:`~CTSMALib.jobs.arguments.values.NO_MODEL`.
        bones: segmentation node of the bones; ``None`` finds them.
        scan: what it is, of :data:`CTSMALib.scene.scan_kind.SCANS`.
        kvp: tube voltage in kV of a CT that does not state it; 0 where it does, or nobody knows it.
        structure: whether the model estimates ``vcal_*`` too.
    """

    side: str = "auto"
    model: str = ""
    bones: Any = None
    scan: str = AUTO
    kvp: float = 0.0
    structure: bool = False


def prepare_analysis(ct: Any, method: Method, work: Path) -> AnalyzeRequest:
    """Write a scan of the scene to a file and say what is asked of the worker.

    Args:
        ct: volume node, a CT or an MR.
        method: how it is analyzed.
        work: an empty folder, for the scan and the result.

    Raises:
        CTSMAError: the node holds no scan, the bones are not its own, or the disk is full.
    """
    reason = why_not(ct)
    if reason:
        raise CTSMAError(reason, "Choose the CT or MR of a knee.")
    path, labels = work / "ct.nrrd", None
    if method.bones is not None:
        labels = work / "bones.nrrd"
        write_bones(method.bones, ct, labels)
    write_ct(ct, path)
    header = dicom_file_of(first_instance(ct))
    kind, more = _kind_of(scan_kind(ct, method.scan), method)
    return kind(
        input_path=path, out=work / "result", side=method.side, formats=QUICKEST_FORMAT, name=ct.GetName(),
        header_from=Path(header) if header else None, labels=labels, **more,
    )  # fmt: skip


def _kind_of(scan: str, method: Method) -> tuple[type[AnalyzeRequest], dict[str, Any]]:
    """The request for a CT or an MR, and what it says beside the scan; on an MR nothing is estimated."""
    if scan == MR:
        return AnalyzeMRRequest, {}
    kvp = method.kvp or None
    if method.model == NO_MODEL:
        return AnalyzeRequest, {"apparent": False, "kvp": kvp}
    model = given_model(method.model) if method.model else None
    return AnalyzeRequest, {"model": model, "structure": method.structure, "kvp": kvp}


class ReadingJobs(PanelJobs):
    """Runs one job at a time, and puts its result into the scene only when it has ended well.

    Args:
        scene: ``vtkMRMLScene``.
        host: the panel.
        on_results: called with the new results of an analysis.
        on_exported: called with the folder of an exported report.
    """

    def __init__(
        self,
        scene: Any,
        host: JobHost,
        on_results: Callable[[list[ResultNodes]], None],
        on_exported: Callable[[Path], None],
    ) -> None:
        self.scene = scene
        self._on_results = on_results
        self._on_exported = on_exported
        self._kept: list[Path] = []
        self._folders: dict[str, Path] = {}  # ID of a result's node to the folder it was loaded from
        self._ct_id = self._ct_geometry = ""
        super().__init__(host)

    def analyze(self, ct: Any, method: Method = Method()) -> None:  # it is frozen
        """Analyze a CT or MR of the scene.

        Args:
            ct: volume node.
            method: how it is analyzed.

        Raises:
            CTSMAError: the node holds no scan, a job is running, or the disk is full.
        """
        self._refuse_if_busy()
        request = prepare_analysis(ct, method, self._new_work())
        self._ct_id, self._ct_geometry, self._finish = ct.GetID(), ct_geometry(ct), self._show_results
        self.runner.start(analyze_arguments(request))

    def analyze_file(self, path: Path, method: Method = Method()) -> None:
        """Analyze a file or DICOM folder; its scan comes into the scene with the result.

        It is taken for a CT unless the method says that it is an MR.

        Raises:
            CTSMAError: a job is running, or the disk is full.
        """
        self._refuse_if_busy()
        kind, more = _kind_of(method.scan, method)
        request = kind(
            input_path=path.absolute(), out=self._new_work() / "result", side=method.side, formats=QUICKEST_FORMAT,
            **more,
        )  # fmt: skip
        self._ct_id, self._ct_geometry, self._finish = "", "", self._show_results
        self.runner.start(analyze_arguments(request))

    def export(self, result: ResultNodes, request_of: Callable[[Path], ExportRequest]) -> None:
        """Write the reports of a result.

        Args:
            result: the nodes.
            request_of: what is asked for, given the folder of the result.

        Raises:
            CTSMAError: a node that the report needs was deleted, a job is running, or the disk is full.
        """
        self._refuse_if_busy()
        request = request_of(self._source(result, self._new_work()))
        self._finish = self._on_exported
        self.runner.start(report_arguments(request))

    def write_dicom(
        self, result: ResultNodes, request_of: Callable[[Path], DicomRequest], on_done: Callable[[Path], None]
    ) -> None:
        """Write a result as DICOM objects.

        Args:
            result: the nodes.
            request_of: what is asked for, given the folder of the result.
            on_done: called with the folder of the objects.

        Raises:
            CTSMAError: as of :meth:`export`.
        """
        self._refuse_if_busy()
        request = request_of(self._source(result, self._new_work()))
        self._finish = on_done
        self.runner.start(dicom_arguments(request))

    def preview_dicom(
        self, result: ResultNodes, request_of: Callable[[Path, Path], DicomRequest], on_done: Callable[[Path], None]
    ) -> None:
        """List the objects that :meth:`write_dicom` would write.

        Args:
            result: the nodes.
            request_of: what is asked for, given the folder of the result and one for the list.
            on_done: called with the folder that holds the list; it goes afterwards.

        Raises:
            CTSMAError: as of :meth:`export`.
        """
        self._refuse_if_busy()
        work = self._new_work()
        request = request_of(self._source(result, work), work / "preview")
        self._finish = on_done
        self.runner.start(dicom_arguments(request, preview=True))

    def _source(self, result: ResultNodes, work: Path) -> Path:
        """The folder of a result: the one it came from where that still holds it, else written from its nodes."""
        source = self._folders.get(result.node.GetID())
        if source is not None and holds(source, result):
            return source
        source = work / "result"
        source.mkdir()
        try:
            write_result(result, source)
        except OSError as error:
            raise OutputError(f"The result could not be written to {source}.", "Free some space there.") from error
        return source

    def close(self) -> None:
        """Stop what runs, and delete the files of this session: they hold the patient's data."""
        super().close()
        for folder in self._kept:
            shutil.rmtree(folder, ignore_errors=True)
        self._kept.clear()
        self._folders.clear()

    def forget_missing(self) -> None:
        """Delete the files of results that are no longer in the scene, as soon as no job can be reading them."""
        self._folders = {
            node: folder for node, folder in self._folders.items() if self.scene.GetNodeByID(node) is not None
        }
        self._discard_unused()

    def changed(self, monitor: JobMonitor) -> None:
        """To be called by the runner on every change."""
        super().changed(monitor)
        if not monitor.busy:
            self._discard_unused()

    def _discard_unused(self) -> None:
        if self.runner.is_busy():
            return
        for work in list(self._kept):
            if not any(work in folder.parents for folder in self._folders.values()):
                shutil.rmtree(work, ignore_errors=True)
                self._kept.remove(work)

    def _show_results(self, folder: Path) -> None:
        ct = self.scene.GetNodeByID(self._ct_id) if self._ct_id else None  # or if the user deleted it meanwhile
        knees = knee_folders(folder)
        results = add_results(self.scene, knees, ct, self._ct_geometry)
        for result, knee in zip(results, knees, strict=True):
            self.remember(result, knee)
        for name in ("ct.nrrd", "bones.nrrd"):
            (folder.parent / name).unlink(missing_ok=True)
        self._kept.append(folder.parent)  # for reports of this session
        self._work = None
        self._on_results(results)

    def remember(self, result: ResultNodes, folder: Path) -> None:
        """Take a result's reports from a folder while that still holds the result, instead of from the scene."""
        self._folders[result.node.GetID()] = folder
