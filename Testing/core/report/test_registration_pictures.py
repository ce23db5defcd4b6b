"""Which image the pictures of a quality report come from, what they say of it, and who counts as a reviewer."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import write_record
from CTSMALib.registration.review.decisions import after_correction, decided
from CTSMALib.report.registration_qa.builder import build_registration_report
from CTSMALib.report.registration_qa.checks import checks
from CTSMALib.report.registration_qa.measures import bone_measures
from CTSMALib.report.registration_qa.pictures import bone_figure
from CTSMALib.report.registration_qa.sources import (
    MOVED_REASON,
    ReviewedRegistration,
    read_sources,
    resampled_bones,
    show_motions_of,
)
from CTSMALib.report.registration_qa.wording import review_facts, summary
from Testing.core.made_up_pair import MadeUpPair, made_up_pair
from Testing.scene.registration.pair_record import true_record

BONES = ("femur", "tibia", "patella", "fibula")


@pytest.fixture(scope="module")
def a_pair() -> MadeUpPair:
    return made_up_pair()


@pytest.fixture(scope="module")
def a_record(a_pair: MadeUpPair) -> RegistrationRecord:
    """All bones good, patches in the femur only, and nobody has decided anything."""
    return with_verdicts(replace(true_record(a_pair), reviews=(), landmarks=(), local=None))


def with_verdicts(record: RegistrationRecord, **verdicts: str) -> RegistrationRecord:
    bones = tuple(replace(b, verdict=verdicts.get(b.name, "good"), reasons=()) for b in record.bones)
    return replace(record, bones=bones)


def written(folder: Path, pair: MadeUpPair, record: RegistrationRecord, boxes_of: tuple[str, ...]) -> Path:
    """A folder whose images were made of some bones; any image on the grid of the CT does."""
    folder.mkdir()
    write_record(record, folder)
    sitk.WriteImage(pair.labels, str(folder / "bones.nii.gz"))
    sitk.WriteImage(pair.ct, str(folder / "mr_on_ct.nii.gz"))
    own = [patch for patch in record.patches if patch.bone in boxes_of]
    matrices = np.array([record.bone(patch.bone).fixed_to_moving_lps for patch in own]).reshape(-1, 4, 4)
    np.savez(folder / "patches.npz", ids=np.array([patch.id for patch in own], dtype="U32"), matrix=matrices)
    return folder


def from_resampled(pair: MadeUpPair, record: RegistrationRecord, image: sitk.Image) -> ReviewedRegistration:
    return ReviewedRegistration(record, "d" * 64, pair.labels, mr_on_ct=image, resampled=BONES)


def caption(sources: ReviewedRegistration, bone: str = "femur") -> str:
    figure = bone_figure(sources, bone_measures(sources, sources.record.bone(bone)), virtual=False)
    assert figure is not None
    return figure.caption


def test_accepting_a_failed_bone_later_does_not_put_it_into_the_resampled_mr(
    a_pair: MadeUpPair, a_record: RegistrationRecord, tmp_path: Path
) -> None:
    record = decided(with_verdicts(a_record, fibula="failed"), "fibula", "accepted", "Reader A")
    sources = read_sources(written(tmp_path / "r", a_pair, record, ("femur",)))
    assert [sources.can_show(bone) for bone in BONES] == [True, True, True, False]
    fourth = checks(sources, [bone_measures(sources, bone) for bone in record.bones])[3]
    assert "No picture of fibula" in fourth.found and "give the MR (--mr)" in fourth.found
    assert bone_figure(sources, bone_measures(sources, record.bone("fibula")), virtual=False) is None
    assert replace(sources, mr=a_pair.mr).can_show("fibula")


def test_boxes_tell_which_bones_the_resampled_mr_was_made_of(
    a_pair: MadeUpPair, a_record: RegistrationRecord, tmp_path: Path
) -> None:
    accepted_before = written(tmp_path / "a", a_pair, with_verdicts(a_record, femur="failed"), ("femur",))
    assert resampled_bones(with_verdicts(a_record, femur="failed"), accepted_before) == BONES
    without = written(tmp_path / "b", a_pair, a_record, ())
    assert resampled_bones(a_record, without) == BONES[1:]
    (without / "patches.npz").unlink()
    assert resampled_bones(a_record, without) == ()


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and no more", None])
def test_damaged_boxes_tell_nothing(
    a_pair: MadeUpPair, a_record: RegistrationRecord, tmp_path: Path, damage: bytes | None
) -> None:
    folder = written(tmp_path / "r", a_pair, a_record, ("femur",))
    path = folder / "patches.npz"
    path.write_bytes(path.read_bytes()[:-30] if damage is None else damage)
    assert resampled_bones(a_record, folder) == () and not show_motions_of(a_record, folder)
    assert not read_sources(folder).has_pictures


def test_boxes_without_a_motion_each_tell_nothing(
    a_pair: MadeUpPair, a_record: RegistrationRecord, tmp_path: Path
) -> None:
    folder = written(tmp_path / "r", a_pair, a_record, ("femur",))
    np.savez(folder / "patches.npz", ids=np.array([p.id for p in a_record.patches], "U32"), matrix=np.eye(4)[None])
    assert not show_motions_of(a_record, folder)


def test_a_resampled_mr_that_lacks_its_end_is_refused(
    a_pair: MadeUpPair, a_record: RegistrationRecord, tmp_path: Path
) -> None:
    folder = written(tmp_path / "r", a_pair, a_record, ("femur",))
    assert read_sources(folder).has_pictures
    path = folder / "mr_on_ct.nii.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-4000]))  # ITK would fill it with 0
    with pytest.raises(InputError, match=r"mr_on_ct\.nii\.gz of the registration cannot be read completely"):
        read_sources(folder)


def test_the_caption_says_which_image_is_shown(a_pair: MadeUpPair, a_record: RegistrationRecord) -> None:
    resampled = caption(from_resampled(a_pair, a_record, a_pair.ct))
    assert "every bone with its own motion" in resampled and "other bones lie elsewhere" not in resampled
    direct = caption(ReviewedRegistration(a_record, "d" * 64, a_pair.labels, a_pair.mr))
    assert "other bones lie elsewhere under this motion" in direct


def test_nothing_is_known_where_resampling_left_the_mr(a_pair: MadeUpPair, a_record: RegistrationRecord) -> None:
    signal = np.full(a_pair.ct.GetSize()[::-1], 100.0, np.float32)
    signal[:, :, : signal.shape[2] // 2] = 0.0
    image = sitk.GetImageFromArray(signal)
    image.CopyInformation(a_pair.ct)
    sources, bone = from_resampled(a_pair, a_record, image), a_record.bone("femur")
    _, y, z = (n // 2 for n in image.GetSize())
    points = np.array([image.TransformIndexToPhysicalPoint((x, y, z)) for x in (2, image.GetSize()[0] - 3)])
    found = sources.shown(bone, bone.fixed_to_moving_lps, points)
    assert np.isnan(found[0]) and found[1] == pytest.approx(100.0)


def test_an_error_that_belongs_to_another_motion_does_not_choose_the_picture_in_words(
    a_pair: MadeUpPair, a_record: RegistrationRecord
) -> None:
    direct = ReviewedRegistration(a_record, "d" * 64, a_pair.labels, a_pair.mr)
    assert "FL-r1-c1-d1, whose estimated error is the largest" in caption(direct)
    femur = replace(a_record.bone("femur"), reasons=(MOVED_REASON,), verdict="check")
    stale = replace(a_record, bones=(femur, *a_record.bones[1:]))
    text = caption(replace(direct, record=stale))
    assert "the patch FL-r1-c1-d1." in text and "the largest" not in text


def test_moving_a_bone_is_no_review_of_the_one_who_moved_it(a_record: RegistrationRecord) -> None:
    moved = after_correction(decided(a_record, "femur", "accepted", "Reader A"), "femur", "unnamed")
    sources = ReviewedRegistration(moved, "d" * 64)
    measures = [bone_measures(sources, bone) for bone in moved.bones]
    facts = {fact.label: fact.value for fact in review_facts(moved)}
    assert facts["Reviewed by"] == "Reader A"
    assert checks(sources, measures)[0].found.startswith("Nobody has reviewed it where it lies now")
    assert any(line.startswith("Femur: needs work;") for line in summary(sources, measures))
    steps = build_registration_report(sources)
    try:
        while True:
            next(steps)
    except StopIteration as finished:
        verdicts = finished.value.leading_tables[0].rows
    assert "unnamed" not in str(verdicts)


def test_outlines_that_nothing_was_held_against_are_told(
    a_pair: MadeUpPair, a_record: RegistrationRecord, tmp_path: Path
) -> None:
    folder = written(tmp_path / "r", a_pair, a_record, ("femur",))
    sitk.WriteImage(a_pair.labels, str(tmp_path / "outlined.nrrd"))
    sources = read_sources(folder, mr_labels=tmp_path / "outlined.nrrd")
    measures = [bone_measures(sources, bone) for bone in a_record.bones]
    assert "taken to be in the MR's own frame, unchecked" in checks(sources, measures)[5].found
    assert "unchecked" not in checks(replace(sources, frame_assumed=False), measures)[5].found
