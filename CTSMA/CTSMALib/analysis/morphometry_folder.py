"""The result folder of a morphometry: findings, one table row per region, distributions and maps.

``morphometry.schema.json`` beside this module describes ``morphometry.json``; it is made from the dataclasses.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from CTSMALib.analysis.morphometry_result import (
    MORPHOMETRY_SCHEMA_VERSION,
    Distribution,
    MorphometryFindings,
    MorphometryResult,
    RegionFindings,
)
from CTSMALib.catalogue import quantities
from CTSMALib.errors import InputError
from CTSMALib.progress import Progress, silent
from CTSMALib.volumes.media import write_image

MORPHOMETRY_FILE = "morphometry.json"
TABLE_FILE = "morphometry.csv"
DISTRIBUTIONS_FILE = "histograms.csv"
FIGURE_FILE = "histogram.png"
MORPHOMETRY_SCHEMA_FILE = Path(__file__).with_name("morphometry.schema.json")
_MAP_FILE = "{key}.nii.gz"
_DISTRIBUTION_COLUMNS = ("region", "label", "key", "lower_mm", "upper_mm", "volume_fraction")
_REMEDY = "Measure the image again."


def morphometry_files(maps: Iterable[str], figure: bool) -> dict[str, str]:
    """Role to file name, relative to the result folder.

    Args:
        maps: catalogue keys of the maps.
        figure: whether the distributions are drawn.
    """
    drawn = {"figure": FIGURE_FILE} if figure else {}
    return {
        "table": TABLE_FILE,
        "histograms": DISTRIBUTIONS_FILE,
        **drawn,
        **{f"map:{key}": _MAP_FILE.format(key=key) for key in maps},
    }


def write_morphometry(result: MorphometryResult, folder: Path, progress: Progress = silent) -> None:
    """Write everything but the figure.

    Args:
        result: what was measured.
        folder: an existing folder.
        progress: told of every file.

    Raises:
        OSError: a file could not be written completely.
        ValueError: a number is not finite where one is required, or there are maps without a grid.
    """
    for index, (key, values) in enumerate(result.maps.items()):
        file = _MAP_FILE.format(key=key)
        progress("Writing the maps", 0.9 * index / len(result.maps), file)
        if result.grid is None:
            raise ValueError("maps have no grid")
        write_image(result.grid.image(values), folder / file)
    progress("Writing the tables", 0.9)
    _write_rows(folder / TABLE_FILE, table_rows(result.findings.regions))
    _write_rows(folder / DISTRIBUTIONS_FILE, _distribution_rows(result.distributions))
    text = json.dumps(msgspec.to_builtins(result.findings), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / MORPHOMETRY_FILE).write_bytes(text.encode("utf-8", "replace") + b"\n")
    progress("Writing the tables", 1.0)


def load_morphometry(folder: Path) -> MorphometryFindings:
    """Read the findings of a result folder.

    Raises:
        InputError: the folder is no such result, was written by a version with another schema, or is damaged.
    """
    path = folder / MORPHOMETRY_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = str(document.get("schema_version"))
        if version.split(".")[0] != MORPHOMETRY_SCHEMA_VERSION.split(".")[0]:
            raise InputError(
                f"The result in {folder} has format version {version}; this CTSMA reads version "
                f"{MORPHOMETRY_SCHEMA_VERSION}.",
                "Open it with the CTSMA that wrote it, or measure the image again.",
            )
        return msgspec.convert(document, MorphometryFindings)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{folder} holds no morphometry: it has no {MORPHOMETRY_FILE}.", _REMEDY) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    except (AttributeError, ValueError, RecursionError) as error:  # includes msgspec.ValidationError
        raise InputError(f"The result in {folder} is damaged: {error}.", _REMEDY) from error


def holds_morphometry(folder: Path) -> bool:
    """Whether ``folder`` is the result folder of a morphometry."""
    return (folder / MORPHOMETRY_FILE).is_file()


def morphometry_schema() -> dict[str, Any]:
    """The JSON schema of ``morphometry.json``; :data:`MORPHOMETRY_SCHEMA_FILE` is a copy of it."""
    schema = msgspec.json.schema(MorphometryFindings)
    definitions = schema["$defs"]
    findings = {**definitions.pop("MorphometryFindings"), "title": "CTSMA morphometry of regions"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **findings, "$defs": definitions}


def table_rows(regions: Sequence[RegionFindings]) -> list[list[str]]:
    """The table: a row of columns, then one row per region; a cell is empty where nothing was measured."""
    keys = [entry.key for entry in quantities(scope="region")]
    columns = [column for key in keys for column in (key, f"{key}_uncertainty")]
    rows = [["region", "label", *columns, "resolvable", "flags"]]
    for region in regions:
        values = [region.values.get(key) for key in keys]
        cells = [
            _cell(number)
            for value in values
            for number in ((value.value, value.uncertainty) if value is not None else (None, None))
        ]
        codes = ";".join(dict.fromkeys(flag.code for flag in region.flags))
        rows.append([region.name, _cell(region.label), *cells, "yes" if region.resolvable else "no", codes])
    return rows


def _distribution_rows(distributions: Sequence[Distribution]) -> list[list[str]]:
    rows = [list(_DISTRIBUTION_COLUMNS)]
    for spread in distributions:
        classes = zip(spread.edges_mm[:-1], spread.edges_mm[1:], spread.volume_fraction, strict=True)
        rows += [[spread.region, _cell(spread.label), spread.key, *map(_cell, numbers)] for numbers in classes]
    return rows


def _cell(number: Any) -> str:
    """The shortest text that reads back as the same number; empty for what is missing or not finite."""
    if number is None or not math.isfinite(number):
        return ""
    return repr(number) if isinstance(number, int) else repr(float(number))


def _write_rows(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
