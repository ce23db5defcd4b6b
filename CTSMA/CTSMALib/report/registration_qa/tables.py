"""The tables of a quality report: verdicts, before and after, landmarks, patches, readings, history."""

from __future__ import annotations

from collections.abc import Sequence

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.registration.quality import CHECK_MM, FAILED_MM
from CTSMALib.registration.record import AUTOMATIC, IDENTITY, BoneRecord, RegistrationRecord
from CTSMALib.registration.review.decisions import MOVED
from CTSMALib.registration.review.second_reading import agreements, readings
from CTSMALib.report.model import Column, Table
from CTSMALib.report.registration_qa.measures import BoneMeasures, MotionMeasures, points
from CTSMALib.report.registration_qa.sources import ReviewedRegistration, is_judged
from CTSMALib.report.wording import MISSING, clean, number_text, sentence, time_text

JUDGE_AGAIN = "judge again"
LONGEST_REASON = 300


def verdict_table(bones: Sequence[BoneMeasures]) -> Table:
    """What the program and a person say of each bone."""
    return Table(
        title="Verdict per bone",
        columns=(
            *(Column("Bone"), Column("Decision"), Column("Reviewer, time, version"), Column("Program's verdict")),
            *(Column("Estimated error (95 % bound)", "mm"), Column("Reasons")),
        ),
        rows=tuple(_verdict_row(bone) for bone in bones),
        note=(
            "Decision: of a person, or “auto” of the program for virtual knees. Program's verdict: good up to an "
            f"estimated error of {CHECK_MM:g} mm, failed above {FAILED_MM:g} mm; other reasons are told."
        ),
        numeric=False,
        widths=(0.09, 0.12, 0.22, 0.12, 0.15, 0.3),
    )


def _verdict_row(bone: BoneMeasures) -> tuple[str, ...]:
    review, quality = bone.review, bone.after.quality
    by = ""
    if review and review.reason != MOVED:  # moving a bone is no decision of the one who moved it
        by = f"{clean(review.reviewer)}, {time_text(review.time)}, CTSMA {clean(review.software_version)}"
    said = [sentence(clean(review.reason, LONGEST_REASON))] if review and review.reason else []
    said += [sentence(clean(reason, LONGEST_REASON)) for reason in bone.bone.reasons]
    error = JUDGE_AGAIN
    if quality is not None:
        error = f"{number_text(quality.estimated_mm, 2)} ({number_text(quality.estimated_95_mm, 2)})"
    return (bone.name.capitalize(), bone.decision, by or MISSING, bone.bone.verdict, error, " ".join(said) or MISSING)


def before_after_table(bones: Sequence[BoneMeasures]) -> Table:
    """The measures of every bone as found, and where a person moved it, as it lies now."""
    with_overlap = any(one.overlap for bone in bones for one in (bone.before, bone.after))
    rows: list[tuple[str, ...]] = []
    for bone in bones:
        name = bone.name.capitalize()
        rows.append((f"{name}, {'before' if bone.moved else 'as found'}", *_cells(bone.before, with_overlap)))
        if bone.moved:
            shift, turn = bone.moved
            moved = f"moved by {number_text(shift, 1)} mm, turned by {number_text(turn, 1)}°"
            rows.append((f"{name}, after ({moved})", *_cells(bone.after, with_overlap)))
    columns = [
        *(Column("Outline to MR edges", "mm"), Column("Clear outline"), Column("NMI")),
        *(Column("Inverse consist.", "mm"), Column("Est. error", "mm"), Column("95 % bound", "mm")),
        *(Column("TRE, held out", "mm"), Column("TRE, fitted", "mm")),
    ]
    columns += [Column("Dice"), Column("ASSD", "mm")] if with_overlap else []
    first = 0.2
    return Table(
        title="Before and after",
        columns=(Column("Bone"), *columns),
        rows=tuple(rows),
        note=(
            "Before: as the program found it; after: with the correction by a person. NMI: normalized mutual "
            "information, the similarity of the scans there. TRE: mean over the points, with their number. "
            f"{MISSING}: not measured; “{JUDGE_AGAIN}”: it was moved since, and its quality is not known."
            + ("" if with_overlap else " Dice and ASSD need bones outlined in the MR, which were not given.")
        ),
        widths=(first, *[(1 - first) / len(columns)] * len(columns)),
    )


def _cells(measures: MotionMeasures, with_overlap: bool) -> tuple[str, ...]:
    quality = measures.quality
    if quality is None:
        judged = (JUDGE_AGAIN, *[MISSING] * 5)
    else:
        values = (
            (quality.contour_mm, quality.contour_clear, quality.similarity)
            + (quality.inverse_mm, quality.estimated_mm, quality.estimated_95_mm)
        )  # fmt: skip
        judged = tuple(map(_number, values))
    errors = (
        MISSING if s is None else f"{_number(s.mean_mm)} (n={s.count})" for s in (measures.held_out, measures.fitted)
    )
    overlap = measures.overlap
    both = (_number(overlap.dice), _number(overlap.assd_mm)) if overlap else (MISSING, MISSING)
    return (*judged, *errors, *(both if with_overlap else ()))


