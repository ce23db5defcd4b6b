"""Whether the chosen scans are those that were registered: voxels and geometry, not names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.geometry import image_of

CT, MR = "CT", "MR"


def other_scans(record: RegistrationRecord, ct: Any, mr: Any) -> tuple[str, ...]:
    """Which of the chosen scans are not those of a registration.

    Slicer may hold voxels as numbers of another type, so that those types are tried in which the core reads scans. It
    may also scale what a DICOM series stores in a way of its own; a scan that differs can therefore be the right one.

    Args:
        record: of the registration; a digest that it lacks, as a pseudonymous one does, is not compared.
        ct, mr: SimpleITK images (LPS) or volume nodes.

    Returns:
        :data:`CT`, :data:`MR`, both, or neither.
    """
    known = ((CT, record.fixed.sha256, _ct_digests(ct)), (MR, record.moving.sha256, _mr_digests(mr)))
    return tuple(title for title, then, found in known if then and then not in found)


def _ct_digests(given: Any) -> Iterator[str]:
    """As any CT is read: HU, whole numbers."""
    from CTSMALib.volumes.checks import to_hu, to_int16
    from CTSMALib.volumes.identity import image_sha256

    image = _image(given)
    try:
        rounded = to_int16(sitk.GetArrayFromImage(image)).array
        yield image_sha256(_like(image, to_hu(rounded, CT, rescale_known=False).array))
    except InputError:  # no CT at all
        return


def _mr_digests(given: Any) -> Iterator[str]:
    """As an MR is read from a file, then as it is read from DICOM."""
    from CTSMALib.volumes.checks import to_int16, to_signal
    from CTSMALib.volumes.identity import image_sha256

    image = _image(given)
    yield image_sha256(sitk.Cast(image, sitk.sitkFloat32))
    try:
        rounded = to_int16(sitk.GetArrayFromImage(image)).array
        yield image_sha256(_like(image, to_signal(rounded, MR).array))
    except InputError:  # no MR at all
        return


def _image(given: Any) -> sitk.Image:
    return given if isinstance(given, sitk.Image) else image_of(given)


def _like(image: sitk.Image, array: Any) -> sitk.Image:
    made = sitk.GetImageFromArray(array)
    made.CopyInformation(image)
    return made
