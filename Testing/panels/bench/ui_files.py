"""Loads ``.ui`` files as Slicer does, and refuses what Slicer would not understand or silently ignore."""

from __future__ import annotations

import functools
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from PySide6 import QtUiTools, QtWidgets

from Testing.panels.bench import calls, facts
from Testing.panels.bench.classes import class_named
from Testing.panels.bench.pythonqt import DYNAMIC_PREFIXES, LoadingUi, QtCore

_DESIGNER_LINE = "Line"  # Designer's name for a QFrame
_LAYOUT_MARGINS = ("leftMargin", "topMargin", "rightMargin", "bottomMargin", "horizontalSpacing", "verticalSpacing")


class UiFileError(RuntimeError):
    """A ``.ui`` file that would not work in Slicer."""


class UiLoader:
    """``qt.QUiLoader``: verifies a file, lets Qt build it, and adds what Qt cannot do for stand-in widgets."""

    def load(self, file: Any, parent: Any = None) -> Any:
        """Build the widgets of an opened file.

        Raises:
            UiFileError: Slicer lacks a class, property, enumeration value, signal or slot that it names.
        """
        name = file.fileName() if hasattr(file, "fileName") else "a .ui file"
        return load_ui(bytes(file.readAll().data()), Path(str(name)).name, parent)


def load_ui(text: bytes, name: str, parent: Any = None) -> Any:
    """Build the widgets that the XML describes; see :class:`UiLoader`."""
    for_qt, later, connections = _verified(text, name)
    builder = _Builder()
    buffer = QtCore.QBuffer()
    buffer.setData(for_qt)
    buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
    with LoadingUi():
        root = builder.load(buffer, parent)
    if root is None:
        raise UiFileError(f"{name}: {builder.errorString()}")
    root._kept = builder.made  # Python objects of stand-in widgets live as long as the root
    widgets = {child.objectName: child for child in [root, *root.findChildren(QtCore.QObject)]}
    for widget_name, property_name, value in later:
        widgets[widget_name].setProperty(property_name, value)
    for connection in connections:
        _connect(connection, widgets, name)
    return root


@functools.cache
def _verified(text: bytes, name: str) -> tuple[bytes, list[tuple[str, str, Any]], list[ET.Element]]:
    """The XML that Qt can read, properties to be set afterwards, connections; the same for every panel of a file."""
    tree = ET.fromstring(text)
    _check_custom_widgets(tree, name)
    later = _take_what_qt_cannot_read(tree, name)
    connections = tree.find("connections")
    if connections is not None:
        tree.remove(connections)
    return ET.tostring(tree), later, [] if connections is None else list(connections)


class _Builder(QtUiTools.QUiLoader):
    def __init__(self) -> None:
        super().__init__()
        self._made: list[Any] = []

    @property
    def made(self) -> list[Any]:
        return self._made

    def createWidget(self, class_name: str, parent: Any = None, name: str = "") -> Any:
        if facts.is_class(class_name):
            widget = class_named(class_name)(parent)
            widget.setObjectName(name)
        else:
            widget = super().createWidget(class_name, parent, name)
        self._made.append(widget)
        return widget


def _check_custom_widgets(tree: ET.Element, name: str) -> None:
    for custom in tree.iter("customwidget"):
        class_name, extends = custom.findtext("class", ""), custom.findtext("extends", "")
        if not facts.is_class(class_name):
            raise UiFileError(f"{name}: there is no class {class_name} in Testing/slicer_api.json. {facts.REMEDY}")
        if extends not in [base.__name__ for base in class_named(class_name).__mro__]:
            raise UiFileError(f"{name}: {class_name} does not extend {extends}.")


def _take_what_qt_cannot_read(tree: ET.Element, name: str) -> list[tuple[str, str, Any]]:
    """Verify all properties; take out enumerations of stand-ins, to be set when the widgets exist."""
    later = []
    for element in [*tree.iter("widget"), *tree.iter("layout"), *tree.iter("action")]:
        class_name = element.get("class", "QAction")
        where = f"{name}: {element.get('name')}"
        for entry in element.findall("property"):
            property_name = entry.get("name", "")
            own = _own_property(class_name, property_name)
            if own is None:
                _check_qt_property(class_name, entry, element.tag, where)
                continue
            if own.get("write") is None:
                raise UiFileError(f"{where}: the property {property_name!r} of {class_name} is read-only.")
            for value in (*entry.findall("enum"), *entry.findall("set")):
                numbers = {_number_of(class_name, key, where) for key in (value.text or "").split("|") if key}
                later.append((element.get("name", ""), property_name, sum(numbers)))
                element.remove(entry)
    return later


