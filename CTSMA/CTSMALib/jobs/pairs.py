"""The job that finds the pairs of CT and MR in a folder and writes the manifest of a cohort."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError, OutputError
from CTSMALib.inputs import existing_path, printable, read_rows
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.staging import resolved
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.learning.pairs.cohort_table import CohortTable
    from CTSMALib.learning.pairs.found_scan import LeftOut

_FOUND = 0.97  # part of the whole work
_SHOWN, _LEFT_OUT_SHOWN = 20, 5  # findings and files in a terminal
LEFT_OUT_HEAD = ("path", "reason")
SUFFIX = ".csv"
COHORT_FILE = "cohort.json"  # of a virtual cohort


@dataclass(frozen=True)
class PairsRequest:
    """A folder to look through.

    Attributes:
        folder: with scans, searched with its subfolders.
        out: the manifest to write.
        seed: of the splits that are drawn.
        overwrite: replace a manifest that is there; splits, grades, ages and sexes in it are kept, and subject and side
            where both scans are the same.
    """

    folder: Path
    out: Path
    seed: int = 0
    overwrite: bool = False


def add_pairs_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`pairs_request` reads."""
    add = parser.add_argument
    add("folder", metavar="FOLDER", type=given_path, help="folder with CT and MR scans, DICOM or image files")
    add("--out", metavar="FILE", type=given_path, required=True, help="manifest to write, a CSV file")
    add("--seed", metavar="S", type=int, default=0, help="whole number that the splits follow from (default: 0)")
    about = "replace the manifest in FILE; splits, grades, ages and sexes in it are kept"
    add("--overwrite", action="store_true", help=about)


def pairs_request(options: argparse.Namespace) -> PairsRequest:
    """The request that arguments stand for."""
    return PairsRequest(options.folder, options.out, options.seed, options.overwrite)


def run(request: PairsRequest, progress: Progress = silent) -> Path:
    """Find pairs and write the manifest; beside it, where files or series were left out, which and why.

    Args:
        request: what to do.
        progress: told of every folder; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The manifest.

    Raises:
        CTSMAError: the folder holds no scans, or the manifest cannot be written. A manifest that is there is kept.
    """
    folder = existing_path(request.folder)
    if not folder.is_dir():
        raise InputError(f"'{folder.name}' is no folder.", "Give the folder in which the scans lie.")
    if (folder / COHORT_FILE).is_file():
        raise InputError(
            f"'{folder.name}' is a virtual cohort, and its manifest.csv says what belongs together.",
            "Give the folder to 'ctsma patches', or its manifest.csv to 'ctsma register --cohort'.",
        )
    out = resolved(request.out)
    if out.suffix.lower() != SUFFIX or out.is_dir():
        raise OutputError(f"{out} cannot be a manifest.", f"Name a file that ends in {SUFFIX}.")
    if out.exists() and not request.overwrite:
        raise OutputError(f"The manifest {out} is there already.", "Name a new file, or add --overwrite.")
    progress("Starting", 0.0)
    with held():
        from CTSMALib.learning.pairs.cohort_table import read_table, write_table
        from CTSMALib.learning.pairs.find_pairs import find_pairs
    earlier = read_table(out) if out.exists() else None
    found = find_pairs(folder, out, request.seed, earlier, part_of(progress, 0.0, _FOUND))
    if not found.table.rows:
        reasons = " ".join(f"{printable(Path(left.path.name))}: {left.reason}" for left in found.left_out[:3])
        raise InputError(f"'{folder.name}' holds neither a CT nor an MR. {reasons}", "Give the folder with the scans.")
    progress("Writing the manifest", _FOUND)
    write_table(found.table, out)
    _write_left_out(found.left_out, out)
    progress("Finishing", 1.0)
    return out


def left_out_file(manifest: Path) -> Path:
    """The table of what was left out, which is there only if something was."""
    return manifest.with_name(f"{manifest.stem}-left-out{SUFFIX}")


def read_left_out(manifest: Path) -> tuple[tuple[str, str], ...]:
    """What was left out when a manifest was made: paths relative to its folder, and why; empty where nothing was.

    Raises:
        InputError: the table of it is damaged.
    """
    path = left_out_file(manifest)
    if not path.is_file():
        return ()
    _, rows = read_rows(path, LEFT_OUT_HEAD, f"The table '{path.name}'", "Delete it, and find the pairs again.")
    return tuple((row["path"], row["reason"]) for row in rows)


def _write_left_out(left_out: Sequence[LeftOut], manifest: Path) -> None:
    from CTSMALib.learning.pairs.cohort_table import relative_to

    path = left_out_file(manifest)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([LEFT_OUT_HEAD, *((relative_to(left.path, path.parent), left.reason) for left in left_out)])
    try:
        replace_file(path, text.getvalue().encode("utf-8", "replace")) if left_out else path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}).", "Name another manifest.") from error


def pairs_summary(manifest: Path) -> list[str]:
    """What was found, and what to do about what is doubtful, in a few lines for a terminal."""
    from CTSMALib.learning.pairs.check_cohort import check_cohort, complete_rows
    from CTSMALib.learning.pairs.cohort_table import read_table

    table = read_table(manifest)
    pairs = complete_rows(table)
    findings = check_cohort(table)
    more = len(findings) - _SHOWN
    return [
        f"Manifest     {manifest}",
        f"Pairs        {len(pairs)} of {len({table.rows[k]['subject'] for k in pairs})} subjects",
        f"Incomplete   {len(table.rows) - len(pairs)} knees with only a CT or only an MR",
        f"Splits       {_splits(table, pairs) or 'none'}; subjects",
        *(f"{f.gravity.capitalize():<12} {_place(table, f.row)}{f.text} {f.remedy}" for f in findings[:_SHOWN]),
        *([f"             and {more} more"] if more > 0 else []),
        *_left_out_lines(manifest),
    ]


def _left_out_lines(manifest: Path) -> list[str]:
    rows = read_left_out(manifest)
    told = [f"Left out     {path}: {reason}" for path, reason in rows[:_LEFT_OUT_SHOWN]]
    more = len(rows) - len(told)
    return [*told, *([f"             and {more} more, see {left_out_file(manifest)}"] if more > 0 else [])]


def _splits(table: CohortTable, pairs: tuple[int, ...]) -> str:
    own = {table.rows[number]["subject"]: table.rows[number]["split"] for number in pairs}
    counts = {split: list(own.values()).count(split) for split in dict.fromkeys(own.values())}
    return ", ".join(f"{split} {count}" for split, count in sorted(counts.items()) if split)


def _place(table: CohortTable, row: int) -> str:
    if row < 0:
        return ""
    cells = table.rows[row]
    return f"row {row + 1} ({' '.join(filter(None, (cells['subject'], cells['side'])))}): "
