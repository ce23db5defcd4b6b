"""The result folder of one knee: written from a :class:`KneeResult`, read back as a :class:`KneeAnalysis`.

``analysis.json`` holds the findings, except for the patches: those live in ``patches.csv`` (learning
grid) and ``display_patches.csv`` (display grid) alone, so that no number is stored twice. Floats are
written in the shortest form that reads back as the same number, hence a folder reads back equal.
``analysis.schema.json`` beside this module describes the JSON; it is made from the dataclasses.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from CTSMALib.analysis.exclusions import read_exclusions, without_excluded
from CTSMALib.analysis.knee_result import KneeResult
from CTSMALib.analysis.result import (
    SCHEMA_VERSION,
    CompartmentFinding,
    ImageFacts,
    KneeAnalysis,
    PatchMeasurement,
    Summary,
)
from CTSMALib.analysis.tables import TableError, measured_keys, read_table, write_table
from CTSMALib.errors import InputError
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, silent
from CTSMALib.volumes.media import write_image, write_surface

ANALYSIS_FILE = "analysis.json"
PATCH_TABLES = {"patches": "patches.csv", "display_patches": "display_patches.csv"}
LABELLED_TABLE = "patches"  # its rows are numbered as the voxels of the label map "patch_labels" are
SCHEMA_FILE = Path(__file__).with_name("analysis.schema.json")
_REMEDY = "Analyze the scan again."


def write_folder(result: KneeResult, folder: Path, progress: Progress = silent) -> None:
    """Write everything that belongs to one knee.

    Args:
        result: the knee; ``analysis.files`` and ``analysis.maps`` say where its arrays go.
        folder: an existing folder.
        progress: told of every file.

    Raises:
        OSError: a file could not be written completely.
        ValueError: the findings hold a number that is not finite where one is required, an array
            without a file, or a file name that leaves the folder.
    """
    analysis = _finite(result.analysis)
    _write_arrays(result, folder, progress)
    progress("Writing the tables", 0.9)
    keys = measured_keys(analysis.patches, analysis.display_patches)
    for name, file in PATCH_TABLES.items():
        patches = getattr(analysis, name)
        measured = [key for key in keys if any(key in p.values for p in patches)]
        write_table(folder / file, patches, measured, labelled=name == LABELLED_TABLE)
    write_findings(analysis, folder)
    progress("Writing the tables", 1.0)


def write_findings(analysis: KneeAnalysis, folder: Path) -> None:
    """Write ``analysis.json`` alone, completely or not at all; the tables and arrays it speaks of stay as they are.

    Raises:
        OSError: the file could not be written completely; what was there before is kept.
        ValueError: the findings hold a number that is not finite where one is required.
    """
    text = json.dumps(_document(_finite(analysis)), indent=2, ensure_ascii=False, allow_nan=False)
    replace_file(folder / ANALYSIS_FILE, text.encode("utf-8", "replace") + b"\n")


def load_analysis(folder: Path, excluded: bool = True) -> KneeAnalysis:
    """Read the findings of one knee from its result folder.

    Args:
        folder: the result folder.
        excluded: whether patches that a reader has excluded are left out, see :mod:`CTSMALib.analysis.exclusions`.

    Raises:
        InputError: the folder is no result, was written by a version with another schema, lacks a
            file, or is damaged.
    """
    document = _read_json(folder)
    version = str(document.get("schema_version"))
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise InputError(
            f"The result in {folder} has format version {version}; this CTSMA reads version {SCHEMA_VERSION}.",
            "Open it with the CTSMA that wrote it, or analyze the scan again.",
        )
    tables = document.pop("tables", None)
    try:
        for name, file in PATCH_TABLES.items():
            document[name] = read_table(folder / file, labelled=name == LABELLED_TABLE)
            if len(document[name]) != tables[name]["rows"]:
                raise TableError(f"{file} has {len(document[name])} rows instead of {tables[name]['rows']}")
        analysis = msgspec.convert(document, KneeAnalysis)
        _check_files(analysis, folder)
        analysis = without_excluded(analysis, read_exclusions(folder) if excluded else ())
    except FileNotFoundError as error:
        missing = Path(str(error.filename or error)).name
        raise InputError(f"The result in {folder} is incomplete: {missing} is missing.", _REMEDY) from error
    except OSError as error:
        raise InputError(f"The result in {folder} cannot be read ({error.strerror}).", _REMEDY) from error
    except (KeyError, TypeError, ValueError) as error:  # includes TableError and msgspec.ValidationError
        raise InputError(f"The result in {folder} is damaged: {error}.", _REMEDY) from error
    return analysis


def analysis_schema() -> dict[str, Any]:
    """The JSON schema of ``analysis.json``, from the dataclasses; :data:`SCHEMA_FILE` is a copy of it."""
    schema = msgspec.json.schema(KneeAnalysis)
    knee = schema["$defs"]["KneeAnalysis"]
    table = {
        "type": "object",
        "properties": {"file": {"type": "string"}, "rows": {"type": "integer", "minimum": 0}},
        "required": ["file", "rows"],
    }
    for name in PATCH_TABLES:
        del knee["properties"][name]
        knee["required"].remove(name)
    knee["properties"]["tables"] = {
        "type": "object",
        "properties": dict.fromkeys(PATCH_TABLES, table),
        "required": list(PATCH_TABLES),
    }
    knee["required"].append("tables")
    del knee["properties"]["exclusions"]
    for unused in ("PatchMeasurement", "Patch", "Exclusion"):
        del schema["$defs"][unused]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "CTSMA analysis of one knee", **schema}


def _document(analysis: KneeAnalysis) -> dict[str, Any]:
    """``analysis`` as plain JSON types, with the tables in place of the patches."""
    document: dict[str, Any] = msgspec.to_builtins(analysis, enc_hook=_plain)
    del document["exclusions"]
    tables = {name: {"file": file, "rows": len(document.pop(name))} for name, file in PATCH_TABLES.items()}
    return {"schema_version": document.pop("schema_version"), **document, "tables": tables}


def _plain(value: Any) -> Any:
    """NumPy scalars as Python numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise NotImplementedError(f"cannot be stored: {type(value).__name__}")


