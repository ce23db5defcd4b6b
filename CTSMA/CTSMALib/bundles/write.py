"""Writing a model bundle, complete or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from CTSMALib.bundles.bundle import (
    CONFIG,
    CONFIG_SHA256,
    METADATA,
    README,
    SCHEMA,
    SCHEMA_VERSION,
    WEIGHTS,
    Bundle,
    read_bundle,
    sha256_of,
)
from CTSMALib.errors import OutputError


def write_bundle(
    folder: Path, task: str, metadata: Mapping[str, Any], config: Mapping[str, Any],
    weights: Mapping[str, torch.Tensor], readme: str,
) -> Bundle:  # fmt: skip
    """Write a bundle, and read it back.

    Args:
        folder: new or a bundle that is replaced.
        task: what it is for.
        metadata: of MONAI's schema; what CTSMA adds is put in.
        config: how the network is built and used.
        weights: tensors by name; those of single precision are stored in half, others as they are.
        readme: the model card, Markdown.

    Raises:
        OutputError: it cannot be written there.
    """
    part = folder.with_name(folder.name + ".part")
    try:
        if _previous(folder).is_dir() and not folder.exists():  # a run was killed between two renamings
            os.replace(_previous(folder), folder)
        shutil.rmtree(part, ignore_errors=True)  # what a run left that was killed
        for name in (METADATA, WEIGHTS, README):
            (part / name).parent.mkdir(parents=True, exist_ok=True)
        # written by Python: safetensors' own writing raises no OSError on a full disk
        (part / WEIGHTS).write_bytes(save({k: _stored(v) for k, v in weights.items()}))
        _write(part / CONFIG, config)
        sums = {"sha256": sha256_of(part / WEIGHTS), CONFIG_SHA256: sha256_of(part / CONFIG)}
        own = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "task": task, **sums}
        _write(part / METADATA, {**metadata, "ctsma": own})
        (part / README).write_text(readme, encoding="utf-8")
        _put(part, folder)
    except OSError as error:
        raise OutputError(
            f"The model cannot be written to {folder}: {error.strerror}.", "Name another folder."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return read_bundle(folder, task)


def _previous(folder: Path) -> Path:
    """Where a bundle lies while another takes its place."""
    return folder.with_name(f".{folder.name}.previous")


def _put(part: Path, folder: Path) -> None:
    """Rename a finished bundle; the one that was there is whole until then, and comes back if that fails."""
    previous = _previous(folder)
    if folder.is_dir():
        shutil.rmtree(previous, ignore_errors=True)  # what a run left that was killed
        os.replace(folder, previous)
    try:
        os.replace(part, folder)
    except BaseException:
        if previous.is_dir() and not folder.exists():
            os.replace(previous, folder)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _stored(tensor: torch.Tensor) -> torch.Tensor:
    return (tensor.half() if tensor.dtype == torch.float32 else tensor).contiguous().cpu().clone()


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
