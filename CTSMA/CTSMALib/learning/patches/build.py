"""Making a patch set knee by knee; finished knees are kept in a hidden folder until the set is complete."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from CTSMALib import __version__
from CTSMALib.errors import InputError
from CTSMALib.learning.patches.knee_part import NOT_ACCEPTED, KneePart, StoredParts, made_from, write_part
from CTSMALib.learning.patches.patch_set import SetFacts, read_facts
from CTSMALib.learning.patches.virtual_part import knee_key, virtual_part
from CTSMALib.learning.patches.write import write_patch_set
from CTSMALib.learning.processes import ending_pool
from CTSMALib.morphometry.apparent.recipe import Recipe
from CTSMALib.morphometry.apparent.registry import DEFAULT
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.student.cubes import CT_STEPS_MM, MR_STEPS_MM
from CTSMALib.virtual.cohort.knee_folder import KNEE_FILE
from CTSMALib.virtual.cohort.read import Cohort

PARTS_FOLDER = ".parts"
METHOD = 4  # raised with every change of how patches are made
MAKING = "Making patches"
_MADE = 0.9  # part of the whole work


@dataclass(frozen=True)
class PlannedPart:
    """A knee that is to be made.

    Attributes:
        key: ``"SUBJECT_SIDE"``.
        digest: of all that it is made from; a finished part with another one is made anew.
        make: makes it, in any process.
    """

    key: str
    digest: str
    make: Callable[[], KneePart]


@dataclass(frozen=True)
class Plan:
    """A set that is to be made.

    Attributes:
        parts: its knees.
        recipe: how targets are read.
        virtual: whether the knees are.
        source: where they come from, for people.
    """

    parts: tuple[PlannedPart, ...]
    recipe: Recipe
    virtual: bool
    source: str

    @property
    def digest(self) -> str:
        """Of all knees."""
        return _digest(*(f"{part.key} {part.digest}" for part in self.parts))


def plan_virtual(cohort: Cohort, recipe: Recipe = DEFAULT) -> Plan:
    """A patch set of a virtual cohort.

    Args:
        cohort: in mode ``patches``.
        recipe: how targets are read.

    Raises:
        InputError: it holds no boxes.
    """
    if not cohort.knees or any(knee.patches is None for knee in cohort.knees):
        raise InputError(
            f"The cohort in {cohort.folder} holds no boxes to make patches of.",
            "Make one with 'ctsma virtual make --mode patches'.",
        )
    parts = tuple(
        PlannedPart(
            knee_key(knee.subject, knee.side),
            method_digest(recipe, cohort.facts.digest, _content(knee.folder / KNEE_FILE), repr(knee.facts), knee.split),
            partial(virtual_part, knee, recipe),
        )
        for knee in cohort.knees
    )
    facts = cohort.facts
    return Plan(parts, recipe, True, f"virtual cohort, {facts.generator}, seed {facts.seed}, mode {facts.mode}")


def method_digest(recipe: Recipe, *sources: str) -> str:
    """A digest of how patches are made and of what.

    Args:
        recipe: how targets are read.
        sources: what else a knee is made from.
    """
    return _digest(f"{METHOD} {__version__} {recipe_text(recipe)} {CT_STEPS_MM} {MR_STEPS_MM}", *sources)


def recipe_text(recipe: Recipe) -> str:
    """Name and version of a recipe, as sets state them."""
    return f"{recipe.name} {recipe.version}"


def build(plan: Plan, folder: Path, jobs: int = 1, progress: Progress = silent) -> SetFacts:
    """Make a set, or go on with one that was begun; nothing is done where it is complete.

    Args:
        plan: what to make.
        folder: where; made if it does not exist.
        jobs: processes.
        progress: told of every knee; may raise :class:`~CTSMALib.errors.CancelledError`, and finished knees stay.

    Raises:
        InputError: knees share a key, a knee cannot be read, or no patch is left.
        OSError: it could not be written.
    """
    _refuse_twins(plan.parts)
    finished = _finished(folder, plan)
    if finished:
        return finished
    store = folder / PARTS_FOLDER
    store.mkdir(parents=True, exist_ok=True)
    _make_parts(plan.parts, store, jobs, part_of(progress, 0.0, _MADE))
    parts = StoredParts([_path(store, part) for part in plan.parts])
    if not any(len(part) for part in parts):
        raise _nothing_left(parts)
    facts = write_patch_set(
        folder, parts, recipe_text(plan.recipe), plan.virtual, plan.source, plan.digest, part_of(progress, _MADE, 1.0)
    )
    shutil.rmtree(store, ignore_errors=True)
    return facts


def _nothing_left(parts: Sequence[KneePart]) -> InputError:
    """Says why, the most frequent reason first: with registrations, it is often that nobody has reviewed them."""
    reasons: Counter[str] = Counter()
    for part in parts:
        reasons.update(part.left_out)
    told = ", ".join(f"{why} {count}" for why, count in reasons.most_common() if count)
    remedy = "Review the registrations and accept bones." if reasons[NOT_ACCEPTED] else "Check the scans."
    return InputError(f"No patch is left: {told or 'there were none'}.", remedy)


def _finished(folder: Path, plan: Plan) -> SetFacts | None:
    try:
        facts = read_facts(folder)
    except InputError:
        return None
    return facts if facts.made_from == plan.digest else None


def _make_parts(parts: Sequence[PlannedPart], store: Path, jobs: int, progress: Progress) -> None:
    missing = [part for part in parts if made_from(_path(store, part)) != part.digest]
    done = len(parts) - len(missing)

    def told(number: int) -> None:
        progress(MAKING, (done + number) / len(parts), f"{done + number} of {len(parts)} knees")

    told(0)
    if jobs == 1 or len(missing) < 2:
        for number, part in enumerate(missing, start=1):
            _make(part, store)
            told(number)
        return
    with ending_pool(jobs) as pool:
        running = [pool.submit(_make, part, store) for part in missing]
        for number, ended in enumerate(as_completed(running), start=1):
            ended.result()
            told(number)


def _make(part: PlannedPart, store: Path) -> None:
    write_part(part.make(), _path(store, part), part.digest)


def _path(store: Path, part: PlannedPart) -> Path:
    """A file that a key names, whatever characters subjects have."""
    return store / f"{_digest(part.key)[:24]}.npz"


def _refuse_twins(parts: Sequence[PlannedPart]) -> None:
    keys = [part.key for part in parts]
    twins = sorted({key for key in keys if keys.count(key) > 1})
    if twins:
        raise InputError(f"The knee {twins[0]} is named twice.", "Name every knee of a subject once.")


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""  # what is wrong is told when the knee is made


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
