"""Typed state of a module: a dataclass that lives in a parameter node and is saved with the scene.

Fields are ``str``, ``int``, ``float``, ``bool`` or :class:`NodeId`. A value is stored as text, a
:class:`NodeId` as a node reference, so that it still points to the right node after a scene was
imported into another one. Whoever gets the scene can read all of it, paths and names included.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar, get_type_hints


class NodeId(str):
    """The ID of a node in the scene; empty for none."""

    __slots__ = ()


NO_NODE = NodeId("")
State = TypeVar("State")


def load_state(node: Any, kind: type[State]) -> State:
    """Read a state.

    Args:
        node: ``vtkMRMLScriptedModuleNode``.
        kind: a dataclass whose fields all have defaults.

    Returns:
        The state; the default for a field that is absent or that does not hold a value of its type,
        as in a scene of another version.
    """
    values = {}
    for name, field_type in get_type_hints(kind).items():
        value = _read(node, name, field_type)
        if value is not None:
            values[name] = value
    return kind(**values)


def save_state(node: Any, state: Any) -> None:
    """Write a state; observers of the node are told once, and only if something changed."""
    types = get_type_hints(type(state))
    was_modifying = node.StartModify()
    try:
        for field in fields(state):
            _write(node, field.name, types[field.name], getattr(state, field.name))
    finally:
        node.EndModify(was_modifying)


def state_node(scene: Any, module: str) -> Any:
    """The parameter node of a module, made where there is none.

    Returns:
        ``vtkMRMLScriptedModuleNode``, a singleton named after the module as Slicer's own module logics do.
    """
    found = scene.GetSingletonNode(module, "vtkMRMLScriptedModuleNode")
    if found is not None:
        return found
    node = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
    node.UnRegister(None)
    node.SetSingletonTag(module)
    node.SetModuleName(module)
    node.SetName(f"{module} parameters")
    return scene.AddNode(node)


def _read(node: Any, name: str, kind: type) -> Any:
    if kind is NodeId:
        return NodeId(node.GetNodeReferenceID(name) or "")
    text = node.GetParameter(name) if node.HasParameter(name) else None
    if text is None or kind is str:
        return text
    if kind is bool:
        return {"true": True, "false": False}.get(text)
    try:
        return kind(text)
    except ValueError:
        return None


def _write(node: Any, name: str, kind: type, value: Any) -> None:
    if kind is NodeId:
        if (node.GetNodeReferenceID(name) or "") != value:
            node.SetNodeReferenceID(name, str(value) or None)
        return
    text = str(value).lower() if kind is bool else str(value)
    if not node.HasParameter(name) or node.GetParameter(name) != text:
        node.SetParameter(name, text)
