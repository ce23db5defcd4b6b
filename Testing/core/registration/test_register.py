"""All stages on a made-up pair from displaced headers, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import AnatomyError, InputError
from CTSMALib.registration import refusals
from CTSMALib.registration.engines.mutual_information import FINE, MutualInformation
from CTSMALib.registration.fixed_knee import WHOLE, FixedKnee
from CTSMALib.registration.joint_motion import implausible
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.names import BONES, KNEE, LOCAL, POSE
from CTSMALib.registration.outcome import record_of
from CTSMALib.registration.paired import Motions
from CTSMALib.registration.patch_pairs import pair_patches
from CTSMALib.registration.quality import judge
from CTSMALib.registration.record import FAILED, GOOD, IDENTITY, REJECTED, Review, rows
from CTSMALib.registration.register import Registration, register
from CTSMALib.registration.rigid_fit import judged
from CTSMALib.registration.stages import fit_bones
from CTSMALib.registration.start import Start, start_from
from CTSMALib.volumes.rigid import applied, fixed_to_moving_lps, turned
from Testing.core.made_up_pair import MadeUpPair
from Testing.core.registration.made_up_record import a_record

FOUR = ("femur", "tibia", "patella", "fibula")


@pytest.fixture(scope="module")
def a_femur_and_tibia(a_pair: MadeUpPair) -> FixedKnee:
    return FixedKnee(a_pair.ct, sitk.Mask(a_pair.labels, a_pair.labels <= 2))


@pytest.mark.parametrize("bone", FOUR)
def test_each_bone_is_within_half_a_millimeter_everywhere(a_pair, a_fixed_knee, a_registration, bone: str) -> None:
    surface = a_fixed_knee.surface(bone).points_mm
    apart = applied(a_registration.motions.matrices[bone], surface) - applied(a_pair.matrices[bone], surface)
    assert np.linalg.norm(apart, axis=1).max() < 0.5


def test_every_bone_is_good_with_a_finite_error(a_registration: Registration) -> None:
    assert [bone.name for bone in a_registration.bones] == list(FOUR)
    for bone in a_registration.bones:
        assert (bone.verdict, bone.reasons) == (GOOD, ())
        quality = bone.quality
        assert 0 < quality.estimated_mm < quality.estimated_95_mm < 2.0
        assert quality.returned == 1.0 and 1.03 < quality.similarity < 2.0
        assert quality.similarity > bone.knee_quality.similarity or bone.name == "tibia"


def test_stages_are_told_in_their_order(a_pair: MadeUpPair, a_registration: Registration) -> None:
    told = [(stage.stage, stage.subject) for stage in a_registration.stages]
    assert told == [(POSE, WHOLE), (KNEE, WHOLE), *((BONES, name) for name in FOUR)]
    for stage in a_registration.stages:
        assert stage.trace and np.isfinite(stage.trace).all()
        there = applied(fixed_to_moving_lps(np.array(stage.moving_to_fixed_ras)), a_pair.joint_mm)
        limit = 15.0 if stage.stage == POSE else 5.0
        assert np.linalg.norm(there - applied(a_pair.matrices["tibia"], a_pair.joint_mm)) < limit, stage.stage


def test_patches_are_paired_and_those_outside_are_flagged(a_pair, a_registration, some_patches) -> None:
    paired = a_registration.patches
    assert [p.id for p in paired] == [p.id for p in some_patches]
    for patch in paired[:2]:
        assert patch.flags == () and 0 < patch.estimated_mm < 0.8
        true = applied(a_pair.matrices["tibia"], np.array(patch.ct_mm))
        assert np.linalg.norm(np.array(patch.mr_mm) - true) < 0.5
    assert "outside" in paired[2].flags


def test_patches_of_compartments_that_the_ct_cannot_tell_are_flagged(
    a_pair, a_fixed_knee, a_moving_knee, some_patches
) -> None:
    judgments = {"tibia": judge(a_fixed_knee, "tibia", a_moving_knee, a_pair.matrices["tibia"], LocalField.none())}
    bone = SimpleNamespace(name="tibia", verdict=GOOD)
    motions = Motions(a_fixed_knee.bones, a_pair.matrices, LocalField.none())
    told = [
        pair_patches(some_patches[:1], motions, judgments, [bone], a_moving_knee, refused)[0].flags
        for refused in ((), ("TM",), ("FM",))
    ]
    assert told == [(), ("compartment",), ()]


def test_a_local_refinement_keeps_corrections_of_a_person_apart(
    a_pair, a_fixed_knee, a_moving_knee, a_registration
) -> None:
    """The motion of a bone stays as it is, and what was found stays apart from what a person did."""
    nudge = turned(np.zeros(3), np.zeros(3), np.array([0.2, 0.0, 0.0]))
    femur = replace(a_registration.bones[0], user_moving_to_fixed_ras=rows(nudge))
    record = replace(a_record(), bones=(femur, *a_registration.bones[1:]), stages=a_registration.stages)
    start = replace(start_from(record), first_stage=LOCAL)
    found = register(a_fixed_knee, a_moving_knee, start=start)
    assert found.bones[0].auto_moving_to_fixed_ras == femur.auto_moving_to_fixed_ras
    assert found.bones[0].user_moving_to_fixed_ras == rows(nudge)
    assert found.motions.matrices["femur"] == pytest.approx(femur.fixed_to_moving_lps)
    last = found.stages[-1]
    assert (last.stage, last.subject) == (LOCAL, WHOLE) and len(last.trace) > 1 and 0.5 < last.inside <= 1.0


def test_one_bone_is_found_anew_while_the_others_stay(
    a_pair, a_fixed_knee, a_moving_knee, a_registration, some_patches
) -> None:
    """A femur that a person moved, with a decision about every bone."""
    nudge = turned(np.zeros(3), np.zeros(3), np.array([1.5, 1.0, 0.0]))
    before = {bone.name: bone for bone in a_registration.bones}
    before["femur"] = replace(before["femur"], user_moving_to_fixed_ras=rows(nudge))
    before["patella"] = replace(before["patella"], verdict=FAILED, reasons=("Somebody said so.",))
    reviews = tuple(Review(name, REJECTED, "A reader", a_record().created, "", "0.9") for name in FOUR)
    stages = tuple(replace(stage, made_by=f"{stage.made_by}, synthetic CT") for stage in a_registration.stages)
    record = replace(
        a_record(), bones=tuple(before.values()), stages=stages, patches=a_registration.patches, reviews=reviews
    )
    start = replace(start_from(record), first_stage=BONES, only=("femur",))
    engine = CountingEngine()
    found = register(a_fixed_knee, a_moving_knee, some_patches, start, engine)
    assert engine.refined == ["femur"] and [bone.name for bone in found.bones] == list(FOUR)
    femur, *others = found.bones
    assert tuple(others) == tuple(before[bone.name] for bone in others)
    surface = a_fixed_knee.surface("femur").points_mm
    apart = applied(femur.fixed_to_moving_lps, surface) - applied(a_pair.matrices["femur"], surface)
    assert np.linalg.norm(apart, axis=1).max() < 0.5
    assert femur.user_moving_to_fixed_ras == IDENTITY and femur.verdict == GOOD
    written = record_of(found, record.fixed, record.moving, record.side, start, (), ())
    assert written.patches == record.patches and written.bones == found.bones
    assert [stage for stage in written.stages if stage.subject != "femur"] == [*stages[:2], *stages[3:]]
    assert [stage.made_by for stage in written.stages if stage.subject == "femur"] == ["counting 1"]
    assert written.reviews == reviews[1:] and written.earlier[-1].bones == record.bones


@pytest.mark.parametrize("only", [("patella",), ("femur",)])
def test_bones_that_the_ct_does_not_show_are_neither_found_anew_nor_kept(
    a_femur_and_tibia, a_moving_knee, a_registration, only: tuple[str, ...]
) -> None:
    start = start_from(replace(a_record(), bones=a_registration.bones, stages=a_registration.stages))
    with pytest.raises(InputError, match="shows no patella"):
        register(a_femur_and_tibia, a_moving_knee, start=replace(start, first_stage=BONES, only=only))


class CountingEngine(MutualInformation):
    """Remembers what it was asked for."""

    name = "counting"

    def __init__(self) -> None:
        self.refined: list[str] = []

    def refine(self, fixed, bone, moving, starts):
        self.refined.append(bone)
        return super().refine(fixed, bone, moving, starts)


def test_a_bone_outside_the_mr_failed_for_that_reason(a_pair: MadeUpPair) -> None:
    """The front of the MR, where the patella is, is cut off."""
    fixed = FixedKnee(a_pair.ct, sitk.Mask(a_pair.labels, sitk.Or(a_pair.labels == 1, a_pair.labels == 3)))
    known = {name: a_pair.matrices[name] for name in ("femur", "patella")}
    found = register(fixed, MovingKnee(a_pair.mr[50:]), start=Start(BONES, bones=known))
    femur, patella = found.bones
    assert femur.verdict != FAILED
    assert patella.verdict == FAILED and "of the bone lies in the MR" in patella.reasons[0]


def test_the_other_knee_is_refused_as_that(a_pair: MadeUpPair, a_femur_and_tibia: FixedKnee) -> None:
    other = sitk.GetImageFromArray(sitk.GetArrayFromImage(a_pair.mr)[::-1].copy())  # slices from left to right
    other.CopyInformation(a_pair.mr)
    with pytest.raises(AnatomyError, match="other knee"):
        register(a_femur_and_tibia, MovingKnee(other))


def test_ct_and_labels_stay_together_when_they_are_mirrored(a_pair: MadeUpPair) -> None:
    """As a refusal mirrors them; labels often cover a part of the CT."""
    part = a_pair.labels[15:]
    found = refusals.mirrored(FixedKnee(a_pair.ct, part))
    bone = sitk.Resample(found.labels, found.ct, sitk.Transform(), sitk.sitkNearestNeighbor)
    hu = sitk.GetArrayFromImage(found.ct)[sitk.GetArrayFromImage(bone) > 0]
    assert (hu > 60.0).mean() > 0.9


def test_noise_is_refused(a_pair: MadeUpPair, a_femur_and_tibia: FixedKnee) -> None:
    noise = np.random.default_rng(0).rayleigh(100.0, sitk.GetArrayViewFromImage(a_pair.mr).shape)
    image = sitk.GetImageFromArray(noise.astype(np.float32))
    image.CopyInformation(a_pair.mr)
    with pytest.raises(AnatomyError, match="not found in the MR"):
        register(a_femur_and_tibia, MovingKnee(image))


def test_a_ct_in_the_place_of_the_mr_is_refused_and_an_mr_is_not(a_pair: MadeUpPair, a_fixed_knee: FixedKnee) -> None:
    with pytest.raises(InputError, match="is a CT as well"):
        refusals.refuse_ct(a_fixed_knee, MovingKnee(a_pair.ct), np.eye(4))
    refusals.refuse_ct(a_fixed_knee, MovingKnee(a_pair.mr), a_pair.matrices["tibia"])


class AstrayAtFirst:
    """The project's engine, but the first search of a bone ends far from it."""

    name, version = "astray", "1"

    def __init__(self, bone: str) -> None:
        self.bone, self.searches = bone, 0

    def refine(self, fixed, bone, moving, starts):
        self.searches += bone == self.bone
        if bone != self.bone or self.searches > 1:
            return MutualInformation().refine(fixed, bone, moving, starts)
        away = starts[0] @ turned(np.array([50.0, 20.0, 0.0]), fixed.center_mm(bone), np.array([10.0, 5.0, 25.0]))
        return [judged(MutualInformation.points(fixed, bone, FINE), moving.level(FINE[0]), away)]


