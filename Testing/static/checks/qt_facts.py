"""What plain Qt offers: the classes and members that Qt 6 and Qt 5.15 share.

Methods, signals and enumerations come from the type stubs of PySide6, properties from its meta-objects. These are
asked in a process of their own, so that it does not matter what another test has made of PySide6 in this one.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from Testing.static.checks.class_facts import ANY_NUMBER, ClassFacts, Signature

MODULES = ("QtCore", "QtGui", "QtWidgets", "QtSvg")
QT6_ONLY = Path(__file__).with_name("qt6_only.txt")

_ONE_CLASS = re.compile(r"(?:typing\.Optional\[)?PySide6\.\w+\.(Q\w+)\]?(?: \| None)?")
_ASK_PROPERTIES = """
import importlib, json, sys
found = {}
for module in map(importlib.import_module, sys.argv[1:]):
    for name in dir(module):
        meta = getattr(getattr(module, name), "staticMetaObject", None)
        if meta is not None and meta.className() == name:
            found[name] = [meta.property(i).name() for i in range(meta.propertyOffset(), meta.propertyCount())]
print(json.dumps(found))
"""


def qt_class(name: str) -> ClassFacts | None:
    """A class of QtCore, QtGui, QtWidgets or QtSvg of Qt 6; ``None`` for any other."""
    source = _class_sources().get(name)
    if source is None:
        return None
    parts = [part for part in ast.parse(source).body if isinstance(part, ast.ClassDef)]
    node = parts[0]
    node.body = [item for part in parts for item in part.body]  # the namespace Qt is in two modules
    bases = [ast.unparse(base).split(".")[-1] for base in node.bases]
    methods: dict[str, tuple[Signature, ...]] = {}
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            methods[item.name] = (*methods.get(item.name, ()), _signature(item))
    constructors = methods.pop("__init__", ())
    return ClassFacts(
        name=name,
        bases=tuple(base for base in bases if base.startswith("Q") and base not in ("QObjectBase", name)),
        properties=frozenset(properties().get(name, ())),
        signals=frozenset(_signals(node)),
        methods=methods,
        enums=_enums(node),
        constructors=constructors,
        absent=qt6_only().get(name, frozenset()),
    )


def is_newer(name: str) -> bool:
    """Whether Qt 5.15 lacks a class."""
    return qt6_only().get(name) == frozenset()


def qt_names() -> set[str]:
    """The names of all classes."""
    return set(_class_sources())


@cache
def qt6_only() -> dict[str, frozenset[str]]:
    """Class to the members that Qt 5.15 lacks; empty where it lacks the class."""
    found: dict[str, frozenset[str]] = {}
    for line in QT6_ONLY.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, _, members = line.partition(":")
            found[name] = found.get(name, frozenset()) | frozenset(members.split())
    return found


@cache
def properties() -> dict[str, list[str]]:
    """Class to the properties it adds to those of its bases."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", _ASK_PROPERTIES, *(f"PySide6.{name}" for name in MODULES)]
    answer = subprocess.run(command, env=environment, capture_output=True, check=True, text=True, timeout=120)
    found: dict[str, list[str]] = json.loads(answer.stdout)
    return found


@cache
def _class_sources() -> dict[str, str]:
    """Class to the text of its stub; reading text is much faster than parsing every stub."""
    package = importlib.util.find_spec("PySide6")
    assert package is not None and package.origin, "PySide6 is not installed: install the test extra"
    found: dict[str, str] = {}
    for module in MODULES:
        text = (Path(package.origin).parent / f"{module}.pyi").read_text(encoding="utf-8")
        for block in re.split(r"(?m)^(?=class )", text)[1:]:
            name = re.match(r"class (\w+)", block)
            if name and name.group(1).startswith("Q"):
                found[name.group(1)] = found.get(name.group(1), "") + block
    return found


def _signature(function: ast.FunctionDef) -> Signature:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    count = len(names) - (names[:1] == ["self"])
    least = max(count - len(arguments.defaults), 0)
    returned = _ONE_CLASS.fullmatch(ast.unparse(function.returns)) if function.returns else None
    return Signature(least, ANY_NUMBER if arguments.vararg else count, returned.group(1) if returned else "")


def _signals(node: ast.ClassDef) -> list[str]:
    return [
        item.target.id
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and "Signal" in ast.unparse(item)
    ]


def _enums(node: ast.ClassDef) -> dict[str, frozenset[str]]:
    found = {}
    for item in node.body:
        if isinstance(item, ast.ClassDef) and any(ast.unparse(base).startswith("enum.") for base in item.bases):
            targets = [target for line in item.body if isinstance(line, ast.Assign) for target in line.targets]
            found[item.name] = frozenset(target.id for target in targets if isinstance(target, ast.Name))
    return found
