"""What CTK and Slicer offer, from ``Testing/slicer_api.json``: classes, and functions of Slicer's Python packages."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from Testing.static.checks.class_facts import ANY_NUMBER, ClassFacts, Facts, Signature
from Testing.static.checks.qt_facts import qt_class, qt_names

# The file that comes with the project holds what the project uses. A longer one may be named in the environment.
API_FILE = Path(os.environ.get("CTSMA_SLICER_API", Path(__file__).parents[2] / "slicer_api.json"))
ADVICE = "not in Testing/slicer_api.json; if Slicer has it, run scripts/extract_slicer_api.py"

# Bases that add nothing that Python sees.
_MIXINS = ("qSlicerObject", "qSlicerAbstractModuleRepresentation")
_PARENT_ARGUMENTS = {"": 0, "QWidget": 1, "QObject": 1}
# A file dialog's answer is text in Slicer and a pair in PySide6; exec is a keyword for older tools.
DIFFERENT = {
    ("QFileDialog", "getOpenFileName"): "PythonQt returns text, PySide6 a pair",
    ("QFileDialog", "getOpenFileNames"): "PythonQt returns a tuple, PySide6 a pair",
    ("QFileDialog", "getSaveFileName"): "PythonQt returns text, PySide6 a pair",
    ("QDialog", "exec"): "write exec_, which both have",
    ("QMenu", "exec"): "write exec_, which both have",
}


@dataclass(frozen=True)
class Function:
    """A Python function of Slicer: argument names, the number of optional ones, and whether it takes any keyword."""

    arguments: tuple[str, ...]
    optional: int
    any_positional: bool
    any_keyword: bool


def slicer_class(name: str) -> ClassFacts | None:
    """A class whose name begins with ctk, qMRML or qSlicer."""
    if name in _MIXINS:
        return ClassFacts(name)
    entry = _api()["classes"].get(name)
    if entry is None:
        return None
    decorators = dict(entry.get("decorators", {}))
    made = decorators.pop("__new__", ())
    methods = _methods({}, entry.get("slots", {}), entry.get("invokables", {}), decorators)
    parents = _PARENT_ARGUMENTS.get(entry.get("python_new"))
    constructors = () if parents is None else (Signature(0, parents),)
    return ClassFacts(
        name=name,
        bases=tuple(entry.get("bases", ())),
        properties=frozenset(entry.get("properties", ())),
        signals=frozenset(entry.get("signals", ())),
        methods=methods,
        enums={enum: frozenset(values) for enum, values in entry.get("enums", {}).items()},
        constructors=constructors + tuple(Signature(len(form), len(form)) for form in made),
        hidden=frozenset(entry.get("cpp_only", ())),
    )


def python_names(package: str) -> set[str]:
    """The public names of a Python package of Slicer, for example ``slicer.util``; empty where it is unknown."""
    entry = _api()["python"].get(package, {})
    return {*entry.get("functions", ()), *entry.get("classes", ()), *entry.get("names", ())}


def python_function(package: str, name: str) -> Function | None:
    """A function of a Python package, or the constructor of one of its classes; ``None`` where it is unknown."""
    entry = _api()["python"].get(package, {})
    found = entry.get("functions", {}).get(name)
    if found is None:
        found = entry.get("classes", {}).get(name, {}).get("methods", {}).get("__init__")
    if found is None:
        return None
    arguments = tuple(argument for argument in found["args"] if argument != "self")
    return Function(
        arguments,
        found.get("optional", 0),
        "vararg" in found,
        "kwarg" in found,
    )


@cache
def all_facts() -> Facts:
    """Qt, CTK and Slicer together."""
    return Facts(slicer_class, qt_class, names=lambda: {*_api()["classes"], *qt_names()})


@cache
def _api() -> dict[str, Any]:
    api: dict[str, Any] = json.loads(API_FILE.read_text(encoding="utf-8"))
    return api


def _methods(*groups: dict[str, Any]) -> dict[str, tuple[Signature, ...]]:
    methods: dict[str, tuple[Signature, ...]] = {}
    for group in groups:
        for name, forms in group.items():
            methods[name] = (*methods.get(name, ()), *(_signature(form) for form in forms))
    return methods


def _signature(form: dict[str, Any]) -> Signature:
    count = len(form.get("args", ()))
    returned = re.fullmatch(r"(?:const )?(\w+)\s*[*&]?", form.get("ret", ""))
    most = ANY_NUMBER if form.get("vararg") else count
    return Signature(count - form.get("optional", 0), most, returned.group(1) if returned else "")
