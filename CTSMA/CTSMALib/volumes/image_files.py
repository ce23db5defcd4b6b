"""Reading a CT from a single image file: NIfTI, NRRD or MetaImage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.notices import Notice
from CTSMALib.progress import Progress
from CTSMALib.volumes.checks import to_hu, to_int16
from CTSMALib.volumes.clipping import clipping_notices
from CTSMALib.volumes.extent import check_geometry
from CTSMALib.volumes.geometry import check_direction, image_from_array
from CTSMALib.volumes.image_header import open_image, orientation_notices, read_pixels, volume_geometry
from CTSMALib.volumes.nifti_file import nifti_notices, read_nifti_header, read_nifti_voxels

_FITS_INT16 = (sitk.sitkInt8, sitk.sitkUInt8, sitk.sitkInt16)


def read_image_file(path: Path, kind: str, progress: Progress) -> tuple[sitk.Image, tuple[Notice, ...]]:
    """Read and check one image file.

    Args:
        path: an existing file.
        kind: ``"NIfTI"``, ``"NRRD"`` or ``"MetaImage"``.
        progress: told the fraction done.

    Returns:
        HU as ``int16`` in LPS, and what had to be done to read it.

    Raises:
        InputError: the file is damaged, is not one CT volume, or has no usable geometry.
    """
    what = f"The image '{path.name}'"
    progress("Reading slices", 0.0)
    reader = open_image(path, kind, "the CT itself, in HU")
    size, spacing, direction = volume_geometry(reader, what, "Give a volume that covers the knee.")
    check_geometry(size, spacing, what)
    check_direction(direction, what)
    if kind == "NIfTI":
        header = read_nifti_header(path)
        notices = nifti_notices(header)
        rounded = to_int16(read_nifti_voxels(path, header, size), header.slope, header.intercept)
    else:
        notices = orientation_notices(reader, kind)
        # 32-bit floats hold every HU exactly and spare the memory of a 64-bit image.
        pixel_type = sitk.sitkInt16 if reader.GetPixelID() in _FITS_INT16 else sitk.sitkFloat32
        rounded = to_int16(read_pixels(reader, what, pixel_type).reshape(size[::-1]))
    progress("Reading slices", 0.7)
    checked = to_hu(rounded.array, what, rescale_known=False)
    result = image_from_array(checked.array, spacing, reader.GetOrigin()[:3], np.array(direction).reshape(3, 3))
    return result, (*notices, *rounded.notices, *checked.notices, *clipping_notices(result))
