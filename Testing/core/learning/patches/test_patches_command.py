"""``ctsma patches``: what it makes, says, checks and refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.cli import main
from CTSMALib.errors import CancelledError, InputError, OutputError
from CTSMALib.jobs.patches import PatchesRequest, run
from CTSMALib.learning.patches import build as building
from CTSMALib.learning.patches.patch_set import read_patch_set


def test_a_set_is_made_and_summed_up(a_cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "set"
    assert main(["patches", str(a_cohort), "--out", str(out)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == [f"Patch set    {out}", "Patches      16 of 4 virtual knees"]
    assert told[2].startswith("Splits       ") and "(4)" in told[2]
    assert told[4] == "Left out     too little trabecular bone 4"
    assert told[5].startswith("Warning      No knee is of the split ")
    assert told[-1] == "Research use only: not a medical device."
    assert main(["patches", "--out", str(out), "--check"]) == 0


def test_errors_of_a_set_are_told_by_the_check(a_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "set"
    shutil.copytree(a_set, folder)
    ct = np.load(folder / "ct.npy")
    ct[5] = ct[0]
    np.save(folder / "ct.npy", ct)
    assert main(["patches", "--out", str(folder), "--check"]) == 2
    assert "With the same CT: 1 pair (" in capsys.readouterr().err


def test_a_cancelled_making_keeps_what_is_finished(a_cohort: Path, tmp_path: Path) -> None:
    def stop(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith("3 of"):
            raise CancelledError

    with pytest.raises(CancelledError):
        run(PatchesRequest(tmp_path, a_cohort), stop)
    assert len(list((tmp_path / building.PARTS_FOLDER).glob("*.npz"))) == 3
    assert len(read_patch_set(run(PatchesRequest(tmp_path, a_cohort)))) == 16
    assert not (tmp_path / building.PARTS_FOLDER).exists()


def test_what_cannot_be_done_is_refused(a_cohort: Path, a_set: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="need a process"):
        run(PatchesRequest(tmp_path / "set", a_cohort, jobs=0))
    with pytest.raises(InputError, match="does not exist"):
        run(PatchesRequest(tmp_path / "set", tmp_path / "cohort"))
    with pytest.raises(InputError, match="no virtual cohort"):
        run(PatchesRequest(tmp_path / "set", a_set))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="no CTSMA result"):
        run(PatchesRequest(tmp_path, a_cohort))
    assert main(["patches", "--out", str(tmp_path / "set")]) == 2
