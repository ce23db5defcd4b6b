"""Reading apparent parameters off an MR: the main job with other steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.inputs import existing_path
from CTSMALib.jobs import analyze
from CTSMALib.jobs.cancel import held
from CTSMALib.progress import Progress, silent

if TYPE_CHECKING:
    from CTSMALib.analysis.knee_result import KneeResult
    from CTSMALib.jobs.request import AnalyzeMRRequest
    from CTSMALib.volumes.scan import Scan


def real_steps(request: AnalyzeMRRequest) -> analyze.Steps:
    """The rooms themselves.

    Args:
        request: whose label map of the bones is read; they are found on the MR without it.

    Raises:
        CTSMAError: labels or the model cannot be used.
    """
    common, labels = analyze.real_steps(request), request.labels
    from CTSMALib.analysis.mr_bone_source import simple_bones
    from CTSMALib.analysis.mr_pipeline import analyze_mr
    from CTSMALib.jobs.mr_bones import bone_finder
    from CTSMALib.volumes import read_mr
    from CTSMALib.volumes.bone_labels import check_overlap, read_bone_labels

    bones = None if labels is None else read_bone_labels(labels)  # it fails sooner than the scan
    finder = bone_finder(request) if bones is None else simple_bones

    def analyzed(scan: Scan, side: str, progress: Progress) -> list[KneeResult]:
        if bones is not None:
            check_overlap(bones, scan.image)
        return analyze_mr(scan, bones, side, progress, find_bones=finder)

    return replace(common, read_scan=read_mr, analyze_scan=analyzed)


def run(request: AnalyzeMRRequest, progress: Progress = silent) -> Path:
    """Analyze an MR and write the result, as :func:`CTSMALib.jobs.analyze.run` does for a CT.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The result folder.

    Raises:
        CTSMAError: the scan cannot be used, holds no knee, or the result cannot be written.
    """
    for source in request.sources:  # before the heavy imports
        existing_path(source)
    with held():
        steps = real_steps(request)
    return analyze.run(request, progress, steps)
