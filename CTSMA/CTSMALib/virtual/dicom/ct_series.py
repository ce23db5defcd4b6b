"""Writing a virtual CT as a DICOM series."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from CTSMALib.virtual.dicom.ct_style import BONE_WINDOW, ENHANCED, style_of
from CTSMALib.virtual.dicom.ct_to_write import CTToWrite
from CTSMALib.virtual.dicom.enhanced_ct import enhanced_ct
from CTSMALib.virtual.dicom.header import common_header, file_meta, set_laterality, set_pixel_format
from CTSMALib.virtual.dicom.identifiers import uid_of
from CTSMALib.virtual.dicom.new_folder import new_folder
from CTSMALib.virtual.dicom.patient_facts import PatientFacts
from CTSMALib.virtual.dicom.slices import decimal, slices_of
from CTSMALib.virtual.dicom.stored_values import stored_values
from CTSMALib.virtual.scanners import CTProtocol


def write_ct_series(
    image: sitk.Image, folder: Path, facts: PatientFacts, style: str, protocol: CTProtocol
) -> list[Path]:
    """Write a CT as a scanner would.

    Classic styles give one file per slice (CT Image Storage), ``"enhanced"`` one file (Enhanced CT Image Storage).
    Nothing is lost: values and places are those of the image. Values below -1500 HU are the outside of the field of
    view and are stored as the style's padding. The same arguments give the same bytes.

    Args:
        image: HU as ``int16``, LPS, any perpendicular axes.
        folder: of the series; new or empty.
        facts: about the person.
        style: one of :data:`STYLES`.
        protocol: how it was scanned, for the header; pixel and slice distances are those of the image.

    Returns:
        The files, by instance number.

    Raises:
        InputError: no such style; an image that is not 3-D ``int16`` with perpendicular axes, or holds HU that cannot
            be stored; a folder that holds files.
        OutputError: the folder cannot be written; nothing is left there.
    """
    habits = style_of(style)
    slices = slices_of(image)
    ct = CTToWrite(slices, stored_values(slices.planes, habits), facts, habits, protocol)
    with new_folder(Path(folder)) as aside:
        names = _write_enhanced(ct, aside) if style == ENHANCED else _write_classic(ct, aside)
    return [Path(folder) / name for name in names]


def _write_enhanced(ct: CTToWrite, folder: Path) -> list[str]:
    name = ct.habits.file_name(ct.facts.subject, ct.series.number, 1)
    enhanced_ct(ct).save_as(folder / name, enforce_file_format=True)
    return [name]


def _write_classic(ct: CTToWrite, folder: Path) -> list[str]:
    ds, names, series = _classic_header(ct), [], ct.series
    for number, index in enumerate(ct.order, start=1):
        ds.InstanceNumber = number
        ds.SOPInstanceUID = uid_of("instance", *series.key(ct.facts), number)
        ds.ImagePositionPatient, ds.SliceLocation = ct.slices.positions[index], ct.slices.heights[index]
        ds.PixelData = ct.values.of(ct.slices.planes[index]).tobytes()
        ds.file_meta = file_meta(CTImageStorage, ds.SOPInstanceUID)
        names.append(ct.habits.file_name(ct.facts.subject, series.number, number))
        ds.save_as(folder / names[-1], enforce_file_format=True)
    return names


def _classic_header(ct: CTToWrite) -> Dataset:
    """What all slices of the series share."""
    slices, habits = ct.slices, ct.habits
    ds = common_header(ct.facts, ct.series, CTImageStorage)
    set_laterality(ds, ct.facts, of_image=habits.image_laterality)
    set_pixel_format(ds, slices, ct.values.bits, ct.values.signed)
    ct.values.describe_padding(ds)
    ds.ImageType = habits.image_type
    ds.PixelSpacing, ds.ImageOrientationPatient = slices.pixel_spacing, slices.orientation
    ds.SliceThickness = decimal(ct.protocol.slice_mm)
    if habits.states_distance:
        ds.SpacingBetweenSlices = slices.distance
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, ct.values.intercept, "HU"
    ds.KVP, ds.ConvolutionKernel = ct.protocol.kvp, ct.kernel
    ds.ReconstructionDiameter = decimal(slices.columns * float(slices.pixel_spacing[1]))
    ds.WindowCenter, ds.WindowWidth = BONE_WINDOW
    return ds
