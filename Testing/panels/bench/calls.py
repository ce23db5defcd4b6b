"""Calls of imitated C++ methods: how many arguments of which types, and what comes back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from Testing.panels.bench.facts import NotInSlicerError
from Testing.panels.bench.pythonqt import QT_MODULES

_NUMBERS = ("double", "float")
_INTEGERS = ("int", "unsigned int", "unsigned long", "unsigned short", "vtkIdType", "vtkMTimeType", "long")
_TEXTS = ("QString", "char*", "std::string")
_PLAIN = {"bool": False, "QString": "", "QStringList": ()}


def is_list(cpp_type: str) -> bool:
    """Whether PythonQt gives the C++ type as a tuple."""
    return cpp_type == "QStringList" or cpp_type.startswith("QList<")


def zero(cpp_type: str) -> Any:
    """What a property of a C++ type is before it is set."""
    if cpp_type in _NUMBERS:
        return 0.0
    if cpp_type in _PLAIN:
        return _PLAIN[cpp_type]
    cls = qt_class(cpp_type)
    return cls() if cls is not None and cpp_type.startswith("Q") and "::" not in cpp_type else 0


def qt_class(name: str) -> type | None:
    """A class of PySide6; None where there is none."""
    return next((found for module in QT_MODULES if isinstance(found := getattr(module, name, None), type)), None)


def fits(cpp_type: str, value: Any) -> bool:
    """Whether a value may stand for a C++ type; stricter than PythonQt, which turns any object into text."""
    if cpp_type in _TEXTS:
        return isinstance(value, str)
    if cpp_type == "bool":
        return isinstance(value, bool | int)
    if cpp_type in _INTEGERS:
        return isinstance(value, int)
    if cpp_type in _NUMBERS:
        return isinstance(value, int | float)
    if is_list(cpp_type):
        return isinstance(value, list | tuple)
    if cpp_type.endswith("*"):
        name = cpp_type[:-1]
        if name.startswith("vtk"):
            return value is None or (hasattr(value, "IsA") and bool(value.IsA(name)))
        cls = qt_class(name)
        return value is None or cls is None or isinstance(value, cls)
    return True


def converted(cpp_type: str, value: Any) -> Any:
    """A value as Python gets it from PythonQt."""
    if is_list(cpp_type) and value is not None:
        return tuple(value)
    if cpp_type in _NUMBERS:
        return float(value)
    return bool(value) if cpp_type == "bool" else value


def signature(name: str, overload: dict[str, Any]) -> str:
    """A method as C++ writes it."""
    needed = len(overload["args"]) - overload.get("optional", 0)
    arguments = [arg if index < needed else f"[{arg}]" for index, arg in enumerate(overload["args"])]
    return f"{name}({', '.join(arguments)})"


def matching(where: str, name: str, overloads: list[dict[str, Any]], arguments: tuple[Any, ...]) -> dict[str, Any]:
    """The overload that takes the arguments.

    Raises:
        TypeError: there is none.
    """
    for overload in overloads:
        types = overload["args"]
        enough = len(types) - overload.get("optional", 0) <= len(arguments) <= len(types)
        if enough and all(map(fits, types, arguments)):
            return overload
    offered = " or ".join(signature(name, overload) for overload in overloads)
    given = ", ".join(type(argument).__name__ for argument in arguments)
    raise TypeError(f"{where}.{name} is called with ({given}); Slicer has {offered}.")


def checked(where: str, name: str, overloads: list[dict[str, Any]], imitation: Callable[..., Any]) -> Any:
    """A method that refuses calls that the real one refuses."""

    @functools.wraps(imitation)
    def method(self: Any, *arguments: Any) -> Any:
        overload = matching(where, name, overloads, arguments)
        result = imitation(self, *arguments)
        return result if result is None else converted(overload.get("ret", ""), result)

    return method


def not_imitated(where: str, name: str, overloads: list[dict[str, Any]]) -> Any:
    """A method that the real class has and the bench does not imitate."""

    def method(self: Any, *arguments: Any) -> Any:
        matching(where, name, overloads, arguments)
        raise NotImplementedError(f"Slicer has {where}.{name}, but the test bench does not imitate it.")

    method._not_imitated = True
    return method


def hidden(where: str, name: str, properties: dict[str, Any]) -> NotInSlicerError:
    """Why Python cannot use a method that C++ has."""
    written = next((key for key, entry in properties.items() if name in (entry.get("write"), entry.get("read"))), None)
    instead = f": use the property {written!r}" if written else ""
    return NotInSlicerError(f"{where}.{name} exists in C++ only, Python does not see it{instead}.")
