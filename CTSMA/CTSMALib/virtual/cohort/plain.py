"""Parameters as JSON, and a digest of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np


def as_plain(value: Any) -> Any:
    """A value in the types that JSON knows.

    Args:
        value: a dataclass, mapping, sequence, array, enumeration member, number or text, nested at will.

    Raises:
        TypeError: something else is in it.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(as_plain(key)): as_plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, np.ndarray | np.generic):
        return as_plain(value.tolist())
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def as_json(value: Any) -> bytes:
    """A file's worth of JSON.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(as_plain(value), indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def digest(value: Any) -> str:
    """SHA-256 of parameters, the same however they are ordered; floats count to the last digit."""
    text = json.dumps(as_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
