"""The diagnosis of a result in the scene: the text of ``diagnosis.json``, how it was asked for, and what it says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.diagnosis.names import AGGREGATORS as _KNOWN
from CTSMALib.diagnosis.names import LOGISTIC as LOGISTIC  # panels take it from here
from CTSMALib.diagnosis.names import SIMULATED
from CTSMALib.diagnosis.record import FILE
from CTSMALib.diagnosis.wording import percent, signed
from CTSMALib.scene.exclusions import counted, counted_compartments
from CTSMALib.scene.result_nodes import DIAGNOSIS, EXCLUSIONS, ResultNodes

DIAGNOSIS_FILE, AGGREGATORS = FILE, _KNOWN
_ATTRIBUTE = "CTSMA.Diagnosis."  # beginning of the names of attributes on the node of a result


@dataclass(frozen=True)
class DiagnosisState:
    """How a result is to be diagnosed; saved with it.

    Attributes:
        model: name of a model or folder of a bundle; empty for the one that comes with CTSMA.
        aggregator: of :data:`AGGREGATORS`; empty for the default of the model.
        research: show of a real person what a model from simulated knees says.
    """

    model: str = ""
    aggregator: str = ""
    research: bool = False


@dataclass(frozen=True)
class ShownDiagnosis:
    """What a panel shows; numbers are there only if ``shown``.

    Attributes:
        shown: whether a probability is given.
        statement: what must be read beside it, or why there is none.
        abstained: why the model says nothing; empty where it says something.
        research: it was asked for with the research switch.
        virtual, simulated: the knee is virtual; the model was trained on simulated knees.
        checked, notes: sentences.
        model, aggregator: what answered.
        counts: patches with values by compartment.
        probability, low, high: of osteoarthritis, with the 95 % interval.
        grades: probabilities of the grades 0 to 4.
        usual_probability: where the contributions start.
        patches, compartments: what each adds to the log odds.
        outdated: patches have changed since, as some were excluded.
    """

    shown: bool
    statement: str
    abstained: str = ""
    research: bool = False
    virtual: bool = False
    simulated: bool = False
    checked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    model: str = ""
    aggregator: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    probability: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    grades: tuple[float, ...] = ()
    usual_probability: float = float("nan")
    patches: dict[str, float] = field(default_factory=dict)
    compartments: dict[str, float] = field(default_factory=dict)
    outdated: bool = False

    @property
    def needs_switch(self) -> bool:
        """Whether it may be shown only while the research switch is on."""
        return self.research and self.simulated and not self.virtual

    def strongest(self, count: int) -> list[tuple[str, float]]:
        """The patches that weigh most, with what they add to the log odds."""
        return sorted(self.patches.items(), key=lambda item: -abs(item[1]))[:count]

    def by_compartment(self) -> list[tuple[str, int, float]]:
        """Title, patches with values, and what it adds to the log odds, of each compartment."""
        return [(c.title, self.counts.get(c.key, 0), self.compartments.get(c.key, 0.0)) for c in COMPARTMENTS]


def percent_text(share: float) -> str:
    """A probability in percent."""
    return percent(share)


def signed_text(part: float) -> str:
    """A contribution to the log odds with its sign."""
    return signed(part)


def may_be_diagnosed(result: ResultNodes) -> bool:
    """Whether any patch of a result has apparent parameters."""
    return any(key.startswith("app_") and np.isfinite(v).any() for key, v in result.patches.values.items())


def stamp_of(result: ResultNodes) -> tuple[str, int, int]:
    """Changes when what :func:`diagnosis_of` tells may have changed."""
    times = [node.GetMTime() if node is not None else 0 for node in map(result.get, (DIAGNOSIS, EXCLUSIONS))]
    return result.node.GetID(), times[0], times[1]


def state_of(result: ResultNodes) -> DiagnosisState:
    """How the result is to be diagnosed; the default for what is absent or has no meaning."""
    model, aggregator, research = (result.node.GetAttribute(_ATTRIBUTE + each.name) for each in fields(DiagnosisState))
    known = aggregator if aggregator in AGGREGATORS else ""
    return DiagnosisState(model or "", known, research == "true")


def model_was_chosen(result: ResultNodes) -> bool:
    """Whether somebody has chosen a model for this result; an empty name is then a choice too."""
    return result.node.GetAttribute(_ATTRIBUTE + "model") is not None


def keep_state(result: ResultNodes, state: DiagnosisState) -> None:
    """Save with the result how it is to be diagnosed."""
    for each in fields(state):
        value = getattr(state, each.name)
        result.node.SetAttribute(_ATTRIBUTE + each.name, str(value).lower() if isinstance(value, bool) else value)


def text_of(result: ResultNodes) -> str:
    """The content of ``diagnosis.json``; empty where there is no diagnosis."""
    node = result.get(DIAGNOSIS)
    return (node.GetText() or "") if node is not None else ""


def keep_diagnosis(result: ResultNodes, text: str) -> None:
    """Keep a diagnosis with the result, in place of an older one."""
    result.text_part(DIAGNOSIS, "diagnosis").SetText(text)


def take_over_diagnosis(result: ResultNodes, folder: Path) -> None:
    """Keep the diagnosis that a result folder holds, if it holds one.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read.
    """
    path = folder / DIAGNOSIS_FILE
    if path.is_file():
        keep_diagnosis(result, path.read_text(encoding="utf-8"))


def write_diagnosis_file(result: ResultNodes, folder: Path) -> None:
    """Write ``diagnosis.json`` again, where there is a diagnosis.

    Raises:
        OSError: it could not be written.
    """
    if text_of(result):
        (folder / DIAGNOSIS_FILE).write_bytes(text_of(result).encode("utf-8"))


def holds_diagnosis(folder: Path, result: ResultNodes) -> bool:
    """Whether a folder holds the diagnosis of a result, or neither holds one.

    Raises:
        OSError: the file cannot be read.
    """
    path = folder / DIAGNOSIS_FILE
    return (path.read_bytes() if path.is_file() else b"") == text_of(result).encode("utf-8")


def diagnosis_of(result: ResultNodes) -> ShownDiagnosis | None:
    """What the diagnosis of a result says; ``None`` where there is none, or where it is damaged."""
    try:
        found = json.loads(text_of(result) or "null")
        if not isinstance(found, dict):
            return None
        names = {each.name for each in fields(ShownDiagnosis)} - {"outdated"}
        known = {name: _plain(found[name]) for name in names & set(found)}
        notes = tuple(note for note in found.get("notes", ()) if note != SIMULATED)  # the statement says that
        shown = ShownDiagnosis(**{**known, "abstained": found.get("abstained") or "", "notes": notes})
        if shown.shown and not (shown.patches and len(shown.grades) > 1 and shown.low <= shown.high):
            return None
        digest = found.get("values_sha256", "")
        outdated = bool(digest) and digest != _digest(result)
    except (ValueError, KeyError, TypeError):
        return None
    return ShownDiagnosis(**{**{each.name: getattr(shown, each.name) for each in fields(shown)}, "outdated": outdated})


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _digest(result: ResultNodes) -> str:
    """Of the values that a diagnosis of the patches as they count now would be made from."""
    from CTSMALib.analysis.patient_tokens import tokens_from

    patches = counted(result)

    def by_id(columns: dict[str, Any]) -> dict[str, dict[str, float]]:
        return {
            name: {key: float(column[row]) for key, column in columns.items() if np.isfinite(column[row])}
            for row, name in enumerate(patches.ids)
        }

    flags = {name: tuple(str(patches.flags[row]).split()) for row, name in enumerate(patches.ids)}
    compartments = counted_compartments(result)
    return tokens_from(by_id(patches.values), by_id(patches.uncertainties), flags, compartments).digest
