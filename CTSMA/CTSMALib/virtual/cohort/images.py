"""Volumes as compressed NIfTI, marked as virtual, complete or not at all; the same bytes for the same voxels."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
from pathlib import Path

import SimpleITK as sitk

from CTSMALib.volumes.virtual_mark import mark_nifti

_HEADER_BYTES = 352
_GZIP_LEVEL = 1  # noise hardly compresses; a higher level takes time and saves little
_CHUNK = 1 << 20


def write_scan(image: sitk.Image, path: Path) -> None:
    """Write a scan as int16 ``.nii.gz``.

    Args:
        image: HU or MR values.
        path: ending in ``.nii.gz``.

    Raises:
        OSError: the file could not be written completely.
    """
    _write(image, sitk.sitkInt16, path)


def write_labels(image: sitk.Image, path: Path) -> None:
    """Write a label map as uint8 ``.nii.gz``; arguments and errors are those of :func:`write_scan`."""
    _write(image, sitk.sitkUInt8, path)


def _write(image: sitk.Image, kind: int, path: Path) -> None:
    """By way of an uncompressed file: ITK's NIfTI writer neither reports a full disk nor heeds a compression level."""
    raw = path.with_name(path.name.removesuffix(".nii.gz") + ".raw.nii")
    plain = image if image.GetPixelID() == kind else sitk.Cast(image, kind)
    voxel_bytes = plain.GetNumberOfPixels() * plain.GetSizeOfPixelComponent()
    try:
        try:
            sitk.WriteImage(plain, str(raw))
        except RuntimeError as error:
            raise _write_error(path) from error
        if raw.stat().st_size < _HEADER_BYTES + voxel_bytes:
            raise _write_error(path)
        mark_nifti(raw)
        with (
            raw.open("rb") as source,
            path.open("wb") as file,
            gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as target,
        ):
            shutil.copyfileobj(source, target, _CHUNK)
    finally:
        raw.unlink(missing_ok=True)


def _write_error(path: Path) -> OSError:
    """ITK does not say why a write failed; a full disk is told by the space that is left."""
    number = errno.ENOSPC if shutil.disk_usage(path.parent).free < _CHUNK else errno.EIO
    return OSError(number, os.strerror(number), str(path))
