"""Volumes of a result in the coordinate system of the series: their own grids, and which source images lie where."""

from __future__ import annotations

import highdicom as hd
import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from CTSMALib.report.dicom.study import Study

_SNAP_VOXELS = 0.01  # NIfTI rounds positions to 32 bits


def cropped(image: sitk.Image, wanted: NDArray[np.bool_]) -> sitk.Image:
    """The smallest box of an image that holds all wanted voxels (z, y, x); the whole image where there is none."""
    found = np.argwhere(wanted)
    if not len(found):
        return image
    low, high = found.min(axis=0)[::-1], found.max(axis=0)[::-1]
    return sitk.RegionOfInterest(image, [int(n) for n in high - low + 1], [int(n) for n in low])


def volume_of(image: sitk.Image, study: Study) -> hd.Volume:
    """An image on its own grid; a grid that is part of the series' grid gets the series' exact places.

    Returns:
        With the axes (slice, row, column), LPS, mm.
    """
    affine = _affine(_on_source_grid(image, study.source.image))
    return hd.Volume(
        array=sitk.GetArrayFromImage(image), affine=affine, coordinate_system="PATIENT",
        frame_of_reference_uid=study.frame_of_reference,
    )  # fmt: skip


def refer_to_planes(made: Dataset, study: Study, derivation_code: Code) -> None:
    """Say of each frame of an object which source planes it was made from, where highdicom has found none.

    These are the planes nearest to the frame; two of them where it lies in the middle.

    Args:
        made: the object.
        study: of the source.
        derivation_code: how the frames were made.
    """
    normal = study.source.stack.axes[:, 2]
    planes = study.source.stack.heights
    references = _references(study)
    purpose = hd.sr.CodedConcept.from_code(codes.DCM.SourceImageForImageProcessingOperation)
    for groups in made.PerFrameFunctionalGroupsSequence:
        if groups.get("DerivationImageSequence"):
            continue
        position = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        away = np.abs(planes - _middle(made, position) @ normal)
        near = np.flatnonzero(away <= away.min() + 1e-3)
        derivation = Dataset()
        derivation.DerivationCodeSequence = [hd.sr.CodedConcept.from_code(derivation_code)]
        derivation.SourceImageSequence = []
        for index in near:
            item = Dataset()
            item.update(references[index])
            item.PurposeOfReferenceCodeSequence = [purpose]
            item.SpatialLocationsPreserved = "NO"
            derivation.SourceImageSequence.append(item)
        groups.DerivationImageSequence = [derivation]


def _middle(made: Dataset, position: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middle of a frame, LPS, mm."""
    shared = made.SharedFunctionalGroupsSequence[0]
    axes = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    spacing = np.array(shared.PixelMeasuresSequence[0].PixelSpacing, dtype=float)
    half = 0.5 * np.array([(made.Columns - 1) * spacing[1], (made.Rows - 1) * spacing[0]])
    return position + half @ axes


def _references(study: Study) -> list[Dataset]:
    """How to refer to the plane of each place in the stack."""
    by_path = {file.path: image for file, image in zip(study.source.files, study.images, strict=True)}
    found = []
    for frame in study.source.stack.frames:
        image, item = by_path[frame.path], Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
        if frame.index is not None:
            item.ReferencedFrameNumber = frame.index + 1
        found.append(item)
    return found


def _on_source_grid(image: sitk.Image, source: sitk.Image) -> sitk.Image:
    """The grid of an image; where it is a part of the source's, computed from that, without rounding."""
    same_axes = np.allclose(image.GetDirection(), source.GetDirection(), atol=1e-5)
    if not same_axes or not np.allclose(image.GetSpacing(), source.GetSpacing(), rtol=1e-5, atol=0):
        return image
    index = np.array(source.TransformPhysicalPointToContinuousIndex(image.GetOrigin()))
    if np.abs(index - np.rint(index)).max() > _SNAP_VOXELS:
        return image
    grid = sitk.Image(1, 1, 1, sitk.sitkUInt8)
    grid.SetSpacing(source.GetSpacing())
    grid.SetDirection(source.GetDirection())
    grid.SetOrigin(source.TransformContinuousIndexToPhysicalPoint(np.rint(index).tolist()))
    return grid


def _affine(grid: sitk.Image) -> NDArray[np.float64]:
    """From (slice, row, column) to LPS, mm."""
    axes = np.array(grid.GetDirection()).reshape(3, 3) * np.array(grid.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3] = axes[:, ::-1]
    affine[:3, 3] = grid.GetOrigin()
    return affine
