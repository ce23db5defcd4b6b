"""The knees that a diagnosis is learned from: patches of a patch set with measured or predicted values."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.diagnosis.calibration import GRADES, OA_GRADE
from CTSMALib.diagnosis.origin import MR, TRUTH
from CTSMALib.diagnosis.tokens import KneeTokens, knee_tokens, lacking
from CTSMALib.errors import InputError
from CTSMALib.learning.patches.columns import TRUE
from CTSMALib.learning.patches.patch_set import KNEES_FILE, PATCHES_FILE, Columns, read_table, read_tables
from CTSMALib.learning.student.chain import BUNDLE, PREDICTIONS
from CTSMALib.learning.student.train import STUDENT
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.model import TASK as STUDENT_TASK
from CTSMALib.student.summary import feature_column

HU, UNCERTAINTY = "ct_hu_mean", "u:"
UNGRADED = "grade unknown"
_REMEDY = "Make the patch set again with 'ctsma patches'."
_TABLE, _OR_NONE = "Give a table that this version's 'ctsma train student' wrote.", "Or set features = 0."


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


def read_data(patch_set: Path, predictions: str, splits: tuple[str, ...] = (), features: int = 0) -> DiagnosisData:
    """Read the knees of a patch set.

    Args:
        patch_set: its folder.
        predictions: ``"mr"`` for the targets measured on MR, ``"truth"`` for the truth of virtual knees, or the path
            of a CSV file with predicted values.
        splits: of the knees that take part; all if empty.
        features: how many features of a student are taken from the predictions beside the values.

    Raises:
        InputError: a table cannot be read, lacks a column, or holds no two kinds of knees.
    """
    _facts, knees, measured = read_tables(patch_set)
    given, columns, source = measured, {key: key for key in KEYS}, patch_set / PATCHES_FILE
    if predictions == TRUTH:
        columns = dict(zip(KEYS, TRUE, strict=True))
    elif predictions != MR:
        source = Path(predictions)
        given = read_table(source, ("knee", "id"), ("knee", "id", *KEYS), _TABLE)
    facts = {name: row for row, name in enumerate(knees["knee"].tolist())}
    unknown = sorted(set(given["knee"].tolist()) - set(facts))
    if unknown:
        raise InputError(f"{source.name} speaks of the knee '{unknown[0]}', which {KNEES_FILE} lacks.", _REMEDY)
    hu = _by_knee(measured, {HU: HU})
    beside = _feature_columns(given, source, features)
    told = _by_knee(given, {column: column for column in beside})
    values, unsure = (
        _by_knee(given, {key: beginning + column for key, column in columns.items()}) for beginning in ("", UNCERTAINTY)
    )
    cases, left_out = [], {}
    for knee in sorted(values):
        row = facts[knee]
        if splits and knees["split"][row] not in splits:
            continue
        grade = _grade(knee, float(knees["grade"][row]))
        if grade is None:
            left_out[knee] = UNGRADED
            continue
        age = float(knees["age"][row])
        tokens = knee_tokens(values[knee], unsure[knee], age=age)
        if features:
            named = {name: [own[column] for column in beside] for name, own in told[knee].items()}
            tokens = tokens.with_features(named, features)
        case = Case(
            knee, str(knees["subject"][row]), grade, age, tokens, knee_tokens(hu.get(knee, {}), age=age, keys=(HU,))
        )
        reason = lacking(case.tokens) or lacking(case.hu)
        if reason:
            left_out[knee] = reason
        else:
            cases.append(case)
    if len({case.has_oa for case in cases}) < 2:
        raise InputError(_one_sided(cases, left_out), "Take more knees or splits, and knees with more patches.")
    paths = (patch_set / KNEES_FILE, patch_set / PATCHES_FILE, source)
    name = predictions if predictions in (MR, TRUTH) else source.stem
    return DiagnosisData(tuple(cases), left_out, name, _digest(paths), _student_of(source))


def _feature_columns(given: Columns, source: Path, features: int) -> list[str]:
    """The columns of the first features of a student.

    Raises:
        InputError: they are not there, are no numbers, or nobody can tell whose they are.
    """
    names = [feature_column(number) for number in range(features)]
    if any(given.get(name, np.array("")).dtype.kind != "f" for name in names):
        raise InputError(f"{source.name} comes without {features} features of a student.", f"{_TABLE} {_OR_NONE}")
    if features and not _student_of(source):
        raise InputError(
            f"No student lies beside {source}, so that nobody could tell later whose features these are.",
            f"Give predictions/student.csv where 'ctsma train student' wrote it. {_OR_NONE}",
        )
    return names


def _one_sided(cases: list[Case], left_out: dict[str, str]) -> str:
    """That knees of one kind are missing, and why knees were left out."""
    healthy = sum(not case.has_oa for case in cases)
    said = (
        f"Of the knees that can be used, {healthy} have no osteoarthritis and {len(cases) - healthy} have it; both are "
        "needed."
    )
    if left_out:
        knee, reason = next(iter(left_out.items()))
        said += f" Left out: {len(left_out)}, for example '{knee}': {reason.rstrip('.')}."
    return said


def _by_knee(table: Columns, columns: dict[str, str]) -> dict[str, dict[str, dict[str, float]]]:
    """Knee to patch id to values, from the columns that a table has."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    known = {key: table[column].tolist() for key, column in columns.items() if column in table}
    for row, (knee, name) in enumerate(zip(table["knee"].tolist(), table["id"].tolist(), strict=True)):
        own = found.setdefault(knee, {})
        if name in own:
            raise InputError(f"The patch {name} of the knee '{knee}' is in a table twice.", "Keep one of its rows.")
        own[name] = {key: cells[row] for key, cells in known.items()}
    return found


def _grade(knee: str, grade: float) -> int | None:
    """The grade of a knee; ``None`` where it is unknown."""
    if math.isnan(grade):
        return None
    if grade not in range(GRADES):  # whole and finite
        raise InputError(f"The knee '{knee}' has the grade '{grade:g}'.", "Give 0 to 4 in knees.csv, or nothing.")
    return int(grade)


def _student_of(source: Path) -> str:
    """The checksum of the student whose predictions these are, where its bundle lies beside them."""
    folder = source.absolute().parent
    if source.stem != STUDENT or folder.name != PREDICTIONS:
        return ""
    try:
        return read_bundle(folder.with_name(BUNDLE), STUDENT_TASK).sha256
    except InputError:
        return ""


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
