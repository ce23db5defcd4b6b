"""Making a cohort: knee by knee, going on where an earlier run ended."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from CTSMALib.errors import InputError
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.virtual.cohort.cohort_file import (
    COHORT_FILE,
    check_same_cohort,
    facts_of,
    read_cohort_file,
    write_cohort_file,
)
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.knee_folder import read_knee_facts, remove_parts, write_knee
from CTSMALib.virtual.cohort.knee_plan import KneePlan, Makers, plan_knee, subject_name
from CTSMALib.virtual.cohort.lock import locked
from CTSMALib.virtual.cohort.manifest import manifest_row, write_manifest
from CTSMALib.virtual.cohort.pool import make_in_processes
from CTSMALib.virtual.cohort.threads import one_thread

MANIFEST_EVERY_S = 2.0  # it is written as a whole
_MADE = 0.9  # part of the work on a knee that is not writing
Rows = dict[int, dict[str, Any]]


def make_cohort(
    order: CohortOrder, cohort: Path, makers: Makers, processes: int = 1, progress: Progress = silent
) -> None:
    """Make the knees of a cohort that are not there yet.

    Each knee is there completely or not at all. The manifest lists them within seconds, and all of them in the end;
    after a kill the next run makes up for what it lacks.

    Args:
        order: what is wanted.
        cohort: its folder, empty or with a cohort made by the same order but for the number of knees.
        makers: draw and make the knees.
        processes: how many knees are made at a time.
        progress: told of every knee; may cancel. Finished knees stay.

    Raises:
        CTSMAError: a knee could not be made, or the folder holds another cohort or is in use.
        OSError: a file could not be written.
    """
    if processes < 1:
        raise InputError(f"{processes} knees cannot be made at a time (--jobs).", "Give 1 or more.")
    with locked(cohort):
        remove_parts(cohort)
        wanted = facts_of(order)
        if (cohort / COHORT_FILE).exists():
            check_same_cohort(read_cohort_file(cohort), wanted, cohort)
            _refuse_fewer(order.knees, cohort)
        rows = _finished(order, cohort, makers, progress)
        write_cohort_file(wanted, cohort)
        write_manifest(rows, cohort)
        try:
            _make_missing(order, cohort, makers, processes, rows, progress)
        finally:
            remove_parts(cohort)
            _list_all(order, cohort, rows)


def _make_missing(
    order: CohortOrder, cohort: Path, makers: Makers, processes: int, rows: Rows, progress: Progress
) -> None:
    missing = [number for number in range(1, order.knees + 1) if number not in rows]
    plans = (plan_knee(order, number, makers) for number in missing)
    if processes > 1 and len(missing) > 1:
        progress(f"Making {min(processes, len(missing))} knees at a time", len(rows) / order.knees)
        made = make_in_processes(plans, cohort, makers, min(processes, len(missing)))
    else:
        made = _make_in_turn(plans, cohort, makers, (len(rows), order.knees), progress)
    written = time.monotonic()
    with closing(made):
        for facts in made:
            rows[facts["number"]] = manifest_row(facts)
            if time.monotonic() - written > MANIFEST_EVERY_S:
                write_manifest(rows, cohort)
                written = time.monotonic()
            progress(f"{facts['subject']} made", len(rows) / order.knees, f"{len(rows)} of {order.knees} knees")


def _make_in_turn(
    plans: Iterator[KneePlan], cohort: Path, makers: Makers, count: tuple[int, int], progress: Progress
) -> Generator[dict[str, Any], None, None]:
    done, of = count
    with one_thread():
        for number, plan in enumerate(plans, start=done):
            own = _named(plan.subject, part_of(progress, number / of, (number + 1) / of))
            data = makers.make_knee(plan.spec, plan.order, part_of(own, 0.0, _MADE))
            facts = write_knee(data, plan, cohort, part_of(own, _MADE, 1.0))
            del data  # before the next one is made
            yield facts


def _named(subject: str, progress: Progress) -> Progress:
    def report(stage: str, fraction: float, message: str = "") -> None:
        progress(f"{subject}: {stage}", fraction, message)

    return report


def _finished(order: CohortOrder, cohort: Path, makers: Makers, progress: Progress) -> Rows:
    """The rows of the knees that are there, each checked to be what this run would make."""
    rows = {}
    for number in range(1, order.knees + 1):
        folder = cohort / subject_name(number)
        if not folder.exists():
            continue
        progress("Checking finished knees", 0.0)
        facts = read_knee_facts(folder)
        if facts.get("digest") != plan_knee(order, number, makers).digest:
            raise InputError(f"The knee in {folder} is not the one that this run would make.", "Name a new folder.")
        missing = [name for name in facts["files"] if not (folder / name).exists()]
        if missing:
            raise InputError(
                f"The knee in {folder} lacks {missing[0]}.",
                "Delete its folder and give the same command again: the knee is made anew.",
            )
        rows[number] = manifest_row(facts)
    return rows


def _list_all(order: CohortOrder, cohort: Path, rows: Rows) -> None:
    """List all knees, also those that other processes finished while this one was being stopped."""
    folders = {number: cohort / subject_name(number) for number in range(1, order.knees + 1) if number not in rows}
    found = {number: manifest_row(read_knee_facts(path)) for number, path in folders.items() if path.exists()}
    write_manifest(rows | found, cohort)


def _refuse_fewer(knees: int, cohort: Path) -> None:
    last = max((int(path.name[2:]) for path in cohort.glob("vk*") if path.name[2:].isdigit()), default=0)
    if last > knees:
        raise InputError(
            f"The cohort in {cohort} goes up to {subject_name(last)}, and --knees asks for {knees}.",
            "Give at least as many, or name a new folder.",
        )
