"""What a ``.ui`` file must keep to, and how code and file must fit together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from Testing.static.checks.class_facts import Facts
from Testing.static.checks.qt_facts import is_newer
from Testing.static.checks.ui_file import UiFile, UiObject
from Testing.static.checks.ui_use import UiUse
from Testing.static.checks.vtk_facts import vtk_class

# Widgets that a user works with, and those among their heirs that only frame others.
INTERACTIVE = (
    *("QAbstractButton", "QComboBox", "QLineEdit", "QTextEdit", "QPlainTextEdit", "QAbstractSpinBox"),
    *("QAbstractSlider", "QAbstractItemView", "ctkSliderWidget", "ctkDoubleSlider", "ctkRangeWidget"),
    *("ctkDoubleSpinBox", "ctkPathLineEdit", "ctkDirectoryButton", "ctkCheckableComboBox", "ctkColorPickerButton"),
    *("ctkCoordinatesWidget", "ctkMatrixWidget"),
    *("qMRMLNodeComboBox", "qMRMLCheckableNodeComboBox", "qMRMLSliderWidget", "qMRMLRangeWidget", "qMRMLSpinBox"),
    *("qMRMLSubjectHierarchyComboBox", "qMRMLTransformSliders", "qMRMLColorTableComboBox"),
)
FRAMES = ("ctkCollapsibleButton", "ctkExpandButton")
# Classes and properties of Designer that Qt does not have.
_OF_DESIGNER = ("Line",)
_OF_LAYOUTS = ("leftMargin", "topMargin", "rightMargin", "bottomMargin", "horizontalSpacing", "verticalSpacing")


def faults_of_file(ui: UiFile, facts: Facts) -> Iterator[str]:
    """Unknown classes, properties, values and node types, names that are used twice, and dangling connections."""
    names = [item.name for item in ui.objects]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two objects are called {name}"
    for name in names:
        if not name.isidentifier():
            yield f"{name} is no name that Python can use"
    for item in ui.objects:
        if facts.find(item.kind) is None or is_newer(item.kind):
            if item.kind not in _OF_DESIGNER:
                yield f"{item.name}: there is no class {item.kind}"
            continue
        yield from _faults_of_class(item, ui, facts)
        yield from _faults_of_properties(item, facts)
    yield from _faults_of_connections(ui, facts)


def missing_tooltips(ui: UiFile, facts: Facts, sources: Iterable[str] = ()) -> list[str]:
    """Interactive widgets that get a tooltip neither in the file nor from code; a hidden one needs none."""
    silent = [
        item.name
        for item in ui.objects
        if is_interactive(item, facts) and not item.text_of("toolTip") and item.text_of("visible") != "false"
    ]
    naming = [source for source in sources if any(name in source for name in silent)]
    explained = {use.name for source in naming for use in uses(source, {ui.path.name: ui}) if use.explains}
    return [name for name in silent if name not in explained]


def is_interactive(item: UiObject, facts: Facts) -> bool:
    """Whether a user works with a widget."""
    lineage = {of.name for of in facts.lineage(item.kind)}
    return bool(lineage & set(INTERACTIVE)) and not lineage & set(FRAMES)


def shortcuts_of(ui: UiFile) -> dict[str, str]:
    """Widget to its shortcut, from the property and from the letter after & in its text."""
    found = {}
    for item in ui.objects:
        letter = re.search(r"&([^&\s])", item.text_of("text").replace("&&", ""))
        shortcut = item.text_of("shortcut") or (f"Alt+{letter.group(1).upper()}" if letter else "")
        if shortcut:
            found[f"{ui.path.name}: {item.name}"] = shortcut
    return found


@dataclass(frozen=True)
class Use:
    """A widget that code takes from a panel, as in ``self.ui.name``.

    Attributes:
        name: of the widget.
        line: where.
        files: the panels it may be in.
        explains: whether the widget gets its tooltip there.
    """

    name: str
    line: int
    files: tuple[Path, ...]
    explains: bool


def uses(source: str, ui_files: dict[str, UiFile]) -> Iterator[Use]:
    """The widgets that a source file takes from panels."""
    tree = ast.parse(source)
    panels = UiUse(tree, ui_files)
    explained = {_explained(node) for node in ast.walk(tree)}
    waiting: list[tuple[ast.AST, ast.ClassDef | None]] = [(tree, None)]
    while waiting:
        node, owner = waiting.pop()
        if isinstance(node, ast.Attribute) and panels.is_ui(node.value):
            files = tuple(file.path for file in panels.files_of(node.value, owner))
            yield Use(node.attr, node.lineno, files, node in explained)
        inside = node if isinstance(node, ast.ClassDef) else owner
        waiting += [(child, inside) for child in ast.iter_child_nodes(node)]


def unknown_names(source: str, ui_files: dict[str, UiFile]) -> list[str]:
    """Names that code takes from a panel whose file does not have them."""
    kinds = {file.path: file.kinds for file in ui_files.values()}
    return [
        f"line {use.line}: {use.name} is not in {', '.join(path.name for path in use.files)}"
        for use in uses(source, ui_files)
        if not any(use.name in kinds[path] for path in use.files)
    ]


def unused_names(sources: Iterable[str], facts: Facts, ui_files: dict[str, UiFile]) -> list[str]:
    """Interactive widgets that no code takes from their panel."""
    used = {(path, use.name) for source in sources for use in uses(source, ui_files) for path in use.files}
    return [
        f"{file.path.name}: {item.name}"
        for file in ui_files.values()
        for item in file.objects
        if is_interactive(item, facts) and (file.path, item.name) not in used
    ]


def _explained(node: ast.AST) -> ast.expr | None:
    """What a call of ``allow(widget, ...)`` or ``widget.setToolTip(...)`` gives a tooltip to."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setToolTip":
        return node.func.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "allow" and node.args:
        return node.args[0]
    return None


