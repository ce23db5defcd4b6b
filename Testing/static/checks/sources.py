"""The Python files of the project, by what may be in them."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
CORE = ROOT / "CTSMA" / "CTSMALib"
MODULES = sorted(path.parent for path in ROOT.glob("CTSMA*/CTSMA*.py") if path.stem == path.parent.name)
PANEL_PACKAGES = sorted(path.parent for module in MODULES for path in module.glob("CTSMA*Panels/__init__.py"))
PANELS = sorted(path for package in PANEL_PACKAGES for path in package.rglob("*.py"))
SCRIPTS = [module / f"{module.name}.py" for module in MODULES]
SCENE = sorted((CORE / "scene").rglob("*.py"))
IN_SLICER = [*PANELS, *SCRIPTS]
FACTORY_TESTS = sorted((ROOT / "Testing" / "slicer").glob("*.py"))
UI_FILES = sorted(path for module in MODULES for path in (module / "Resources" / "UI").glob("*.ui"))


def relative(path: Path) -> str:
    """A path for people, and for the names of tests."""
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    """``CTSMALib.anatomy.patch`` for the file of that module."""
    module = next(folder for folder in MODULES if folder in path.parents)
    return ".".join(path.relative_to(module).with_suffix("").parts).removesuffix(".__init__")
