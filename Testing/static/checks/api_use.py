"""Finds uses of names that Slicer does not have, and uses that PythonQt does not allow.

PythonQt gives properties as values, sees slots, signals and invokables only, and takes no keyword arguments. The
project's own rules are stricter, so that the same code runs on other bindings: values are read with ``value_of``,
nothing is assigned to a property, signals are connected by ``signal.connect(function)``.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from Testing.static.checks import vtk_facts
from Testing.static.checks.class_facts import Facts, Signature
from Testing.static.checks.known_types import MODULES, SIGNAL, Known, Scope, TypeReader, class_reference
from Testing.static.checks.qt_facts import is_newer
from Testing.static.checks.slicer_facts import ADVICE, DIFFERENT, python_function, python_names
from Testing.static.checks.ui_file import UiFile

# Objects of the application, whose properties everybody reads and sets as attributes.
LENIENT = ("qSlicerApplication", "qSlicerScriptedLoadableModule")
BRIDGES = ("qt_values.py",)  # the place for what differs between bindings

_SIGNAL_MEMBERS = ("connect", "disconnect", "emit")
_PACKAGES = ("util", "i18n", "testing", "packaging", "cli", "logic", "ScriptedLoadableModule")
_OBJECTS = ("app", "mrmlScene", "modules", "selfTests", *_PACKAGES)
# Functions that are given the name of a member: the place of the name, and what the member must be.
_BY_NAME = {
    "value_of": (1, "property"),
    "property": (0, "property"),
    "setProperty": (0, "property"),
    "put": (1, "method"),
}
_NODE_CLASS = re.compile(r"vtk(?:MRML)?[A-Z]\w+")


@dataclass(frozen=True, order=True)
class Finding:
    """Something to mend."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def find_misuse(source: str, facts: Facts, ui_files: dict[str, UiFile], file: str = "") -> list[Finding]:
    """Everything that is wrong with the uses of Qt, CTK, Slicer and VTK in a source file.

    Args:
        source: the file's text.
        facts: what Qt, CTK and Slicer have.
        ui_files: name to file, of every ``.ui`` file.
        file: the file's name.
    """
    checker = _Checker(ast.parse(source), facts, ui_files, Path(file).name in BRIDGES)
    return sorted(set(checker.findings))


