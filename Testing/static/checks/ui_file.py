"""What lies in a ``.ui`` file."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class UiProperty:
    """A property as the file states it: the tag of its value (``bool``, ``string``, ``enum``) and its text."""

    name: str
    tag: str
    text: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class UiObject:
    """A widget, layout, action or button group."""

    name: str
    kind: str
    properties: tuple[UiProperty, ...]
    is_widget: bool

    def text_of(self, name: str) -> str:
        """The text of a property; empty where the file does not state it."""
        return next((item.text for item in self.properties if item.name == name), "")

    def states(self, name: str) -> bool:
        """Whether the file states a property."""
        return any(item.name == name for item in self.properties)


@dataclass(frozen=True)
class UiFile:
    """A parsed file.

    Attributes:
        path: where it lies.
        objects: everything that has a name, the panel itself first.
        custom: class to the class that it is said to extend.
        connections: sender, signal, receiver, slot.
    """

    path: Path
    objects: tuple[UiObject, ...]
    custom: dict[str, str]
    connections: tuple[tuple[str, str, str, str], ...]

    @property
    def kinds(self) -> dict[str, str]:
        """Name to class."""
        return {item.name: item.kind for item in self.objects}


@cache
def read_ui(path: Path) -> UiFile:
    """Read a ``.ui`` file."""
    root = ElementTree.parse(path).getroot()
    custom = {_child(item, "class"): _child(item, "extends") for item in root.iter("customwidget")}
    ends = ("sender", "signal", "receiver", "slot")
    connections = [tuple(_child(item, end) for end in ends) for item in root.iter("connection")]
    return UiFile(path, tuple(_objects(root)), custom, tuple(connections))  # type: ignore[arg-type]


def _objects(root: ElementTree.Element) -> Iterator[UiObject]:
    for item in root.iter():
        kind = {"action": "QAction", "buttongroup": "QButtonGroup"}.get(item.tag) or item.get("class", "")
        if item.tag in ("widget", "layout", "action", "buttongroup") and item.get("name"):
            yield UiObject(item.get("name", ""), kind, tuple(_properties(item)), item.tag == "widget")


def _properties(item: ElementTree.Element) -> Iterator[UiProperty]:
    for entry in item.findall("property"):
        value = entry[0] if len(entry) else ElementTree.Element("none")
        items = tuple(part.text or "" for part in value.iter("string")) if value.tag == "stringlist" else ()
        yield UiProperty(entry.get("name", ""), value.tag, (value.text or "").strip(), items)


def _child(item: ElementTree.Element, tag: str) -> str:
    return (item.findtext(tag) or "").strip()
