"""What a source file imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Full names of what a syntax tree imports, inside functions too.

    Args:
        tree: of a file, or a part of it.
        package: name of the module, for relative imports.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package.split(".")[: -node.level or None], base]).rstrip(".")
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_on_loading(tree: ast.Module, package: str) -> Iterator[str]:
    """Like :func:`imports`, without what only runs when a function is called or types are checked."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield from imports(node, package)


def top(name: str) -> str:
    """``vtk`` for ``vtk.util.numpy_support``."""
    return name.split(".")[0]
