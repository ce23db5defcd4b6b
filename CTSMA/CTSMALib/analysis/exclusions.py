"""Patches that a reader has excluded: the file that records them, and a result in which they do not count.

The tables of a result keep what was measured, so that an exclusion can be taken back; it takes effect when a result is
read. Maps are made from the display grid, in which nothing is excluded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path

from CTSMALib.analysis.compartment_findings import left_finding
from CTSMALib.analysis.result import Exclusion, KneeAnalysis
from CTSMALib.errors import InputError
from CTSMALib.notices import Notice
from CTSMALib.outputs import replace_file

EXCLUSIONS_FILE = "exclusions.json"
NOTICE = "patches-excluded"
_SCHEMA, _VERSION = "ctsma-exclusions", 1
_MOST_REASONS = 4  # that a notice lists


def read_exclusions(folder: Path) -> tuple[Exclusion, ...]:
    """The exclusions in a result folder; none where it has no such file.

    Raises:
        InputError: the file is damaged, or of another version.
    """
    try:
        text = (folder / EXCLUSIONS_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(folder) from error
    try:
        document = json.loads(text)
        if (document["schema"], document["version"]) != (_SCHEMA, _VERSION):
            raise ValueError
        return tuple(exclusion_of(entry) for entry in document["exclusions"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(folder) from error


def write_exclusions(exclusions: Sequence[Exclusion], folder: Path) -> None:
    """Record exclusions in a result folder, completely or not at all; without any, the file goes.

    Raises:
        OSError: it cannot be written.
    """
    if not exclusions:
        (folder / EXCLUSIONS_FILE).unlink(missing_ok=True)
        return
    document = {"schema": _SCHEMA, "version": _VERSION, "exclusions": [asdict(one) for one in exclusions]}
    replace_file(folder / EXCLUSIONS_FILE, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))


def exclusion_of(entry: object) -> Exclusion:
    """An exclusion from plain JSON types.

    Raises:
        ValueError: it is none.
    """
    names = [field.name for field in fields(Exclusion)]
    if not isinstance(entry, dict) or sorted(entry) != sorted(names):
        raise ValueError("not an exclusion")
    if not all(isinstance(entry[name], str) for name in names):
        raise ValueError("an exclusion holds something that is no text")
    return Exclusion(**entry)


def without_excluded(analysis: KneeAnalysis, exclusions: Sequence[Exclusion]) -> KneeAnalysis:
    """A result in which excluded patches have no values, and do not count in compartments.

    Raises:
        ValueError: the result has no such patch.
    """
    names = {one.patch for one in exclusions}
    unknown = names - {item.patch.id for item in analysis.patches}
    if unknown:
        raise ValueError(f"there is no patch {min(unknown)} to exclude")
    if not names:
        return analysis
    patches = tuple(
        replace(item, values={}, uncertainties={}, flags=(), features=()) if item.patch.id in names else item
        for item in analysis.patches
    )
    compartments = []
    for finding in analysis.compartments:
        own = [item for item in patches if item.patch.compartment == finding.key]
        excluded = sum(item.patch.id in names for item in own)
        left = [((item.patch.row, item.patch.column), item.values) for item in own if item.values]
        compartments.append(left_finding(finding, left, excluded))
    notices = [notice for notice in analysis.notices if notice.code != NOTICE]
    return replace(
        analysis, patches=patches, compartments=tuple(compartments), exclusions=tuple(exclusions),
        notices=(*notices, exclusion_notice(exclusions, len(patches))),
    )  # fmt: skip


def exclusion_notice(exclusions: Sequence[Exclusion], total: int) -> Notice:
    """What a reader of the result must know: how many patches do not count, and why."""
    counts: dict[str, int] = {}
    for one in exclusions:
        counts[one.reason] = counts.get(one.reason, 0) + 1
    often = sorted(counts.items(), key=lambda item: -item[1])
    listed = [f"{reason} ({count})" for reason, count in often[:_MOST_REASONS]]
    if len(often) > _MOST_REASONS:
        listed.append(f"other reasons ({sum(count for _, count in often[_MOST_REASONS:])})")
    were, count = ("was", "does") if len(exclusions) == 1 else ("were", "do")
    text = f"{len(exclusions)} of {total} patches {were} excluded by a reader and {count} not count: "
    return Notice(NOTICE, f"{text}{'; '.join(listed)}.")


def _damaged(folder: Path) -> InputError:
    return InputError(
        f"The result in {folder} is damaged: {EXCLUSIONS_FILE} is not valid.",
        f"Put a copy of {EXCLUSIONS_FILE} back. Only if there is none, delete it there: all patches that a reader has "
        "excluded count again then.",
    )