class _Checker(ast.NodeVisitor):
    def __init__(self, tree: ast.Module, facts: Facts, ui_files: dict[str, UiFile], is_bridge: bool) -> None:
        self.findings: list[Finding] = []
        self._facts = facts
        self._types = TypeReader(tree, facts, ui_files)
        self._is_bridge = is_bridge
        self._called: set[ast.expr] = set()
        self._owner: ast.ClassDef | None = None
        self._scope = self._types.scope_of(tree, None, None)
        self.visit(tree)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self._owner = self._owner, node
        self.generic_visit(node)
        self._owner = outer

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer = self._scope
        self._scope = self._types.scope_of(node, self._owner, outer)
        self.generic_visit(node)
        self._scope = outer

    def visit_Lambda(self, node: ast.Lambda) -> None:
        outer = self._scope
        self._scope = Scope(owner=outer.owner, around=outer)
        self.generic_visit(node)
        self._scope = outer

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if module in MODULES and not {alias.name for alias in node.names} <= set(_PACKAGES):
            self._report(node, f"write 'import {module}', not 'from {module} import ...'")
        elif module.startswith("slicer."):
            for alias in node.names:
                if python_names(module) and alias.name not in (*python_names(module), "*"):
                    self._report(node, f"{module} has no {alias.name} ({ADVICE})")

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and _NODE_CLASS.fullmatch(node.value) and not vtk_facts.vtk_class(node.value):
            self._report(node, f"there is no class {node.value}")

    def visit_Call(self, node: ast.Call) -> None:
        self._called.add(node.func)
        made = class_reference(node.func)
        if made:
            self._check_constructor(node, made)
        elif isinstance(node.func, ast.Attribute):
            self._check_method(node, node.func)
        elif isinstance(node.func, ast.Name):
            self._check_name(node, node.func.id, node.args[0] if node.args else None)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id in MODULES:
            self._check_module_name(node, node.value.id)
        elif class_reference(node.value) or ast.unparse(node.value) == "qt.Qt":
            self._check_static(node, node.value)
        elif isinstance(node.value, ast.Attribute) and ast.unparse(node.value.value) == "slicer":
            self._check_package(node, f"slicer.{node.value.attr}")
        for known in self._types.types(node.value, self._scope):
            self._check_member(node, known)
        self.generic_visit(node)

    def _check_module_name(self, node: ast.Attribute, module: str) -> None:
        name = node.attr
        if name.startswith("vtk") and module in ("slicer", "vtk"):
            if vtk_facts.vtk_class(name) is None:
                self._report(node, f"{module} has no class {name}")
        elif module == "qt":
            if is_newer(name) or self._facts.find(name) is None or not name.startswith("Q"):
                self._report(node, f"Qt 5.15 and Qt 6 do not both have {name}")
        elif module == "ctk" or (module == "slicer" and name.startswith("q")):
            if self._facts.find(name) is None:
                self._report(node, f"{module} has no class {name} ({ADVICE})")
        elif module == "slicer" and name not in _OBJECTS:
            self._report(node, f"slicer has no {name}")

    def _check_package(self, node: ast.Attribute, package: str) -> None:
        names = python_names(package)
        if names and node.attr not in names:
            self._report(node, f"{package} has no {node.attr} ({ADVICE})")

    def _check_static(self, node: ast.Attribute, holder: ast.expr) -> None:
        """A member of a class, such as ``qt.QMessageBox.Yes``."""
        name = holder.attr if isinstance(holder, ast.Attribute) else ""
        if name.startswith("vtk"):
            if vtk_facts.vtk_class(name) is not None and not vtk_facts.has_member(name, node.attr):
                self._report(node, f"{name} has no {node.attr}")
            return
        kind = self._facts.kind(name, node.attr)
        if kind == "property" and self._facts.signatures(name, node.attr):
            kind = "method"  # a class has no properties: QTimer.singleShot is the function there
        if kind == "enum":
            self._report(node, f"write {name}.Value, not {name}.{node.attr}.Value: PythonQt has no enumeration scopes")
        elif kind == "method":
            self._check_difference(node, name)
        elif kind != "value":
            self._missing(node, Known(name), kind)

    def _check_member(self, node: ast.Attribute, known: Known) -> None:
        """A member of an object whose class is known."""
        if known.name == SIGNAL:
            if node.attr not in _SIGNAL_MEMBERS:
                self._report(node, f"a signal has {', '.join(_SIGNAL_MEMBERS)}, not {node.attr}")
            return
        if known.name.startswith("vtk"):
            stored = isinstance(node.ctx, ast.Store)  # Python may keep something of its own there
            if known.exact and not stored and not vtk_facts.has_member(known.name, node.attr):
                self._report(node, f"{known.name} has no {node.attr}")
            return
        if self._facts.find(known.name) is None:
            return
        kind = self._facts.kind(known.name, node.attr)
        if kind == "property":
            self._check_property_use(node, known)
        elif isinstance(node.ctx, ast.Store):
            self._report(node, f"{known.name} is a C++ object: nothing can be assigned to its {node.attr}")
        elif kind == "signal" and node in self._called:
            self._report(node, f"{known.name}.{node.attr} is a signal and is not called")
        elif kind == "method":
            self._check_difference(node, known.name)
        elif kind not in ("signal", "value"):
            self._missing(node, known, kind)

    def _check_property_use(self, node: ast.Attribute, known: Known) -> None:
        what = f"{known.name}.{node.attr} is a property"
        if node in self._called:
            self._report(node, f"{what}: it is a value and cannot be called; read it with value_of")
        elif known.name in LENIENT:
            return
        elif isinstance(node.ctx, ast.Store):
            self._report(node, f"{what}: set it with a setter or setProperty, not by assignment")
        else:
            self._report(node, f"{what}: read it with value_of")

    def _check_difference(self, node: ast.Attribute, name: str) -> None:
        for facts in self._facts.lineage(name):
            difference = DIFFERENT.get((facts.name, node.attr))
            if difference and not self._is_bridge:
                self._report(node, f"{name}.{node.attr}: {difference}")

    def _check_constructor(self, node: ast.Call, name: str) -> None:
        facts = self._facts.find(name)
        if name.startswith("vtk") or facts is None:
            return
        if not facts.constructors:
            self._report(node, f"Python cannot make a {name}")
            return
        self._check_arguments(node, name, list(facts.constructors))

    def _check_method(self, node: ast.Call, function: ast.Attribute) -> None:
        if function.attr == "connect" and node.args and isinstance(node.args[0], ast.Constant):
            self._report(node, "connect signals by object: widget.signal.connect(function)")
            return
        package = ast.unparse(function.value)
        if package.startswith("slicer.") and python_names(package):
            self._check_function(node, package, function.attr)
            return
        self._check_name(node, function.attr, function.value)
        holder = class_reference(function.value)
        known_types = self._types.types(function.value, self._scope) or ({Known(holder)} if holder else set())
        for known in known_types:
            what = f"{known.name}.{function.attr}"
            if known.name.startswith("vtk"):
                forms = list(vtk_facts.signatures(known.name, function.attr))
                self._check_arguments(node, what, forms, keywords_allowed=True)
            elif holder or self._facts.kind(known.name, function.attr) == "method":
                self._check_arguments(node, what, self._facts.signatures(known.name, function.attr))

    def _check_arguments(
        self, node: ast.Call, what: str, forms: list[Signature], keywords_allowed: bool = False
    ) -> None:
        if node.keywords and not keywords_allowed:
            self._report(node, f"{what}: PythonQt takes no keyword arguments")
        count = len(node.args)
        uncertain = node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args)
        if forms and not uncertain and not any(form.least <= count <= form.most for form in forms):
            wanted = " or ".join(sorted({_range(form) for form in forms}))
            self._report(node, f"{what} takes {wanted} arguments, not {count}")

    def _check_function(self, node: ast.Call, package: str, name: str) -> None:
        """A function of one of Slicer's Python packages."""
        function = python_function(package, name)
        if function is None:
            return
        given = [keyword.arg for keyword in node.keywords if keyword.arg]
        for keyword in given:
            if keyword not in function.arguments and not function.any_keyword:
                self._report(node, f"{package}.{name} has no argument {keyword}")
        if any(isinstance(item, ast.Starred) for item in node.args) or len(given) < len(node.keywords):
            return
        count = len(node.args) + sum(keyword in function.arguments for keyword in given)
        least, most = len(function.arguments) - function.optional, len(function.arguments)
        if count < least or (count > most and not function.any_positional):
            self._report(node, f"{package}.{name} takes {least} to {most} arguments, not {count}")

    def _check_name(self, node: ast.Call, function: str, of: ast.expr | None) -> None:
        """The name in ``value_of(widget, "name")``, ``widget.property("name")``, ``put(widget, "setName", value)``."""
        place, wanted = _BY_NAME.get(function, (0, ""))
        if not wanted or of is None or len(node.args) <= place or not isinstance(node.args[place], ast.Constant):
            return
        name = str(node.args[place].value)  # type: ignore[attr-defined]
        for known in self._types.types(of, self._scope):
            if self._facts.kind(known.name, name) != wanted and self._is_certain(known, name, wanted):
                self._report(node, f"{known.name} has no {wanted} {name}")

    def _missing(self, node: ast.Attribute, known: Known, kind: str) -> None:
        if kind == "hidden":
            self._report(node, f"{known.name}.{node.attr} exists in C++ only")
        elif kind == "newer":
            self._report(node, f"{known.name}.{node.attr} does not exist in Qt 5.15")
        elif self._is_certain(known, node.attr):
            self._report(node, f"{known.name} has no {node.attr}")

    def _is_certain(self, known: Known, member: str, kind: str = "") -> bool:
        """Whether a class surely lacks a member: all its bases are known, and no possible heir has it."""
        if self._facts.find(known.name) is None or not self._facts.is_complete(known.name):
            return False
        found = [] if known.exact else [self._facts.kind(heir, member) for heir in self._facts.heirs(known.name)]
        return not any(other == kind if kind else other not in ("", "hidden", "newer") for other in found)

    def _report(self, node: ast.AST, text: str) -> None:
        self.findings.append(Finding(getattr(node, "lineno", 0), text))


def _range(form: Signature) -> str:
    return str(form.least) if form.least == form.most else f"{form.least} to {form.most}"
