"""Reports: one model of what was found, rendered to HTML, PDF and CSV.

The renderers are imported where they are used, because the packages behind them are heavy.
"""

from CTSMALib.report.model import ReportModel, ReportOptions
from CTSMALib.report.write import FORMATS, write_reports

__all__ = ["FORMATS", "ReportModel", "ReportOptions", "write_reports"]