@pytest.mark.parametrize(("bone", "other"), [("femur", "tibia"), ("tibia", "femur")])
def test_a_bone_that_was_lost_is_searched_from_the_other_one(a_pair, a_fixed_knee, a_moving_knee, bone, other) -> None:
    engine = AstrayAtFirst(bone)
    found = fit_bones(a_fixed_knee, a_moving_knee, a_pair.matrices[other], engine)
    surface = a_fixed_knee.surface(bone).points_mm
    apart = applied(found[bone][0].matrix, surface) - applied(a_pair.matrices[bone], surface)
    assert engine.searches == 2 and np.linalg.norm(apart, axis=1).max() < 0.5
    known = {bone: a_pair.matrices[bone]}
    engine = AstrayAtFirst(bone)
    fit_bones(a_fixed_knee, a_moving_knee, a_pair.matrices[other], engine, known)
    assert engine.searches == 1  # what a person gave is not searched elsewhere


def test_what_a_joint_cannot_do_is_implausible(a_pair: MadeUpPair, a_fixed_knee: FixedKnee) -> None:
    centers = a_fixed_knee.pivots_mm
    assert implausible(a_pair.matrices, centers) == {}
    bent = turned(np.array([0.0, 60.0, 0.0]), a_pair.joint_mm, np.zeros(3))
    away = turned(np.zeros(3), centers["fibula"], np.array([9.0, 0.0, 0.0]))
    moved = {
        **a_pair.matrices,
        "femur": a_pair.matrices["tibia"] @ bent,
        "patella": a_pair.matrices["tibia"] @ bent,
        "fibula": a_pair.matrices["tibia"] @ away,
    }
    found = implausible(moved, centers)
    assert set(found) == {"femur", "fibula"}
    assert "60°" in found["femur"] and "9 mm" in found["fibula"] and "tibia" in found["fibula"]


