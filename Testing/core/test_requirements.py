"""The packages that have to be installed into Slicer's Python."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

from CTSMALib.jobs import requirements

ROOT = Path(__file__).parents[2]
IN_SLICER = {"numpy", "scipy", "SimpleITK", "pydicom", "vtk", "packaging"}


def test_they_are_those_of_the_project_that_slicer_lacks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {text for text in project["dependencies"] if re.split("[<>=]", text)[0] not in IN_SLICER}
    assert set(requirements.requirements()) == needed


def test_nothing_is_missing_here() -> None:
    assert requirements.missing_requirements() == []


def test_what_is_missing_or_too_old_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "msgspec":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.1" if name == "reportlab" else "999"

    monkeypatch.setattr(importlib.metadata, "version", version)
    missing = requirements.missing_requirements()
    assert [re.split("[<>=]", text)[0] for text in missing] == ["msgspec", "reportlab"]
