"""What VTK and MRML offer, asked of the installed packages."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from Testing.static.checks.class_facts import Signature


@cache
def vtk_class(name: str) -> Any | None:
    """A class of MRML or VTK by name; ``None`` where there is none."""
    import slicer
    import vtk

    return getattr(slicer, name, None) or getattr(vtk, name, None)


def has_member(name: str, member: str) -> bool:
    """Whether a class has a method, constant or attribute."""
    return hasattr(vtk_class(name), member)


@cache
def signatures(name: str, method: str) -> tuple[Signature, ...]:
    """The forms of a method as its documentation lists them; empty where it lists none."""
    text = getattr(getattr(vtk_class(name), method, None), "__doc__", None) or ""
    return tuple(_forms(text, method))


def _forms(text: str, method: str) -> list[Signature]:
    found = []
    for listed in re.finditer(rf"(?ms)^\s*{re.escape(method)}\((.*?)\)\s*->", text):
        arguments = [part for part in _split(listed.group(1)) if part != "self"]
        found.append(Signature(sum("=" not in part for part in arguments), len(arguments)))
    return found


def _split(text: str) -> list[str]:
    """The arguments of a signature; commas inside brackets do not count."""
    parts, depth, current = [], 0, ""
    for letter in " ".join(text.split()):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += letter
    return [part for part in [*parts, current.strip()] if part]
