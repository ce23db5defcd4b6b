"""DICOM of virtual scans in every style has no error that dciodvfy knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from CTSMALib.virtual.dicom import STYLES, PatientFacts, write_ct_series, write_mr_series
from CTSMALib.virtual.scanners import CT_PROTOCOLS, MR_PROTOCOLS
from Testing.core.dicom_validity import errors_of
from Testing.core.virtual.dicom.pictures import an_mr, leg

FACTS = PatientFacts("vk-0001", "F", 63.4, "left", 7)
TOO_NEW = "(0008,001c)"  # Synthetic Data came with DICOM 2023b


def known_errors(path: Path) -> list[str]:
    return [line for line in errors_of(path) if TOO_NEW not in line]


@pytest.mark.parametrize("style", STYLES)
def test_dciodvfy_finds_no_error_in_a_ct(tmp_path: Path, style: str) -> None:
    for path in write_ct_series(leg(), tmp_path / "ct", FACTS, style, CT_PROTOCOLS["bone"])[:2]:
        assert known_errors(path) == []


@pytest.mark.parametrize("series", ["bffe", "t1", "pd_fs"])
def test_dciodvfy_finds_no_error_in_an_mr(tmp_path: Path, series: str) -> None:
    for path in write_mr_series(an_mr(), tmp_path / series, FACTS, series, MR_PROTOCOLS[series])[:2]:
        assert known_errors(path) == []
