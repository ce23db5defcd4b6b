"""Whether scans changed since patches were made of them."""

from __future__ import annotations

import os
from pathlib import Path

from CTSMALib.jobs.patches import _states


def a_series(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    for name in ("1.dcm", "deep/2.dcm"):
        (folder / name).write_bytes(b"pixels")
    return folder


def test_a_slice_that_is_replaced_inside_a_folder_is_seen(tmp_path: Path) -> None:
    """Neither the time of its folder nor that of the newest file changes."""
    series = a_series(tmp_path / "ct")
    states = [_states(series)]
    time = (series / "deep" / "2.dcm").stat().st_mtime_ns
    (series / "deep" / "2.dcm").write_bytes(b"others")
    os.utime(series / "deep" / "2.dcm", ns=(time - 10**9, time - 10**9))
    states.append(_states(series))
    (series / "1.dcm").write_bytes(b"more pixels")
    os.utime(series / "1.dcm", ns=(time, time))
    states.append(_states(series))
    (series / "1.dcm").rename(series / "3.dcm")
    states.append(_states(series))
    assert len(set(states)) == 4
    assert _states(series) == states[-1]


def test_files_are_told_by_size_and_time(tmp_path: Path) -> None:
    """Sets that were begun before are gone on with."""
    file = tmp_path / "ct.nii"
    file.write_bytes(b"pixels")
    assert _states(file, tmp_path / "none") == f"6 {file.stat().st_mtime_ns} none"
    (tmp_path / "link").symlink_to(tmp_path / "none")
    assert _states(tmp_path / "link") == "none"
