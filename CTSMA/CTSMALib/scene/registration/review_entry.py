"""What a reviewer does to several things at once: numbers typed in, good bones accepted, files copied out."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from CTSMALib.errors import InputError, OutputError
from CTSMALib.registration.record import ACCEPTED as ACCEPTED  # the decisions: panels take them from here
from CTSMALib.registration.record import GOOD
from CTSMALib.registration.record import NEEDS_WORK as NEEDS_WORK
from CTSMALib.registration.record import REJECTED as REJECTED
from CTSMALib.registration.review.corrections import WHOLE
from CTSMALib.registration.review.decisions import MOVED
from CTSMALib.scene.geometry import image_of
from CTSMALib.scene.registration.session import ReviewSession

_AXES = np.eye(3)
IMAGES, OVERVIEW = ("mr_on_ct.nii.gz", "patches.npz"), "overview.png"  # that judging makes anew


def enter_numbers(session: ReviewSession, subject: str, shift_mm: ArrayLike, turn_deg: ArrayLike) -> None:
    """Correct by numbers: turn about the center, about R, then A, then S, and shift; one step for a bone.

    Args:
        session: the review.
        subject: a bone, or :data:`WHOLE`, where every number is a step of its own.
        shift_mm: (3,) RAS, in the frame of the CT.
        turn_deg: (3,) by the right-hand rule.
    """
    shift, turn = np.asarray(shift_mm, dtype=float), np.asarray(turn_deg, dtype=float)
    if subject != WHOLE:
        corrections = session.corrections
        for axis, degrees in zip(_AXES, turn, strict=True):
            corrections = corrections.turned(subject, axis, float(degrees)) if degrees else corrections
        session.place(subject, corrections.moved(subject, shift).composed(subject))
        return
    for axis, degrees in zip(_AXES, turn, strict=True):
        if degrees:
            session.turn(subject, axis, float(degrees))
    if shift.any():
        session.move(subject, shift)


def is_void(session: ReviewSession, bone: str) -> bool:
    """Whether a bone was accepted and moved since."""
    review = session.decision(bone)
    return review is not None and review.reason == MOVED


def good_bones(session: ReviewSession) -> tuple[str, ...]:
    """Bones whose verdict is good, belongs to where they lie, and that are not accepted yet."""
    return tuple(
        bone.name
        for bone in session.record.bones
        if bone.verdict == GOOD and session.is_judged(bone.name) and not _is_accepted(session, bone.name)
    )


def accept_good(session: ReviewSession) -> tuple[str, ...]:
    """Accept :func:`good_bones`, and return them.

    Raises:
        InputError: the reviewer is not known.
    """
    bones = good_bones(session)
    for bone in bones:
        session.decide(bone, ACCEPTED)
    return bones


def keep_images(session: ReviewSession, job: Path) -> None:
    """Bring the resampled images of a finished job into the folder of a review, if they show its motions.

    Args:
        session: the review.
        job: folder of the job.

    Raises:
        OutputError: the disk is full.
    """
    if not _show_motions_of(session, job):  # bones were moved on, or the result was taken for some of them
        return
    try:
        for name in (*IMAGES, OVERVIEW):
            if (job / name).is_file():
                aside = session.folder / f".{name}.part"
                shutil.copyfile(job / name, aside)
                aside.replace(session.folder / name)
    except OSError as error:
        raise OutputError(f"Images could not be written to {session.folder}.", "Free some space there.") from error


def images_of(session: ReviewSession) -> tuple[Path, ...]:
    """Resampled images in the folder of a review; none where bones were moved since they were made."""
    if not _show_motions_of(session, session.folder):
        return ()
    return tuple(session.folder / name for name in IMAGES if (session.folder / name).is_file())


def _show_motions_of(session: ReviewSession, folder: Path) -> bool:
    """Whether the paired boxes in a folder were cut with the present motions of their bones."""
    from CTSMALib.report.registration_qa.sources import show_motions_of  # needs packages that are installed later

    return show_motions_of(session.record, folder)


def export_review(session: ReviewSession, out: Path, transforms: bool, images: bool, table: bool) -> tuple[Path, ...]:
    """Copy what others need.

    Args:
        session: the review; it is saved first.
        out: folder, made if it is missing; files of the same names are replaced.
        transforms: of every bone.
        images: resampled, as the last judging left them.
        table: what was found and what the correction made of it.

    Returns:
        The files.

    Raises:
        InputError: the review could not be saved, or ``out`` is its own folder.
        OutputError: a file could not be written.
    """
    if not session.save():
        raise InputError("The review is not saved, so that it cannot be exported.", session.problem)
    if out.resolve() == session.folder.resolve():
        raise InputError("The folder is that of the registration itself.", "Choose another folder.")
    sources = sorted((session.folder / "transforms").glob("*")) if transforms else []
    sources += images_of(session) if images else []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in sources:
            shutil.copyfile(path, out / path.name)
        written = [out / path.name for path in sources]
        return (*written, write_comparison(session, out / "comparison.csv")) if table else tuple(written)
    except OSError as error:
        raise OutputError(f"The export to {out} failed ({error.strerror}).", "Choose another folder.") from error


def report_files(out: Path) -> tuple[Path, ...]:
    """The files of a quality report in a folder, there or not; the first one is to be opened."""
    from CTSMALib.report.registration_qa.write import FILES

    return tuple(out / name for name in FILES)


def no_report(session: ReviewSession) -> str:
    """Why there can be no report now, as one sentence; empty where there can.

    Before a second reading is signed a report would either tell what others decided, or be false without it.
    """
    return "Sign your second reading first: a report tells what others decided." if session.unsigned else ""


def report_steps(session: ReviewSession, out: Path) -> Iterator[tuple[str, float]]:
    """Write the quality report of a review step by step, so that views can be used in between.

    What it says was settled when it is called; later changes of the review are not in it.

    Args:
        session: the review; it is saved first.
        out: folder, made if it is missing; a report there is replaced.

    Returns:
        For every step what comes next, and how much is done; 1 at the end. Going on raises the errors of
        :func:`~CTSMALib.report.registration_qa.write.report_steps`.

    Raises:
        InputError: the review could not be saved, or is a second reading that is not signed (:func:`no_report`).
    """
    from CTSMALib.registration.review.bone_overlap import bone_overlap
    from CTSMALib.report.registration_qa import write
    from CTSMALib.report.registration_qa.sources import ReviewedRegistration, digest_of

    if reason := no_report(session):
        raise InputError(reason, f"Decide about the {', '.join(session.unsigned)}, or end the second reading.")
    if not session.save():
        raise InputError("The review is not saved, so that there can be no report on it.", session.problem)
    record = replace(session.record, reviews=session.reviews)  # a second reader sees no other's decisions
    labels, outlined = session.labels, session.outlined
    sources = ReviewedRegistration(
        record, digest_of(session.folder), labels, image_of(session.nodes.mr),
        overlap_of=None if outlined is None else partial(bone_overlap, labels, outlined), steps=session.history.names,
    )  # fmt: skip
    return write.report_steps(sources, out)


def write_comparison(session: ReviewSession, path: Path) -> Path:
    """Write the table of a review as CSV.

    Raises:
        OSError: it could not be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: Any = csv.writer(file)
        writer.writerow(("bone", "measure", "unit", "before", "after", "note"))
        for row in session.comparison():
            values = ("" if value is None else f"{value:.4g}" for value in (row.before, row.after))
            writer.writerow((row.bone, row.name, row.unit, *values, row.note))
    return path


def _is_accepted(session: ReviewSession, bone: str) -> bool:
    review = session.decision(bone)
    return review is not None and review.decision == ACCEPTED
