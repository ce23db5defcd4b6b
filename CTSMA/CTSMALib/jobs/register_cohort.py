"""The job that registers every pair of a cohort; what is done stays, and the same command goes on."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import AnatomyError, InputError, MissingDecoderError, OutputError
from CTSMALib.inputs import existing_path, is_utf8, read_rows
from CTSMALib.jobs import register
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.cohort_resume import changed_scan, otherwise_made
from CTSMALib.jobs.register_guide import guide_bundle, led_by
from CTSMALib.jobs.request import RegisterCohortRequest, RegisterRequest
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.registration.record import RegistrationRecord

MANIFEST_FILE, STATUS_FILE = "manifest.csv", "status.csv"
NEEDED = ("subject", "side", "ct", "mr")
PATHS = ("ct", "mr", "truth", "patches")  # columns; the last two of virtual cohorts
SEVERAL = ("other_cts", "other_mrs")  # columns with several paths in a cell
AUTO = "auto"
SIDES = {"": AUTO, "unknown": AUTO, "l": "left", "left": "left", "r": "right", "right": "right"}
STATUS_COLUMNS = ("subject", "side", "folder", "bone", "verdict", "estimated_error_mm", "reasons")
AGAIN = "Delete the folder to register the pair again."
_IN_THE_WAY = "Move it away to register the pair."
_FORMAT = "Give a CSV file with the columns subject, side, ct and mr; paths relative to it."


@dataclass(frozen=True)
class Pair:
    """A row of the manifest: its cells, the side of the knee, and where its registration goes."""

    cells: dict[str, str]
    side: str
    ct: Path
    mr: Path
    name: str


@dataclass
class _Cohort:
    """What is at work: the given manifest, whose paths are relative to ``base``, and what became of its pairs.

    ``found`` holds what :func:`_record` says of every pair, so that a record is read once; ``reasons`` why a pair was
    refused, by name.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    pairs: list[Pair]
    base: Path
    out: Path
    found: dict[str, tuple[RegistrationRecord | None, str]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def run(request: RegisterCohortRequest, progress: Progress = silent) -> Path:
    """Register the pairs that are not registered yet.

    Writes a folder per pair, ``status.csv`` with a row per bone, and ``manifest.csv``, which is the given one with the
    column ``registration`` filled in, and with the side ``left`` or ``right`` where a registered pair tells it. A pair
    whose scans cannot be registered is listed with the reason, and the others go on.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder.

    Raises:
        CTSMAError: the manifest cannot be used, the engine or a model is not there, another process is at work in the
            folder, or something cannot be written. What is registered stays.
    """
    from CTSMALib.virtual.cohort.lock import locked

    manifest = existing_path(request.manifest)
    out = resolved(request.out)
    columns, rows, pairs = read_pairs(manifest, out)
    if manifest.resolve() == out / MANIFEST_FILE and not (out / STATUS_FILE).is_file():
        raise InputError(f"The manifest would be written over in {out}.", "Name another folder with --out.")
    leading = _checked_settings(pairs, request, out)
    cohort = _Cohort(columns, rows, pairs, manifest.parent, out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with locked(out):
            cohort.found.update((pair.name, _record(out / pair.name)) for pair in pairs)
            _refuse_mixture(cohort, request, leading)
            for number, pair in enumerate(pairs):
                _register(pair, cohort, request, part_of(progress, number / len(pairs), (number + 1) / len(pairs)))
                _write_tables(cohort)
    except OSError as error:
        raise output_error(error, out) from error
    progress("Finishing", 1.0)
    return out


def _register(pair: Pair, cohort: _Cohort, request: RegisterCohortRequest, progress: Progress) -> None:
    """Register a pair unless it is done, and keep what was found, or why it is refused.

    Raises:
        CTSMAError: something that concerns the other pairs, too: a package is missing, or nothing can be written.
    """
    from CTSMALib.registration.record_folder import holds_registration

    folder = cohort.out / pair.name
    progress(f"{pair.name}: Looking what is there", 0.0)  # a job that goes on can be cancelled
    if holds_registration(folder):
        record, _ = cohort.found[pair.name]
        changed = changed_scan(record, pair.ct, pair.mr) if record else ""
        if changed:
            cohort.reasons[pair.name] = f"The {changed} changed after it was registered. {AGAIN}"
        return
    wanted = RegisterRequest(
        pair.ct, pair.mr, folder, pair.side, engine=request.engine, local=request.local, images=request.images,
        guide=request.guide, model=request.model,
    )  # fmt: skip

    def told(stage: str, fraction: float, message: str = "") -> None:
        progress(f"{pair.name}: {stage}", fraction, message)

    try:
        Target(folder, overwrite=False, is_result=holds_registration).check()
    except OutputError as error:  # in the way of this pair alone
        cohort.reasons[pair.name] = f"{error.message} {_IN_THE_WAY}"
        return
    try:
        register.run(wanted, told)
    except (InputError, AnatomyError, MissingDecoderError) as error:
        cohort.reasons[pair.name] = str(error)
    cohort.found[pair.name] = _record(folder)


def _checked_settings(pairs: list[Pair], request: RegisterCohortRequest, out: Path) -> str:
    """Refuse what no pair can be registered with; what is to lead, as :func:`led_by` says it.

    Raises:
        InputError: engine, guide and model do not fit together, or there is no such model.
        MissingDependencyError: a package is not installed, or no model is.
    """
    with held():
        from CTSMALib.registration.engines.registry import engine_named
    from CTSMALib.registration.names import GREEDY
    from CTSMALib.registration.record_folder import holds_registration

    if request.model is not None:
        existing_path(request.model)
    bundle = guide_bundle(request.guide, request.model)
    if bundle is not None and request.engine == GREEDY:
        raise InputError("The engine 'greedy' compares the MR itself.", "Leave out --with, or --engine.")
    if not all(holds_registration(out / pair.name) for pair in pairs):  # a cohort that is done needs no engine
        engine_named(request.engine)
    return led_by(request.guide, bundle)


def _refuse_mixture(cohort: _Cohort, request: RegisterCohortRequest, leading: str) -> None:
    """Refuse to go on with other settings than those that pairs were registered with."""
    for name, (record, _) in cohort.found.items():
        made = otherwise_made(record, request.engine, request.local, leading) if record else ""
        if made:
            raise InputError(
                f"The pair {name} in {cohort.out} was registered {made}.", "Name another folder, or the same settings."
            )


def read_pairs(manifest: Path, out: Path | None = None) -> tuple[tuple[str, ...], list[dict[str, str]], list[Pair]]:
    """Columns and rows of a manifest, and the pairs of those rows that have CT and MR.

    Args:
        manifest: CSV file.
        out: resolved folder that registrations go to. Pairs whose registration lies there already, as the manifest
            says that was written there, keep its name: the side may have been found since.

    Raises:
        InputError: it cannot be used.
    """
    columns, rows = read_rows(manifest, NEEDED, f"The manifest '{manifest.name}'", _FORMAT)
    pairs = [_pair(row, manifest, out) for row in rows if row["ct"] and row["mr"]]
    names = [pair.name for pair in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not pairs:
        what = f"names {twice[0]} twice" if twice else "holds no pair of CT and MR"
        raise InputError(f"The manifest '{manifest.name}' {what}.", _FORMAT)
    return columns, rows, pairs


def _pair(row: dict[str, str], manifest: Path, out: Path | None) -> Pair:
    name = f"{row['subject']}-{row['side']}" if row["side"] else row["subject"]
    if out is not None and row.get("registration"):
        registered = Path(os.path.normpath(manifest.parent.resolve() / row["registration"]))
        name = registered.name if registered.parent == out else name
    if not row["subject"] or not all(c.isalnum() or c in "-_." for c in name) or name.startswith("."):
        raise InputError(
            f"The subject '{row['subject']}' cannot name a folder.", "Use letters, digits, '-' and '_' only."
        )
    side = SIDES.get(row["side"].strip().lower())
    if side is None:
        raise InputError(f"The side '{row['side']}' of {row['subject']} is unknown.", "Write left, right, or nothing.")
    return Pair(row, side, manifest.parent / row["ct"], manifest.parent / row["mr"], name)


def _write_tables(cohort: _Cohort) -> None:
    """Write both tables."""
    from CTSMALib.learning.pairs.cohort_table import BETWEEN

    status = [list(STATUS_COLUMNS)]
    filled_in: dict[int, dict[str, str]] = {}  # by the row of the given manifest
    for pair in cohort.pairs:
        record, damage = cohort.found[pair.name]
        reason = damage or cohort.reasons.get(pair.name, "")
        if reason:
            record = None
        side = _side(pair, record)
        filled_in[id(pair.cells)] = {"side": side, "registration": pair.name if record else ""}
        key = [pair.cells["subject"], side, pair.name]
        for bone in record.bones if record else ():
            status.append([*key, bone.name, bone.verdict, f"{bone.quality.estimated_mm:.3f}", " ".join(bone.reasons)])
        if reason:
            status.append([*key, "", "refused", "", reason])
    columns = [*cohort.columns, *(("registration",) if "registration" not in cohort.columns else ())]
    table = [columns]
    for row in cohort.rows:
        cells = {c: [row[c]] for c in PATHS if row.get(c)} | {c: row[c].split(BETWEEN) for c in SEVERAL if row.get(c)}
        paths = {c: BETWEEN.join(_relative(cohort.base / p, cohort.out) for p in parts) for c, parts in cells.items()}
        filled = row | paths | filled_in.get(id(row), {"registration": ""})
        table.append([filled.get(column, "") for column in columns])
    _write_rows(cohort.out / MANIFEST_FILE, table)
    _write_rows(cohort.out / STATUS_FILE, status)


def _side(pair: Pair, record: RegistrationRecord | None) -> str:
    """The side of a registered pair as it was understood or found; else as it is given, which names the pair."""
    if record is None:
        named = pair.name.removeprefix(pair.cells["subject"])
        return named.removeprefix("-") if named != pair.name else pair.cells["side"]
    found = record.side if pair.side == AUTO else pair.side
    return found if found in ("left", "right") else pair.cells["side"]


def _record(folder: Path) -> tuple[RegistrationRecord | None, str]:
    """What was registered there but for the patches, or why it cannot be read.

    A damaged one is kept, as a person may have reviewed it.
    """
    from CTSMALib.registration.record_folder import holds_registration, load_record

    if not holds_registration(folder):
        return None, ""
    try:
        return replace(load_record(folder), patches=()), ""  # of a large cohort, they would fill the memory
    except InputError as error:
        return None, f"{error.message} {AGAIN}"


def _relative(path: Path, out: Path) -> str:
    place = path.resolve()
    if not is_utf8(place):  # a link leads there; what it is called itself can be written
        place = Path(os.path.abspath(path))
    try:
        return Path(os.path.relpath(place, out)).as_posix()
    except ValueError:  # another drive of Windows
        return place.as_posix()


def _write_rows(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    replace_file(path, text.getvalue().encode())


def cohort_lines(folder: Path) -> list[str]:
    """What became of a cohort, in a few lines for a terminal."""
    with (folder / STATUS_FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    done = {row["folder"] for row in rows if row["bone"]}
    refused = [row for row in rows if row["verdict"] == "refused"]
    verdicts = [row["verdict"] for row in rows if row["bone"]]
    counts = ", ".join(f"{verdicts.count(name)} {name}" for name in ("good", "check", "failed"))
    lines = [f"Result       {folder}", f"Registered   {len(done)} pairs; bones: {counts}"]
    lines += [f"Refused      {row['folder']}: {row['reasons']}" for row in refused]
    return [*lines, f"Table        {folder / STATUS_FILE}"]
