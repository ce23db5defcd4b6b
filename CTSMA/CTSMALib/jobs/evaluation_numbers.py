"""The main numbers of an evaluation, read from its tables without anything heavy."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from CTSMALib.errors import InputError

PAGE_FILE, HEAD_FILE, FINDINGS_FILE = "evaluation.html", "evaluation.json", "findings.csv"
_WANTED = {"target": "mr", "level": "patch", "grouping": "all", "key": "mean", "statistic": "icc_agreement"}
_AGAIN = "Evaluate again."


@dataclass(frozen=True)
class ArmNumbers:
    """How well an arm agrees with the MR: mean ICC(2,1) of the four parameters, single patches.

    Attributes:
        arm: its name.
        is_reference: whether it is no arm but says what to expect.
        value: of the ICC; ``None`` where it is unknown, like the next two.
        low, high: of the 95 % interval by patient.
        patches, patients: that were compared.
    """

    arm: str
    is_reference: bool
    value: float | None
    low: float | None
    high: float | None
    patches: int
    patients: int


@dataclass(frozen=True)
class MainNumbers:
    """What an evaluation says in short.

    Attributes:
        split: that was evaluated.
        virtual: whether the patients are none.
        arms: the best first, references last.
        remarks: by the evaluation.
        page: with everything.
    """

    split: str
    virtual: bool
    arms: tuple[ArmNumbers, ...]
    remarks: tuple[str, ...]
    page: Path


def read_main_numbers(folder: Path) -> MainNumbers:
    """Read an evaluation.

    Raises:
        InputError: there is none, or it is damaged.
    """
    try:
        head = json.loads((folder / HEAD_FILE).read_text(encoding="utf-8"))
        with (folder / FINDINGS_FILE).open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if all(row[name] == text for name, text in _WANTED.items())]
        arms = sorted(
            map(_arm, rows), key=lambda arm: (arm.is_reference, -(arm.value if arm.value is not None else -2))
        )
        remarks = tuple(map(str, head["remarks"]))
        return MainNumbers(str(head["split"]), bool(head["virtual"]), tuple(arms), remarks, folder / PAGE_FILE)
    except OSError as error:
        raise InputError(f"There is no evaluation in {folder}.", _AGAIN) from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise InputError(f"The evaluation in {folder} is damaged.", _AGAIN) from error


def _arm(row: dict[str, str]) -> ArmNumbers:
    value, low, high = (float(row[name]) if row[name] else None for name in ("value", "low", "high"))
    return ArmNumbers(row["arm"], row["kind"] != "arm", value, low, high, int(row["pairs"]), int(row["patients"]))
