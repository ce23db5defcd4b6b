"""The practice pair: what comes with the extension, who offers it, and the review that the module tests itself with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.registration.record_folder import load_record
from CTSMALib.resources import resource
from CTSMALib.scene.registration.practice import (
    CT_FILE,
    MR_FILE,
    PAIR,
    REGISTRATION,
    TRUTH,
    load_practice,
    true_error_mm,
)
from CTSMALib.scene.registration.practice_review import PracticeReview, review_practice

SCRIPT = Path(__file__).parents[3] / "CTSMARegistration" / "CTSMARegistration.py"
MOST_BYTES = 4_000_000


@pytest.fixture(scope="session")
def a_practice_review() -> PracticeReview:
    """One in which everything went well."""
    return PracticeReview(4.7, 0.1, (1.2, 0.5), True, True, "accepted", True)


def test_what_is_bundled_is_small_virtual_and_of_one_knee() -> None:
    from CTSMALib.volumes import read_mr, read_scan

    files = [path for path in resource(PAIR).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    record = load_record(resource(REGISTRATION))
    ct, mr = read_scan(resource(CT_FILE)), read_mr(resource(MR_FILE))
    assert (record.fixed.sha256, record.moving.sha256) == (ct.identity.sha256, mr.identity.sha256)
    for scan in (ct, mr):
        assert "virtual-scan" in {notice.code for notice in scan.notices}


def test_nothing_that_is_bundled_names_a_machine() -> None:
    texts = [path.read_text(encoding="utf-8") for path in resource(PAIR).rglob("*") if path.suffix in (".json", ".csv")]
    assert len(texts) == 4
    assert not any("/tmp" in text or "/work" in text or "/home" in text for text in texts)


def test_the_truth_takes_the_bones_of_the_mr_onto_those_of_the_ct() -> None:
    record = load_record(resource(REGISTRATION))
    true_motions = json.loads(resource(TRUTH).read_text(encoding="utf-8"))["moving_to_fixed_ras"]
    for bone in record.bones:
        assert true_error_mm(bone.name, np.array(true_motions[bone.name])) < 0.01
    labels = sitk.ReadImage(str(resource(f"{PAIR}/mr_bones.nii.gz")))
    mr = sitk.ReadImage(str(resource(MR_FILE)))
    assert labels.GetSize() == mr.GetSize()
    found = sitk.ReadImage(str(resource(f"{REGISTRATION}/bones.nii.gz")))
    middles = [np.argwhere(sitk.GetArrayViewFromImage(image) == 3).mean(axis=0)[::-1] for image in (labels, found)]
    mr_mm, ct_mm = (
        np.array(image.TransformContinuousIndexToPhysicalPoint(middle.tolist())) * (-1, -1, 1)
        for image, middle in zip((labels, found), middles, strict=True)
    )
    motion = np.array(true_motions["patella"])
    np.testing.assert_allclose(motion[:3, :3] @ mr_mm + motion[:3, 3], ct_mm, atol=1.0)


def test_the_copy_can_be_written_to_though_what_is_bundled_cannot(scene: Any, tmp_path: Path) -> None:
    first, second = (load_practice(scene, tmp_path) for _ in range(2))
    assert first.folder != second.folder and first.ct is second.ct and first.mr is second.mr
    assert load_record(first.folder) == load_record(resource(REGISTRATION))
    (first.folder / "registration.json").write_text("{}", encoding="utf-8")
    assert load_record(second.folder).bones


def test_sample_data_offers_ct_and_mr(bench: Any, scene: Any) -> None:
    bench.load_module(SCRIPT)
    sample = bench.calls.of("registerCustomSampleDataSource")[-1]
    assert (sample["category"], sample["sampleName"]) == ("CTSMA Registration", "CTSMAPracticePair")
    assert len(sample["nodeNames"]) == len(set(sample["fileNames"])) == len(sample["checksums"]) == 2
    paths = [*(address.removeprefix("file://") for address in sample["uris"]), sample["thumbnailFileName"]]
    assert all(Path(path).is_file() for path in paths)


def test_a_script_reviews_the_pair_from_a_wrong_bone_to_an_accepted_one(scene: Any, tmp_path: Path) -> None:
    found = review_practice(scene, tmp_path)
    assert found.problems() == []
    transforms = [node.GetName() for node in scene.GetNodesByClass("vtkMRMLLinearTransformNode")]
    assert not [name for name in transforms if "tibia" in name]  # it leaves the scans, and nothing else


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("before_mm", 0.1), ("after_mm", 2.0), ("contour_mm", (1.2, 1.1)), ("contour_mm", (1.2, None)),
        ("undone", False), ("redone", False), ("decision", ""), ("reopened", False),
    ],
)  # fmt: skip
def test_the_self_test_notices_what_is_wrong(a_practice_review: PracticeReview, field: str, wrong: Any) -> None:
    assert a_practice_review.problems() == []
    assert len(replace(a_practice_review, **{field: wrong}).problems()) == 1
