"""Volumes and surfaces on disk, written completely or not at all."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from CTSMALib.volumes.silence import libraries_silenced
from CTSMALib.volumes.virtual_mark import mark_nifti

_NIFTI_HEADER_BYTES = 352
_GZIP_LEVEL = 1  # the default level takes twice the time and saves a tenth of the space


def write_image(image: sitk.Image, path: Path, mark: str = "") -> None:
    """Write a volume as ``.nii.gz``, without the header entries it was read with.

    ITK's NIfTI writer neither reports a full disk nor heeds a compression level, hence the detour
    over an uncompressed file whose size is checked.

    Args:
        image: any volume.
        path: ending in ``.nii.gz``.
        mark: to put into its header, see :mod:`~CTSMALib.volumes.virtual_mark`.

    Raises:
        OSError: the file could not be written completely.
    """
    plain = sitk.Image(image)
    for key in plain.GetMetaDataKeys():
        plain.EraseMetaData(key)
    raw = path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".raw.nii")
    try:
        try:
            with libraries_silenced():
                sitk.WriteImage(plain, str(raw))
        except RuntimeError as error:
            raise _write_error(path) from error
        if raw.stat().st_size < _NIFTI_HEADER_BYTES + _voxel_bytes(image):
            raise _write_error(path)
        if mark:
            mark_nifti(raw, mark)
        with (
            raw.open("rb") as source,
            path.open("wb") as file,
            gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as target,
        ):
            shutil.copyfileobj(source, target, 1 << 20)
    finally:
        raw.unlink(missing_ok=True)


def write_surface(surface: Any, path: Path) -> None:
    """Write a ``vtkPolyData`` as ``.vtp``.

    Raises:
        OSError: the file could not be written completely.
    """
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    writer = vtkXMLPolyDataWriter()
    writer.SetInputData(surface)
    writer.SetFileName(os.fspath(path))
    writer.SetWriteToOutputString(True)
    if not writer.Write():
        raise _write_error(path)
    path.write_text(writer.GetOutputString(), encoding="ascii")


def _voxel_bytes(image: sitk.Image) -> int:
    return int(image.GetNumberOfPixels() * image.GetNumberOfComponentsPerPixel() * image.GetSizeOfPixelComponent())


def _write_error(path: Path) -> OSError:
    """VTK and ITK do not say why a write failed; a full disk is told by the space that is left."""
    full = path.parent.is_dir() and shutil.disk_usage(path.parent).free < 1 << 16
    number = errno.ENOSPC if full else errno.EIO
    return OSError(number, os.strerror(number), str(path))
