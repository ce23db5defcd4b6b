"""What may be wrong with a patch set before anything is learned from it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.learning.pairs.splits import SPLITS
from CTSMALib.learning.patches.patch_set import PatchSet
from CTSMALib.student.reference_scale import REFERENCES

SIDES = ("left", "right")
NEEDED = tuple(split for split in SPLITS if split != "unpaired")
MIRRORED = "mirrored"
NAMED = 3  # examples in a sentence
_REMAKE = "Correct the manifest and make the set again with 'ctsma patches'."


class Gravity(Enum):
    """How grave a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class SetFinding:
    """One thing that is wrong, or may be.

    Attributes:
        code: stable, in kebab-case.
        gravity: an error keeps a set from being learned from.
        text: one sentence.
        remedy: what to do.
    """

    code: str
    gravity: Gravity
    text: str
    remedy: str


def check_patch_set(patch_set: PatchSet) -> tuple[SetFinding, ...]:
    """Look for leakage between splits, duplicates, sides and missing values; errors come first.

    Args:
        patch_set: all of a folder.
    """
    found = [*_leaks(patch_set), *_duplicates(patch_set), *_sides(patch_set), *_splits(patch_set), *_gaps(patch_set)]
    return tuple(sorted(found, key=lambda finding: finding.gravity is not Gravity.ERROR))


def refuse_errors(patch_set: PatchSet) -> tuple[SetFinding, ...]:
    """Let only a set without errors be learned from.

    Returns:
        The warnings.

    Raises:
        InputError: there are errors.
    """
    findings = check_patch_set(patch_set)
    errors = [finding for finding in findings if finding.gravity is Gravity.ERROR]
    if errors:
        more = f" ({len(errors)} errors in all; 'ctsma patches --check' lists them)" if len(errors) > 1 else ""
        raise InputError(f"The patch set cannot be learned from: {errors[0].text}{more}", errors[0].remedy)
    return findings


def _leaks(patch_set: PatchSet) -> list[SetFinding]:
    splits, knees = defaultdict(set), defaultdict(list)
    for subject, split, key in zip(*(patch_set.knees[n].tolist() for n in ("subject", "split", "knee")), strict=True):
        splits[subject].add(split)
        knees[subject].append(key)
    found = []
    leaking = [subject for subject, own in splits.items() if len(own) > 1]
    if leaking:
        text = f"In more than one split: {_some(leaking, 'subject')}."
        found.append(SetFinding("subject-in-two-splits", Gravity.ERROR, text, f"Give a subject one split. {_REMAKE}"))
    both = [subject for subject, own in knees.items() if len(set(own)) > 1 and subject not in leaking]
    if both:
        text = f"With more than one knee in the set: {_some(both, 'subject')}."
        remedy = "Nothing, if all of a subject's knees are in one split; they count as one subject in intervals."
        found.append(SetFinding("two-knees-of-a-subject", Gravity.WARNING, text, remedy))
    return found


def _duplicates(patch_set: PatchSet) -> list[SetFinding]:
    found = []
    twins = _repeated(patch_set.knees["knee"].tolist())
    if twins:
        found.append(_error("duplicate-knees", f"Listed twice: {_some(twins, 'knee')}."))
    places = zip(patch_set.patches["knee"].tolist(), patch_set.patches["id"].tolist(), strict=True)
    names = [f"{knee} {patch}" for knee, patch in places]
    twins = _repeated(names)
    if twins:
        found.append(_error("duplicate-rows", f"Listed twice: {_some(twins, 'row')}."))
    same = defaultdict(list)
    for name, cube in zip(names, patch_set.ct, strict=True):
        same[hashlib.sha256(np.ascontiguousarray(cube).tobytes()).digest()].append(name)
    equal = [" = ".join(own[:2]) for own in same.values() if len(own) > 1]
    if equal:
        text = f"With the same CT: {_some(equal, 'pair')} of patches."
        found.append(_error("equal-patches", text))
    return found


def _sides(patch_set: PatchSet) -> list[SetFinding]:
    found = []
    knees, sides = (patch_set.knees[name].tolist() for name in ("knee", "side"))
    unknown = [key for key, side in zip(knees, sides, strict=True) if side not in SIDES]
    if unknown:
        found.append(_error("side-missing", f"Without a side, left or right: {_some(unknown, 'knee')}."))
    if MIRRORED not in patch_set.knees:
        text = "The set does not say which knees were read mirrored."
        return [*found, SetFinding("mirroring-unknown", Gravity.WARNING, text, "Make the set again to be sure.")]
    read = patch_set.knees[MIRRORED].tolist()
    wrong = [
        key
        for key, side, flag in zip(knees, sides, read, strict=True)
        if side in SIDES and flag in (0.0, 1.0) and flag != (side == "left")  # a knee without patches was not read
    ]
    if wrong:
        text = f"Not read as its side (left ones are mirrored): {_some(wrong, 'knee')}."
        found.append(_error("side-not-as-read", text))
    return found


def _splits(patch_set: PatchSet) -> list[SetFinding]:
    found = []
    own = patch_set.knees["split"].tolist()
    unknown = sorted(set(own) - set(SPLITS))
    if unknown:
        found.append(_error("split-unknown", f"{unknown[0]!r} is no split; there are {', '.join(SPLITS)}."))
    empty = [split for split in NEEDED if split not in own]
    if empty:
        text = f"No knee is of the split {' or '.join(empty)}."
        found.append(SetFinding("split-empty", Gravity.WARNING, text, "Add knees to the cohort."))
    return found


def _gaps(patch_set: PatchSet) -> list[SetFinding]:
    found = []
    paired = patch_set.of_knee("split") != "unpaired"
    without = np.count_nonzero(~np.isfinite(patch_set.targets).all(axis=1) & paired)
    if without:
        found.append(_error("target-missing", f"{without} patches have no target."))
    bare = np.setdiff1d(patch_set.knees["knee"], patch_set.patches["knee"]).tolist()
    if bare:
        text = f"Without a patch: {_some(bare, 'knee')}."
        found.append(SetFinding("knee-without-patches", Gravity.WARNING, text, "Look at its scans and registration."))
    marrow, bone = (patch_set.of_knee(name) for name in REFERENCES)
    unknown = np.unique(patch_set.patches["knee"][~(bone > marrow)]).tolist()
    if unknown:
        found.append(_error("references-missing", f"CT without {' and '.join(REFERENCES)}: {_some(unknown, 'knee')}."))
    if not np.isfinite(patch_set.covariates).all():
        text = "Sharpness, noise or voxel size of some CT is not known."
        found.append(SetFinding("covariate-missing", Gravity.WARNING, text, "Give these where they can be known."))
    return found


def _error(code: str, text: str) -> SetFinding:
    return SetFinding(code, Gravity.ERROR, text, _REMAKE)


def _repeated(names: Iterable[str]) -> list[str]:
    seen: dict[str, int] = defaultdict(int)
    for name in names:
        seen[name] += 1
    return [name for name, count in seen.items() if count > 1]


def _some(names: list[str], noun: str) -> str:
    """How many, and a few of them by name."""
    told = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'} ({told})"
