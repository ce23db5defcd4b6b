"""The main job: read a CT, analyze its knees, write the result folder and its reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.inputs import existing_path
from CTSMALib.jobs.knee_folders import folder_names, holds_result
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.jobs.staging import Target, resolved, staged
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
        without_identifiers: the analysis as a pseudonymised folder holds it.
    """

    read_scan: Callable[[Path, str | None, Progress], Scan]
    analyze_scan: Callable[[Scan, str, Progress], list[KneeResult]]
    write_folder: Callable[[KneeResult, Path, Progress], None]
    write_reports: Callable[[KneeAnalysis, Path, Sequence[str], bool], Any]
    without_identifiers: Callable[[KneeAnalysis], KneeAnalysis]


def real_steps() -> Steps:
    """The rooms themselves; imported here, because they are heavy."""
    from CTSMALib.analysis.folder import write_folder
    from CTSMALib.analysis.pipeline import analyze_scan
    from CTSMALib.report import ReportOptions, write_reports
    from CTSMALib.report.identity import prepared
    from CTSMALib.volumes import read_scan

    return Steps(
        read_scan=read_scan,
        analyze_scan=analyze_scan,
        write_folder=write_folder,
        write_reports=lambda analysis, folder, formats, pseudonymise: write_reports(
            analysis, folder, formats, ReportOptions(pseudonymise=pseudonymise)
        ),
        without_identifiers=lambda analysis: prepared(analysis, ReportOptions(pseudonymise=True)),
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
    if steps is None:
        existing_path(request.input_path)  # before the heavy imports
    target = Target(resolved(request.out), request.overwrite, is_result=holds_result, keep=(request.input_path,))
    with staged(target) as folder:
        progress("Starting", 0.0)
        steps = steps or real_steps()
        scan = steps.read_scan(request.input_path, request.series, part_of(progress, 0.0, 0.15))
        knees = steps.analyze_scan(scan, request.side, part_of(progress, 0.15, 0.75))
        names = folder_names([knee.analysis.side.side for knee in knees], request.side)
        for index, (knee, name) in enumerate(zip(knees, names, strict=True)):
            share = 0.25 / len(knees)
            own = part_of(progress, 0.75 + index * share, 0.75 + (index + 1) * share)
            _write(knee, folder / name, request, steps, own)
        progress("Finishing", 1.0)
    return target.path


def _write(knee: KneeResult, folder: Path, request: AnalyzeRequest, steps: Steps, progress: Progress) -> None:
    folder.mkdir(exist_ok=True)
    stored = knee
    if request.pseudonymise:
        stored = replace(knee, analysis=steps.without_identifiers(knee.analysis))
    steps.write_folder(stored, folder, part_of(progress, 0.0, 0.5))
    progress("Writing the reports", 0.5)
    steps.write_reports(knee.analysis, folder, request.formats, request.pseudonymise)
