"""Reading any scalar volume as it is: gray values, bone volume fractions or labels, on the grid of the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.notices import Notice
from CTSMALib.volumes.extent import check_spacing
from CTSMALib.volumes.file_kind import kind_of
from CTSMALib.volumes.geometry import check_direction
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.identity import image_sha256
from CTSMALib.volumes.image_header import open_image, orientation_notices, read_pixels, volume_geometry
from CTSMALib.volumes.memory import check_memory
from CTSMALib.volumes.nifti_file import nifti_notices, read_nifti_header, read_nifti_voxels
from CTSMALib.volumes.scan import InputIdentity

LARGEST_VOXEL_MM = 5.0
_FORMATS = "Give a .nii, .nii.gz, .nrrd, .mha or .mhd file."
_WANTED = "a volume with one number per voxel"


@dataclass(frozen=True)
class ScalarImage:
    """A volume with one number per voxel.

    Attributes:
        array: (z, y, x) float32; NaN and infinity as stored.
        grid: where the voxels are.
        identity: which data these are; the digest is that of the values as 32-bit floats and of the geometry.
        notices: what a reader must know about how it was read.
    """

    array: NDArray[np.float32]
    grid: Grid
    identity: InputIdentity
    notices: tuple[Notice, ...]


def read_scalar_image(path: str | Path, what: str = "image", bytes_per_voxel: float = 0.0) -> ScalarImage:
    """Read a NIfTI, NRRD or MetaImage volume.

    Args:
        path: the file.
        what: what the user knows it as, ``"image"`` or ``"mask"``.
        bytes_per_voxel: memory that reading it and the like will need.

    Raises:
        InputError: it is missing, damaged, no single scalar volume, has no usable geometry, or memory will not do.
    """
    source = existing_path(path)
    kind = _file_kind(source, what)
    named = f"The {what} '{source.name}'"
    reader = open_image(source, kind, _WANTED)
    size, spacing, direction = volume_geometry(reader, named, "Give a volume of at least two slices.")
    _check_spacing(spacing, named)
    check_direction(direction, named)
    check_memory(
        float(np.prod([float(n) for n in size])) * max(bytes_per_voxel, np.float32().nbytes),
        f"To read the {what} '{source.name}'",
    )
    if kind == "NIfTI":
        header = read_nifti_header(source)
        notices = nifti_notices(header)
        array = _scaled(read_nifti_voxels(source, header, size), header.slope, header.intercept)
    else:
        notices = orientation_notices(reader, kind)
        array = read_pixels(reader, named, sitk.sitkFloat32).reshape(size[::-1])
    origin = reader.GetOrigin()
    grid = Grid(
        (size[0], size[1], size[2]), (spacing[0], spacing[1], spacing[2]), (origin[0], origin[1], origin[2]), direction
    )
    identity = InputIdentity(source.name, kind, image_sha256(grid.image(array)))
    return ScalarImage(array, grid, identity, (*notices, *_spacing_notices(spacing, named)))


def _file_kind(path: Path, what: str) -> str:
    if not path.is_file():
        raise InputError(f"'{path.name}' is not a file.", _FORMATS)
    kind = kind_of(path)
    if kind == "empty":
        raise InputError(f"The file '{path.name}' is empty.", "Export or copy it again.")
    if kind not in ("NIfTI", "NRRD", "MetaImage"):
        raise InputError(f"The {what} '{path.name}' is not an image that can be read here ({kind}).", _FORMATS)
    return kind


def _check_spacing(spacing: tuple[float, ...], named: str) -> None:
    check_spacing(spacing, named)
    if max(spacing) > LARGEST_VOXEL_MM:
        raise InputError(
            f"{named} has voxels of {' × '.join(f'{step:g}' for step in spacing)} mm; its voxel size seems to be in "
            "another unit.",
            "Store the voxel size in millimeters.",
        )


def _scaled(stored: np.ndarray, slope: float, intercept: float) -> NDArray[np.float32]:
    """Values as float32; slice by slice, which spares a copy in double precision."""
    values = np.empty(stored.shape, dtype=np.float32)
    with np.errstate(over="ignore"):
        for target, plane in zip(values, stored, strict=True):
            target[...] = plane if (slope, intercept) == (1.0, 0.0) else plane * np.float64(slope) + intercept
    return values


def _spacing_notices(spacing: tuple[float, ...], named: str) -> tuple[Notice, ...]:
    if spacing != (1.0, 1.0, 1.0):
        return ()
    text = f"{named} has voxels of exactly 1 × 1 × 1 mm, as files do whose voxel size was lost; check it."
    return (Notice("spacing-suspect", text),)
