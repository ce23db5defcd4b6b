"""Which MR goes with which CT: the same subject and side, the best where several fit, and what is not certain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from CTSMALib.learning.pairs.found_scan import FoundScan
from CTSMALib.learning.pairs.naming import CT, LEFT, MR, RIGHT

LONGEST_APART_DAYS = 365  # bone changes


@dataclass(frozen=True)
class FoundPair:
    """A knee of which a CT, an MR or both were found.

    Attributes:
        subject: whose it is.
        side: ``"left"``, ``"right"``, or empty where nothing says it.
        ct, mr: scans; ``None`` where there is none.
        other_cts, other_mrs: that fit too and were not taken, the best first.
        doubts: one sentence each.
    """

    subject: str
    side: str
    ct: FoundScan | None
    mr: FoundScan | None
    other_cts: tuple[FoundScan, ...]
    other_mrs: tuple[FoundScan, ...]
    doubts: tuple[str, ...]


def match(scans: Iterable[FoundScan]) -> tuple[FoundPair, ...]:
    """Put scans together, in the order of subjects and sides.

    A CT without a side may show both knees: it goes with the MR of either. CTs and MRs whose names differ go together
    where they are the only ones in their folder.
    """
    subjects: dict[str, list[FoundScan]] = defaultdict(list)
    for scan in _same_folder_same_subject(list(scans)):
        subjects[scan.subject].append(scan)
    pairs = [pair for name in sorted(subjects) for pair in _of_subject(name, subjects[name])]
    return tuple(pairs)


def _same_folder_same_subject(scans: list[FoundScan]) -> list[FoundScan]:
    """Give CT and MR of a folder one subject where each is called otherwise and has no counterpart elsewhere."""
    kinds: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, set[str]] = defaultdict(set)  # folders of subjects
    names: dict[str, set[str]] = defaultdict(set)  # subjects of folders
    for scan in scans:
        kinds[scan.subject].add(scan.kind)
        groups[scan.subject].add(scan.group)
        names[scan.group].add(scan.subject)
    found = []
    for scan in scans:
        others = names[scan.group] - {scan.subject}
        other = next(iter(others), "")
        if scan.group and len(others) == 1 and len(groups[scan.subject]) == len(groups[other]) == 1:
            apart = len(kinds[scan.subject]) == len(kinds[other]) == 1 and kinds[scan.subject] != kinds[other]
            scan = _as_one(scan, other) if apart else _beside(scan, other)
        found.append(scan)
    return found


def _as_one(scan: FoundScan, other: str) -> FoundScan:
    """An MR takes the name of the CT; there is nothing else in their folder."""
    name = scan.subject if scan.kind == CT else other
    doubt = f"CT and MR name other subjects; they are taken as one, '{name}', because they lie in '{scan.group}'."
    return replace(scan, subject=name, doubts=(*scan.doubts, doubt))


def _beside(scan: FoundScan, other: str) -> FoundScan:
    doubt = f"In '{scan.group}' lie scans of '{other}' too; if that is the same person, give both one name."
    return replace(scan, doubts=(*scan.doubts, doubt))


def _of_subject(subject: str, scans: list[FoundScan]) -> list[FoundPair]:
    cts, mrs = ([scan for scan in scans if scan.kind == kind] for kind in (CT, MR))
    sides = [side for side in (LEFT, RIGHT) if any(scan.side == side for scan in (*cts, *mrs))] or [""]
    pairs, free = [], [scan for scan in mrs if not scan.side]
    for side in sides:
        own_cts = _best([scan for scan in cts if scan.side in (side, "")], side)
        own_mrs = _best([scan for scan in mrs if scan.side == side] or (free if len(sides) == 1 else []), side)
        if own_cts or own_mrs:
            pairs.append(_pair(subject, side, own_cts, own_mrs))
    used = {id(scan) for pair in pairs for scan in (*_both(pair), *pair.other_cts, *pair.other_mrs)}
    return pairs + [_alone(subject, scan, sides) for scan in (*cts, *mrs) if id(scan) not in used]


def _both(pair: FoundPair) -> tuple[FoundScan, ...]:
    return tuple(scan for scan in (pair.ct, pair.mr) if scan is not None)


def _best(scans: list[FoundScan], side: str) -> list[FoundScan]:
    """Those that name the side first, then by score."""
    return sorted(scans, key=lambda scan: (scan.side != side, -scan.score, scan.path))


def _alone(subject: str, scan: FoundScan, sides: Sequence[str]) -> FoundPair:
    others = "scans of both sides" if len(sides) > 1 else f"another {scan.kind} of the {sides[0]} knee"
    doubt = f"The {scan.kind} does not say its side, and the subject has {others}; fill in the side."
    ct, mr = (scan, None) if scan.kind == CT else (None, scan)
    return FoundPair(subject, "", ct, mr, (), (), (*scan.doubts, doubt))


def _pair(subject: str, side: str, cts: Sequence[FoundScan], mrs: Sequence[FoundScan]) -> FoundPair:
    ct, mr = (scans[0] if scans else None for scans in (cts, mrs))
    doubts = [doubt for scan in (ct, mr) if scan is not None for doubt in scan.doubts]
    doubts += _missing(ct, mr) + _side_doubts(side, ct, mr)
    for kind, scans in ((CT, cts), (MR, mrs)):
        if len(scans) > 1:
            others = "; ".join(f"'{scan.title}'" for scan in scans[1:])
            doubts.append(f"{len(scans)} {kind}s fit: '{scans[0].title}' was taken, not {others}.")
    if ct is not None and mr is not None:
        doubts += _apart(ct, mr)
    return FoundPair(subject, side, ct, mr, tuple(cts[1:]), tuple(mrs[1:]), tuple(dict.fromkeys(doubts)))


def _missing(ct: FoundScan | None, mr: FoundScan | None) -> list[str]:
    return [f"No {kind} of this knee was found." for kind, scan in ((CT, ct), (MR, mr)) if scan is None]


def _side_doubts(side: str, ct: FoundScan | None, mr: FoundScan | None) -> list[str]:
    if not side:
        return ["Neither CT nor MR says its side; fill it in."]
    silent = [kind for kind, scan in ((CT, ct), (MR, mr)) if scan is not None and not scan.side]
    return [f"The {kind} does not say its side; '{side}' is that of the {_other(kind)}." for kind in silent]


def _other(kind: str) -> str:
    return MR if kind == CT else CT


def _apart(ct: FoundScan, mr: FoundScan) -> list[str]:
    try:
        days = abs((_day(ct.date) - _day(mr.date)).days)
    except ValueError:  # not stated, or removed
        return []
    return [f"CT and MR were taken {days} days apart."] if days > LONGEST_APART_DAYS else []


def _day(text: str) -> date:
    if len(text) != 8:
        raise ValueError(text)
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
