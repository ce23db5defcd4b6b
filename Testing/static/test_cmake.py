"""The extension installs every file it has, and describes itself in the same way everywhere."""

from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from Testing.static.checks.sources import MODULES, ROOT, UI_FILES, relative

TOP = ROOT / "CMakeLists.txt"
ENTRY = ROOT / "CTSMA.json"
REPOSITORY = "https://github.com/CTSMA/SlicerCTSMA"
RAW = "https://raw.githubusercontent.com/CTSMA/SlicerCTSMA/main/"
FIELDS = ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS")
# Of the catalog's schema 1.0.1: key to the type of its value, and the keys that must be there.
SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.1.json#"
)
ENTRY_KEYS = {
    "$schema": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "category": str,
    "enabled": bool,
    "scm_revision": str,
    "scm_type": str,
    "scm_url": str,
    "tier": int,
}
REQUIRED = {"$schema", "category", "scm_url"}
PICTURES = sorted(path for module in MODULES for path in (module / "Resources" / "Icons").iterdir())


def load_script(name: str) -> ModuleType:
    """A file of ``scripts`` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def field(name: str) -> str:
    """A field of the extension's description; the catalog's checks read it from one line, as this does."""
    found = re.findall(rf'(?m)^set\(EXTENSION_{name} "([^"]*)"\)$', TOP.read_text(encoding="utf-8"))
    assert len(found) == 1, name
    return str(found[0])


def listed(path: Path, variable: str) -> list[str]:
    """The entries of a list in a ``CMakeLists.txt``."""
    found = re.search(rf"(?s)set\({variable}\n(.*?)\n  \)", path.read_text(encoding="utf-8"))
    assert found, variable
    return [line.strip() for line in found.group(1).splitlines() if not line.strip().startswith("#")]


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_the_lists_of_files_are_those_on_disk(module: Path) -> None:
    on_disk = load_script("write_cmake_lists").files_of(module)
    for name, variable in (("scripts", "MODULE_PYTHON_SCRIPTS"), ("resources", "MODULE_PYTHON_RESOURCES")):
        in_cmake = listed(module / "CMakeLists.txt", variable)
        difference = sorted(set(in_cmake) ^ set(on_disk[name]))
        assert in_cmake == on_disk[name], f"run scripts/write_cmake_lists.py; it would change {difference}"


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_everything_a_module_needs_is_listed(module: Path) -> None:
    lists = [*listed(module / "CMakeLists.txt", "MODULE_PYTHON_SCRIPTS")]
    lists += listed(module / "CMakeLists.txt", "MODULE_PYTHON_RESOURCES")
    assert {f"{module.name}.py", f"Resources/Icons/{module.name}.png"} <= set(lists)
    ignored = {path for path in module.rglob("*") if {"__pycache__"} & set(path.parts) or path.name == "CMakeLists.txt"}
    present = {path for path in module.rglob("*") if path.is_file()} - ignored
    hidden = {path for path in present if any(part.startswith(".") for part in path.relative_to(module).parts)}
    assert {path.relative_to(module).as_posix() for path in present - hidden} == set(lists)


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_modules_are_built_and_tested(module: Path) -> None:
    text = (module / "CMakeLists.txt").read_text(encoding="utf-8")
    assert f"set(MODULE_NAME {module.name})" in text
    assert "WITH_GENERIC_TESTS" in text
    assert "slicer_add_python_unittest(SCRIPT ${MODULE_NAME}.py)" in text


def test_the_lists_are_written_between_their_marks() -> None:
    script = load_script("write_cmake_lists")
    text = "set(A\n  # begin scripts\n  old.py\n  # end scripts\n  )\n"
    assert script.with_lists(text, {"scripts": ["a.py", "b/c.py"]}) == text.replace("old.py", "a.py\n  b/c.py")
    assert script.with_lists(text, {"scripts": []}) == text.replace("  old.py\n", "")
    with pytest.raises(ValueError, match="begin resources"):
        script.with_lists(text, {"resources": []})


def test_the_extension_builds_all_modules_and_tests() -> None:
    text = TOP.read_text(encoding="utf-8")
    steps = [
        "cmake_minimum_required(VERSION 3.28.0...3.28.0 FATAL_ERROR)",
        "project(CTSMA)",
        "find_package(Slicer REQUIRED)",
        "include(${Slicer_USE_FILE})",
        *(f"add_subdirectory({module.name})" for module in MODULES),
        "## NEXT_MODULE",
        "add_subdirectory(Testing)",
        "include(${Slicer_EXTENSION_GENERATE_CONFIG})",
        "include(${Slicer_EXTENSION_CPACK})",
    ]
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == steps[0]
    assert set(steps) <= set(lines)
    places = [lines.index(step) for step in steps]
    assert places == sorted(places)


def test_the_factory_runs_every_test_of_slicer() -> None:
    folder = ROOT / "Testing" / "slicer"
    text = (folder / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.findall(r"slicer_add_python_unittest\(SCRIPT (\w+\.py)\)", text) == sorted(
        path.name for path in folder.glob("*.py")
    )
    assert "add_subdirectory(slicer)" in (ROOT / "Testing" / "CMakeLists.txt").read_text(encoding="utf-8")


def test_the_description_is_complete() -> None:
    assert all(field(name) for name in FIELDS)
    assert field("HOMEPAGE") == REPOSITORY
    assert re.fullmatch(r"[^,()]+ \([^()]+\)(, [^,()]+ \([^()]+\))*", field("CONTRIBUTORS"))
    for url in (field("ICONURL"), *field("SCREENSHOTURLS").split(" ")):
        assert url.startswith(RAW)
        assert (ROOT / url.removeprefix(RAW)).is_file(), url


def test_the_catalog_entry_is_valid_and_says_the_same() -> None:
    text = ENTRY.read_text(encoding="utf-8")
    entry = json.loads(text)
    assert set(entry) >= REQUIRED
    for key, value in entry.items():
        assert type(value) is ENTRY_KEYS.get(key), key
    assert entry["$schema"] == SCHEMA
    assert entry["scm_url"] == f"{REPOSITORY}.git"
    assert 1 <= entry["tier"] <= 5
    assert field("DEPENDS") == (" ".join(entry["build_dependencies"]) or "NA")
    assert "\r" not in text
    assert ENTRY.stem == re.findall(r"project\((\w+)\)", TOP.read_text(encoding="utf-8"))[0]


@pytest.mark.parametrize("path", [ROOT / "CTSMA.png", *PICTURES], ids=relative)
def test_icons_are_square(path: Path) -> None:
    if path.suffix == ".svg":
        size = re.findall(r'<svg [^>]*?width="(\d+)" height="(\d+)" viewBox="0 0 (\d+) (\d+)"', path.read_text("utf-8"))
        assert len(size) == 1
        assert len(set(size[0])) == 1
    else:
        width, height = Image.open(path).size
        assert width == height
        if path.stem in {module.name for module in MODULES}:
            assert width == 128


def test_the_extension_shows_the_icon_of_its_module() -> None:
    assert (ROOT / "CTSMA.png").read_bytes() == (ROOT / "CTSMA" / "Resources" / "Icons" / "CTSMA.png").read_bytes()


def test_icons_named_in_code_and_panels_are_there() -> None:
    files = [path for module in MODULES for path in module.rglob("*") if path.suffix in (".py", ".ui")]
    for file in files:
        for name in re.findall(r"Icons/([\w.-]+\.(?:png|svg))", file.read_text(encoding="utf-8")):
            assert any(path.name == name for path in PICTURES), f"{relative(file)} names {name}"


def test_names_are_unique_in_the_folder_where_all_modules_are_installed() -> None:
    installed = [path.relative_to(module) for module in MODULES for path in (module / "Resources").rglob("*")]
    names = [str(path).casefold() for path in installed if path.suffix]
    names += [entry.name.casefold() for module in MODULES for entry in module.glob("*.py")]
    names += [path.parent.name.casefold() for module in MODULES for path in module.glob("*/__init__.py")]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert all(path.name.startswith("CTSMA") for path in UI_FILES)
