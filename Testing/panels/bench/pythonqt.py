"""Makes PySide6 behave like PythonQt, as far as strictness goes.

The classes are changed in place, because Qt itself creates many objects: layouts, actions, children of ``.ui`` files.
In PythonQt a Qt property is an attribute with a value, so ``slider.value()`` fails; what a C++ object lacks cannot be
set; each object has ``name``, ``className()`` and ``delete()``.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Enumerations are integers, in PythonQt as well; PySide6 reads this when it is imported first.
sys.pyside6_option_python_enum = 0x06

import shiboken6  # noqa: E402, F401 - others take it from here: it, too, has to come after the line above
from PySide6 import QtCore, QtGui, QtNetwork, QtWidgets  # noqa: E402

QT_MODULES = (QtCore, QtGui, QtWidgets, QtNetwork)
DYNAMIC_PREFIXES = ("Slicer", "CTSMA")  # of properties that may be invented, such as SlicerParameterName
NOT_IN_PYTHONQT = ("Signal", "Slot", "Property", "SIGNAL", "SLOT", "ClassInfo", "QmlElement", "QEnum", "QFlag")


class PropertyAttribute:
    """A Qt property as PythonQt shows it: a value on the object, the C++ method on the class."""

    def __init__(self, name: str, getter: Callable[[Any], Any] | None) -> None:
        self.name = name
        self.getter = getter

    def __get__(self, owner: Any, owner_class: type | None = None) -> Any:
        if owner is None:
            if self.getter is None:
                raise AttributeError(f"{self.name} is a property: its value is on objects, not on the class.")
            return self.getter
        return _read_property(owner, self.name) if self.getter is None else self._read(owner)

    def __set__(self, owner: Any, value: Any) -> None:
        if not _write_property(owner, self.name, value):
            raise AttributeError(f"{type(owner).__name__}.{self.name} cannot be set to {value!r}.")

    def _read(self, owner: Any) -> Any:
        try:
            return self.getter(owner)
        except TypeError:  # a getter of the class, such as QCoreApplication.applicationName
            return self.getter()


_connect, _disconnect = QtCore.SignalInstance.connect, QtCore.SignalInstance.disconnect
_read_property = QtCore.QObject.property
_set_property = QtCore.QObject.setProperty
_patched: set[type] = set()


def _write_property(owner: Any, name: str, value: Any) -> bool:
    return bool(_set_property(owner, name, list(value) if isinstance(value, tuple) else value))


def is_known_property(owner: Any, name: str) -> bool:
    """Whether the object has the property, or may be given it."""
    return (
        owner.metaObject().indexOfProperty(name) >= 0
        or name.startswith(DYNAMIC_PREFIXES)
        or name in [bytes(known).decode() for known in owner.dynamicPropertyNames()]
    )


def _property(self: Any, name: str) -> Any:
    if not is_known_property(self, name):
        raise AttributeError(f"{type(self).__name__} has no property {name!r}; Qt would answer None.")
    value = _read_property(self, name)
    return tuple(value) if isinstance(value, list) else value


def _checked_set_property(self: Any, name: str, value: Any) -> bool:
    if not is_known_property(self, name):
        raise AttributeError(
            f"{type(self).__name__} has no property {name!r}; Qt would invent it. "
            f"Names of invented ones begin with {' or '.join(DYNAMIC_PREFIXES)}."
        )
    done = _write_property(self, name, value)
    if not done and self.metaObject().indexOfProperty(name) >= 0:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set to {value!r}.")
    return done


def _is_written_in_python(cls: type) -> bool:
    """Whether a class is a panel's own subclass, which may have any attribute."""
    return not cls.__module__.startswith("PySide6") and "_real_class" not in cls.__dict__


def _attribute_of_class(cls: type, name: str) -> Any:
    return next((base.__dict__[name] for base in cls.__mro__ if name in base.__dict__), None)


