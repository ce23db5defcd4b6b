"""A model bundle: a folder in MONAI's layout, read and checked without running any code in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CTSMALib.errors import InputError, MissingDependencyError
from CTSMALib.resources import resource

METADATA, CONFIG, README = "configs/metadata.json", "configs/inference.json", "docs/README.md"
WEIGHTS = "models/model.safetensors"
SCHEMA, SCHEMA_VERSION = "ctsma-bundle", 1
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".ts")
SHIPPED = "Models"
CONFIG_SHA256 = "config_sha256"
LEARNING_REMEDY = "Install what is missing with: pip install torch monai safetensors scikit-learn"


@dataclass(frozen=True)
class Bundle:
    """A bundle whose checksums, of weights and settings, were right when it was read.

    Attributes:
        folder: where it lies.
        name: of the model.
        version: of the model.
        task: what it is for, as ``"synthesis"``.
        sha256: of the weights.
        metadata: all of its metadata.
        config: how the network is built and used.
    """

    folder: Path
    name: str
    version: str
    task: str
    sha256: str
    metadata: dict[str, Any]
    config: dict[str, Any]

    @property
    def weights_path(self) -> Path:
        """The file with the weights."""
        return self.folder / WEIGHTS

    @property
    def identity(self) -> str:
        """Name, version and the first eight digits of the checksum, for records."""
        return f"{self.name} {self.version} ({self.sha256[:8]})"


def read_bundle(folder: Path, task: str | None = None) -> Bundle:
    """Read and check a bundle.

    Args:
        folder: of the bundle.
        task: that it must be for.

    Raises:
        InputError: it is no bundle of ours, is incomplete, was altered, holds a pickle, or is for another task.
    """
    if not folder.is_dir():
        raise InputError(f"There is no model in '{folder}'.", "Name the folder of a model bundle.")
    for path in folder.rglob("*"):
        if path.suffix.lower() in PICKLES:
            raise InputError(
                f"The model in {folder} holds {path.name}, which can run code when it is read.",
                "Take a bundle whose weights are a safetensors file.",
            )
    metadata, config = _json(folder, METADATA), _json(folder, CONFIG)
    own = metadata.get("ctsma")
    own = own if isinstance(own, dict) else {}
    if own.get("schema") != SCHEMA or own.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{folder} is a model bundle, but not one of CTSMA in version {SCHEMA_VERSION}.",
            "Take a bundle that this version of CTSMA wrote, or train one.",
        )
    if task is not None and own.get("task") != task:
        raise InputError(f"The model in {folder} is for '{own.get('task')}', not for '{task}'.", "Name another model.")
    said = {"name": metadata.get("name"), "version": metadata.get("version"), "task": own.get("task")}
    for key, value in said.items():
        if not isinstance(value, str) or not value:
            raise InputError(f"{METADATA} in {folder} says no {key}.", "Copy the whole folder of the bundle.")
    found = _checked_weights(folder, own)
    return Bundle(
        folder, **{key: str(value) for key, value in said.items()}, sha256=found, metadata=metadata, config=config
    )


def _checked_weights(folder: Path, own: dict[str, Any]) -> str:
    """The checksum of the weights, once these and the settings are found to be those of the bundle."""
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"The model in {folder} has no weights.", "Copy the whole folder of the bundle.")
    try:
        weights, settings = sha256_of(folder / WEIGHTS), sha256_of(folder / CONFIG)
    except OSError as error:
        raise InputError(f"The model in {folder} cannot be read: {error.strerror}.", "Copy it again.") from error
    if weights != own.get("sha256"):
        raise InputError(f"The weights in {folder} are not those of the bundle.", "Copy the bundle again.")
    if own.get(CONFIG_SHA256, settings) != settings:  # older bundles do not say it
        raise InputError(f"The settings in {folder} are not those of the bundle.", "Copy the bundle again.")
    return weights


def shipped_bundle(name: str, task: str | None = None) -> Bundle:
    """A bundle that comes with the software.

    Raises:
        MissingDependencyError: it is not part of this installation.
        InputError: it was altered.
    """
    try:
        folder = resource(f"{SHIPPED}/{name}/{METADATA}").parents[1]
    except MissingDependencyError as error:
        said = f"No model '{name}' comes with this CTSMA."
        raise MissingDependencyError(said, "Name one with --model, or train one.") from error
    return read_bundle(folder, task)


def of_another_version(bundle: Bundle) -> InputError:
    """What to raise where a bundle is whole, but holds other things than this version reads."""
    return InputError(
        f"The model in {bundle.folder} is not one that this version reads.",
        "Train it again with this version, or leave it out to use the one that comes with CTSMA.",
    )


def read_weights(bundle: Bundle) -> dict[str, Any]:
    """The tensors of a bundle by name, as float32 on the CPU.

    Raises:
        MissingDependencyError: torch or safetensors are not installed.
    """
    try:
        import torch
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"Models need the package {error.name}.", LEARNING_REMEDY) from error
    stored = load_file(str(bundle.weights_path))
    return {k: v.float() if v.dtype == torch.float16 else v for k, v in stored.items()}


def sha256_of(path: Path) -> str:
    """The checksum of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{folder} has no readable {name}.", "Copy the whole folder of the bundle.") from error
    if not isinstance(found, dict):
        raise InputError(f"{name} in {folder} is damaged.", "Copy the whole folder of the bundle.")
    return found
