"""Which student an analysis reads with, and what happens where there is none."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from CTSMALib.errors import InputError, MissingDependencyError
from CTSMALib.jobs import learning_packages
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.jobs.student_reader import NOT_ESTIMATED, student_reader
from CTSMALib.student import model

REQUEST = AnalyzeRequest(Path("scan"), Path("out"))


@pytest.fixture
def without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    find = learning_packages.find_spec
    monkeypatch.setattr(learning_packages, "find_spec", lambda name: None if name == "torch" else find(name))
    monkeypatch.setitem(sys.modules, "torch", None)


def test_without_pytorch_the_direct_quantities_are_left(without_pytorch: None) -> None:
    reader, notice = student_reader(REQUEST)
    assert reader is None and notice is not None and notice.code == NOT_ESTIMATED
    assert "pip install" in notice.text


@pytest.mark.parametrize("asked", [{"structure": True}, {"model": Path("bundle")}])
def test_what_was_asked_for_is_not_left_out_silently(without_pytorch: None, asked: dict) -> None:
    with pytest.raises(MissingDependencyError, match="torch"):
        student_reader(replace(REQUEST, **asked))


def test_the_structure_is_read_where_it_is_asked_for() -> None:
    plain, told = (student_reader(replace(REQUEST, structure=wanted))[0] for wanted in (False, True))
    assert plain is not None and told is not None
    assert plain.structure is None and told.structure is not None


def test_a_student_that_does_not_know_the_structure_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    unaware = replace(model.load_student(None), structure=None)
    monkeypatch.setattr(model, "load_student", lambda bundle: unaware)
    with pytest.raises(InputError, match="no vcal"):
        student_reader(replace(REQUEST, structure=True))
    reader, notice = student_reader(REQUEST)
    assert reader is not None and reader.structure is None and notice is None


def test_without_apparent_parameters_nothing_is_loaded(without_pytorch: None) -> None:
    assert student_reader(replace(REQUEST, apparent=False)) == (None, None)
