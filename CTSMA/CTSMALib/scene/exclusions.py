"""Patches that a reader has excluded from a result in the scene: a history that can be undone, saved with the scene.

The tables of the result stay as they were measured. What is derived from them (means, plots, colors, tables, reports)
takes the patches from :func:`counted` and the compartments from :func:`counted_compartments`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import numpy as np

from CTSMALib.analysis.result import CompartmentFinding, Exclusion, Summary
from CTSMALib.errors import InputError
from CTSMALib.scene.patch_table import PatchTable
from CTSMALib.scene.result_nodes import EXCLUSIONS, ResultNodes

EXCLUDE, INCLUDE = "exclude", "include"


@dataclass(frozen=True)
class Step:
    """One thing that a reader did.

    Attributes:
        action: :data:`EXCLUDE` or :data:`INCLUDE`.
        record: the patch, who, when and why.
    """

    action: str
    record: Exclusion


@dataclass(frozen=True)
class History:
    """What readers did, in order; the steps from ``done`` on were undone and can be done again."""

    steps: tuple[Step, ...] = ()
    done: int = 0

    @property
    def current(self) -> dict[str, Exclusion]:
        """Patch id to its exclusion, of those that are excluded now."""
        found: dict[str, Exclusion] = {}
        for step in self.steps[: self.done]:
            if step.action == EXCLUDE:
                found[step.record.patch] = step.record
            else:
                found.pop(step.record.patch, None)
        return found

    def then(self, step: Step) -> History:
        """With one step more; what was undone is forgotten."""
        return History((*self.steps[: self.done], step), self.done + 1)


def history_of(result: ResultNodes) -> History:
    """What readers did with a result; nothing where nobody has excluded anything.

    Raises:
        InputError: the scene holds something else in its place.
    """
    node = result.get(EXCLUSIONS)
    text = (node.GetText() or "") if node is not None else ""
    if not text:
        return History()
    from CTSMALib.analysis.exclusions import exclusion_of

    try:
        document = json.loads(text)
        steps = tuple(Step(str(entry["action"]), exclusion_of(entry["record"])) for entry in document["steps"])
        done = int(document["done"])
        if not 0 <= done <= len(steps) or any(step.action not in (EXCLUDE, INCLUDE) for step in steps):
            raise ValueError
        if any(step.record.patch not in result.patches.ids for step in steps):
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The exclusions of '{result.title}' in the scene are damaged.", "Remove the result and open it again."
        ) from error
    return History(steps, done)


def excluded(result: ResultNodes) -> dict[str, Exclusion]:
    """Patch id to its exclusion, of those that are excluded now."""
    return history_of(result).current


def counted(result: ResultNodes) -> PatchTable:
    """The learning grid, excluded patches without values."""
    names = excluded(result)
    patches = result.patches
    return patches.without(np.isin(patches.ids, list(names))) if names else patches


def counted_compartments(result: ResultNodes) -> list[CompartmentFinding]:
    """The compartments, without the excluded patches."""
    names, patches = excluded(result), result.patches
    found = []
    for entry in result.facts["compartments"]:
        values = {key: Summary(**summary) for key, summary in entry["values"].items()}
        finding = CompartmentFinding(**{**entry, "values": values})
        own = np.flatnonzero(patches.compartments == finding.key).tolist()
        count = sum(patches.ids[row] in names for row in own)
        if not count:
            found.append(finding)
            continue
        found.append(_left(finding, patches, [row for row in own if patches.ids[row] not in names], count))
    return found


def exclude(result: ResultNodes, label: int, reason: str, who: str) -> None:
    """Exclude a patch.

    Args:
        result: the nodes.
        label: of the patch, from 1.
        reason: why, in words.
        who: the reader's name or initials.

    Raises:
        InputError: reason or name is empty, or the patch is excluded already.
    """
    if not reason.strip() or not who.strip():
        raise InputError("A patch is excluded with a reason and a name.", "Enter both.")
    if result.patches.ids[label - 1] in excluded(result):
        raise InputError(f"The patch {result.patches.ids[label - 1]} is excluded already.", "Take that back first.")
    _add(result, EXCLUDE, label, reason, who)


def include(result: ResultNodes, label: int, who: str, reason: str = "") -> None:
    """Let an excluded patch count again; arguments and errors as of :func:`exclude`."""
    if result.patches.ids[label - 1] not in excluded(result):
        raise InputError(f"The patch {result.patches.ids[label - 1]} is not excluded.", "Choose an excluded patch.")
    _add(result, INCLUDE, label, reason, who)


def undo(result: ResultNodes) -> int:
    """Take the last step back; the label of its patch, 0 where there is no step."""
    history = history_of(result)
    if not history.done:
        return 0
    _keep(result, replace(history, done=history.done - 1))
    return _label(result, history.steps[history.done - 1])


def redo(result: ResultNodes) -> int:
    """Do the step again that was undone last; the label of its patch, 0 where there is none."""
    history = history_of(result)
    if history.done == len(history.steps):
        return 0
    _keep(result, replace(history, done=history.done + 1))
    return _label(result, history.steps[history.done])


def take_over(result: ResultNodes, exclusions: Sequence[Exclusion]) -> None:
    """Let a result begin with the exclusions that its folder records."""
    if exclusions:
        steps = tuple(Step(EXCLUDE, one) for one in exclusions)
        _keep(result, History(steps, len(steps)))


def _add(result: ResultNodes, action: str, label: int, reason: str, who: str) -> None:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    record = Exclusion(result.patches.ids[label - 1], reason.strip(), who.strip(), when)
    _keep(result, history_of(result).then(Step(action, record)))


def _keep(result: ResultNodes, history: History) -> None:
    result.text_part(EXCLUSIONS, "excluded patches").SetText(json.dumps(asdict(history), ensure_ascii=False))


def _left(finding: CompartmentFinding, patches: PatchTable, left: list[int], count: int) -> CompartmentFinding:
    from CTSMALib.analysis.compartment_findings import left_finding

    rows = [
        {key: float(column[row]) for key, column in patches.values.items() if np.isfinite(column[row])} for row in left
    ]
    places = [(int(row), int(column)) for row, column in patches.cells[left]]
    return left_finding(finding, [both for both in zip(places, rows, strict=True) if both[1]], count)


def _label(result: ResultNodes, step: Step) -> int:
    return result.patches.ids.index(step.record.patch) + 1