def landmark_tables(sources: ReviewedRegistration) -> tuple[Table, ...]:
    """Every point, those held out first; none where there are no points."""
    found = sorted(points(sources), key=lambda both: (not both[1].pair.held_out, both[1].pair.bone))
    if not found:
        return ()
    rows = tuple(
        (
            f"{after.pair.bone.capitalize()}, point {clean(after.pair.id)}",
            "held out" if after.pair.held_out else "for fitting",
            clean(after.pair.reader) or MISSING,
            ", ".join(number_text(v, 1) for v in after.pair.ct_lps_mm),
            _number(before.error_mm),
            _number(after.error_mm),
        )
        for before, after in found
    )
    return (
        Table(
            title="Landmarks",
            columns=(
                *(Column("Point"), Column("Use"), Column("Set by"), Column("Place in the CT", "LPS, mm")),
                *(Column("TRE before", "mm"), Column("TRE after", "mm")),
            ),
            rows=rows,
            note=(
                "Target registration error: how far the point of the MR lies from where the motion takes that of the "
                "CT; it holds how well the points were placed, too. Points for fitting do not measure a registration "
                "that was fitted to them; held-out points do."
            ),
            numeric=False,
            widths=(0.22, 0.14, 0.16, 0.24, 0.12, 0.12),
        ),
    )


def patch_tables(record: RegistrationRecord) -> tuple[Table, ...]:
    """The estimated local error by compartment; none where the grid is not known."""
    if not record.patches:
        return ()
    stale = {bone.name for bone in record.bones if not is_judged(bone)}
    rows = []
    for compartment in COMPARTMENTS:
        own = [patch for patch in record.patches if patch.compartment == compartment.key]
        if not own:
            continue
        worst = max(own, key=lambda patch: patch.estimated_mm)
        errors = [patch.estimated_mm for patch in own]
        shown = (_number(sum(errors) / len(errors)), f"{_number(worst.estimated_mm)} ({worst.id})")
        if compartment.bone.name in stale:
            shown = (JUDGE_AGAIN, JUDGE_AGAIN)
        doubtful = sum(bool(patch.flags) for patch in own)
        rows.append((compartment.title, str(len(own)), str(doubtful), *shown))
    return (
        Table(
            title="Estimated local error at the patches",
            columns=(
                *(Column("Compartment"), Column("Patches"), Column("Doubtful")),
                *(Column("Mean", "mm"), Column("Largest (patch)", "mm")),
            ),
            rows=tuple(rows),
            note="Estimated without the truth, by a model that was calibrated on virtual knees. patches.csv holds all.",
            widths=(0.34, 0.12, 0.12, 0.14, 0.28),
        ),
    )


def reading_tables(record: RegistrationRecord) -> tuple[Table, ...]:
    """What every reviewer decided, and how far they agree; none where fewer than two did."""
    found = readings({"": record})
    who = sorted({reading.reviewer for reading in found})
    if len(who) < 2:
        return ()
    decided = {(reading.bone, reading.reviewer): reading.decision for reading in found}
    rows = tuple(
        (bone.name.capitalize(), *(decided.get((bone.name, name), MISSING) for name in who)) for bone in record.bones
    )
    agreed = [
        f"{clean(a.first)} and {clean(a.second)} agree on {sum(p.first == p.second for p in a.pairs)} of "
        f"{len(a.pairs)} bones."
        for a in agreements({"": record})
    ]
    return (
        Table(
            title="Readings of several reviewers",
            columns=(Column("Bone"), *(Column(clean(name)) for name in who)),
            rows=rows,
            note=" ".join([*agreed, "Decisions about a motion that a bone no longer has do not count."]),
            numeric=False,
            widths=(0.2, *[0.8 / len(who)] * len(who)),
        ),
    )


def history_table(sources: ReviewedRegistration) -> Table:
    """What was done, the oldest first: runs, decisions, corrections, and steps where a running review tells them."""
    record = sources.record
    rows = [
        (time_text(run.created), f"CTSMA {clean(run.software_version)}", f"Run from the stage “{run.first_stage}”.")
        for run in record.earlier
    ]
    begun = f", begun from {clean(record.started_from)}" if record.started_from else ""
    own = f"Run from the stage “{record.first_stage}”{begun}."
    events = [(record.created, f"CTSMA {clean(record.software_version)}", own)]
    events += [(r.time, _who(r.reviewer, r.decision), _decided(r.bone, r.decision, r.reason)) for r in record.reviews]
    rows += [(time_text(when), who, what) for when, who, what in sorted(events, key=lambda event: event[0])]
    rows += [("in this session", "", sentence(clean(step))) for step in sources.steps]
    rows += [("now", "", text) for bone in record.bones if (text := _correction(bone))]
    return Table(
        title="History",
        columns=(Column("When"), Column("Who"), Column("What")),
        rows=tuple(rows),
        note="" if sources.steps else "Single steps of corrections are not kept in the record; their sum is.",
        numeric=False,
        widths=(0.2, 0.24, 0.56),
    )


def _who(reviewer: str, decision: str) -> str:
    return "the program" if decision == AUTOMATIC else clean(reviewer)


def _decided(bone: str, decision: str, reason: str) -> str:
    return sentence(f"{bone.capitalize()}: {decision}" + (f" ({clean(reason, LONGEST_REASON)})" if reason else ""))


def _correction(bone: BoneRecord) -> str:
    if bone.user_moving_to_fixed_ras == IDENTITY:
        return ""
    rows = "; ".join(" ".join(number_text(v, 4) for v in row) for row in bone.user_moving_to_fixed_ras[:3])
    return f"{bone.name.capitalize()}: correction T_user (RAS, rows) {rows}."


def _number(value: float | None) -> str:
    return MISSING if value is None else number_text(value, 2)
