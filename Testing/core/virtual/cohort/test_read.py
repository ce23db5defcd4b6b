"""A cohort as it is read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from CTSMALib.errors import InputError
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.make import make_cohort
from CTSMALib.virtual.cohort.read import read_cohort
from Testing.core.virtual.cohort.made_up_knees import MADE_UP


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    make_cohort(CohortOrder(2, seed=3), tmp_path, MADE_UP)
    return tmp_path


def test_rows_are_typed_and_paths_lead_to_files(cohort: Path, tmp_path: Path) -> None:
    found = read_cohort(cohort)
    assert (found.facts.seed, found.facts.mode, found.facts.knees) == (3, "whole", 2)
    assert len(found.facts.digest) == 64
    assert [knee.subject for knee in found.knees] == ["vk0001", "vk0002"]
    knee = found.knees[0]
    assert (knee.side, knee.age_years, knee.sex, knee.folder) == ("left", 61.25, "F", cohort / "vk0001")
    assert knee.ct and knee.mr and knee.truth and knee.patches is None
    assert all(path.exists() for path in (knee.ct, knee.mr, knee.truth, knee.registration))
    assert knee.facts["medial_joint_space_mm"] == 1.5 and knee.facts["ct_noise_hu"] == 45.0
    assert knee.facts["family"] == "field"
    assert sum(len(found.of_split(split)) for split in ("train", "tune", "stop", "calibrate", "test")) == 2


def test_patches_have_no_scans(tmp_path: Path) -> None:
    make_cohort(CohortOrder(1, mode="patches"), tmp_path, MADE_UP)
    knee = read_cohort(tmp_path).knees[0]
    assert knee.ct is None and knee.mr is None and knee.patches and knee.patches.is_file()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("vk0002,left", "vk0002,middle", "'middle' is none of"),
        ("vk0001/ct.nii.gz", "../ct.nii.gz", "leaves the folder"),
        ("vk0001/ct.nii.gz", "/ct.nii.gz", "leaves the folder"),
        ("61.25", "old", "could not convert"),
        ("split", "part", "no column split"),
        ("vk0002,", "", "wrong number of cells"),
    ],
)
def test_damaged_manifests_are_refused(cohort: Path, old: str, new: str, sentence: str) -> None:
    file = cohort / "manifest.csv"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=sentence):
        read_cohort(cohort)


def test_other_folders_and_versions_are_refused(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(InputError, match="holds no virtual cohort"):
        read_cohort(tmp_path_factory.mktemp("empty"))
    file = cohort / "cohort.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "schema_version": 2}))
    with pytest.raises(InputError, match="format version 2"):
        read_cohort(cohort)
    file.write_text(json.dumps({**content, "knees": "many"}))
    with pytest.raises(InputError, match="damaged"):
        read_cohort(cohort)
