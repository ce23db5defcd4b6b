"""Where results may be written, what may be replaced, and what happens when writing fails."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from CTSMALib.errors import OutputError
from CTSMALib.jobs import staging
from CTSMALib.jobs.knee_folders import folder_names, holds_result, knee_folders
from CTSMALib.jobs.staging import Target, recover, staged


def a_result(folder: Path, text: str = "old") -> Path:
    folder.mkdir(parents=True)
    (folder / "analysis.json").write_text(text)
    return folder


def target(path: Path, overwrite: bool = False, keep: tuple[Path, ...] = ()) -> Target:
    return Target(path, overwrite, holds_result, keep)


def write(to: Target, text: str = "new") -> None:
    with staged(to) as folder:
        (folder / "analysis.json").write_text(text)
        (folder / "own").touch()


def test_a_result_appears_whole(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "result"
    with staged(target(out)) as folder:
        (folder / "analysis.json").write_text("new")
        assert not out.exists()
        assert folder.parent == out.parent
        assert folder.name.startswith(".result.partial-")
    assert [path.name for path in out.parent.iterdir()] == ["result"]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "result").mkdir()
    write(target(tmp_path / "result"))
    assert (tmp_path / "result" / "analysis.json").read_text() == "new"
    assert os.listdir(tmp_path) == ["result"]


def test_an_existing_result_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    out = a_result(tmp_path / "result")
    with pytest.raises(OutputError, match="already exists") as caught:
        write(target(out))
    assert "--overwrite" in caught.value.remedy
    assert (out / "analysis.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["result"]


def test_overwriting_replaces_the_whole_folder(tmp_path: Path) -> None:
    out = a_result(tmp_path / "result")
    (out / "of the old one").touch()
    write(target(out, overwrite=True))
    assert sorted(os.listdir(out)) == ["analysis.json", "own"]
    assert os.listdir(tmp_path) == ["result"]


def test_overwriting_deletes_nothing_but_results(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "thesis.tex").touch()
    a_result(tmp_path / "collection" / "patient1")
    a_result(tmp_path / "mixed" / "left")
    (tmp_path / "mixed" / "notes.txt").touch()
    for name in ("documents", "collection", "mixed"):
        with pytest.raises(OutputError, match="holds no CTSMA result"):
            write(target(tmp_path / name, overwrite=True))
    assert (tmp_path / "documents" / "thesis.tex").exists()


def test_a_scan_in_the_folder_is_not_deleted(tmp_path: Path) -> None:
    out = a_result(tmp_path / "result")
    scan = out / "ct.nii.gz"
    scan.touch()
    with pytest.raises(OutputError, match="The scan lies in the folder"):
        write(target(out, overwrite=True, keep=(scan,)))
    assert scan.exists()


def test_a_link_is_followed(tmp_path: Path) -> None:
    real = a_result(tmp_path / "real")
    (tmp_path / "link").symlink_to(real)
    write(target(tmp_path / "link", overwrite=True))
    assert (tmp_path / "link").is_symlink()
    assert (real / "analysis.json").read_text() == "new"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "result"):
        with pytest.raises(OutputError, match="file is a file, not a folder"):
            write(target(path, overwrite=True))


@pytest.mark.parametrize("path", ["/", "/proc/ctsma", "x" * 300])
def test_an_impossible_place_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(OutputError) as caught:
        write(target(tmp_path / path, overwrite=True))
    assert caught.value.remedy
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_not_in_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="not in UTF-8"):
        write(target(tmp_path / "kn\udcfc", overwrite=True))
    assert os.listdir(tmp_path) == []


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OutputError):
        write(target(tmp_path / "loop" / "result"))


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.ENOSPC, "The disk is full"), (errno.EACCES, "You may not write"), (errno.EIO, "could not be written")],
)
def test_a_failed_write_leaves_nothing_and_says_why(tmp_path: Path, number: int, sentence: str) -> None:
    with pytest.raises(OutputError, match=sentence), staged(target(tmp_path / "new" / "result")) as folder:
        (folder / "begun").touch()
        raise OSError(number, os.strerror(number))
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="You may not write"):
        write(target(tmp_path / "result"))


def test_another_program_that_was_faster_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "result"
    with pytest.raises(OutputError, match="already exists"), staged(target(out)) as folder:
        (folder / "analysis.json").touch()
        a_result(out, "of another run")
    assert (out / "analysis.json").read_text() == "of another run"
    assert os.listdir(tmp_path) == ["result"]


def test_a_failed_replacement_brings_the_old_result_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = a_result(tmp_path / "result")
    rename = Path.rename

    def failing(self: Path, to: Path) -> Path:
        if "partial" in self.name:
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError):
        write(target(out, overwrite=True))
    assert (out / "analysis.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["result"]


def test_what_dead_processes_left_is_put_right(tmp_path: Path) -> None:
    a_result(tmp_path / ".result.partial-1-aa")
    a_result(tmp_path / ".result.previous-1-bb", "rescued")
    a_result(tmp_path / ".other.partial-1-cc")
    recover(tmp_path / "result")
    assert sorted(os.listdir(tmp_path)) == [".other.partial-1-cc", "result"]
    assert (tmp_path / "result" / "analysis.json").read_text() == "rescued"


def test_a_rescued_result_is_not_overwritten(tmp_path: Path) -> None:
    a_result(tmp_path / ".result.previous-1-bb", "rescued")
    with pytest.raises(OutputError, match="already exists"):
        write(target(tmp_path / "result"))


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    with staged(target(tmp_path / "result")) as folder:
        code = "import sys, pathlib, CTSMALib.jobs.staging as s; s.recover(pathlib.Path(sys.argv[1]))"
        environment = {**os.environ, "PYTHONPATH": str(Path(staging.__file__).parents[2])}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / "result")], check=True, env=environment, timeout=30)
        assert folder.exists()


def test_names_with_special_characters_are_taken_literally(tmp_path: Path) -> None:
    a_result(tmp_path / ".r[1]*.partial-1-aa")
    a_result(tmp_path / ".r1.partial-1-aa")
    recover(tmp_path / "r[1]*")
    assert os.listdir(tmp_path) == [".r1.partial-1-aa"]


def test_knees_have_their_own_folders_when_there_are_two(tmp_path: Path) -> None:
    assert folder_names(["left"], "auto") == ["."]
    assert folder_names(["left"], "both") == ["left"]
    assert folder_names(["left", "right"], "auto") == ["left", "right"]
    assert folder_names(["unknown", "unknown"], "both") == ["unknown", "unknown-2"]
    both = [a_result(tmp_path / "both" / side) for side in ("left", "right")]
    assert knee_folders(tmp_path / "both") == both
    assert knee_folders(both[0]) == [both[0]]
    assert knee_folders(tmp_path) == knee_folders(tmp_path / "absent") == []
