"""The facts on Slicer: what is kept of them, and that what is kept is current."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from Testing.panels.bench import facts

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def a_script() -> Any:
    path = ROOT / "scripts" / "extract_slicer_api.py"
    specification = importlib.util.spec_from_file_location("extract_slicer_api", path)
    assert specification is not None
    assert specification.loader is not None
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    return script


def test_named_classes_are_kept_with_their_bases(a_script: Any, tmp_path: Path) -> None:
    (tmp_path / "CTSMA").mkdir()
    (tmp_path / "CTSMA" / "a.py").write_text("slider = ctk.ctkLow()", encoding="utf-8")
    (tmp_path / "CTSMA" / "b.ui").write_text('<widget class="qMRMLHigh"/><widget class="ctkNope"/>', encoding="utf-8")
    entry = {"bases": ["QWidget"], "header": "x.h"}
    full = {
        "meta": {"slicer": {}},
        "classes": {"ctkLow": {**entry, "bases": ["ctkBase"]}, "ctkBase": entry, "qMRMLHigh": entry, "ctkOther": entry},
        "python": {"slicer.util": {}},
    }
    kept = a_script.subset(full, a_script.named_classes(tmp_path))
    assert sorted(kept["classes"]) == ["ctkBase", "ctkLow", "qMRMLHigh"]
    assert "header" not in kept["classes"]["ctkLow"]
    assert json.loads(a_script.as_text(kept)) == kept


def test_the_file_says_where_it_comes_from_and_is_small() -> None:
    slicer = facts.all_facts()["meta"]["slicer"]
    assert slicer["version"] == "5.12.3"
    assert len(slicer["commit"]) == 40
    assert facts.FACTS.stat().st_size < 1_500_000


def test_every_class_that_panels_use_is_known() -> None:
    files = [path for path in (ROOT / "CTSMA").rglob("*") if path.suffix in (".py", ".ui")]
    use = re.compile(r'(?:ctk\.|slicer\.|class="|<class>)((?:ctk|qMRML|qSlicer)[A-Z]\w+)')
    used = {name for path in files for name in use.findall(path.read_text(encoding="utf-8"))}
    assert used
    assert {name for name in used if not facts.is_class(name)} == set()


def test_bases_and_overloads_are_found() -> None:
    assert facts.lineage("qMRMLSliceView") == ["qMRMLSliceView", "ctkVTKSliceView", "ctkVTKAbstractView"]
    assert len(facts.overloads("qMRMLNodeComboBox", "setCurrentNode")) == 2
    with pytest.raises(facts.NotInSlicerError, match=r"no slicer\.util\.nope"):
        facts.python_signature("slicer.util", "nope")
