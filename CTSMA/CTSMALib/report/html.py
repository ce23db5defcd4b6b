"""The report as one HTML file: no scripts, no network, every text escaped by the template engine."""

from __future__ import annotations

import base64

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from CTSMALib.report.model import Picture, ReportModel
from CTSMALib.report.notices import LEFT_OUT_TITLE
from CTSMALib.resources import resource


def render_html(model: ReportModel) -> str:
    """The whole report as a string; pictures are data URIs."""
    templates = resource("Report")
    environment = Environment(
        loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    environment.filters |= {"data_uri": _data_uri, "before_interval": _before_interval}
    style = Markup((templates / "report.css").read_text(encoding="utf-8"))  # our own file, needed verbatim
    return environment.get_template("report.html.j2").render(model=model, style=style, left_out_title=LEFT_OUT_TITLE)


def _before_interval(cell: str) -> Markup:
    """A cell whose line may end before what is in parentheses, and nowhere else in a column of numbers."""
    return Markup(" <wbr>(").join(escape(part) for part in cell.split(" ("))


def _data_uri(picture: Picture) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
