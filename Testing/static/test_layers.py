"""Rooms import only rooms above them; Slicer stays in the room ``scene``, Qt in the panels, torch in workers."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import CTSMALib
from Testing.static.checks.each import for_each
from Testing.static.checks.imports import imports, imports_on_loading, top
from Testing.static.checks.sources import (
    CORE,
    IN_SLICER,
    PANEL_PACKAGES,
    PANELS,
    SCENE,
    SCRIPTS,
    module_name,
    parsed,
    relative,
)

QT = {"qt", "ctk", "PythonQt", "PySide6", "PySide2", "PyQt5", "PyQt6"}
LEARNING = {"torch", "monai", "safetensors"}
# Others import what they need of these inside functions.
ROOMS_WITH_LEARNING = {"bundles", "synthesis", "student", "diagnosis", "learning"}
THREADS = {"threading", "concurrent", "multiprocessing", "asyncio"}
# The rooms that panels may import. What they import works in a Slicer in which nothing was installed.
LIGHT_ROOMS = {"errors", "notices", "progress", "resources", "catalogue", "palette", "scene", "jobs"}
OWN = {package.name for package in PANEL_PACKAGES}
WITH_SLICER = {"slicer", "vtk", "qt", "ctk"}
SIBLINGS = {"SampleData"}  # modules of Slicer, which may be loaded later than ours
NOT_IN_A_FRESH_SLICER = (
    *("torch", "monai", "safetensors", "skimage", "msgspec", "matplotlib", "reportlab", "jinja2", "tqdm", "pandas"),
    *("threadpoolctl", "pylibjpeg", "openjpeg", "jpeg_ls", "PySide6"),
)
# What shows the state of a job and of the scene; it does not wait for scipy either, which comes with Slicer.
LIGHTEST = (
    *("CTSMALib.scene", "CTSMALib.scene.state", "CTSMALib.scene.panel_state", "CTSMALib.scene.result_nodes"),
    *("CTSMALib.catalogue", "CTSMALib.jobs.monitor", "CTSMALib.jobs.commands", "CTSMALib.jobs.request"),
)

_IMPORT_WITHOUT = """
import importlib, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name}: {error}")
"""


def room_order() -> list[str]:
    """The rooms in the order that the package's docstring gives."""
    listed = re.search(r"in this list:(.*?)\.\s*$", CTSMALib.__doc__ or "", re.DOTALL)
    assert listed, "the docstring of CTSMALib lists the rooms"
    return [name.strip() for name in listed.group(1).replace("\n", " ").split(",")]


def room_of(module: str) -> str:
    """``anatomy`` for ``CTSMALib.anatomy.patch``; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def modules() -> list[Path]:
    return sorted(CORE.rglob("*.py"))


def core_imports(paths: list[Path]) -> set[str]:
    """The modules of the core that files import, wherever they do it."""
    names = {name for path in paths for name in imports(parsed(path), module_name(path))}
    known = {module_name(path) for path in CORE.rglob("*.py")}
    return {name if name in known else name.rpartition(".")[0] for name in names if top(name) == "CTSMALib"}


def failing_imports(blocked: tuple[str, ...], names: list[str]) -> str:
    """What cannot be imported in a Python that lacks some packages."""
    command = [sys.executable, "-c", _IMPORT_WITHOUT, ",".join(blocked), *names]
    environment = {**os.environ, "PYTHONPATH": str(CORE.parent)}
    result = subprocess.run(command, env=environment, capture_output=True, check=True, text=True, timeout=120)
    return result.stdout


def test_every_room_is_listed() -> None:
    rooms = {path.stem for path in CORE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - {"__init__"} <= set(room_order())


def test_a_room_imports_only_rooms_above_it() -> None:
    order = ["", *room_order()]

    def check(path: Path) -> None:
        module = module_name(path)
        for name in imports(parsed(path), module):
            if top(name) != "CTSMALib" or name == "CTSMALib.__version__":
                continue
            below = order.index(room_of(name)) > order.index(room_of(module))
            assert not below, f"{module} imports {name}, a room below it"

    for_each(modules(), check)


def test_the_core_needs_no_qt_no_torch_and_slicer_only_for_scenes() -> None:
    def check(path: Path) -> None:
        module, tree = module_name(path), parsed(path)
        used = {top(name) for name in imports(tree, module)}
        assert not used & QT
        if room_of(module) not in ROOMS_WITH_LEARNING:
            on_loading = set(imports_on_loading(tree, module))
            assert not {top(name) for name in on_loading} & LEARNING
            assert not {room_of(name) for name in on_loading if top(name) == "CTSMALib"} & {"learning"}
        if room_of(module) != "scene":
            assert not used & {"slicer", "vtk"}, "they belong to the room scene; others use parts of vtkmodules"

    for_each(modules(), check)


def test_scenes_need_no_torch_and_no_threads() -> None:
    def check(path: Path) -> None:
        used = {top(name) for name in imports(parsed(path), module_name(path))}
        assert not used & (LEARNING | THREADS)

    for_each(SCENE, check)


def test_panels_import_only_what_a_fresh_slicer_has() -> None:
    allowed = {*sys.stdlib_module_names, *WITH_SLICER, "numpy", "CTSMALib", *OWN} - THREADS

    def check(path: Path) -> None:
        tree = parsed(path)
        names = list(imports(tree, module_name(path)))
        assert {top(name) for name in names} <= allowed | SIBLINGS
        assert {top(name) for name in imports_on_loading(tree, module_name(path))} <= allowed
        assert {room_of(name) for name in names if top(name) == "CTSMALib"} <= LIGHT_ROOMS

    for_each(PANELS, check)


@pytest.mark.parametrize("path", SCRIPTS, ids=relative)
def test_scripts_of_modules_import_little(path: Path) -> None:
    tree = parsed(path)
    on_loading = list(imports_on_loading(tree, path.stem))
    assert {top(name) for name in on_loading} <= {*sys.stdlib_module_names, *WITH_SLICER, "CTSMALib", *OWN} - THREADS
    anywhere = list(imports(tree, path.stem))
    assert not {top(name) for name in anywhere} & (LEARNING | THREADS)
    assert {room_of(name) for name in anywhere if top(name) == "CTSMALib"} <= LIGHT_ROOMS


def test_what_modules_import_works_where_nothing_was_installed() -> None:
    names = core_imports(IN_SLICER) | {module_name(path) for path in SCENE}
    assert failing_imports(NOT_IN_A_FRESH_SLICER, sorted(names)) == ""
    assert failing_imports((*NOT_IN_A_FRESH_SLICER, "scipy"), list(LIGHTEST)) == ""


def test_the_blocker_blocks() -> None:
    assert failing_imports(("csv",), ["CTSMALib.scene.patch_table"]).startswith("CTSMALib.scene.patch_table: ")


def test_the_import_reader_sees_what_it_is_to_see() -> None:
    tree = ast.parse("import a.b\nfrom .c import d\ndef f():\n    from e import g\nif TYPE_CHECKING:\n    import h\n")
    assert sorted(imports(tree, "CTSMALib.room.module")) == ["CTSMALib.room.c.d", "a.b", "e.g", "h"]
    assert list(imports_on_loading(tree, "CTSMALib.room.module")) == ["a.b", "CTSMALib.room.c.d"]
