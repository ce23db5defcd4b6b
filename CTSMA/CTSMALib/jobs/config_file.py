"""Configurations of trainings: files that people write, read into dataclasses and checked."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from CTSMALib.errors import InputError

Config = TypeVar("Config")


def read_document(path: Path, remedy: str) -> dict[str, Any]:
    """What a file of names and values holds.

    Args:
        path: TOML (``.toml``) or JSON.
        remedy: what to do where it cannot be read.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise InputError(f"The file '{path.name}' cannot be read ({error.strerror}).", remedy) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"The file '{path.name}' is no TOML or JSON: {error}.", remedy) from error
    if not isinstance(found, dict):
        raise InputError(f"The file '{path.name}' holds no names and values.", remedy)
    return found


def converted(document: dict[str, Any], kind: type[Config], what: str, remedy: str) -> Config:
    """Names and values as a dataclass.

    Args:
        document: names and values, dataclasses within it likewise.
        kind: the dataclass; its own checks raise errors for the user.
        what: how to call the document in messages.
        remedy: what to do where it does not fit.

    Raises:
        InputError: it has unknown names or wrong values.
    """
    import msgspec

    unknown = _unknown(document, kind)
    if unknown:
        raise InputError(f"{what} has the unknown name '{unknown[0]}'.", remedy)
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{what} cannot be used: {error}.", remedy) from error


def flat(document: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Names of nested values, joined by points."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        found |= flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return found


def _unknown(document: dict[str, Any], kind: type) -> list[str]:
    """Names that a dataclass does not have, also in dataclasses within it."""
    known = get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    found = [key for key in document if key not in names]
    for key in set(document) & names:
        if is_dataclass(known[key]) and isinstance(document[key], dict):
            found += [f"{key}.{name}" for name in _unknown(document[key], known[key])]
    return sorted(found)