def _own_property(class_name: str, name: str) -> Any:
    return facts.member(class_name, "properties", name) if facts.is_class(class_name) else None


def _check_qt_property(class_name: str, entry: ET.Element, tag: str, where: str) -> None:
    name = entry.get("name", "")
    invented = entry.get("stdset") == "0" and name.startswith(DYNAMIC_PREFIXES)
    if invented or (tag == "layout" and name in _LAYOUT_MARGINS) or (class_name, name) == ("Line", "orientation"):
        return
    qt_property = _qt_properties(class_name, where).get(name)
    if qt_property is None:
        raise UiFileError(f"{where}: {class_name} has no property {name!r}.")
    if not qt_property.isWritable():
        raise UiFileError(f"{where}: the property {name!r} of {class_name} is read-only.")
    for value in (*entry.findall("enum"), *entry.findall("set")):
        known = qt_property.enumerator()
        keys = {known.key(index) for index in range(known.keyCount())}
        for key in (value.text or "").split("|"):
            if key.split("::")[-1] not in keys:
                raise UiFileError(f"{where}: {key} is no value of {class_name}.{name}.")


@functools.cache  # asked for once: PySide6 forgets a class's meta-object when one of its objects is deleted
def _properties_of(cls: Any) -> dict[str, Any]:
    meta = cls.staticMetaObject
    return {meta.property(index).name(): meta.property(index) for index in range(meta.propertyCount())}


def know_qt_widgets() -> None:
    """Ask for the properties of Qt's widgets, before one of them may be forgotten."""
    for cls in vars(QtWidgets).values():
        if isinstance(cls, type) and issubclass(cls, QtWidgets.QWidget):
            _properties_of(cls)


def _qt_properties(class_name: str, where: str) -> dict[str, Any]:
    """The properties of a class of Qt, or of the one that a stand-in derives from."""
    if class_name == _DESIGNER_LINE:
        class_name = "QFrame"
    while facts.is_class(class_name):
        class_name = facts.of_class(class_name)["bases"][0]
    cls: Any = calls.qt_class(class_name)
    if cls is None:
        raise UiFileError(f"{where}: there is no class {class_name}. {facts.REMEDY}")
    return _properties_of(cls)


def _number_of(class_name: str, key: str, where: str) -> int:
    owner, _, value = key.rpartition("::")
    owner = owner.split("::")[0]
    if facts.is_class(owner or class_name):
        for ancestor in facts.lineage(owner or class_name):
            for enumeration in facts.of_class(ancestor).get("enums", {}).values():
                if value in enumeration:
                    return int(enumeration[value])
    else:
        cls = QtCore.Qt if owner == "Qt" else calls.qt_class(owner)
        if cls is not None and isinstance(getattr(cls, value, None), int):
            return int(getattr(cls, value))
    raise UiFileError(f"{where}: there is no {key}.")


def _connect(connection: ET.Element, widgets: dict[str, Any], name: str) -> None:
    parts = ("sender", "signal", "receiver", "slot")
    sender, signal, receiver, slot = (connection.findtext(part, "") for part in parts)
    for widget_name in (sender, receiver):
        if widget_name not in widgets:
            raise UiFileError(f"{name}: a connection names {widget_name}, which is no widget.")
    where = f"{name}: {sender}.{signal} -> {receiver}.{slot}"
    source = getattr(widgets[sender], _checked_name(widgets[sender], signal, where), None)
    target = getattr(widgets[receiver], _checked_name(widgets[receiver], slot, where))
    if source is None or not hasattr(source, "connect"):
        raise UiFileError(f"{where}: no such signal.")
    source.connect(target)


def _checked_name(widget: Any, signature: str, where: str) -> str:
    """The name in ``name(types)``, if the widget has a signal or slot with those types."""
    name, types = signature.rstrip(")").split("(")
    real = getattr(type(widget), "_real_class", None)
    wanted = [part for part in types.split(",") if part]
    if real and any(overload["args"] == wanted for overload in facts.overloads(real, name)):
        return name
    if widget.metaObject().indexOfMethod(signature) >= 0:
        return name
    raise UiFileError(f"{where}: {widget.className()} has no {signature}.")
