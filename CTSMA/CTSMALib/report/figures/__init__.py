"""The pictures of a report: CT slices with the patch grid, and maps of the joint surfaces seen face on."""

from CTSMALib.report.figures.drawing import draw_figures

__all__ = ["draw_figures"]
