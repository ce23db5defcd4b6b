"""All figures of a report, in the order in which they are shown."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.analysis.stored import load_volume
from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.report.figures.enface import enface_figure
from CTSMALib.report.figures.frames import frame_of
from CTSMALib.report.figures.overview import overview_figure
from CTSMALib.report.leading import pictured
from CTSMALib.report.model import ReportFigure


def draw_figures(analysis: KneeAnalysis, folder: Path) -> tuple[ReportFigure, ...]:
    """The slices with patches, then one pair of en-face maps for each drawn quantity.

    Raises:
        InputError: a volume of the folder is missing or unreadable.
    """
    quantities = pictured(analysis)
    scan = load_volume(analysis, folder, analysis.scan_role)
    labels = load_volume(analysis, folder, "labels")
    frames = {bone.name: frame for bone in (FEMUR, TIBIA) if (frame := frame_of(analysis, bone.name)) is not None}
    if not frames:
        return ()
    figures = [overview_figure(analysis, scan, labels, frames, quantities[0] if quantities else None)]
    figures += [enface_figure(analysis, labels, frames, quantity) for quantity in quantities]
    return tuple(figures)
