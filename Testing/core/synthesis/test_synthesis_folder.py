"""The folder of a synthesis: what is written is read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice
from CTSMALib.report.figures.synthesis import synthesis_figure
from CTSMALib.synthesis.folder import DOCUMENT, SynthesisRecord, holds_synthesis, load_synthesis, write_synthesis
from CTSMALib.synthesis.synthetic_knee import UNKNOWN_HU, SyntheticKnee
from CTSMALib.volumes import read_scan
from CTSMALib.volumes.bone_labels import read_bone_labels
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.scan import InputIdentity

IDENTITY = InputIdentity("mr.nii.gz", "NIfTI", "a" * 64)
READ = Notice("read-so", "It was read so.")


def a_synthetic_knee(distance: float = 0.5) -> SyntheticKnee:
    """Femur above tibia; the MR ends before the first rows."""
    size = 40
    bones = np.zeros((size,) * 3, dtype=np.uint8)
    bones[22:36, 8:32, 8:32], bones[4:19, 8:32, 8:32] = 1, 2
    known = np.ones(bones.shape, dtype=bool)
    known[:, :4] = False
    hu = np.where(bones > 0, 400, 40).astype(np.int16)
    likelihood = (np.arange(5)[:, None, None, None] == bones).astype(np.float16)
    grid = Grid((size,) * 3, (0.8,) * 3, (-5.0, 3.0, 60.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    return SyntheticKnee(
        grid, np.where(known, hu, UNKNOWN_HU).astype(np.int16), np.where(known, 33.4, 0.0).astype(np.float32), bones,
        likelihood, known, distance, 1.5, "made up 1.0 (00000000)",
    )  # fmt: skip


def an_mr(knee: SyntheticKnee) -> sitk.Image:
    """Finer voxels over the lower half of the knee."""
    image = sitk.Image((80, 80, 40), sitk.sitkFloat32) + 100.0
    image.SetSpacing((0.4, 0.4, 0.4))
    image.SetOrigin(knee.grid.origin_mm)
    return image


def written(folder: Path, distance: float = 0.5) -> tuple[SyntheticKnee, SynthesisRecord]:
    knee = a_synthetic_knee(distance)
    return knee, write_synthesis(knee, an_mr(knee), IDENTITY, (READ,), folder)


def test_a_synthesis_comes_back_as_it_was_written(tmp_path: Path) -> None:
    knee, record = written(tmp_path)
    assert load_synthesis(tmp_path) == record and holds_synthesis(tmp_path)
    assert record.bones_ml == {"femur": pytest.approx(4.1, abs=0.1), "tibia": pytest.approx(4.4, abs=0.1)}
    assert record.notices == (READ,) and record.moving == IDENTITY and "Research use only" in record.use
    ct = sitk.ReadImage(str(tmp_path / record.files["ct"]))
    assert ct.GetPixelID() == sitk.sitkInt16 and np.array_equal(sitk.GetArrayFromImage(ct), knee.hu)
    assert ct.GetOrigin() == pytest.approx(knee.grid.origin_mm)
    error = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / record.files["error"])))
    assert set(np.unique(error)) == {0, 33}
    bones = sitk.ReadImage(str(tmp_path / record.files["bones"]))
    assert bones.GetSize() == (80, 80, 40)
    values = sitk.GetArrayFromImage(bones)
    assert values[20, 40, 40] == 2 and set(np.unique(values)) == {0, 2}


def test_what_is_unlike_the_training_is_kept_as_a_notice(tmp_path: Path) -> None:
    _, record = written(tmp_path, 4.0)
    assert [notice.code for notice in record.notices] == ["read-so", "mr-unlike-training"]
    assert "4.0" in record.notices[1].text


def test_a_distance_that_is_not_known_is_no_number(tmp_path: Path) -> None:
    """JSON has no infinity."""
    written(tmp_path, float("inf"))
    assert "Infinity" not in (tmp_path / DOCUMENT).read_text()
    assert load_synthesis(tmp_path).distance is None


def test_other_folders_are_refused(tmp_path: Path) -> None:
    assert not holds_synthesis(tmp_path)
    with pytest.raises(InputError, match="holds no synthetic CT"):
        load_synthesis(tmp_path)
    written(tmp_path)
    document = json.loads((tmp_path / DOCUMENT).read_text())
    (tmp_path / DOCUMENT).write_text(json.dumps({**document, "schema_version": 9}))
    with pytest.raises(InputError, match="another version"):
        load_synthesis(tmp_path)
    (tmp_path / DOCUMENT).write_text(json.dumps({**document, "limit": "high"}))
    with pytest.raises(InputError, match="holds no synthetic CT"):
        load_synthesis(tmp_path)


def test_the_picture_shows_mr_and_ct() -> None:
    knee = a_synthetic_knee()
    picture = synthesis_figure(an_mr(knee), knee)
    assert picture.png.startswith(b"\x89PNG") and picture.width_px > picture.height_px > 500
    assert "femur, tibia" in picture.alt
    without = synthesis_figure(an_mr(knee), replace(knee, bones=np.where(knee.bones == 1, knee.bones, 0)))
    assert "tibia" not in without.alt and without.png != picture.png


def test_a_synthetic_ct_cannot_be_read_as_a_scan(tmp_path: Path) -> None:
    _, record = written(tmp_path)
    with pytest.raises(InputError, match="synthetic CT") as refused:
        read_scan(tmp_path / record.files["ct"])
    assert "MR itself" in refused.value.remedy
    assert read_bone_labels(tmp_path / record.files["bones"]).GetSize() == (80, 80, 40)