def test_a_knee_may_be_bent_however_much_of_the_shaft_is_shown(a_pair: MadeUpPair, a_fixed_knee: FixedKnee) -> None:
    bent = turned(np.array([30.0, 0.0, 0.0]), a_fixed_knee.joint_mm, np.array([0.0, 5.0, 0.0]))
    pivots = a_fixed_knee.pivots_mm
    assert implausible({"tibia": np.eye(4), "femur": bent}, pivots) == {}
    pulled = turned(np.zeros(3), a_fixed_knee.joint_mm, np.array([0.0, 0.0, 25.0]))
    assert set(implausible({"tibia": np.eye(4), "femur": pulled}, pivots)) == {"femur"}


@pytest.mark.parametrize("off_mm", [(6.0, 0.0, 0.0), (0.0, 6.0, 0.0), (-3.5, 3.5, 3.5)], ids=str)
def test_a_rough_start_is_not_taken_for_the_other_knee(a_pair: MadeUpPair, a_femur_and_tibia, off_mm) -> None:
    """Landmarks of a person in a coarse MR, in which no bone is good."""
    coarse = MovingKnee(sitk.BinShrink(a_pair.mr, [1, 1, 2]))
    rough = a_pair.matrices["tibia"] @ turned(np.zeros(3), np.zeros(3), np.array(off_mm))
    assert refusals.against_mirror(a_femur_and_tibia, coarse, rough)[0] < 0.9