def _faults_of_class(item: UiObject, ui: UiFile, facts: Facts) -> Iterator[str]:
    if item.kind.startswith("Q"):
        return
    extends = ui.custom.get(item.kind)
    if extends is None:
        yield f"{item.name}: {item.kind} is not among the custom widgets"
    elif not facts.is_a(item.kind, extends):
        yield f"{item.name}: {item.kind} does not derive from {extends}"
    found = facts.find(item.kind)
    if found is not None and not found.constructors:
        yield f"{item.name}: a {item.kind} cannot be made"


def _faults_of_properties(item: UiObject, facts: Facts) -> Iterator[str]:
    for entry in item.properties:
        of_layout = not item.is_widget and entry.name in _OF_LAYOUTS
        if facts.kind(item.kind, entry.name) != "property" and not of_layout:
            yield f"{item.name}: {item.kind} has no property {entry.name}"
        if entry.tag in ("enum", "set"):
            yield from _faults_of_values(item, entry.text, facts)
        for text in entry.items if entry.name in ("nodeTypes", "hideChildNodeTypes") else ():
            if vtk_class(text) is None:
                yield f"{item.name}: there is no class {text}"


def _faults_of_values(item: UiObject, text: str, facts: Facts) -> Iterator[str]:
    for value in text.split("|"):
        holder, _, name = value.partition("::")
        if "::" in name:
            yield f"{item.name}: {value}: Qt 5 reads {holder}::{name.split('::')[-1]} only"
        elif facts.kind(holder, name) != "value":
            yield f"{item.name}: there is no value {value}"


def _faults_of_connections(ui: UiFile, facts: Facts) -> Iterator[str]:
    for sender, signal, receiver, slot in ui.connections:
        for name, member, kinds in ((sender, signal, ("signal",)), (receiver, slot, ("method", "signal"))):
            kind = ui.kinds.get(name)
            if kind is None:
                yield f"a connection names {name}, which is not there"
            elif facts.kind(kind, member.split("(")[0]) not in kinds:
                yield f"a connection names {name}.{member}, which {kind} does not have"
