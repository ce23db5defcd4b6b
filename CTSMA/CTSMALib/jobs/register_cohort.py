"""The job that registers every pair of a cohort; what is done stays, and the same command goes on."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import CancelledError, CTSMAError, InputError
from CTSMALib.inputs import existing_path, is_utf8, read_rows
from CTSMALib.jobs import register
from CTSMALib.jobs.cohort_resume import changed_scan, otherwise_made
from CTSMALib.jobs.register_guide import guide_bundle, led_by
from CTSMALib.jobs.request import RegisterCohortRequest, RegisterRequest
from CTSMALib.jobs.staging import output_error, resolved
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.registration.record import RegistrationRecord

MANIFEST_FILE, STATUS_FILE = "manifest.csv", "status.csv"
NEEDED = ("subject", "side", "ct", "mr")
PATHS = ("ct", "mr", "truth", "patches")  # columns; the last two of virtual cohorts
SEVERAL = ("other_cts", "other_mrs")  # columns with several paths in a cell
SIDES = {"": "auto", "unknown": "auto", "l": "left", "left": "left", "r": "right", "right": "right"}
STATUS_COLUMNS = ("subject", "side", "folder", "bone", "verdict", "estimated_error_mm", "reasons")
AGAIN = "Delete the folder to register the pair again."
_FORMAT = "Give a CSV file with the columns subject, side, ct and mr; paths relative to it."


@dataclass(frozen=True)
class Pair:
    """A row of the manifest: its cells, the side of the knee, and where its registration goes."""

    cells: dict[str, str]
    side: str
    ct: Path
    mr: Path
    name: str


def run(request: RegisterCohortRequest, progress: Progress = silent) -> Path:
    """Register the pairs that are not registered yet.

    Writes a folder per pair, ``status.csv`` with a row per bone, and ``manifest.csv``, which is the given one with the
    column ``registration`` filled in. A pair that cannot be registered is listed with the reason, and the others go on.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder.

    Raises:
        CTSMAError: the manifest cannot be used, or nothing can be written.
    """
    manifest = existing_path(request.manifest)
    columns, rows, pairs = read_pairs(manifest)
    out = resolved(request.out)
    if manifest.resolve() == out / MANIFEST_FILE and not (out / STATUS_FILE).is_file():
        raise InputError(f"The manifest would be written over in {out}.", "Name another folder with --out.")
    _refuse_mixture(pairs, request, out)
    reasons: dict[str, str] = {}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number, pair in enumerate(pairs):
            own = part_of(progress, number / len(pairs), (number + 1) / len(pairs))
            reasons |= _registered(pair, request, out, own)
            _write_tables(columns, rows, pairs, reasons, manifest.parent, out)
    except OSError as error:
        raise output_error(error, out) from error
    progress("Finishing", 1.0)
    return out


def _registered(pair: Pair, request: RegisterCohortRequest, out: Path, progress: Progress) -> dict[str, str]:
    """Register a pair unless it is done; the reason by name where it cannot be."""
    from CTSMALib.registration.record_folder import holds_registration

    folder = out / pair.name
    if holds_registration(folder):
        record, _ = _record(folder)
        changed = changed_scan(record, pair.ct, pair.mr) if record else ""
        return {pair.name: f"The {changed} changed after it was registered. {AGAIN}"} if changed else {}
    wanted = RegisterRequest(
        pair.ct, pair.mr, folder, pair.side, engine=request.engine, local=request.local, images=request.images,
        guide=request.guide, model=request.model,
    )  # fmt: skip

    def told(stage: str, fraction: float, message: str = "") -> None:
        progress(f"{pair.name}: {stage}", fraction, message)

    try:
        register.run(wanted, told)
    except CancelledError:
        raise
    except CTSMAError as error:
        return {pair.name: str(error)}
    return {}


def _refuse_mixture(pairs: list[Pair], request: RegisterCohortRequest, out: Path) -> None:
    """Refuse to go on with other settings than those that pairs were registered with, and a model that is none."""
    if request.model is not None:
        existing_path(request.model)
    leading = led_by(request.guide, guide_bundle(request.guide, request.model))
    for pair in pairs:
        record, _ = _record(out / pair.name)
        made = otherwise_made(record, request.engine, request.local, leading) if record else ""
        if made:
            raise InputError(
                f"The pair {pair.name} in {out} was registered {made}.", "Name another folder, or the same settings."
            )


def read_pairs(manifest: Path) -> tuple[tuple[str, ...], list[dict[str, str]], list[Pair]]:
    """Columns and rows of a manifest, and the pairs of those rows that have CT and MR.

    Raises:
        InputError: it cannot be used.
    """
    columns, rows = read_rows(manifest, NEEDED, f"The manifest '{manifest.name}'", _FORMAT)
    pairs = [_pair(row, manifest) for row in rows if row["ct"] and row["mr"]]
    names = [pair.name for pair in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not pairs:
        what = f"names {twice[0]} twice" if twice else "holds no pair of CT and MR"
        raise InputError(f"The manifest '{manifest.name}' {what}.", _FORMAT)
    return columns, rows, pairs


def _pair(row: dict[str, str], manifest: Path) -> Pair:
    name = f"{row['subject']}-{row['side']}" if row["side"] else row["subject"]
    if not row["subject"] or not all(c.isalnum() or c in "-_." for c in name) or name.startswith("."):
        raise InputError(
            f"The subject '{row['subject']}' cannot name a folder.", "Use letters, digits, '-' and '_' only."
        )
    side = SIDES.get(row["side"].strip().lower())
    if side is None:
        raise InputError(f"The side '{row['side']}' of {row['subject']} is unknown.", "Write left, right, or nothing.")
    return Pair(row, side, manifest.parent / row["ct"], manifest.parent / row["mr"], name)


def _write_tables(
    columns: tuple[str, ...], rows: list[dict[str, str]], pairs: list[Pair], reasons: dict[str, str], base: Path,
    out: Path,
) -> None:  # fmt: skip
    """Write both tables; paths of the given manifest are relative to ``base``."""
    status = [list(STATUS_COLUMNS)]
    wanted = [*columns, *(("registration",) if "registration" not in columns else ())]
    registered: dict[str, str] = {}
    for pair in pairs:
        record, damage = _record(out / pair.name)
        if pair.name in reasons:
            record = None
        registered[pair.name] = pair.name if record else ""
        key = [pair.cells["subject"], pair.cells["side"], pair.name]
        if record:
            for bone in record.bones:
                error = f"{bone.quality.estimated_mm:.3f}"
                status.append([*key, bone.name, bone.verdict, error, " ".join(bone.reasons)])
        elif damage:
            status.append([*key, "", "refused", "", damage])
        elif pair.name in reasons:
            status.append([*key, "", "refused", "", reasons[pair.name]])
    from CTSMALib.learning.pairs.cohort_table import BETWEEN

    names = {id(pair.cells): pair.name for pair in pairs}
    table = [wanted]
    for row in rows:
        cells = {c: [row[c]] for c in PATHS if row.get(c)} | {c: row[c].split(BETWEEN) for c in SEVERAL if row.get(c)}
        paths = {c: BETWEEN.join(_relative(base / one, out) for one in parts) for c, parts in cells.items()}
        filled = row | paths | {"registration": registered.get(names.get(id(row), ""), "")}
        table.append([filled.get(column, "") for column in wanted])
    _write_rows(out / MANIFEST_FILE, table)
    _write_rows(out / STATUS_FILE, status)


def _record(folder: Path) -> tuple[RegistrationRecord | None, str]:
    """What was registered there, or why it cannot be read; a damaged one is kept, as a person may have reviewed it."""
    from CTSMALib.registration.record_folder import holds_registration, load_record

    if not holds_registration(folder):
        return None, ""
    try:
        return load_record(folder), ""
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
