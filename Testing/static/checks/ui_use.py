"""Which panel the code means when it takes a widget by its name."""

from __future__ import annotations

import ast

from Testing.static.checks.ui_file import UiFile

UI_NAMES = ("ui", "_ui")


class UiUse:
    """Finds the panels that a source file loads.

    Args:
        tree: the parsed file.
        ui_files: name to file, of every ``.ui`` file.
    """

    def __init__(self, tree: ast.Module, ui_files: dict[str, UiFile]) -> None:
        self._ui_files = ui_files
        self._named_in_file = _ui_names(tree)
        self._named_in_class = {node: _ui_names(node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}

    def is_ui(self, node: ast.expr) -> bool:
        """Whether an expression stands for the named children of a panel: ``self.ui`` or ``ui``."""
        if isinstance(node, ast.Attribute):
            return node.attr in UI_NAMES
        return isinstance(node, ast.Name) and node.id in UI_NAMES

    def files_of(self, node: ast.expr, owner: ast.ClassDef | None) -> list[UiFile]:
        """The ``.ui`` files that the named children may come from.

        Args:
            node: what :meth:`is_ui` accepts.
            owner: the class it is in.

        Returns:
            The files that the class names, else those that the source file names, else all. All as well where the
            panel is another object's, as in ``panel.scan.ui``.
        """
        if _is_other(node):
            return list(self._ui_files.values())
        for named in (self._named_in_class.get(owner, []) if owner else [], self._named_in_file):
            found = [self._ui_files[name] for name in named if name in self._ui_files]
            if found:
                return found
        return list(self._ui_files.values())


def _is_other(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self")


def _ui_names(place: ast.AST) -> list[str]:
    values = [node.value for node in ast.walk(place) if isinstance(node, ast.Constant)]
    return sorted({value.split("/")[-1] for value in values if isinstance(value, str) and value.endswith(".ui")})
