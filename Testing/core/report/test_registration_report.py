"""The quality report of a reviewed registration: what it says, shows, and refuses to claim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.notices import Notice
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.paired import resampled_on
from CTSMALib.registration.record import LandmarkPair, LocalRecord, RegistrationRecord
from CTSMALib.registration.review.bone_overlap import BoneOverlap
from CTSMALib.registration.review.corrections import Corrections
from CTSMALib.registration.review.decisions import decided
from CTSMALib.report.html import render_html
from CTSMALib.report.model import ReportModel, Table
from CTSMALib.report.pdf import PAGES, render_pdf
from CTSMALib.report.registration_qa.builder import build_registration_report
from CTSMALib.report.registration_qa.measures import bone_measures, jacobian_determinants
from CTSMALib.report.registration_qa.sources import MOVED_REASON, ReviewedRegistration
from CTSMALib.volumes.rigid import fixed_to_moving_lps
from Testing.core.made_up_pair import MadeUpPair, made_up_pair
from Testing.core.report.readers import HtmlReader, pdf_pages
from Testing.scene.registration.pair_record import true_record

OFF_MM = (0.0, 1.5, 0.0)
BONES = ("femur", "tibia", "patella", "fibula")


@pytest.fixture(scope="module")
def a_pair() -> MadeUpPair:
    return made_up_pair()


@pytest.fixture(scope="module")
def a_record(a_pair: MadeUpPair) -> RegistrationRecord:
    """A femur that was found 1.5 mm off and moved to where it belongs; nobody has decided anything."""
    record = replace(true_record(a_pair), reviews=(), landmarks=(), local=None)
    truth = Corrections.of_record(record)
    femur = record.bone("femur")
    off = truth.moved("femur", OFF_MM)
    auto = tuple(map(tuple, off.composed("femur").tolist()))
    bad = replace(femur.quality, contour_mm=1.6, inverse_mm=0.4, estimated_mm=1.5, estimated_95_mm=2.9)
    wrong = replace(femur, auto_moving_to_fixed_ras=auto, auto_quality=bad)  # type: ignore[arg-type]
    record = replace(record, bones=(wrong, *(bone for bone in record.bones if bone.name != "femur")))
    back = Corrections.of_record(record).moved("femur", [-v for v in OFF_MM])
    return back.applied_to(record)


def sources_of(pair: MadeUpPair, record: RegistrationRecord, **changes: Any) -> ReviewedRegistration:
    return replace(ReviewedRegistration(record, "d" * 64, pair.labels, pair.mr), **changes)


def built(sources: ReviewedRegistration) -> ReportModel:
    steps = build_registration_report(sources)
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            model: ReportModel = finished.value
            return model


def without_pictures(record: RegistrationRecord, **changes: Any) -> ReportModel:
    return built(replace(ReviewedRegistration(record, "d" * 64), **changes))


def table(model: ReportModel, title: str) -> Table:
    return next(t for t in (*model.leading_tables, *model.tables) if title in t.title)


def check(model: ReportModel, number: int) -> tuple[str, ...]:
    return table(model, "TG-132").rows[number - 1]


def with_points(record: RegistrationRecord, error_mm: float, held_out: bool) -> RegistrationRecord:
    """Three points in the tibia, each off by the same distance in the MR."""
    motion = fixed_to_moving_lps(Corrections.of_record(record).composed("tibia"))
    pairs = []
    for number, ct in enumerate(np.eye(3) * 10.0):
        mr = motion[:3, :3] @ ct + motion[:3, 3] + (error_mm, 0.0, 0.0)
        pairs.append(LandmarkPair(str(number), "tibia", tuple(ct), tuple(mr), held_out, "Reader A"))
    return replace(record, landmarks=tuple(pairs))


def test_a_bone_that_was_moved_has_numbers_before_and_after(a_record: RegistrationRecord) -> None:
    model = without_pictures(a_record)
    rows = {row[0]: row for row in table(model, "Before and after").rows}
    after = next(name for name in rows if name.startswith("Femur, after"))
    assert "moved by 1.5 mm" in after
    assert rows["Femur, before"][1] == "1.60"
    assert rows[after][1] == "—"  # the contour of the made-up quality is not known
    assert [rows[name][5] for name in ("Femur, before", after)] == ["1.50", "0.33"]
    assert "Tibia, as found" in rows
    assert len(rows) == 5


def test_pictures_show_a_moved_bone_before_and_after(a_pair: MadeUpPair, a_record: RegistrationRecord) -> None:
    model = built(sources_of(a_pair, a_record))
    assert [len(figure.panels) for figure in model.figures] == [6, 3, 3, 3]
    femur = model.figures[0]
    assert "not reviewed" in femur.title
    assert [panel.name for panel in femur.panels[:2]] == ["femur-coronal-before", "femur-axial-before"]
    assert "the MR with the outline of the femur of the CT" in femur.panels[0].alt
    assert "FL-r1-c1-d1" in femur.caption and "Research use only" in femur.caption
    assert femur.panels[0].png != femur.panels[3].png


def test_the_resampled_mr_shows_the_same_as_the_mr_before_and_after(
    a_pair: MadeUpPair, a_record: RegistrationRecord
) -> None:
    from CTSMALib.registration.fixed_knee import FixedKnee
    from CTSMALib.registration.paired import Motions

    fixed = FixedKnee(a_pair.ct, a_pair.labels)
    present = {bone.name: bone.fixed_to_moving_lps for bone in a_record.bones}
    moving = MovingKnee(a_pair.mr)
    on_ct = resampled_on(a_pair.ct, Motions(fixed.bones, present, LocalField.none()), moving)
    direct, resampled = sources_of(a_pair, a_record), sources_of(a_pair, a_record, mr=None, mr_on_ct=on_ct)
    bone = a_record.bone("femur")
    points = a_pair.joint_mm + (20.0, 0.0, 14.0) + np.random.default_rng(1).uniform(-6.0, 6.0, (500, 3))
    before = fixed_to_moving_lps(np.array(bone.auto_moving_to_fixed_ras))
    for matrix in (before, bone.fixed_to_moving_lps):
        expected, found = (one.shown(bone, matrix, points) for one in (direct, resampled))
        assert np.corrcoef(expected, found)[0, 1] > 0.9
    assert np.corrcoef(direct.shown(bone, before, points), direct.shown(bone, present["femur"], points))[0, 1] < 0.8


def test_the_eight_checks_have_a_tolerance_and_a_result(a_record: RegistrationRecord) -> None:
    rows = table(without_pictures(a_record), "TG-132").rows
    assert [row[0].split()[0] for row in rows] == [str(n) for n in range(1, 9)]
    assert all(all(cell.strip() for cell in row) for row in rows)
    assert rows[7][3] == "met" and "femur 0.20 mm" in rows[7][2]


def test_checks_without_inputs_say_what_to_do(a_record: RegistrationRecord) -> None:
    model = without_pictures(a_record)
    assert check(model, 5)[3] == "not measured" and "mark them as held out" in check(model, 5)[2]
    assert "give them as a label map" in check(model, 6)[2]
    assert check(model, 4)[3] == "not measured" and "give the MR" in check(model, 4)[2]
    assert check(model, 3)[3] == "not applicable"
    assert check(model, 1)[3] == "not recorded" and "Nobody has reviewed it yet" in check(model, 1)[2]
    assert any("No held-out points" in line for line in model.summary)


def test_only_held_out_points_measure(a_record: RegistrationRecord) -> None:
    fitted = without_pictures(with_points(a_record, 0.5, held_out=False))
    assert check(fitted, 5)[3] == "not measured" and "a fit makes their error small" in check(fitted, 5)[2]
    measured = without_pictures(with_points(a_record, 0.5, held_out=True))
    assert "3 held-out points" in check(measured, 5)[2] and "tibia 0.50 mm" in check(measured, 5)[2]
    assert check(measured, 5)[3] == "met; not measured: femur, patella and fibula"
    assert [row[5] for row in table(measured, "Landmarks").rows] == ["0.50"] * 3
    assert any("Largest error at a held-out point: 0.50 mm, tibia" in line for line in measured.summary)


def test_a_value_beyond_its_tolerance_names_the_bone(a_record: RegistrationRecord) -> None:
    assert check(without_pictures(with_points(a_record, 2.1, held_out=True)), 5)[3] == "not met: tibia"
    assert check(without_pictures(with_points(a_record, 1.9, held_out=True)), 5)[3].startswith("met")


def test_coarse_voxels_widen_the_tolerance_up_to_three_millimeters(
    a_pair: MadeUpPair, a_record: RegistrationRecord
) -> None:
    from CTSMALib.report.registration_qa.checks import tolerance_mm

    found = []
    for longest in (1.0, 2.5, 5.0):
        mr = sitk.Image(2, 2, 2, sitk.sitkFloat32)
        mr.SetSpacing((0.5, 0.5, longest))
        found.append(tolerance_mm(sources_of(a_pair, a_record, mr=mr)))
    assert found == [2.0, 2.5, 3.0]


def test_a_bone_that_is_not_to_be_used_does_not_count(a_record: RegistrationRecord) -> None:
    bad = with_points(a_record, 4.0, held_out=True)
    model = without_pictures(decided(bad, "tibia", "rejected", "Reader A", "It is off."))
    assert check(model, 5)[3] == "not measured"
    assert "Not counted because it is not to be used: tibia" in table(model, "TG-132").note
    refused = next(group for group in model.notices if group.title == "Do not use")
    assert refused.texts == ("Tibia: rejected. It is off.",)
    assert any(line.startswith("Tibia: rejected (Reader A)") for line in model.summary)


def test_dice_and_assd_are_judged_apart(a_record: RegistrationRecord) -> None:
    model = without_pictures(
        a_record, overlap_of=lambda bone, motion: BoneOverlap(0.7 if bone == "patella" else 0.9, 0.5, 1.0)
    )
    assert "Dice not met: patella" in check(model, 6)[3] and "ASSD met" in check(model, 6)[3]
    assert table(model, "Before and after").columns[-2].name == "Dice"
    assert table(model, "Before and after").rows[0][-2:] == ("0.90", "0.50")


def test_the_determinant_of_a_rigid_motion_is_one(a_record: RegistrationRecord) -> None:
    assert jacobian_determinants(a_record.bone("femur"), LocalField.none()) == pytest.approx((1.0, 1.0))
    text = check(without_pictures(a_record), 7)
    assert "1 by construction" in text[2] and text[3] == "met"


def test_the_determinant_of_a_displacement_is_that_of_its_gradient(a_record: RegistrationRecord) -> None:
    bone = a_record.bone("femur")
    x, y, z = bone.center_fixed_ras_mm
    middle = bone.fixed_to_moving_lps @ (-x, -y, z, 1.0)
    coefficients = np.zeros((9, 3))
    linear = LocalField(middle[:3], coefficients)
    shift = linear.shown_at(middle[:3][None] + np.eye(3))  # which coefficient is that of x is told by trying
    assert np.allclose(shift, middle[:3] + np.eye(3))
    for term in range(9):
        coefficients[:] = 0.0
        coefficients[term, 0] = 6.0  # mm at 60 mm: a tenth
        low, high = jacobian_determinants(bone, linear)
        if term_is_x(linear):
            assert (low, high) == pytest.approx((1.1, 1.1), abs=1e-6)
            break
    else:
        pytest.fail("no term is that of x")
    model = without_pictures(replace(a_record, local=LocalRecord((0.0, 0.0, 0.0), ((0.1, 0.0, 0.0),) * 9)))
    assert "Lowest" in check(model, 7)[2]


def term_is_x(field: LocalField) -> bool:
    there = field.displacement_mm(field.center_mm + np.array([[60.0, 0.0, 0.0], [-60.0, 0.0, 0.0], [0.0, 60.0, 60.0]]))
    return bool(np.allclose(there[:, 0], [6.0, -6.0, 0.0]))


def test_a_bone_moved_since_it_was_judged_has_no_numbers_after(a_record: RegistrationRecord) -> None:
    stale = tuple(
        replace(bone, reasons=(MOVED_REASON,), verdict="check") if bone.name == "femur" else bone
        for bone in a_record.bones
    )
    model = without_pictures(replace(a_record, bones=stale))
    after = next(row for row in table(model, "Before and after").rows if row[0].startswith("Femur, after"))
    assert after[1] == "judge again"
    assert "judge again" in table(model, "Verdict").rows[0]
    assert check(model, 8)[3] == "met; not measured: femur"
    assert any("Judge again" in text for group in model.notices for text in group.texts)


def test_the_reason_is_the_one_that_reviews_write() -> None:
    from CTSMALib.scene.registration import judging

    assert judging.MOVED_REASON == MOVED_REASON


def test_decisions_of_two_reviewers_are_compared(a_record: RegistrationRecord) -> None:
    record = decided(a_record, "femur", "accepted", "Reader A")
    assert not [t for t in without_pictures(record).tables if "reviewers" in t.title]
    record = decided(decided(record, "tibia", "accepted", "Reader A"), "tibia", "accepted", "Reader B")
    record = decided(record, "femur", "rejected", "Reader B", "It is off.")
    model = without_pictures(record)
    assert table(model, "reviewers").note.startswith("Reader A and Reader B agree on 1 of 2 bones.")
    assert table(model, "reviewers").rows[0] == ("Femur", "accepted", "rejected")
    assert [row[2] for row in table(model, "History").rows if row[1] == "Reader B"] == [
        "Tibia: accepted.", "Femur: rejected (It is off.).",
    ]  # fmt: skip


def test_named_steps_and_corrections_are_the_history(a_record: RegistrationRecord) -> None:
    what = [row[2] for row in table(without_pictures(a_record, steps=("Move the femur 0.5 mm",)), "History").rows]
    assert "Move the femur 0.5 mm." in what
    assert any(text.startswith("Femur: correction T_user") for text in what)
    assert not any(text.startswith("Tibia: correction") for text in what)


def test_virtual_data_are_called_virtual_everywhere(a_pair: MadeUpPair, a_record: RegistrationRecord) -> None:
    virtual = replace(a_record, notices=(Notice("virtual-scan", "This scan is virtual."),))
    model = built(sources_of(a_pair, virtual))
    assert model.virtual and "(virtual data)" in model.title
    assert all("Virtual data: nobody was scanned." in figure.caption for figure in model.figures)
    assert any("nobody was scanned" in text for group in model.notices for text in group.texts)
    plain = without_pictures(a_record)
    assert not plain.virtual and "irtual data" not in " ".join([plain.title, *plain.limits])


def test_html_escapes_what_people_wrote(a_record: RegistrationRecord) -> None:
    record = decided(a_record, "femur", "rejected", "<b>A</b>", "<script>alert(1)</script>")
    page = HtmlReader(render_html(without_pictures(record)))
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert "Research use only — not a medical device" in page.text
    assert "Compartments" not in page.text


@pytest.mark.parametrize("page", sorted(PAGES))
def test_pdf_pages_say_what_they_are(a_record: RegistrationRecord, tmp_path: Path, page: str) -> None:
    from pypdf import PdfReader

    path = tmp_path / "report.pdf"
    render_pdf(without_pictures(a_record), path, page)
    texts = pdf_pages(path)
    assert all("Research use only — not a medical device" in text for text in texts)
    assert "The eight checks of AAPM TG-132" in " ".join(texts)
    box = PdfReader(path).pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx(PAGES[page], abs=0.01)


def test_measures_of_a_bone_that_nobody_moved_are_the_same_before_and_after(a_record: RegistrationRecord) -> None:
    measures = bone_measures(ReviewedRegistration(a_record, ""), a_record.bone("tibia"))
    assert measures.before is measures.after and measures.moved is None
