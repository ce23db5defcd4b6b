"""What the value of an expression is, as far as the source says so plainly.

Types come from constructors (``qt.QTimer()``), from the ``.ui`` file that a class loads (``self.ui.name``), from
annotations, from the class names given to a scene's methods, and from what methods are known to return. Anything
else is unknown, and nothing is said about it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from Testing.static.checks.class_facts import Facts
from Testing.static.checks.ui_file import UiFile
from Testing.static.checks.ui_use import UiUse

MODULES = ("qt", "ctk", "slicer", "vtk")
SIGNAL = "a signal"

_IMPLIED = {("slicer", "app"): "qSlicerApplication", ("slicer", "mrmlScene"): "vtkMRMLScene"}
_MAKES_NODES = (
    *("CreateNodeByClass", "AddNewNodeByClass", "GetFirstNodeByClass", "GetNthNodeByClass", "GetSingletonNode"),
)
_INHERITED = {
    ("ScriptedLoadableModule", "parent"): "qSlicerScriptedLoadableModule",
    ("ScriptedLoadableModuleWidget", "parent"): "qMRMLWidget",
    ("ScriptedLoadableModuleWidget", "layout"): "QVBoxLayout",
}
# Classes that no source needs to name, because the application or its base classes hand them out.
CLASSES_TAKEN_FOR_GRANTED = sorted(
    {name for name in (*_IMPLIED.values(), *_INHERITED.values()) if not name.startswith("vtk")}
    | {"qSlicerLayoutManager", "qMRMLSliceWidget", "qMRMLSliceView", "qMRMLThreeDWidget", "qMRMLThreeDView"}
)


@dataclass(frozen=True)
class Known:
    """A class by name; ``exact`` is false where the object may be of a class that derives from it."""

    name: str
    exact: bool = True


Types = frozenset[Known]
UNKNOWN: Types = frozenset()


@dataclass
class Scope:
    """What is known inside a function; names not found are looked for in the scope around it.

    Attributes:
        variables: name to the lines where it gets a value, with the types of the value.
        owner: the class that the function belongs to.
        around: the enclosing scope.
    """

    variables: dict[str, dict[int, Types]] = field(default_factory=dict)
    owner: ast.ClassDef | None = None
    around: Scope | None = None

    def find(self, name: str, line: int) -> Types:
        """The types of a name at a line: those of the last value it got above, else of the first below."""
        values = self.variables.get(name)
        if values is None:
            return self.around.find(name, sys.maxsize) if self.around else UNKNOWN
        above = [place for place in values if place <= line]
        return values[max(above) if above else min(values)]

    def put(self, name: str, line: int, types: Types) -> None:
        """Note that a name gets a value at a line."""
        self.variables.setdefault(name, {})[line] = types


class TypeReader:
    """Finds types in one source file.

    Args:
        tree: the parsed file.
        facts: what is known of Qt, CTK and Slicer.
        ui_files: name to file, of every ``.ui`` file.
    """

    def __init__(self, tree: ast.Module, facts: Facts, ui_files: dict[str, UiFile]) -> None:
        self._facts = facts
        self._ui = UiUse(tree, ui_files)
        self._attributes: dict[ast.ClassDef, dict[str, Types]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self._attributes[node] = {}
        for _again in range(2):  # an attribute may be made from one that is assigned further down
            for owner in self._attributes:
                self._attributes[owner] = self._attributes_of(owner)

    def scope_of(self, function: ast.AST, owner: ast.ClassDef | None, around: Scope | None) -> Scope:
        """The scope of a function: its arguments and variables."""
        scope = Scope(owner=owner, around=around)
        arguments = getattr(function, "args", None)
        if arguments is not None:
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                scope.put(argument.arg, 0, self.annotated(argument.annotation))
        for _again in range(2):  # a variable may be made from one that is assigned further down
            for target, types in list(self._targets(function, scope)):
                if isinstance(target, ast.Name):
                    scope.put(target.id, target.lineno, types)
        return scope

    def annotated(self, annotation: ast.expr | None) -> Types:
        """The types that an annotation names, such as ``qt.QLabel`` or ``"slicer.qMRMLSliceView"``."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        name = class_reference(annotation) if annotation is not None else ""
        return frozenset({Known(name, exact=False)}) if name else UNKNOWN

    def types(self, node: ast.expr, scope: Scope) -> Types:
        """The types that an expression may have; empty where they are not known."""
        match node:
            case ast.Name():
                return scope.find(node.id, node.lineno)
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.Call():
                return self._call(node, scope)
            case ast.IfExp():
                return _union([self.types(node.body, scope), self.types(node.orelse, scope)])
            case ast.NamedExpr():
                return self.types(node.value, scope)
        return UNKNOWN

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Types:
        value = node.value
        if isinstance(value, ast.Name):
            implied = _IMPLIED.get((value.id, node.attr))
            if implied:
                return frozenset({Known(implied)})
            if value.id == "self" and scope.owner is not None:
                return self._own(scope.owner, node.attr)
        if self._ui.is_ui(value):
            files = self._ui.files_of(value, scope.owner)
            kinds = {file.kinds[node.attr] for file in files if node.attr in file.kinds}
            return frozenset(Known(kind) for kind in kinds)
        of = self.types(value, scope)
        if of and all(self._facts.kind(known.name, node.attr) == "signal" for known in of):
            return frozenset({Known(SIGNAL)})
        return UNKNOWN

    def _own(self, owner: ast.ClassDef, name: str) -> Types:
        found = self._attributes[owner].get(name, UNKNOWN)
        for base in owner.bases:
            inherited = _INHERITED.get((ast.unparse(base).split(".")[-1], name))
            if inherited and not found:
                return frozenset({Known(inherited, exact=False)})
        return found

    def _call(self, node: ast.Call, scope: Scope) -> Types:
        made = class_reference(node.func)
        if made:
            return frozenset({Known(made)})
        if not isinstance(node.func, ast.Attribute):
            return UNKNOWN
        method = node.func.attr
        if method in _MAKES_NODES:
            return frozenset(Known(name) for name in _literals(node.args) if name.startswith("vtkMRML"))
        of = self.types(node.func.value, scope) or _static(node.func.value)
        returned = {form.returns for known in of for form in self._facts.signatures(known.name, method)}
        if len(returned) == 1 and self._facts.find(next(iter(returned))):
            return frozenset({Known(returned.pop(), exact=False)})
        return UNKNOWN

    def _attributes_of(self, owner: ast.ClassDef) -> dict[str, Types]:
        found: dict[str, list[Types]] = {}
        for function in ast.walk(owner):
            if isinstance(function, ast.FunctionDef):
                scope = self.scope_of(function, owner, None)
                for target, types in self._targets(function, scope):
                    if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                        found.setdefault(target.attr, []).append(types)
        return {name: _union(types) for name, types in found.items()}

    def _targets(self, function: ast.AST, scope: Scope) -> Iterator[tuple[ast.expr, Types]]:
        """What a function assigns to, with the types of the values; assignments of ``None`` say nothing."""
        for node in _own_nodes(function):
            match node:
                case ast.Assign(value=ast.Constant(value=None)) | ast.AnnAssign(value=ast.Constant(value=None)):
                    continue
                case ast.Assign():
                    for target in node.targets:
                        yield from _pairs(target, self.types(node.value, scope))
                case ast.AnnAssign():
                    told = self.annotated(node.annotation)
                    yield node.target, told or (self.types(node.value, scope) if node.value else UNKNOWN)
                case ast.NamedExpr():
                    yield node.target, self.types(node.value, scope)
                case ast.For() | ast.comprehension():
                    yield from self._loop(node.target, node.iter, scope)
                case ast.With():
                    for item in node.items:
                        if item.optional_vars is not None:
                            yield from _pairs(item.optional_vars, UNKNOWN)

    def _loop(self, target: ast.expr, values: ast.expr, scope: Scope) -> Iterator[tuple[ast.expr, Types]]:
        """What a loop assigns to, where its values are written down one by one."""
        items = values.elts if isinstance(values, ast.Tuple | ast.List) else []
        if not isinstance(target, ast.Tuple):
            yield target, _union(self.types(item, scope) for item in items)
            return
        for place, part in enumerate(target.elts):
            columns = [item.elts[place] for item in items if isinstance(item, ast.Tuple) and place < len(item.elts)]
            yield part, _union(self.types(item, scope) for item in columns)


def class_reference(node: ast.expr) -> str:
    """The class that an expression such as ``qt.QLabel`` or ``slicer.qMRMLWidget`` names; empty for anything else."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in MODULES:
        return node.attr if re.fullmatch(r"(Q|ctk|qMRML|qSlicer|vtk)\w+", node.attr) and node.attr != "Qt" else ""
    return ""


def _static(node: ast.expr) -> Types:
    name = class_reference(node)
    return frozenset({Known(name)}) if name else UNKNOWN


def _union(types: Iterable[Types]) -> Types:
    """All of them together; unknown if one is unknown."""
    listed = list(types)
    return frozenset().union(*listed) if listed and all(listed) else UNKNOWN


def _pairs(target: ast.expr, types: Types) -> Iterator[tuple[ast.expr, Types]]:
    """A target with its types; the parts of a tuple are unknown."""
    if isinstance(target, ast.Tuple | ast.List):
        yield from ((part, UNKNOWN) for part in target.elts)
    else:
        yield target, types


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _literals(arguments: list[ast.expr]) -> list[str]:
    return [item.value for item in arguments if isinstance(item, ast.Constant) and isinstance(item.value, str)]
