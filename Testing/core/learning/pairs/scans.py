"""Small scans in folders, as hospitals and researchers lay them down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from Testing.core.volumes.dicom_writer import Geometry, write_series

CT_GEOMETRY, MR_GEOMETRY = Geometry(spacing=(1.4, 1.4, 3.0)), Geometry(spacing=(1.2, 1.2, 3.0))


def dicom(folder: Path, kind: str, subject: str = "P1", side: str = "L", **more: object) -> str:
    """Write a series of 20 images; ``description``, ``series_number``, ``date`` and ``name`` may be given."""
    values = _leg() if kind == "CT" else np.random.default_rng(1).integers(0, 900, (20, 32, 32)).astype(np.int16)

    def edit(ds: Dataset, _: int) -> None:
        ds.PatientID, ds.Laterality, ds.StudyDescription = subject, side, "knee"
        ds.StudyDate = str(more.get("date", "20240102"))
        if kind == "MR":
            ds.Modality, ds.SOPClassUID, ds.ConvolutionKernel = "MR", MRImageStorage, ""

    name = str(more.get("name", "{:04d}.dcm"))
    description = str(more.get("description", "b-FFE knee" if kind == "MR" else "knee bone"))
    return write_series(
        folder, values, CT_GEOMETRY if kind == "CT" else MR_GEOMETRY, edit=edit, name=name.format,
        description=description, series_number=int(str(more.get("series_number", 3))),
    )  # fmt: skip


def image(path: Path, lowest: int) -> Path:
    """Write an image file with values from ``lowest`` to 900."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.linspace(lowest, 900, 20 * 32 * 32).reshape(20, 32, 32).astype(np.int16)
    found = sitk.GetImageFromArray(values)
    found.SetSpacing((1.4, 1.4, 3.0))
    sitk.WriteImage(found, str(path))
    return path


def _leg() -> np.ndarray:
    """Air, fat, muscle and bone in HU."""
    y, x = np.mgrid[:32, :32]
    off = np.hypot(x - 15, y - 16)
    plane = np.select([off < 5, off < 10, off < 13], [900, 55, -90], -1000)
    noise = np.random.default_rng(2).integers(-15, 16, (20, 32, 32))
    return (plane + noise).astype(np.int16)
