"""Inputs that cannot be used, each with a part of the sentence that must say why."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset

from Testing.core.volumes.dicom_writer import Edit

Maker = Callable[[Path, np.ndarray], Path]
BAD: dict[str, tuple[str, Maker]] = {}


def bad(name: str, sentence: str) -> Callable[[Maker], Maker]:
    """Register a maker: it writes into a folder and returns the path to give to ``read_scan``."""

    def register(make: Maker) -> Maker:
        BAD[name] = (sentence, make)
        return make

    return register


def attribute(keyword: str, value: object) -> Edit:
    """An edit that sets an element, or deletes it if the value is ``None``."""

    def edit(ds: Dataset, _: int) -> None:
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)

    return edit


def write_nifti(path: Path, hu: np.ndarray) -> Path:
    data = sitk.GetImageFromArray(hu)
    data.SetSpacing((0.8, 0.7, 1.5))
    sitk.WriteImage(data, str(path))
    return path


def patch(path: Path, *edits: tuple[int, str, tuple[float, ...]]) -> None:
    """Overwrite fields of a file in place."""
    raw = bytearray(path.read_bytes())
    for offset, form, values in edits:
        struct.pack_into("<" + form, raw, offset, *values)
    path.write_bytes(raw)


def cut(path: Path, fraction: float = 0.5) -> Path:
    """Truncate a file."""
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * fraction)])
    return path


def noise(count: int) -> bytes:
    return np.random.default_rng(count).bytes(count)
