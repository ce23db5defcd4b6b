"""What Python sees of Slicer's classes and functions: the facts in ``Testing/slicer_api.json``."""

from __future__ import annotations

import functools
import inspect
import json
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parents[2] / "slicer_api.json"
MEMBERS = ("properties", "signals", "slots", "invokables", "decorators")
REMEDY = (
    "If Slicer has it, write Testing/slicer_api.json again: scripts/extract_slicer_api.py FULL.json "
    "(it keeps the classes that the sources name)."
)


class NotInSlicerError(AttributeError):
    """A class, or a part of one, that Slicer lacks or hides from Python."""


@functools.cache
def all_facts() -> dict[str, Any]:
    """The whole table."""
    facts: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))
    return facts


def of_class(name: str) -> dict[str, Any]:
    """The facts on a CTK, qMRML or qSlicer class.

    Raises:
        NotInSlicerError: it is not in the table.
    """
    try:
        entry: dict[str, Any] = all_facts()["classes"][name]
    except KeyError:
        raise NotInSlicerError(f"There is no class {name} in Testing/slicer_api.json. {REMEDY}") from None
    return entry


def is_class(name: str) -> bool:
    """Whether the table has the class."""
    return name in all_facts()["classes"]


def lineage(name: str) -> list[str]:
    """A class and its bases that are in the table, nearest first."""
    found = [name]
    for base in of_class(name)["bases"]:
        if is_class(base):
            found.extend(lineage(base))
    return found


def member(name: str, part: str, member_name: str) -> Any:
    """A property, signal, slot, invokable or decorator of a class or its bases; None where there is none."""
    for ancestor in lineage(name):
        found = of_class(ancestor).get(part, {}).get(member_name)
        if found is not None:
            return found
    return None


def overloads(name: str, method: str) -> list[dict[str, Any]]:
    """All ways to call a method (or to connect to a signal), nearest class first."""
    parts = (member(name, part, method) for part in ("signals", "slots", "invokables", "decorators"))
    return [overload for part in parts if part for overload in part]


def python_signature(module: str, name: str) -> inspect.Signature:
    """The arguments of one of Slicer's Python functions; optional ones default to None.

    Raises:
        NotInSlicerError: the module has no such function.
    """
    try:
        known = all_facts()["python"][module]["functions"][name]
    except KeyError:
        raise NotInSlicerError(f"Slicer has no {module}.{name}. {REMEDY}") from None
    kinds = inspect.Parameter
    needed = len(known["args"]) - known.get("optional", 0)
    parameters = [
        kinds(argument, kinds.POSITIONAL_OR_KEYWORD, default=kinds.empty if index < needed else None)
        for index, argument in enumerate(known["args"])
    ]
    if "kwarg" in known:
        parameters.append(kinds(known["kwarg"], kinds.VAR_KEYWORD))
    return inspect.Signature(parameters)
