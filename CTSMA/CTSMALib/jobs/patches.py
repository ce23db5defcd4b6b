"""The job that makes a patch set of a cohort, or checks one; finished knees stay, and the same command goes on."""

from __future__ import annotations

import argparse
import json
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.leftovers import holds_only_leftovers
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.learning.patches.build import Plan

COHORT_HELP = "virtual cohort made with '--mode patches', or a manifest of whole scans with their registrations"
CHECKS_FILE = "checks.json"
_MADE = 0.97  # part of the whole work


@dataclass(frozen=True)
class PatchesRequest:
    """A patch set to make or to check.

    Attributes:
        out: the folder of the set.
        cohort: what to make it of, the folder of a virtual cohort or the CSV file of a manifest; ``None`` to check
            what is in ``out``.
        jobs: processes that make patches.
    """

    out: Path
    cohort: Path | None = None
    jobs: int = 1


def add_patches_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`patches_request` reads."""
    add = parser.add_argument
    add("cohort", metavar="COHORT", type=given_path, nargs="?", help=COHORT_HELP)
    add("--out", metavar="DIR", type=given_path, required=True, help="folder of the patch set, or to go on in")
    add("--jobs", metavar="J", type=int, default=1, help="processes that make patches (default: 1)")
    add("--check", action="store_true", help="make nothing: check the set in DIR")


def patches_request(options: argparse.Namespace) -> PatchesRequest:
    """The request that arguments stand for.

    Raises:
        InputError: there is nothing to make patches of.
    """
    if options.check:
        return PatchesRequest(options.out)
    if options.cohort is None:
        raise InputError("No cohort was given to make patches of.", "Give its folder, or --check to check a set.")
    return PatchesRequest(options.out, options.cohort, options.jobs)


def run(request: PatchesRequest, progress: Progress = silent) -> Path:
    """Make a patch set, or go on with one that was begun, and check it; or only check it.

    Args:
        request: what to do.
        progress: told of every knee; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder of the set.

    Raises:
        CTSMAError: the request cannot be met, or a set that was only to be checked has errors. Finished knees stay.
    """
    if request.jobs < 1:
        raise InputError("Patches need a process to make them.", "Give --jobs 1 or more.")
    progress("Starting", 0.0)
    with held():  # no signal may interrupt the heavy imports
        import CTSMALib.learning.patches.build  # noqa: F401
    if request.cohort is None:
        return _checked(existing_path(request.out), progress)
    folder = Target(resolved(request.out), overwrite=True, is_result=_holds_set, keep=(request.cohort,)).check()
    plan = _plan(existing_path(request.cohort))
    try:
        _make(plan, folder, request.jobs, part_of(progress, 0.0, _MADE))
        _keep_checks(folder)
    except OSError as error:
        raise output_error(error, folder) from error
    progress("Finishing", 1.0)
    return folder


def _plan(cohort: Path) -> Plan:
    from CTSMALib.learning.patches.build import plan_virtual
    from CTSMALib.virtual.cohort.read import read_cohort

    return plan_virtual(read_cohort(cohort)) if cohort.is_dir() else _plan_pairs(cohort)


def _plan_pairs(manifest: Path) -> Plan:
    """A set of whole scans, whose registrations were reviewed."""
    from CTSMALib.analysis.pair_patches import pair_part
    from CTSMALib.learning.patches.build import Plan, PlannedPart, method_digest
    from CTSMALib.learning.patches.pair_manifest import read_pair_manifest
    from CTSMALib.learning.patches.virtual_part import knee_key
    from CTSMALib.morphometry.apparent.registry import DEFAULT
    from CTSMALib.registration.record_folder import RECORD_FILE, load_record
    from CTSMALib.volumes.virtual_mark import NOTICE

    parts, virtual = [], False
    for row in read_pair_manifest(manifest):
        for path in (row.ct, row.mr, row.registration):
            existing_path(path)
        virtual |= NOTICE in load_record(row.registration).notices
        reviewed = _states(row.registration / RECORD_FILE)
        digest = method_digest(DEFAULT, repr(row), reviewed, _states(row.ct, row.mr))
        parts.append(PlannedPart(knee_key(row.subject, row.side), digest, partial(pair_part, row)))
    return Plan(tuple(parts), DEFAULT, virtual, f"whole scans of the manifest {manifest.name}")


def _states(*paths: Path) -> str:
    """Size and time of files, and of all files in folders, which tell whether they changed."""
    return " ".join(_state_of_folder(path) if path.is_dir() else _state(path) for path in paths)


def _state(file: Path) -> str:
    try:
        state = file.stat()
    except OSError:  # not there, or a link that leads nowhere
        return "none"
    return f"{state.st_size} {state.st_mtime_ns}"


def _state_of_folder(folder: Path) -> str:
    """That of every file in it: a slice that is written anew changes nothing of its folder itself."""
    files = sorted(path for path in folder.rglob("*") if not path.is_dir())
    return " ".join(f"{path.relative_to(folder).as_posix()} {_state(path)}" for path in files)


def _make(plan: Plan, folder: Path, jobs: int, progress: Progress) -> None:
    from CTSMALib.learning.patches.build import build
    from CTSMALib.virtual.cohort.lock import locked

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder):
            build(plan, folder, jobs, progress)
    except BrokenProcessPool as error:
        raise InputError(
            "A process that made patches was ended, probably because the memory was used up.",
            "Give fewer --jobs; finished knees are kept.",
        ) from error


def _keep_checks(folder: Path) -> None:
    """Write what was found wrong with the set, for whoever cannot read it itself."""
    from CTSMALib.learning.patches.check import check_patch_set
    from CTSMALib.learning.patches.patch_set import read_patch_set

    found = [
        {"code": f.code, "gravity": f.gravity.value, "text": f.text, "remedy": f.remedy}
        for f in check_patch_set(read_patch_set(folder))
    ]
    replace_file(folder / CHECKS_FILE, (json.dumps({"findings": found}, indent=2) + "\n").encode())


def _checked(folder: Path, progress: Progress) -> Path:
    from CTSMALib.learning.patches.check import check_patch_set
    from CTSMALib.learning.patches.patch_set import read_patch_set

    progress("Checking the patch set", 0.1)
    findings = check_patch_set(read_patch_set(folder))
    errors = [finding for finding in findings if finding.gravity.value == "error"]
    if errors:
        texts = " ".join(finding.text for finding in findings)
        raise InputError(f"The patch set in {folder} cannot be learned from: {texts}", errors[0].remedy)
    progress("Finishing", 1.0)
    return folder


def _holds_set(folder: Path) -> bool:
    """Whether a patch set is there, or only the beginnings of one that was stopped."""
    from CTSMALib.learning.patches.build import PARTS_FOLDER
    from CTSMALib.learning.patches.patch_set import FACTS_FILE

    begun = (folder / PARTS_FOLDER).is_dir()
    return begun or (folder / FACTS_FILE).is_file() or holds_only_leftovers(folder)


def patches_summary(folder: Path) -> list[str]:
    """What a patch set holds and what was found wrong with it, in a few lines for a terminal."""
    from CTSMALib.learning.pairs.splits import SPLITS
    from CTSMALib.learning.patches.check import check_patch_set
    from CTSMALib.learning.patches.patch_set import read_patch_set

    found = read_patch_set(folder)
    facts, splits = found.facts, found.of_knee("split").tolist()
    knees = found.knees["split"].tolist()
    told = [f"{s} {knees.count(s)} ({splits.count(s)})" for s in SPLITS if s in knees]
    left_out = [f"{why} {count}" for why, count in facts.left_out.items() if count]
    return [
        f"Patch set    {folder}",
        f"Patches      {facts.patches} of {facts.knees}{' virtual' if facts.virtual else ''} knees",
        f"Splits       {', '.join(told)}; knees (patches)",
        f"Targets      recipe {facts.recipe}; {int(found.patches['dim'].sum())} with dim marrow",
        f"Left out     {', '.join(left_out) or 'nothing'}",
        *(f"{f.gravity.value.capitalize():<12} {f.text} {f.remedy}" for f in check_patch_set(found)),
    ]
