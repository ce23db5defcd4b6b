"""The sentences and labelled values of a quality report."""

from __future__ import annotations

from collections.abc import Sequence

import CTSMALib
from CTSMALib.notices import Severity
from CTSMALib.registration.record import ACCEPTED, CHECK, FAILED, NEEDS_WORK, REJECTED, RegistrationRecord
from CTSMALib.registration.review.decisions import MOVED, status
from CTSMALib.report.model import Fact, NoticeGroup
from CTSMALib.report.registration_qa.measures import UNREVIEWED, BoneMeasures, is_of_person, points
from CTSMALib.report.registration_qa.sources import ReviewedRegistration, is_judged
from CTSMALib.report.wording import NOT_STATED, clean, joined, number_text, sentence, time_text

_LONGEST = 2000
_VIRTUAL = "virtual"  # how codes of notices begin that say so


def is_virtual(record: RegistrationRecord) -> bool:
    """Whether a scan is simulated: some notice says so by its code."""
    return any(notice.code.startswith(_VIRTUAL) for notice in record.notices)


def title(record: RegistrationRecord) -> str:
    """With the side, and with "virtual data" where nobody was scanned."""
    side = {"left": "left knee", "right": "right knee"}.get(record.side, "knee")
    text = f"Quality of the registration of MR to CT, {side}"
    return f"{text} (virtual data)" if is_virtual(record) else text


def scan_facts(record: RegistrationRecord) -> tuple[Fact, ...]:
    """Which scans; a registration knows no patient."""
    return (
        Fact("CT (fixed)", clean(f"{record.fixed.name} ({record.fixed.format})")),
        Fact("MR (moving)", clean(f"{record.moving.name} ({record.moving.format})")),
        Fact("Side", record.side),
        Fact("Patient", f"{NOT_STATED} in the record of a registration"),
    )


def review_facts(record: RegistrationRecord) -> tuple[Fact, ...]:
    """When it was made and reviewed, and by whom."""
    people = [review for review in record.reviews if is_of_person(review)]
    who = joined(sorted({clean(review.reviewer) for review in people}))
    last = max((review.time for review in people), default="")
    return (
        Fact("Status", status(record)),
        Fact("Reviewed by", who or "nobody"),
        Fact("Last decision", time_text(last) if last else "none"),
        Fact("Registered", f"{time_text(record.created)}, CTSMA {clean(record.software_version)}"),
        Fact("Report by", f"CTSMA {CTSMALib.__version__}"),
    )


def identity_line(record: RegistrationRecord) -> str:
    """Both scans in one line."""
    return clean(f"CT {record.fixed.name} · MR {record.moving.name}")


def summary(sources: ReviewedRegistration, bones: Sequence[BoneMeasures]) -> tuple[str, ...]:
    """What became of every bone, and the worst values."""
    signed = [bone.name for bone in bones if bone.is_signed]
    first = (
        f"{len(signed)} of {len(bones)} bones may be used: {joined(signed)}." if signed else "No bone may be used yet."
    )
    lines = [first, *(_bone_line(bone) for bone in bones)]
    judged = [(b.after.quality.estimated_mm, b.after.quality.estimated_95_mm, b.name) for b in bones if b.after.quality]
    if judged:
        worst, bound, name = max(judged)
        lines.append(
            f"Largest estimated error: {number_text(worst, 2)} mm, {name} (95 % bound {number_text(bound, 2)} mm)."
        )
    held = [
        (after.error_mm, after.pair)
        for _, after in points(sources)
        if after.pair.held_out and after.error_mm is not None
    ]
    if held:
        error, pair = max(held, key=lambda found: found[0])
        lines.append(
            f"Largest error at a held-out point: {number_text(error, 2)} mm, {pair.bone}, point {clean(pair.id)}; "
            f"{len(held)} such points."
        )
    else:
        lines.append("No held-out points measure it: the error is an estimate only.")
    return (*lines, "This report is about the registration. It states no diagnosis.")


def _bone_line(bone: BoneMeasures) -> str:
    moved = ""
    if bone.moved:
        moved = f" Moved by a person: {number_text(bone.moved[0], 1)} mm, {number_text(bone.moved[1], 1)}°."
    by = f" ({clean(bone.review.reviewer)})" if bone.review and is_of_person(bone.review) else ""
    quality = bone.after.quality
    error = f"estimated error {number_text(quality.estimated_mm, 2)} mm" if quality else "not judged since it was moved"
    return f"{bone.name.capitalize()}: {bone.decision}{by}; the program's verdict: {bone.bone.verdict}, {error}.{moved}"


def notice_groups(sources: ReviewedRegistration, bones: Sequence[BoneMeasures]) -> tuple[NoticeGroup, ...]:
    """Bones that must not be used, then what to be careful about."""
    record = sources.record
    refused = [_refusal(bone) for bone in bones if not bone.counts]
    refused += _notices(record, Severity.REFUSED)
    caution = [_care(bone) for bone in bones if bone.decision != REJECTED and _care(bone)]
    if is_virtual(record):
        caution.insert(0, "Virtual data: the scans were computed from a model, and nobody was scanned.")
    caution += _notices(record, Severity.CAUTION)
    groups = (
        NoticeGroup("Do not use", Severity.REFUSED, tuple(dict.fromkeys(refused))),
        NoticeGroup("Read with caution", Severity.CAUTION, tuple(dict.fromkeys(caution))),
    )
    return tuple(group for group in groups if group.texts)


