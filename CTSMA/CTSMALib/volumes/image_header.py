"""Opening a NIfTI, NRRD or MetaImage file: one scalar volume with usable geometry, or a sentence that says why not."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice
from CTSMALib.volumes.geometry import not_perpendicular
from CTSMALib.volumes.nifti_file import begins_like_nifti
from CTSMALib.volumes.silence import libraries_silenced

_READERS = {"NIfTI": "NiftiImageIO", "NRRD": "NrrdImageIO", "MetaImage": "MetaImageIO"}
# Under which names a header has the size of voxels: those of NRRD in any case, of MetaImage as they are.
_STEPS = {
    "NRRD": ("spacings", "space directions", "spacedirections"),
    "MetaImage": ("ElementSpacing", "ElementSize"),
}
_LAST_FIELD = b"ElementDataFile"


def open_image(path: Path, kind: str, wanted: str) -> sitk.ImageFileReader:
    """A reader that knows the header of a scalar image.

    Args:
        path: an existing file.
        kind: ``"NIfTI"``, ``"NRRD"`` or ``"MetaImage"``.
        wanted: what the user should give, for example ``"the CT itself"``.

    Raises:
        InputError: the file is damaged or something else than its name says, or holds several values per voxel.
    """
    what = f"The image '{path.name}'"
    if kind == "NIfTI" and not path.name.lower().endswith((".nii", ".nii.gz")):
        raise InputError(f"'{path.name}' is a NIfTI file by content but not by name.", "Rename it to end in .nii.")
    _check_beginning(path, kind, wanted)
    reader = sitk.ImageFileReader()
    reader.SetImageIO(_READERS[kind])
    reader.SetFileName(str(path))
    try:
        with libraries_silenced():
            reader.ReadImageInformation()
    except RuntimeError as error:
        raise _explained(error, what) from error
    if kind in _STEPS and not _says_steps(path, kind, min(reader.GetDimension(), 3)):
        raise InputError(f"{what} does not say how large its voxels are.", "Save it with its spacing, or as NIfTI.")
    kinds = reader.GetPixelID()
    if reader.GetNumberOfComponents() > 1 or kinds in (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64):
        raise InputError(f"{what} has several values per voxel (color, vector or complex numbers).", f"Give {wanted}.")
    return reader


def volume_geometry(
    reader: sitk.ImageFileReader, what: str, remedy: str
) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
    """Size, spacing and direction (row by row) of a volume.

    Args:
        reader: from :func:`open_image`.
        what: the subject of the sentence.
        remedy: what to do where it is a single slice.

    Raises:
        InputError: it is a single slice, or several volumes.
    """
    dimension, size = reader.GetDimension(), reader.GetSize()
    if dimension < 3 or min(size[:3]) < 2:
        raise InputError(f"{what} is a single slice.", remedy)
    if any(n > 1 for n in size[3:]):
        raise InputError(f"{what} holds {size[3]} volumes.", "Save one of them as a file of its own.")
    matrix = np.array(reader.GetDirection()).reshape(dimension, dimension)[:3, :3]
    return size[:3], reader.GetSpacing()[:3], tuple(float(v) for v in matrix.ravel())


def orientation_notices(reader: sitk.ImageFileReader, kind: str) -> tuple[Notice, ...]:
    """What an NRRD file leaves open; MetaImage always gives an orientation."""
    if kind != "NRRD" or "NRRD_space" in reader.GetMetaDataKeys():
        return ()
    text = "The file does not say how the patient lies in the image, so left and right may be swapped."
    return (Notice("orientation-unknown", text),)


def read_pixels(reader: sitk.ImageFileReader, what: str, pixel_type: int) -> np.ndarray:
    """The voxels, as a type of SimpleITK: (z, y, x), and further axes of length 1.

    Raises:
        InputError: the file is incomplete.
    """
    reader.SetOutputPixelType(pixel_type)
    try:
        with libraries_silenced():
            return sitk.GetArrayFromImage(reader.Execute())
    except (RuntimeError, MemoryError) as error:
        raise _explained(error, what) from error


def _check_beginning(path: Path, kind: str, wanted: str) -> None:
    """Files are recognized by their names too; those must not be called damaged that never were such an image."""
    if kind == "NIfTI":
        fits = begins_like_nifti(path)
    elif kind == "NRRD":
        with path.open("rb") as file:
            fits = file.read(4) == b"NRRD"
    else:  # MetaImage has no signature
        return
    if not fits:
        raise InputError(f"'{path.name}' is not a {kind} image, though its name says so.", f"Give {wanted}.")


def _says_steps(path: Path, kind: str, axes: int) -> bool:
    """Whether a header gives the size of voxels along so many axes; libraries take 1 mm where it does not."""
    nrrd = kind == "NRRD"
    with path.open("rb") as file:
        header = iter(file.readline, b"")
        lines = itertools.takewhile(
            lambda line: bool(line.strip()) if nrrd else not line.startswith(_LAST_FIELD), header
        )
        fields = [re.split(":" if nrrd else "[:=]", line.decode("ascii", "replace"), maxsplit=1) for line in lines]
    for name, value in (field for field in fields if len(field) == 2):
        key = name.strip().lower() if nrrd else name.strip()
        if key in _STEPS[kind] and not value.startswith("="):  # "name:=value" is a remark
            entries = re.findall(r"\([^)]*\)|\S+", value)
            known = [entry for entry in entries if not nrrd or _is_step(entry)]  # of MetaImage refused as they are
            return len(known) >= axes
    return False


def _is_step(entry: str) -> bool:
    """Whether a spacing, or a direction in parentheses, is one."""
    try:
        return all(math.isfinite(float(number)) for number in entry.strip("()").split(","))
    except ValueError:  # "none"
        return False


def _explained(error: Exception, what: str) -> InputError:
    said = str(error).lower()
    if "orthonormal" in said or "determinant" in said or "direction" in said:
        return not_perpendicular(what)
    if "spacing" in said:
        return InputError(f"{what} has no usable voxel size.", "Convert the original DICOM images again.")
    return InputError(f"{what} is damaged or incomplete.", "Copy or export it again, with all its files.")
