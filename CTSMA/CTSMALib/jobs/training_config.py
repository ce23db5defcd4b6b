"""The configuration of a training: read from a file, changed by arguments, and kept beside what was trained."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.errors import InputError
from CTSMALib.jobs.config_file import converted, flat, read_document
from CTSMALib.outputs import replace_file

if TYPE_CHECKING:
    from CTSMALib.learning.synthesis.config import TrainingConfig

RECORD_FILE = "training.json"
SCHEMA = "ctsma-synthesis-training"
MOST_KNEES = 500  # training and stop knees have this many seeds each
LEAST_EDGE = 64  # with less, the deepest features are one voxel, and norms of the instance need more
_FORMAT = "Give a TOML or JSON file with the names of TrainingConfig, as in docs/synthesis.md."


def read_config(path: Path | None, changes: dict[str, Any]) -> TrainingConfig:
    """The configuration in a file, or the usual one, with some values changed.

    Args:
        path: TOML (``.toml``) or JSON; ``None`` for the usual one.
        changes: values by name that replace those of the file.

    Raises:
        InputError: it cannot be read, has unknown names or wrong values, or describes no training.
    """
    found = {} if path is None else read_document(path, _FORMAT)
    return _converted({**found, **changes}, "The configuration" if path is None else f"The file '{path.name}'")


def write_record(config: TrainingConfig, folder: Path) -> None:
    """Keep the configuration and the version of the virtual knees in the folder of a training.

    Raises:
        OSError: it could not be written.
    """
    replace_file(folder / RECORD_FILE, (json.dumps(_record(config), indent=2) + "\n").encode())


def holds_training(folder: Path) -> bool:
    """Whether a folder is that of a training."""
    try:
        return bool(json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")).get("schema") == SCHEMA)
    except (OSError, ValueError, AttributeError):
        return False


def recorded_config(folder: Path) -> TrainingConfig:
    """The configuration of the training in a folder.

    Raises:
        InputError: there is none.
    """
    if not holds_training(folder):
        raise InputError(f"{folder} holds no training.", "Name the folder of 'ctsma train synthesis'.")
    config = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")).get("config")
    return _converted(config if isinstance(config, dict) else {}, f"{RECORD_FILE} in {folder}")


def refuse_other(config: TrainingConfig, folder: Path) -> None:
    """Refuse to go on with a training that was begun in another way.

    Raises:
        InputError: names what differs.
    """
    then = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
    now = _record(config)
    for key in sorted({*then, *now} - {"config"}):
        if then.get(key) != now.get(key):
            raise InputError(f"The training in {folder} was begun with other virtual knees.", "Name a new folder.")
    before, wanted = (flat(record.get("config") or {}) for record in (then, now))
    for name in sorted({*before, *wanted}):
        if before.get(name) != wanted.get(name):
            raise InputError(
                f"The training in {folder} was begun with {name} = {before.get(name)}, not {wanted.get(name)}.",
                "Give the same settings to go on with it, or name a new folder.",
            )


def _record(config: TrainingConfig) -> dict[str, Any]:
    from CTSMALib.virtual.version import GENERATOR

    return {"schema": SCHEMA, "generator": GENERATOR, "config": as_document(config)}


def as_document(config: TrainingConfig) -> dict[str, Any]:
    """A configuration as JSON holds it."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return document


def _converted(document: dict[str, Any], what: str) -> TrainingConfig:
    from CTSMALib.learning.synthesis.config import TrainingConfig

    config = converted(document, TrainingConfig, what, _FORMAT)
    _check(config)
    return config


def _check(config: TrainingConfig) -> None:
    """Refuse what :class:`TrainingConfig` lets pass and no training can be made of."""
    from CTSMALib.virtual.bones.sources import SOURCES

    strange = [name for name in config.sources if name not in SOURCES]
    if strange or not config.sources:
        said = f"The anatomy '{strange[0]}' is unknown." if strange else "No anatomy is given."
        raise InputError(said, f"Take some of {', '.join(SOURCES)}.")
    for name in ("knees", "stop_knees"):
        if getattr(config, name) > MOST_KNEES:
            raise InputError(f"There are no more than {MOST_KNEES} {name} with one seed.", "Give fewer.")
    for edge in (config.edge, config.wide_edge) if config.wide_steps else (config.edge,):
        if edge < LEAST_EDGE:
            raise InputError(f"A sample of {edge} voxels has nothing to normalize by.", "Take 64 or 96.")
    if config.variants < 0:
        raise InputError(f"A training with variants = {config.variants} is none.", "Give 0 or more.")
    small = {
        "learning_rate": config.learning_rate,
        "wide_learning_rate": config.wide_learning_rate,
        "network.spacing_mm": config.network.spacing_mm,
    }
    for name, value in small.items():
        if not 0.0 < value < 10.0:
            raise InputError(f"A training with {name} = {value} is none.", "Give a small number above 0.")
    if min(*config.network.features, *config.network.coarse_features) < 1:
        raise InputError("A network has at least one feature in each level.", "Give whole numbers above 0.")