def _refusal(bone: BoneMeasures) -> str:
    reasons = [clean(bone.review.reason, _LONGEST)] if bone.review and bone.decision == REJECTED else []
    said = " ".join(sentence(reason) for reason in (*reasons, *bone.bone.reasons) if reason)
    what = "rejected" if bone.decision == REJECTED else "failed"
    return sentence(f"{bone.name.capitalize()}: {what}. {said}")


def _care(bone: BoneMeasures) -> str:
    """What to be careful about with a bone; empty for nothing."""
    name = bone.name.capitalize()
    if not is_judged(bone.bone):
        return f"{name}: it was moved since it was judged; its estimated error is not known. Judge again."
    if bone.review and bone.review.reason == MOVED:
        return f"{name}: it was moved after it was decided on; decide again."
    if bone.decision == NEEDS_WORK and bone.review:
        return sentence(f"{name}: needs work. {clean(bone.review.reason, _LONGEST)}")
    if bone.decision == ACCEPTED and bone.bone.verdict == FAILED:
        return f"{name}: accepted, although the program calls it failed."
    if bone.decision == UNREVIEWED and bone.bone.verdict != FAILED:
        return f"{name}: nobody has reviewed it."
    if bone.bone.verdict == CHECK:
        return sentence(f"{name}: the program asks to look at it. {' '.join(bone.bone.reasons)}")
    return ""


def _notices(record: RegistrationRecord, severity: Severity) -> list[str]:
    """Those of one severity, without those that say that data are virtual, which the report says itself."""
    own = [notice for notice in record.notices if not notice.code.startswith(_VIRTUAL)]
    return [sentence(clean(notice.text, _LONGEST)) for notice in own if notice.severity is severity]


def handling(record: RegistrationRecord) -> tuple[str, ...]:
    """How the scans were read."""
    return tuple(dict.fromkeys(_notices(record, Severity.INFO)))


def provenance(sources: ReviewedRegistration) -> tuple[Fact, ...]:
    """Digests, stages, engines and files."""
    record = sources.record
    stages = list(dict.fromkeys(stage.stage for stage in record.stages))
    engines = list(dict.fromkeys(clean(stage.made_by) for stage in record.stages if stage.made_by))
    if sources.mr is not None:
        shown = "the MR itself"
    else:
        shown = "the resampled MR of the registration" if sources.mr_on_ct is not None else "none"
    facts = [
        ("CT digest (SHA-256)", record.fixed.sha256),
        ("MR digest (SHA-256)", record.moving.sha256),
        ("Record digest (SHA-256)", sources.digest),
        ("Record format", record.schema_version),
        ("Stages", joined(stages)),
        ("Engines", joined(engines)),
        ("Began at the stage", record.first_stage),
        ("Started from", clean(record.started_from) or "nothing given"),
        ("Earlier runs", str(len(record.earlier))),
        ("Local displacement", "none" if record.local is None else "a small smooth one in the MR"),
        (
            "Longest edge of a voxel (MR, bone labels)",
            f"{sources.voxel_mm:.2f} mm" if sources.voxel_mm else "not known",
        ),
        ("Pictures from", shown if sources.labels is not None else "none: the folder lacks the bone labels"),
    ]
    return tuple(Fact(label, text) for label, text in facts if text)


METHOD = (
    "Each bone of the CT is registered to the MR as a rigid body. What the program found (T_auto) and what a person "
    "changed (T_user, applied after it) are kept apart; all values after are those of both together.",
    "Outline to MR edges: mean distance along the normals between the outline of the CT's bone and the edge that the "
    "MR shows there, where it is clear; clear outline: the share of the surface where it is. Similarity: normalized "
    "mutual information. Inverse consistency: mean distance over the surface between the motion and the inverse of the "
    "one found with CT and MR exchanged.",
    "Estimated error: mean over the surface of the bone, from these and other witnesses that search the motion in "
    "other ways, by a model that was calibrated on virtual knees; the mean error of 95 % of the bones of that "
    "calibration stayed below the 95 % bound.",
    "Dice and ASSD (average symmetric surface distance) compare the bone outlined in the CT with that outlined in the "
    "MR, where both scans reach.",
)


def limits(record: RegistrationRecord) -> tuple[str, ...]:
    """What this report cannot tell."""
    simulated = "The scans are simulated: nothing here describes a person." if is_virtual(record) else ""
    texts = (
        simulated,
        "The true error is not known for real scans. The estimate is one of a model made on virtual knees, and is "
        "optimistic for scans unlike those, such as MRs in thick slices.",
        "Landmarks and outlines are set by people and hold their own error. A point that was fitted to does not "
        "measure a registration.",
        "The checks follow the AAPM report as far as their inputs exist; meeting its tolerances does not make a "
        "registration fit for a purpose.",
        "This software is for research. It is not a medical device, and its output must not guide treatment.",
    )
    return tuple(text for text in texts if text)