def _set_attribute(self: Any, name: str, value: Any) -> None:
    cls = type(self)
    known = _attribute_of_class(cls, name)
    if isinstance(known, QtCore.Property):
        if known.fset is None:
            raise AttributeError(f"{cls.__name__}.{name} is read-only.")
        known.fset(self, value)
    elif hasattr(type(known), "__set__"):
        known.__set__(self, value)
    elif name.startswith("_") or isinstance(value, QtCore.SignalInstance) or _is_written_in_python(cls):
        self.__dict__[name] = value
    elif not _loading_ui:
        raise AttributeError(f"{cls.__name__} is a C++ class: its attribute {name!r} does not exist or cannot be set.")


_loading_ui: list[bool] = []


class LoadingUi:
    """While it lasts, PySide6 may try to set the children of a ``.ui`` file as attributes; they are not kept."""

    def __enter__(self) -> None:
        _loading_ui.append(True)

    def __exit__(self, *details: object) -> None:
        _loading_ui.pop()


def _as_pythonqt_sends(signal: Any, receiver: Any) -> Any:
    """PythonQt drops arguments for functions and methods that take fewer, PySide6 for other callables as well."""
    function = getattr(receiver, "__func__", receiver)
    code = getattr(function, "__code__", None)
    of_qt = isinstance(getattr(receiver, "__self__", None), QtCore.QObject)
    takes_all = code.co_flags & inspect.CO_VARARGS if code else not of_qt
    shortened = any(f" {name}() " in str(signal) for name in ("clicked", "triggered"))
    return signal[bool] if takes_all and shortened else signal


def _checked_connect(self: Any, receiver: Any, *more: Any) -> Any:
    if not callable(receiver) and not isinstance(receiver, QtCore.SignalInstance):
        raise TypeError(f"A signal is connected to a function or method, not to {receiver!r}.")
    return _connect(_as_pythonqt_sends(self, receiver), receiver, *more)


def _checked_disconnect(self: Any, *receiver: Any) -> Any:
    return _disconnect(_as_pythonqt_sends(self, receiver[0]) if receiver else self, *receiver)


def _class_name(self: Any) -> str:
    return str(self.metaObject().className())


def _delete(self: Any) -> None:
    self.deleteLater()


def all_qobject_classes(base: type = QtCore.QObject) -> Iterator[type]:
    """A class and all that derive from it."""
    yield base
    for derived in type.__subclasses__(base):
        yield from all_qobject_classes(derived)


def _patch_properties(cls: Any) -> None:
    meta = cls.staticMetaObject
    for index in range(meta.propertyCount()):
        name = meta.property(index).name()
        own = index >= meta.propertyOffset()
        redeclared = callable(cls.__dict__.get(name))
        if own or redeclared:
            getter = getattr(cls, name, None)
            setattr(cls, name, PropertyAttribute(name, getter if callable(getter) else None))


def _patch_class(cls: Any) -> None:
    if cls in _patched or not cls.__module__.startswith("PySide6"):
        return
    _patched.add(cls)
    for base in cls.__bases__:
        if issubclass(base, QtCore.QObject):
            _patch_class(base)
    _patch_properties(cls)
    cls.__setattr__ = _set_attribute


def make_like_pythonqt() -> None:
    """Change the classes of PySide6; doing it again changes nothing."""
    if _patched:
        return
    for module in QT_MODULES:  # classes come into being when they are first asked for
        for name in dir(module):
            getattr(module, name)
    for cls in list(all_qobject_classes()):
        _patch_class(cls)
    base: Any = QtCore.QObject
    base.property, base.setProperty = _property, _checked_set_property
    QtCore.SignalInstance.connect, QtCore.SignalInstance.disconnect = _checked_connect, _checked_disconnect
    base.className, base.delete = _class_name, _delete
    base.name = PropertyAttribute("objectName", None)


def qt_name(name: str) -> Any:
    """A name of Qt, as Slicer's ``qt`` module has it.

    Raises:
        AttributeError: PythonQt lacks it, or it should not be used in Slicer.
    """
    if name in NOT_IN_PYTHONQT:
        raise AttributeError(f"qt.{name} is PySide6's own, or crashes in Slicer: use a callback.")
    for module in QT_MODULES:
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"There is no qt.{name}.")
