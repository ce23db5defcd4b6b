"""What panels and module scripts do not do, apart from what they import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_FORBIDDEN_NAMES = {
    "QMessageBox": "it waits for ever in a test run; use slicer.util.errorDisplay and its like",
    "QThread": "the scene is touched on the main thread only; work is done by a worker process",
    "QThreadPool": "the scene is touched on the main thread only; work is done by a worker process",
    "pip_main": "use slicer.packaging",
}
_FORBIDDEN_CALLS = {
    "print": "nobody reads it; use logging, or tell the user",
    "exec": "there is a better way",
    "eval": "there is a better way",
    "breakpoint": "left behind",
}
# A number of a color, or the name of one; palette(...) follows the theme.
_COLOR = re.compile(
    r"#[0-9a-fA-F]{3,8}\b|\brgba?\(\s*\d|\b(?:background|color)[\w-]*\s*:\s*(?!palette|qlineargradient|\{)[a-z]+"
)


def forbidden_uses(tree: ast.AST) -> Iterator[str]:
    """Names and calls that have no place in a panel, and style sheets with colors of one theme."""
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in _FORBIDDEN_NAMES:
            yield f"line {node.lineno}: {name}: {_FORBIDDEN_NAMES[name]}"  # type: ignore[attr-defined]
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called in _FORBIDDEN_CALLS:
            yield f"line {node.lineno}: {called}(): {_FORBIDDEN_CALLS[called]}"
        if isinstance(node.func, ast.Attribute) and node.func.attr == "setStyleSheet":
            for text in _texts(node):
                if _COLOR.search(text):
                    yield f"line {node.lineno}: a color that fits one theme only: {text}"


def is_colored(style_sheet: str) -> bool:
    """Whether a style sheet states a color."""
    return bool(_COLOR.search(style_sheet))


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
