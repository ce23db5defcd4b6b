"""The diagnosis of a result folder as reports read it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from CTSMALib.analysis.patient_tokens import patient_tokens
from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.diagnosis.record import FILE, read_diagnosis
from CTSMALib.errors import InputError
from CTSMALib.report.model import ReportOptions
from CTSMALib.report.wording import clean

OUTDATED = "Patches have changed since the diagnosis was made, for example because some were excluded: make it again."
_LONGEST = 2000


@dataclass(frozen=True)
class StoredDiagnosis:
    """What ``diagnosis.json`` says; numbers are absent unless ``shown``.

    Attributes:
        shown: whether a probability is given.
        statement: what must be read beside it, or why there is none; where it is outdated, that comes first.
        checked: what was looked at, a sentence each.
        virtual: nobody was scanned.
        simulated: the model was trained on simulated knees.
        research: it is shown for research only.
        created: when, ISO 8601, or the year alone.
        aggregator: which part of the model answered.
        model: name, version and checksum.
        counts: patches with values by compartment.
        abstained: why the model says nothing; ``None`` where it says something.
        notes: what must be known beside it.
        values_sha256: of the values that it was made from; empty where unknown.
        probability: of osteoarthritis.
        low, high: its 95 % interval.
        grades: probabilities of the grades 0 to 4.
        usual_probability: where the contributions start, see :func:`~CTSMALib.diagnosis.wording.start_text`.
        patches, compartments: what each adds to the log odds.
        outdated: it was made from other values than those that the patches have now.
    """

    shown: bool
    statement: str
    checked: tuple[str, ...]
    virtual: bool
    simulated: bool
    research: bool
    created: str
    aggregator: str
    model: str
    counts: dict[str, int]
    abstained: str | None
    notes: tuple[str, ...]
    values_sha256: str = ""
    probability: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    grades: tuple[float, ...] = ()
    usual_probability: float = float("nan")
    patches: dict[str, float] = field(default_factory=dict)
    compartments: dict[str, float] = field(default_factory=dict)
    outdated: bool = False


def stored_diagnosis(analysis: KneeAnalysis, folder: Path, options: ReportOptions) -> StoredDiagnosis | None:
    """Read it, with printable texts, and say so where the patches have changed since.

    Args:
        analysis: the findings.
        folder: the result folder.
        options: a pseudonymised report has no exact dates.

    Returns:
        The diagnosis, or ``None`` where the folder holds none.

    Raises:
        InputError: the file is damaged, or of another version.
    """
    if not (folder / FILE).is_file():
        return None
    try:
        document: dict[str, Any] = _printable(read_diagnosis(folder))
        found = msgspec.convert(document, StoredDiagnosis)
        if found.shown and not (found.grades and found.patches and found.low <= found.probability <= found.high):
            raise ValueError("numbers are missing")
    except (msgspec.ValidationError, ValueError) as error:
        raise InputError(f"The diagnosis in {folder} is damaged.", "Run 'ctsma diagnose' again.") from error
    if options.pseudonymise:
        found = replace(found, created=found.created[:4])
    if is_outdated(found.values_sha256, analysis):
        found = replace(found, outdated=True, statement=f"{OUTDATED} {found.statement}")
    return found


def is_outdated(values_sha256: str, analysis: KneeAnalysis) -> bool:
    """Whether a diagnosis was made from other values than a result has now; never where that is not known."""
    return bool(values_sha256) and values_sha256 != patient_tokens(analysis).digest


def _printable(value: Any) -> Any:
    """The same JSON with harmless texts."""
    if isinstance(value, str):
        return clean(value, _LONGEST)
    if isinstance(value, list):
        return [_printable(part) for part in value]
    return {name: _printable(part) for name, part in value.items()} if isinstance(value, dict) else value
