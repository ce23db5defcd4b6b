"""The knees that a diagnosis is learned from: patches of a patch set with measured or predicted values."""

from __future__ import annotations

import csv
import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.diagnosis.calibration import GRADES, OA_GRADE
from CTSMALib.diagnosis.origin import MR, TRUTH
from CTSMALib.diagnosis.tokens import KneeTokens, knee_tokens, lacking
from CTSMALib.errors import InputError
from CTSMALib.learning.student.chain import BUNDLE, PREDICTIONS
from CTSMALib.learning.student.train import STUDENT
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.model import TASK as STUDENT_TASK

HU, UNCERTAINTY, TRUE = "ct_hu_mean", "u:", "true:"
UNGRADED = "grade unknown"
KNEES_FILE, PATCHES_FILE = "knees.csv", "patches.csv"
_REMEDY = "Make the patch set again with 'ctsma patches'."
_Row = dict[str, str]


@dataclass(frozen=True, eq=False)
class Case:
    """A knee with what is known of the patient.

    Attributes:
        knee: name of it.
        subject: whose it is.
        grade: Kellgren-Lawrence.
        age: in years; not a number where unknown.
        tokens: values of patches.
        hu: (96, 1) mean CT numbers of all patches, as tokens.
    """

    knee: str
    subject: str
    grade: int
    age: float
    tokens: KneeTokens
    hu: KneeTokens

    @property
    def has_oa(self) -> bool:
        """Whether this is called osteoarthritis."""
        return self.grade >= OA_GRADE


@dataclass(frozen=True, eq=False)
class DiagnosisData:
    """All knees of a training.

    Attributes:
        cases: knees with a grade and enough patches.
        left_out: knee to the reason.
        values_from: ``"mr"``, ``"truth"`` or the name of the predictions.
        sha256: of the tables that it was read from.
        values_sha256: of the weights of the student that the predictions are of; empty where there is none, or where
            it does not lie beside them, as 'ctsma train student' leaves it.
    """

    cases: tuple[Case, ...]
    left_out: dict[str, str]
    values_from: str
    sha256: str
    values_sha256: str = ""


def read_data(patch_set: Path, predictions: str, splits: tuple[str, ...] = ()) -> DiagnosisData:
    """Read the knees of a patch set.

    Args:
        patch_set: its folder.
        predictions: ``"mr"`` for the targets measured on MR, ``"truth"`` for the truth of virtual knees, or the path
            of a CSV file with predicted values.
        splits: of the knees that take part; all if empty.

    Raises:
        InputError: a table cannot be read, lacks a column, or holds no two kinds of knees.
    """
    facts = {row["knee"]: row for row in _rows(patch_set / KNEES_FILE, ("knee", "subject", "split", "grade", "age"))}
    measured = list(_rows(patch_set / PATCHES_FILE, ("knee", "id", HU)))
    source = patch_set / PATCHES_FILE if predictions in (MR, TRUTH) else Path(predictions)
    beginning = TRUE + "{}" if predictions == TRUTH else "{}"
    columns = {key: beginning.format(key.removeprefix("app_") if predictions == TRUTH else key) for key in KEYS}
    given = list(_rows(source, ("knee", "id", *columns.values())))
    by_knee: dict[str, list[_Row]] = defaultdict(list)
    for row in given:
        by_knee[row["knee"]].append(row)
    hu: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for row in measured:
        hu[row["knee"]][row["id"]] = {HU: _number(row, HU)}
    unknown = sorted(set(by_knee) - set(facts))
    if unknown:
        raise InputError(f"{source.name} speaks of the knee '{unknown[0]}', which {KNEES_FILE} lacks.", _REMEDY)
    cases, left_out = [], {}
    for knee in sorted(by_knee):
        if splits and facts[knee]["split"] not in splits:
            continue
        grade = _grade(facts[knee])
        if grade is None:
            left_out[knee] = UNGRADED
            continue
        case = _case(facts[knee], grade, by_knee[knee], hu[knee], columns)
        reason = lacking(case.tokens) or lacking(case.hu)
        if reason:
            left_out[knee] = reason
        else:
            cases.append(case)
    if len({case.has_oa for case in cases}) < 2:
        raise InputError("There are not both knees with and without osteoarthritis.", "Take more knees or splits.")
    paths = (patch_set / KNEES_FILE, patch_set / PATCHES_FILE, source)
    name = predictions if predictions in (MR, TRUTH) else source.stem
    return DiagnosisData(tuple(cases), left_out, name, _digest(paths), _student_of(source))


def _case(facts: _Row, grade: int, rows: list[_Row], hu: dict[str, dict[str, float]], columns: dict[str, str]) -> Case:
    values = {row["id"]: {key: _number(row, column) for key, column in columns.items()} for row in rows}
    unsure = {row["id"]: {key: _number(row, UNCERTAINTY + column) for key, column in columns.items()} for row in rows}
    age = _number(facts, "age")
    tokens = knee_tokens(values, unsure, age=age)
    return Case(facts["knee"], facts["subject"], grade, age, tokens, knee_tokens(hu, age=age, keys=(HU,)))


def _grade(facts: _Row) -> int | None:
    """The grade of a knee; ``None`` where it is unknown."""
    text = (facts["grade"] or "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if number not in range(GRADES):  # whole and finite
        raise InputError(f"The knee '{facts['knee']}' has the grade '{text}'.", "Give 0 to 4 in knees.csv, or nothing.")
    return int(number)


def _student_of(source: Path) -> str:
    """The checksum of the student whose predictions these are, where its bundle lies beside them."""
    folder = source.absolute().parent
    if source.stem != STUDENT or folder.name != PREDICTIONS:
        return ""
    try:
        return read_bundle(folder.with_name(BUNDLE), STUDENT_TASK).sha256
    except InputError:
        return ""


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[_Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"The table '{path.name}' lacks the column '{missing[0]}'.", _REMEDY)
            yield from reader
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The table '{path}' cannot be read.", "Check the path, or make it again.") from error


def _number(row: _Row, column: str) -> float:
    """A cell; not a number where it is empty or missing."""
    text = row.get(column)
    if not text:
        return math.nan
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"The column '{column}' holds '{text}', which is no number.", "Mend the table.") from error


def _digest(paths: tuple[Path, ...]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()


def labels(cases: tuple[Case, ...]) -> np.ndarray:
    """(n,) bool: osteoarthritis."""
    return np.array([case.has_oa for case in cases])


def grades(cases: tuple[Case, ...]) -> np.ndarray:
    """(n,) int: grades."""
    return np.array([case.grade for case in cases])
