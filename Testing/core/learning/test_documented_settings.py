"""The settings that the pages list are those that a training has without any."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict
from pathlib import Path

from CTSMALib.jobs.config_file import converted
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.student.chain_config import ChainConfig

DOCS = Path(__file__).parents[3] / "docs"


def listed(page: str) -> str:
    """The first block of TOML on a page."""
    found = re.search(r"```toml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_settings_of_the_diagnosis() -> None:
    told = tomllib.loads(listed("diagnosis.md"))
    assert converted(told, DiagnosisConfig, "The page", "") == DiagnosisConfig()
    assert set(told) == set(asdict(DiagnosisConfig()))


def test_settings_of_the_student() -> None:
    told = tomllib.loads(listed("student.md"))
    assert converted(told, ChainConfig, "The page", "") == ChainConfig()
