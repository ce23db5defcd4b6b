"""NIfTI voxels, read here because ITK's reader hides their defects.

ITK turns a voxel size of 0 into 1, turns NaN into 0, and fills what is missing at the end of a file with 0.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes import virtual_mark
from CTSMALib.volumes.nifti_orientation import ROUNDED_DEGREES, TURNED_DEGREES, axes_of_quaternion, largest_angle

_HEADER_BYTES = 348
_BLOCK = 1 << 22
_SIGNATURES = tuple(struct.pack(order + "i", size) for order in "<>" for size in (_HEADER_BYTES, 540))  # 540: NIfTI-2
_TYPES = {
    **{2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8"},
    **{256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"},
}


@dataclass(frozen=True)
class NiftiHeader:
    """The fields of a NIfTI-1 header that are used here (https://nifti.nimh.nih.gov/nifti-1).

    Attributes:
        slope, intercept: value = slope · stored + intercept.
        qform_axes: (3, 3) directions of the image axes, one per column, RAS.
        sform: (3, 4), RAS.
        virtual: whether it says that nobody was scanned.
    """

    pixdim: tuple[float, float, float]
    dtype: np.dtype
    data_offset: int
    slope: float
    intercept: float
    unit_code: int
    qform_code: int
    sform_code: int
    qform_axes: np.ndarray
    sform: np.ndarray
    virtual: bool

    @property
    def degrees_apart(self) -> float:
        """How far the orientations of qform and sform are apart; 0 where only one of them counts."""
        both = self.qform_code > 0 and self.sform_code > 0
        return largest_angle(self.qform_axes, self.sform[:, :3]) if both else 0.0


def begins_like_nifti(path: Path) -> bool:
    """Whether a file begins with the length of a NIfTI header; so do the remains of a damaged packed one."""
    try:
        with _opened(path) as file:
            return file.read(4) in _SIGNATURES
    except (OSError, EOFError, zlib.error):
        return True


def read_nifti_header(path: Path) -> NiftiHeader:
    """Read and check the header of a ``.nii`` or ``.nii.gz`` file.

    Raises:
        InputError: it is damaged or not NIfTI-1 in one file, the voxel size is lost or contradictory, the orientation
            is contradictory, or no scanner made it.
    """
    try:
        with _opened(path) as file:
            raw = file.read(_HEADER_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise _incomplete(path) from error
    if len(raw) < _HEADER_BYTES:
        raise _incomplete(path)
    order = "<" if struct.unpack_from("<i", raw)[0] == _HEADER_BYTES else ">"
    datatype = struct.unpack_from(order + "h", raw, 70)[0]
    if struct.unpack_from(order + "i", raw)[0] != _HEADER_BYTES or raw[344:347] != b"n+1" or datatype not in _TYPES:
        raise InputError(
            f"'{path.name}' is not a NIfTI-1 file of plain numbers.", "Convert the CT to NIfTI-1 (.nii or .nii.gz)."
        )
    if virtual_mark.nifti_is_synthetic(raw):
        raise InputError(
            f"'{path.name}' is a synthetic CT, which was made of an MR and serves registration only.",
            "Give a scan: the CT of the knee, or the MR itself.",
        )
    offset, slope, intercept = struct.unpack_from(order + "3f", raw, 108)
    scaled = np.isfinite(slope) and slope != 0
    qform, sform = struct.unpack_from(order + "2h", raw, 252)
    header = NiftiHeader(
        pixdim=struct.unpack_from(order + "3f", raw, 80),
        dtype=np.dtype(order + _TYPES[datatype]),
        data_offset=int(offset) if offset >= _HEADER_BYTES else 352,
        slope=slope if scaled else 1.0,
        intercept=intercept if scaled and np.isfinite(intercept) else 0.0,
        unit_code=raw[123] & 0x07,
        qform_code=qform,
        sform_code=sform,
        qform_axes=axes_of_quaternion(
            struct.unpack_from(order + "3f", raw, 256), struct.unpack_from(order + "f", raw, 76)[0]
        ),
        sform=np.array(struct.unpack_from(order + "12f", raw, 280)).reshape(3, 4),
        virtual=virtual_mark.nifti_is_virtual(raw),
    )
    _check_voxel_size(header, path)
    _check_orientation(header, path)
    return header


def _check_voxel_size(header: NiftiHeader, path: Path) -> None:
    size = np.array(header.pixdim)
    if not np.all(np.isfinite(size)) or np.any(size <= 0):
        raise InputError(
            f"The image '{path.name}' has no usable voxel size: {', '.join(f'{v:g}' for v in size)}.",
            "Convert the original DICOM images again so that the voxel size is stored.",
        )
    columns = np.linalg.norm(header.sform[:, :3], axis=0)
    if header.sform_code > 0 and not np.allclose(columns, size, rtol=0.01, atol=0):
        raise InputError(
            f"The image '{path.name}' gives two different voxel sizes (pixdim and sform).",
            "Convert the original DICOM images again.",
        )


def _check_orientation(header: NiftiHeader, path: Path) -> None:
    if header.degrees_apart > TURNED_DEGREES:
        raise InputError(
            f"The image '{path.name}' gives two different orientations (qform and sform), so that left and right may "
            "be swapped.",
            "Convert the original DICOM images again, or store the right orientation in both.",
        )


def nifti_notices(header: NiftiHeader) -> tuple[Notice, ...]:
    """What the header leaves open, and whether the scan is virtual."""
    notices = [virtual_mark.NOTICE] if header.virtual else []
    if header.unit_code == 0:
        text = "The file does not say in which unit its voxel size is given; millimeters were assumed."
        notices.append(Notice("unit-assumed", text, Severity.INFO))
    if header.qform_code <= 0 and header.sform_code <= 0:
        text = "The file does not say how the patient lies in the image, so left and right may be swapped."
        notices.append(Notice("orientation-unknown", text))
    if header.degrees_apart > ROUNDED_DEGREES:
        text = (
            f"The file gives two orientations that are {header.degrees_apart:.0f}° apart (qform and sform), as after a "
            "registration to another scan; one of them was taken, and positions are in its space."
        )
        notices.append(Notice("two-orientations", text))
    return tuple(notices)


def read_nifti_voxels(path: Path, header: NiftiHeader, size: tuple[int, ...]) -> np.ndarray:
    """Voxels as stored, before slope and intercept: (z, y, x).

    Args:
        size: voxels along x, y, z.

    Raises:
        InputError: the file ends early, or its checksum is wrong.
    """
    data = np.empty(size[::-1], dtype=header.dtype)
    target = memoryview(data.reshape(-1).view(np.uint8).data)
    filled = 0
    try:
        with _opened(path) as file:
            file.read(header.data_offset)
            while filled < len(target) and (count := file.readinto(target[filled : filled + _BLOCK])):
                filled += count
            while filled == len(target) and file.read(_BLOCK):  # gzip compares its checksum at the very end
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise _incomplete(path) from error
    if filled < len(target):
        raise _incomplete(path)
    return data


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.GzipFile(path) if packed else path.open("rb")


def _incomplete(path: Path) -> InputError:
    return InputError(f"The file '{path.name}' is damaged or ends too early.", "Copy or export it again.")