def _write_arrays(result: KneeResult, folder: Path, progress: Progress) -> None:
    analysis = result.analysis
    files = {**analysis.files, **{f"map:{made.key}": made.file for made in analysis.maps}}
    work: list[tuple[Callable[[Any, Path], None], str, Any]] = []
    work += [(write_image, files[role], image) for role, image in result.images.items()]
    work += [(write_surface, files[f"surface_{bone}"], surface) for bone, surface in result.surfaces.items()]
    for index, (write, file, content) in enumerate(work):
        progress("Writing the result", 0.9 * index / len(work), file)
        path = _inside(folder, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(content, path)


def _inside(folder: Path, relative: str) -> Path:
    """``relative`` in ``folder``; a result from elsewhere must not point outside."""
    parts = PurePosixPath(relative)
    if not relative or parts.is_absolute() or ".." in parts.parts or "\\" in relative or ":" in relative:
        raise ValueError(f"{relative!r} is not a file of the result folder")
    return folder / parts


def _check_files(analysis: KneeAnalysis, folder: Path) -> None:
    for file in (*analysis.files.values(), *(made.file for made in analysis.maps)):
        if not _inside(folder, file).is_file():
            raise FileNotFoundError(file)


def _read_json(folder: Path) -> dict[str, Any]:
    path = folder / ANALYSIS_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        message = f"{folder} is not a CTSMA result: it has no {ANALYSIS_FILE}."
        raise InputError(message, "Name a result folder.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"The result in {folder} is damaged: {ANALYSIS_FILE} is not valid JSON.", _REMEDY) from error
    if not isinstance(document, dict):
        raise InputError(f"The result in {folder} is damaged: {ANALYSIS_FILE} is not valid.", _REMEDY)
    return document


def _finite(analysis: KneeAnalysis) -> KneeAnalysis:
    """The analysis without numbers that JSON cannot hold: what is not finite was not measured."""
    return replace(
        analysis,
        image=_finite_image(analysis.image),
        references_hu=_finite_values(analysis.references_hu),
        scan_values=_finite_values(analysis.scan_values),
        compartments=tuple(_finite_compartment(finding) for finding in analysis.compartments),
        patches=tuple(_finite_patch(p) for p in analysis.patches),
        display_patches=tuple(_finite_patch(p) for p in analysis.display_patches),
    )


def _finite_patch(patch: PatchMeasurement) -> PatchMeasurement:
    values, uncertainties = _finite_values(patch.values), _finite_values(patch.uncertainties)
    features = patch.features if all(map(math.isfinite, patch.features)) else ()
    return replace(patch, values=values, uncertainties=uncertainties, features=features)


def _finite_values(values: Mapping[str, float]) -> dict[str, float]:
    return {key: float(value) for key, value in values.items() if math.isfinite(value)}


def _finite_image(image: ImageFacts) -> ImageFacts:
    unknown = {
        field.name: None
        for field in fields(image)
        if isinstance(value := getattr(image, field.name), float) and not math.isfinite(value)
    }
    return replace(image, **unknown)  # type: ignore[arg-type]  # the float fields are all optional


def _finite_compartment(finding: CompartmentFinding) -> CompartmentFinding:
    def known(summary: Summary) -> bool:
        return math.isfinite(summary.mean) and math.isfinite(summary.sd)

    return replace(finding, values={key: summary for key, summary in finding.values.items() if known(summary)})
