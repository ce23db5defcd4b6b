"""Rooms import only rooms above them, and the core stays free of Slicer, Qt and torch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import CTSMALib

PACKAGE = Path(CTSMALib.__file__).parent
FORBIDDEN = ("slicer", "qt", "ctk", "PythonQt", "PySide6", "PySide2", "PyQt5", "PyQt6")
ONLY_INSIDE_FUNCTIONS = ("torch", "monai")


def room_order() -> list[str]:
    """The rooms in the order that the package's docstring gives."""
    listed = re.search(r"in this list:(.*?)\.\s*$", CTSMALib.__doc__ or "", re.DOTALL)
    assert listed, "the docstring of CTSMALib lists the rooms"
    return [name.strip() for name in listed.group(1).replace("\n", " ").split(",")]


def room_of(module: str) -> str:
    """``anatomy`` for ``CTSMALib.anatomy.patch``; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Full names of what a syntax tree imports, inside functions too."""
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


def test_every_room_is_listed() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - {"__init__"} <= set(room_order())


@pytest.mark.parametrize(("module", "tree"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_room_imports_only_rooms_above_it(module: str, tree: ast.Module) -> None:
    order = ["", *room_order()]
    own = room_of(module)
    for name in imports(tree, module):
        if name.split(".")[0] != "CTSMALib" or name == "CTSMALib.__version__":
            continue
        assert order.index(room_of(name)) <= order.index(own), f"{module} imports {name}, a room below it"


@pytest.mark.parametrize(("module", "tree"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_the_core_needs_no_slicer_and_no_torch(module: str, tree: ast.Module) -> None:
    used = {name.split(".")[0] for name in imports(tree, module)}
    assert not used & set(FORBIDDEN)
    on_loading = {name.split(".")[0] for name in imports_on_loading(tree, module)}
    assert not on_loading & set(ONLY_INSIDE_FUNCTIONS)


def test_the_import_reader_sees_what_it_is_to_see() -> None:
    tree = ast.parse("import a.b\nfrom .c import d\ndef f():\n    from e import g\nif TYPE_CHECKING:\n    import h\n")
    assert sorted(imports(tree, "CTSMALib.room.module")) == ["CTSMALib.room.c.d", "a.b", "e.g", "h"]
    assert list(imports_on_loading(tree, "CTSMALib.room.module")) == ["a.b", "CTSMALib.room.c.d"]
