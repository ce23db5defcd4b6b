"""Makes the CTK, qMRML and qSlicer classes from the facts, each when it is first asked for.

What a class does is given by a *behavior*: an ordinary class, registered with :func:`imitates`, whose methods are
copied into the generated one. A behavior may define public methods that the real class has, overrides of Qt's virtual
methods, and private helpers:

- ``_created(self)``: called at the end of the constructor;
- ``_read_NAME(self)`` and ``_write_NAME(self, value)``: instead of storing the value of the property NAME;
- ``_changed(self, name)``: called after a stored property has got another value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from Testing.panels.bench import calls, facts
from Testing.panels.bench.pythonqt import QtCore, qt_name

_behaviors: dict[str, type] = {}
_defaults: dict[str, dict[str, Any]] = {}
_classes: dict[str, type] = {}
_creating: list[bool] = []  # not empty while the bench creates what Python code cannot create in Slicer
_SIGNAL_TYPES = {"bool": bool, "int": int, "double": float, "QString": str}
_PROPERTY_TYPES = {"bool": "bool", "double": "double", "QString": "QString", "QStringList": "QStringList", "int": "int"}


def imitates(name: str, **defaults: Any) -> Callable[[type], type]:
    """Register a behavior for a class, and first values of its properties; derived classes have them as well."""

    def register(behavior: type) -> type:
        _behaviors[name] = behavior
        _defaults[name] = defaults
        return behavior

    return register


def gives(attribute: str, call: str = "") -> Callable[[Any], Any]:
    """A method of a behavior that returns one of its private attributes, or what a call of that one returns."""

    def method(self: Any) -> Any:
        value = getattr(self, attribute)
        return getattr(value, call)() if call else value

    return method


def class_named(name: str) -> type:
    """The stand-in of a class.

    Raises:
        NotInSlicerError: Slicer has no such class, or a behavior defines what the class lacks.
    """
    if name not in _classes:
        _classes[name] = build_class(name, _behaviors.get(name))
    return _classes[name]


def create(name: str, *arguments: Any) -> Any:
    """An object of a class, also of one that Python cannot create in Slicer."""
    with _unrestricted():
        return class_named(name)(*arguments)


@contextmanager
def _unrestricted() -> Iterator[None]:
    _creating.append(True)
    try:
        yield
    finally:
        _creating.pop()


def build_class(name: str, behavior: type | None) -> type:
    """Generate a class; see the top of this file for what a behavior may hold."""
    entry = facts.of_class(name)
    base = _base_class(name, entry)
    parts: dict[str, Any] = {"_real_class": name, "__init__": _constructor(name, entry)}
    if not hasattr(base, "_real_class"):
        parts |= {"__getattr__": _explain, "_created": lambda self: None, "_changed": lambda self, name: None}
    parts.update((key, value) for enum in entry.get("enums", {}).values() for key, value in enum.items())
    parts.update({signal: _signal(overloads) for signal, overloads in entry.get("signals", {}).items()})
    for property_name, description in entry.get("properties", {}).items():
        parts[property_name] = _property(property_name, description, parts)
    for part in ("slots", "invokables", "decorators"):
        for method, overloads in entry.get(part, {}).items():
            inherited = getattr(base, method, None)  # Qt's own method, or what a base class imitates
            if method not in parts and (inherited is None or hasattr(inherited, "_not_imitated")):
                parts[method] = _method(name, method, overloads, entry)
    parts.update(_members_of(behavior, name, base))
    return type(name, (base,), parts)


def _base_class(name: str, entry: dict[str, Any]) -> type:
    for base in entry["bases"]:
        if facts.is_class(base):
            if facts.of_class(base)["qobject"]:
                return class_named(base)
        elif base.startswith("Q"):
            found: type = qt_name("QWidget" if base == "QVTKWidget" else base)  # VTK's own widget
            return found
    raise facts.NotInSlicerError(f"{name} is no class of Qt objects: the test bench cannot imitate it.")


def _constructor(name: str, entry: dict[str, Any]) -> Callable[..., None]:
    taken = {"QWidget": 1, "QObject": 1, "": 0}.get(entry["python_new"])

    def __init__(self: Any, *arguments: Any, **keywords: Any) -> None:
        if keywords:
            raise TypeError(f"PythonQt ignores keyword arguments: {name}({', '.join(keywords)}=...).")
        if not _creating and type(self).__dict__.get("_real_class") == name:
            if taken is None:
                raise TypeError(f"{name} cannot be created in Python.")
            if len(arguments) > taken or not all(calls.fits("QWidget*", value) for value in arguments):
                raise TypeError(f"PythonQt creates {name} with {'a parent' if taken else 'nothing'} only.")
        base = next(cls for cls in type(self).__mro__ if cls.__module__.startswith("PySide6"))
        base.__init__(self, *arguments)
        self._values = {}
        self._created()

    return __init__


def _explain(self: Any, name: str) -> Any:
    real = type(self)._real_class
    if name.startswith("_"):
        raise AttributeError(name)
    for ancestor in facts.lineage(real):
        entry = facts.of_class(ancestor)
        if name in entry.get("cpp_only", ()):
            raise calls.hidden(ancestor, name, entry.get("properties", {}))
    raise facts.NotInSlicerError(f"{real} has no {name!r} in Slicer.")


def _signal(overloads: list[dict[str, Any]]) -> Any:
    types = [tuple(_SIGNAL_TYPES.get(arg, object) for arg in overload["args"]) for overload in overloads]
    return QtCore.Signal(*types[0]) if len(types) == 1 else QtCore.Signal(*types)


def _property(name: str, description: dict[str, Any], parts: dict[str, Any]) -> Any:
    cpp_type = description["type"]
    notify = description.get("notify")

    def read(self: Any) -> Any:
        reader = getattr(self, f"_read_{name}", None)
        return calls.converted(cpp_type, reader() if reader else _stored(self, name, cpp_type))

    def write(self: Any, value: Any) -> None:
        if not calls.fits(cpp_type, value):
            raise TypeError(f"{type(self).__name__}.{name} is of type {cpp_type}, {value!r} does not fit.")
        value = calls.converted(cpp_type, value)
        writer = getattr(self, f"_write_{name}", None)
        if writer:
            writer(value)
        elif value != read(self):
            self._values[name] = value
            self._changed(name)
            if notify:
                announced = facts.overloads(type(self)._real_class, notify)[0]["args"]
                getattr(self, notify).emit(*[value][: len(announced)])

    qt_type = _PROPERTY_TYPES.get(cpp_type) or (cpp_type if calls.qt_class(cpp_type) else "int")
    options: dict[str, Any] = {"notify": parts[notify]} if notify in parts else {}
    return QtCore.Property(qt_type, read, write if description.get("write") else None, **options)


def _stored(self: Any, name: str, cpp_type: str) -> Any:
    if name in self._values:
        return self._values[name]
    for cls in type(self).__mro__:
        defaults = _defaults.get(cls.__dict__.get("_real_class", ""), {})
        if name in defaults:
            return defaults[name]
    return calls.zero(cpp_type)


def _method(where: str, method: str, overloads: list[dict[str, Any]], entry: dict[str, Any]) -> Any:
    """A setter that is a slot sets its property; anything else needs a behavior."""
    for name, description in entry.get("properties", {}).items():
        if description.get("write") == method and overloads[0]["args"] == [description["type"]]:

            def setter(self: Any, value: Any, name: str = name) -> None:
                setattr(self, name, value)

            return calls.checked(where, method, overloads, setter)
    return calls.not_imitated(where, method, overloads)


def _members_of(behavior: type | None, name: str, base: Any) -> dict[str, Any]:
    """What a behavior gives to its class, refused where it goes beyond the real class."""
    members = {}
    for key, value in _public_and_private(behavior):
        for prefix in ("_read_", "_write_"):
            if key.startswith(prefix) and facts.member(name, "properties", key.removeprefix(prefix)) is None:
                raise facts.NotInSlicerError(f"{name} has no property {key.removeprefix(prefix)!r} to imitate.")
        overloads = facts.overloads(name, key)
        if overloads:
            value = calls.checked(name, key, overloads, value)
        elif not key.startswith("_") and not hasattr(base, key):
            raise facts.NotInSlicerError(f"The behavior of {name} defines {key!r}, which {name} lacks in Slicer.")
        members[key] = value
    return members


def _public_and_private(behavior: type | None) -> list[tuple[str, Any]]:
    bases = behavior.__mro__[-2::-1] if behavior else ()  # behaviors may derive from each other
    return [item for base in bases for item in vars(base).items() if not item[0].startswith("__")]
