"""The main job: read a CT, analyze its knees, write the result folder and its reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.diagnose import Diagnoser
from CTSMALib.jobs.header import read_header
from CTSMALib.jobs.knee_folders import folder_names, holds_result
from CTSMALib.jobs.request import PAPERS, SCENE_FORMAT, AnalyzeMRRequest, AnalyzeRequest
from CTSMALib.jobs.scene_file import check_scene_can_be_written, write_scene
from CTSMALib.jobs.staging import Target, resolved, staged
from CTSMALib.jobs.student_reader import student_reader
from CTSMALib.notices import Notice
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.analysis.knee_result import KneeResult
    from CTSMALib.analysis.result import KneeAnalysis
    from CTSMALib.volumes.scan import Scan


@dataclass(frozen=True)
class Steps:
    """The work of the other rooms, replaceable for tests.

    Attributes:
        read_scan: (path, series, progress) to scan.
        analyze_scan: (scan, side, progress) to one result per knee.
        write_folder: (result, folder, progress).
        write_reports: (analysis, folder, formats, pseudonymise); takes the analysis with its identifiers.
        write_scene: (folder), after everything else.
        diagnose: (analysis, folder), before the reports; ``None`` where no diagnosis is wanted.
        without_identifiers: the analysis as a pseudonymised folder holds it.
    """

    read_scan: Callable[[Path, str | None, Progress], Scan]
    analyze_scan: Callable[[Scan, str, Progress], list[KneeResult]]
    write_folder: Callable[[KneeResult, Path, Progress], None]
    write_reports: Callable[[KneeAnalysis, Path, Sequence[str], bool], Any]
    without_identifiers: Callable[[KneeAnalysis], KneeAnalysis]
    write_scene: Callable[[Path], None] = write_scene
    diagnose: Callable[[KneeAnalysis, Path], None] | None = None


def real_steps(request: AnalyzeRequest | None = None) -> Steps:
    """The rooms themselves; imported here, because they are heavy.

    Args:
        request: whose student reads apparent parameters; none does without it.

    Raises:
        CTSMAError: the model that the request names cannot be used.
    """
    import vtkmodules.util.numpy_support  # first used in the midst of the work, where nothing may hold a signal back
    import vtkmodules.vtkFiltersCore
    import vtkmodules.vtkIOXML  # noqa: F401

    from CTSMALib.analysis.folder import write_folder
    from CTSMALib.analysis.pipeline import analyze_scan
    from CTSMALib.report import ReportOptions, write_reports
    from CTSMALib.report.identity import prepared
    from CTSMALib.volumes import read_scan
    from CTSMALib.volumes.bone_labels import check_overlap, read_bone_labels

    on_mr = isinstance(request, AnalyzeMRRequest)  # whose apparent parameters are measured
    reader, missing = (None, None) if request is None or on_mr else student_reader(request)
    order = None if request is None else request.diagnosis
    diagnose = None if order is None else Diagnoser.of(order.model, order.aggregator, order.research).write
    paper = PAPERS[0] if request is None else request.paper

    bones = None if request is None or on_mr or request.labels is None else read_bone_labels(request.labels)

    def analyzed(scan: Scan, side: str, progress: Progress) -> list[KneeResult]:
        if bones is not None:
            check_overlap(bones, scan.image, "CT")
        return [_told(knee, missing) for knee in analyze_scan(scan, side, progress, reader, bones)]

    return Steps(
        read_scan=read_scan,
        analyze_scan=analyzed,
        write_folder=write_folder,
        write_reports=lambda analysis, folder, formats, pseudonymise: write_reports(
            analysis, folder, formats, ReportOptions(pseudonymise=pseudonymise, paper=paper)
        ),
        without_identifiers=lambda analysis: prepared(analysis, ReportOptions(pseudonymise=True)),
        diagnose=diagnose,
    )


def run(request: AnalyzeRequest, progress: Progress = silent, steps: Steps | None = None) -> Path:
    """Analyze a scan and write the result.

    One knee is written to ``request.out`` itself; both knees to ``left`` and ``right`` in it, as they
    are whenever ``side`` is ``"both"``.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.
        steps: replacements for the real rooms.

    Returns:
        The result folder.

    Raises:
        CTSMAError: the scan cannot be used, holds no knee, or the result cannot be written. Nothing
            is left at ``request.out`` then, or what was there before.
    """
    sources = request.sources
    if steps is None:
        for source in sources:  # before the heavy imports
            existing_path(source)
    check_scene_can_be_written(request.formats)
    target = Target(resolved(request.out), request.overwrite, is_result=holds_result, keep=sources)
    with staged(target) as folder:
        progress("Starting", 0.0)
        if steps is None:
            with held():
                steps = real_steps(request)
        scan = _read(request, steps, part_of(progress, 0.0, 0.15))
        knees = steps.analyze_scan(scan, request.side, part_of(progress, 0.15, 0.75))
        names = folder_names([knee.analysis.side.side for knee in knees], request.side)
        for index, (knee, name) in enumerate(zip(knees, names, strict=True)):
            share = 0.25 / len(knees)
            own = part_of(progress, 0.75 + index * share, 0.75 + (index + 1) * share)
            _write(knee, folder / name, request, steps, own)
        progress("Finishing", 1.0)
    return target.path


def _read(request: AnalyzeRequest, steps: Steps, progress: Progress) -> Scan:
    """The scan under the name and with the header that the request gives it."""
    from CTSMALib.volumes.tube_voltage import at_voltage

    header = None if request.header_from is None else read_header(request.header_from)  # it fails sooner than the scan
    try:
        scan = steps.read_scan(request.input_path, request.series, progress)
    except InputError as error:
        name = request.name or request.input_path.name
        raise InputError(error.message.replace(request.input_path.name, name), error.remedy) from error
    if header is not None:
        scan = replace(scan, header=header)
    scan = at_voltage(scan, request.kvp)
    if request.name:
        scan = replace(scan, identity=replace(scan.identity, name=request.name))
    return scan


def _told(knee: KneeResult, notice: Notice | None) -> KneeResult:
    if notice is None:
        return knee
    return replace(knee, analysis=replace(knee.analysis, notices=(*knee.analysis.notices, notice)))


def _write(knee: KneeResult, folder: Path, request: AnalyzeRequest, steps: Steps, progress: Progress) -> None:
    folder.mkdir(exist_ok=True)
    stored = knee
    if request.pseudonymise:
        stored = replace(knee, analysis=steps.without_identifiers(knee.analysis))
    steps.write_folder(stored, folder, part_of(progress, 0.0, 0.5))
    if steps.diagnose is not None:
        progress("Diagnosing", 0.5)
        steps.diagnose(stored.analysis, folder)
    progress("Writing the reports", 0.55)
    reports = [name for name in request.formats if name != SCENE_FORMAT]
    steps.write_reports(knee.analysis, folder, reports, request.pseudonymise)
    if SCENE_FORMAT in request.formats:
        progress("Writing the scene", 0.8)
        steps.write_scene(folder)
