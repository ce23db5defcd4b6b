"""Panels and module scripts: nothing that blocks, prints or fits one theme only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from Testing.static.checks.each import for_each
from Testing.static.checks.panel_rules import forbidden_uses, is_colored
from Testing.static.checks.sources import IN_SLICER, UI_FILES, parsed, relative
from Testing.static.checks.ui_file import read_ui


def test_nothing_forbidden_is_used() -> None:
    def check(path: Path) -> None:
        assert list(forbidden_uses(parsed(path))) == []

    for_each(IN_SLICER, check)


@pytest.mark.parametrize("path", UI_FILES, ids=relative)
def test_panels_have_no_colors_of_their_own(path: Path) -> None:
    for item in read_ui(path).objects:
        assert not is_colored(item.text_of("styleSheet")), item.name


@pytest.mark.parametrize(
    "source",
    [
        "qt.QMessageBox.information(None, 'a', 'b')",
        "box = qt.QMessageBox()",
        "thread = qt.QThread()",
        "print('here')",
        "label.setStyleSheet('color: red')",
        "label.setStyleSheet('background: #fff')",
        "label.setStyleSheet('background: #1f9e89')",
        "label.setStyleSheet(f'border: {width}px; background-color: rgb(1, 2, 3)')",
    ],
)
def test_the_check_finds(source: str) -> None:
    assert len(list(forbidden_uses(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "logging.info('print')",
        "label.setStyleSheet('font-weight: bold; color: palette(mid)')",
        "label.setStyleSheet(f'background: qlineargradient({stops})')",
        "label.setStyleSheet(f'color: {color}')",
        "slicer.util.errorDisplay('#1234')",
    ],
)
def test_the_check_lets_pass(source: str) -> None:
    assert list(forbidden_uses(ast.parse(source))) == []
