"""Texts that users see pass through ``_()``, so that they can be translated."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from Testing.static.checks.each import for_each
from Testing.static.checks.sources import IN_SLICER, SCENE, parsed
from Testing.static.checks.visible_strings import unknown_to_translators, untranslated


def test_visible_texts_can_be_translated() -> None:
    def check(path: Path) -> None:
        assert list(untranslated(parsed(path))) == []

    for_each(IN_SLICER, check)


@pytest.mark.parametrize(
    "source",
    [
        "label.setText('Choose a scan')",
        "label.setText('Choose a scan' if empty else _('Ready'))",
        "label.setText(f'{count} patches')",
        "label.setText('{count} patches'.format(count=3))",
        "label.setText('Side: ' + side)",
        "table.setHorizontalHeaderLabels([_('Patch'), 'Value'])",
        "combo.addItem('Left', 'left')",
        "allow(button, reason, 'Write the report')",
        "slicer.util.errorDisplay('It failed.')",
        "slicer.util.infoDisplay(_('Done'), windowTitle='Export done')",
        "self.parent.title = 'Knee'",
    ],
)
def test_the_check_finds(source: str) -> None:
    assert len(list(untranslated(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "label.setText(_('Choose a scan'))",
        "label.setText(_('{count} patches').format(count=3))",
        "label.setText('')",
        "label.setText(f'{low} mm')",
        "label.setText(name or ' – '.join(parts))",
        "label.setText(text_of('any argument'))",
        "label.setText(words['left side'])",
        "combo.addItem(_('Left'), 'left')",
        "self.parent.categories = [translate('qSlicerAbstractCoreModule', 'Quantification')]",
        "logging.info('Started the worker')",
    ],
)
def test_the_check_lets_pass(source: str) -> None:
    assert list(untranslated(ast.parse(source))) == []


def test_texts_are_translated_where_they_are_written() -> None:
    def check(path: Path) -> None:
        assert list(unknown_to_translators(parsed(path))) == []

    for_each([*IN_SLICER, *SCENE], check)


@pytest.mark.parametrize(
    "source",
    [
        "label.setText(_(f'{count} patches'))",
        "label.setText(_('{count} patches'.format(count=3)))",
        "label.setText(_('Side: ' + side))",
        "allow(button, _(why_not(node)), _('Add it.'))",
        "label.setText(_(words[side]))",
        "label.setText(_(text))",
        "label.setText(_('Left' if left else 'Right'))",
        "label.setText(_(*texts))",
        "title = translate('CTSMA', title)",
    ],
)
def test_texts_that_are_made_first_are_found(source: str) -> None:
    assert len(list(unknown_to_translators(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "label.setText(_('A ' 'long text').format(a=1))",
        "allow(button, why_not(node), _('Add it.'))",
        "for _ in texts: pass",
    ],
)
def test_texts_that_are_written_there_pass(source: str) -> None:
    assert list(unknown_to_translators(ast.parse(source))) == []
