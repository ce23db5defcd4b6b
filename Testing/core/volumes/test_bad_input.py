"""Whatever is given, the answer is a scan or one sentence with a remedy, and soon."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from CTSMALib.errors import CTSMAError, InputError
from CTSMALib.volumes import dicom_files, list_series, read_scan
from Testing.core.volumes import bad_dicom, bad_files
from Testing.core.volumes.bad_inputs import BAD
from Testing.core.volumes.dicom_writer import write_series


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_a_remedy(
    tmp_path: Path, a_phantom: np.ndarray, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    sentence, make = BAD[name]
    path = make(tmp_path, a_phantom)
    before = sorted(tmp_path.rglob("*"))
    capfd.readouterr()
    start = time.monotonic()
    with pytest.raises(CTSMAError) as caught:
        read_scan(path)
    assert time.monotonic() - start < 5
    error = caught.value
    assert sentence in error.message
    assert error.message.endswith(".") and error.remedy.endswith(".") and len(error.remedy) > 10
    for word in ("Traceback", "Error:", "0x", "itk", "None,", "\n"):
        assert word not in str(error)
    assert sorted(tmp_path.rglob("*")) == before
    assert capfd.readouterr() == ("", ""), "what compiled libraries print"
    assert_listing_is_explained(path)


def assert_listing_is_explained(path: Path) -> None:
    """Listing the series of bad input gives reasons, or the same kind of error."""
    with contextlib.suppress(CTSMAError):
        assert all(info.usable or info.reason for info in list_series(path))


@pytest.mark.parametrize("module", [bad_dicom, bad_files])
def test_there_are_many_kinds(module: ModuleType) -> None:
    makers = [make for _, make in BAD.values() if make.__module__ == module.__name__]
    assert len(makers) >= 30


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(folder: Path, onerror: object) -> list[object]:
        onerror(PermissionError(13, "Permission denied"))  # type: ignore[operator]
        return []

    monkeypatch.setattr(dicom_files.os, "walk", forbidden)
    with pytest.raises(InputError, match="may not be read"):
        read_scan(tmp_path)


def test_a_file_that_may_not_be_read(tmp_path: Path, a_phantom: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path, a_phantom[:3])

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(InputError, match="Permission denied"):
        read_scan(tmp_path / "0001.dcm")
    with pytest.raises(InputError, match="may not be read"):
        read_scan(tmp_path)


def test_a_folder_with_too_many_files(tmp_path: Path, a_phantom: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path, a_phantom)
    monkeypatch.setattr(dicom_files, "MAX_FILES", 20)
    with pytest.raises(InputError, match="more than 20 files"):
        read_scan(tmp_path)


def test_series_is_refused_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "k.nrrd"
    path.write_bytes(b"NRRD0004\n")
    with pytest.raises(InputError, match="no series to choose from"):
        read_scan(path, series="2")
