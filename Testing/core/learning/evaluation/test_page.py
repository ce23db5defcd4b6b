"""The page and the tables of an evaluation."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from CTSMALib.catalogue import quantity
from CTSMALib.learning.evaluation.evaluate import evaluate
from CTSMALib.learning.evaluation.patch_table import patch_table
from CTSMALib.learning.evaluation.predictions import read_predictions
from CTSMALib.learning.evaluation.result import Evaluation
from CTSMALib.learning.evaluation.write import holds_evaluation, write_evaluation
from CTSMALib.learning.patches.patch_set import read_patch_set
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.report.evaluation_page import panels
from CTSMALib.report.evaluation_page.page import evaluation_page, page_model
from CTSMALib.report.model import ReportModel
from CTSMALib.report.wording import number_text
from Testing.core.learning.evaluation.made_up_patch_set import a_patch_set, some_predictions
from Testing.core.report.readers import HtmlReader

VIRTUAL = "virtual knees, not patients"


@pytest.fixture(scope="module")
def an_evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("evaluation")
    made = a_patch_set(folder / "set", subjects=8, patches=3)
    table = patch_table(read_patch_set(made.folder))
    return evaluate(table, read_predictions(some_predictions(made, folder / "p"), table), resamplings=100)


@pytest.fixture(scope="module")
def a_model(an_evaluation: Evaluation) -> ReportModel:
    return page_model(an_evaluation)


@pytest.fixture(scope="module")
def a_page(an_evaluation: Evaluation) -> HtmlReader:
    return HtmlReader(evaluation_page(an_evaluation))


def test_the_page_says_what_it_is_about(a_page: HtmlReader, an_evaluation: Evaluation) -> None:
    assert a_page.text.startswith("Evaluation against MR and truth (virtual knees, not patients)")
    assert a_page.text.count("Research use only") == 2 and "not evidence" not in a_page.text
    assert f"Research use only — not a medical device · {VIRTUAL}" in a_page.text
    mean = an_evaluation.find("ensemble")
    assert mean is not None
    assert f"ensemble: mean ICC(2,1) with the MR {mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f})" in a_page.text
    assert "ceiling" not in a_page.text and "reference: ridge on true parameters" in a_page.text
    for heading in ("Arms", "Differences between arms", "ensemble in detail", "Levels", "Against truth"):
        assert heading in a_page.text


def test_the_page_needs_nothing_else(a_page: HtmlReader) -> None:
    assert "script" not in a_page.tags and "link" not in a_page.tags
    sources = [value for tag, name, value in a_page.attributes if (tag, name) == ("img", "src")]
    assert len(sources) == 2 + 4 + 4 + 8 and all(source.startswith("data:image/png;base64,") for source in sources)
    assert all(value for tag, name, value in a_page.attributes if (tag, name) == ("img", "alt"))


def test_every_figure_says_that_the_knees_are_virtual(
    a_model: ReportModel, an_evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(VIRTUAL in figure.title for figure in a_model.figures)
    written: list[str] = []
    monkeypatch.setattr(panels.canvas, "title", lambda _figure, _title, below="": written.append(below))
    count = sum(len(figure.panels) for figure in page_model(an_evaluation).figures)
    assert len(written) == count and all(VIRTUAL in below for below in written)
    written.clear()
    real = page_model(replace(an_evaluation, virtual=False))
    assert not any(
        VIRTUAL in text for text in (*written, real.title, real.disclaimer, *(f.title for f in real.figures))
    )


def test_figures_are_drawn_and_differ(a_model: ReportModel) -> None:
    pictures = [panel for figure in a_model.figures for panel in figure.panels]
    assert len({panel.name for panel in pictures}) == len({panel.png for panel in pictures}) == len(pictures)
    for panel in pictures:
        gray = np.asarray(Image.open(io.BytesIO(panel.png)).convert("L"))
        edge = np.concatenate([gray[:, -2:].ravel(), gray[-2:].ravel()])
        assert gray.min() < 80 and (edge > 200).all(), f"{panel.name}: something is cut off"


def test_limits_that_are_drawn_are_those_of_the_table(
    an_evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(panels.Axes, "annotate", lambda _axes, text, *_args, **_style: drawn.append(text))
    panels.bland_altman_panels(an_evaluation.shown, virtual=True)
    for key in KEYS:
        found = an_evaluation.find("ensemble", "upper_limit", key)
        assert found is not None and f"+1.96 SD {number_text(found.value, quantity(key).decimals)}" in drawn
    assert len(drawn) == 3 * len(KEYS)


def test_an_underfitted_control_is_called_so(an_evaluation: Evaluation, a_model: ReportModel) -> None:
    names = {"ridge": "student_none", "student_none": "ridge"}
    swapped = tuple(
        replace(d, arm=names.get(d.arm, d.arm), reference=names.get(d.reference, d.reference))
        for d in an_evaluation.differences
    )
    said = " ".join(page_model(replace(an_evaluation, differences=swapped)).summary)
    assert "student_none is below ridge: underfit, no comparison with it is claimed." in said
    assert "underfit" not in " ".join(a_model.summary)


def test_foreign_names_are_harmless(an_evaluation: Evaluation) -> None:
    evil = "<script>x</script>"
    found = replace(
        an_evaluation,
        source=evil,
        findings=tuple(replace(f, arm=evil if f.arm == "ensemble" else f.arm) for f in an_evaluation.findings),
        shown=replace(an_evaluation.shown, arm=evil, run=evil),
    )
    assert "script" not in HtmlReader(evaluation_page(found)).tags


def test_tables_are_long_and_typed(an_evaluation: Evaluation, tmp_path: Path) -> None:
    assert not holds_evaluation(tmp_path)
    write_evaluation(an_evaluation, tmp_path)
    assert holds_evaluation(tmp_path)
    head = json.loads((tmp_path / "evaluation.json").read_text())
    assert (head["schema"], head["schema_version"], head["virtual"]) == ("ctsma-evaluation", 1, True)
    with (tmp_path / "findings.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(an_evaluation.findings)
    first, row = an_evaluation.findings[0], rows[0]
    assert (row["arm"], row["key"], row["statistic"]) == (first.arm, first.key, first.statistic)
    assert float(row["value"]) == pytest.approx(first.value, rel=1e-5) and row["seed_sd"] == ""
    with (tmp_path / "differences.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(an_evaluation.differences)
