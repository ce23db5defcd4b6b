"""A virtual CT as one Enhanced CT file: many frames, with what they share said once."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag
from pydicom.uid import EnhancedCTImageStorage

from CTSMALib.virtual.dicom.ct_style import BONE_WINDOW, SMOOTH, sharpness
from CTSMALib.virtual.dicom.ct_to_write import CTToWrite
from CTSMALib.virtual.dicom.header import (
    DATE,
    KNEE,
    TIME,
    Series,
    code,
    common_header,
    file_meta,
    item,
    set_pixel_format,
)
from CTSMALib.virtual.dicom.identifiers import uid_of
from CTSMALib.virtual.dicom.patient_facts import PatientFacts
from CTSMALib.virtual.dicom.slices import Slices, decimal
from CTSMALib.virtual.scanners import CTProtocol

STACK = "1"


def enhanced_ct(ct: CTToWrite) -> Dataset:
    """The whole file. What a virtual scanner does not have (tube, table) is stated with usual values.

    Args:
        ct: what to write.
    """
    slices, values, facts, series = ct.slices, ct.values, ct.facts, ct.series
    ds = common_header(facts, series, EnhancedCTImageStorage)
    ds.SOPInstanceUID, ds.InstanceNumber = uid_of("instance", *series.key(facts), 1), 1
    ds.file_meta = file_meta(EnhancedCTImageStorage, ds.SOPInstanceUID)
    del ds.AcquisitionDate, ds.AcquisitionTime
    ds.AcquisitionDateTime, ds.AcquisitionDuration = DATE + TIME, 5.0
    ds.ImageType, ds.NumberOfFrames = ct.habits.image_type, len(slices.planes)
    ds.PixelPresentation, ds.VolumetricProperties, ds.VolumeBasedCalculationTechnique = "MONOCHROME", "VOLUME", "NONE"
    ds.ContentQualification, ds.PresentationLUTShape = "RESEARCH", "IDENTITY"
    ds.MultienergyCTAcquisition = "NO"
    ds.AcquisitionContextSequence = Items()
    set_pixel_format(ds, slices, values.bits, values.signed)
    values.describe_padding(ds)
    _add_dimensions(ds, series, facts)
    ds.SharedFunctionalGroupsSequence = Items([_shared(ct)])
    ds.PerFrameFunctionalGroupsSequence = Items([_frame(slices, k, n) for n, k in enumerate(ct.order, start=1)])
    stored = np.empty(slices.planes.shape, dtype="<i2" if values.signed else "<u2")
    for n, k in enumerate(ct.order):
        stored[n] = values.of(slices.planes[k])
    ds.PixelData = stored.tobytes()
    return ds


def _add_dimensions(ds: Dataset, series: Series, facts: PatientFacts) -> None:
    """Frames are told apart by stack and by place in the stack."""
    organization = uid_of("dimensions", *series.key(facts))
    ds.DimensionOrganizationSequence = item(DimensionOrganizationUID=organization)
    ds.DimensionOrganizationType = "3D"
    ds.DimensionIndexSequence = Items()
    for keyword in ("StackID", "InStackPositionNumber"):
        index = item(
            DimensionIndexPointer=Tag(keyword),
            FunctionalGroupPointer=Tag("FrameContentSequence"),
            DimensionOrganizationUID=organization,
        )
        ds.DimensionIndexSequence.append(index[0])


def _frame(slices: Slices, index: int, number: int) -> Dataset:
    groups = Dataset()
    groups.FrameContentSequence = item(
        FrameAcquisitionNumber=1,
        FrameReferenceDateTime=DATE + TIME,
        FrameAcquisitionDateTime=DATE + TIME,
        FrameAcquisitionDuration=5000.0,
        StackID=STACK,
        InStackPositionNumber=number,
        DimensionIndexValues=[1, number],
    )
    groups.PlanePositionSequence = item(ImagePositionPatient=slices.positions[index])
    return groups


def _shared(ct: CTToWrite) -> Dataset:
    slices, facts = ct.slices, ct.facts
    groups = Dataset()
    measures = {"PixelSpacing": slices.pixel_spacing, "SliceThickness": decimal(ct.protocol.slice_mm)}
    groups.PixelMeasuresSequence = item(**measures, SpacingBetweenSlices=slices.distance)
    groups.PlaneOrientationSequence = item(ImageOrientationPatient=slices.orientation)
    groups.FrameAnatomySequence = item(AnatomicRegionSequence=code(*KNEE), FrameLaterality=facts.laterality)
    groups.PixelValueTransformationSequence = item(
        RescaleIntercept=ct.values.intercept, RescaleSlope=1, RescaleType="HU"
    )
    groups.FrameVOILUTSequence = item(WindowCenter=BONE_WINDOW[0], WindowWidth=BONE_WINDOW[1])
    groups.IrradiationEventIdentificationSequence = item(IrradiationEventUID=uid_of("event", *ct.series.key(facts)))
    groups.CTImageFrameTypeSequence = item(
        FrameType=ct.habits.image_type,
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
    )
    _add_acquisition(groups, ct.protocol)
    _add_reconstruction(groups, ct)
    return groups


def _add_acquisition(groups: Dataset, protocol: CTProtocol) -> None:
    groups.CTAcquisitionTypeSequence = item(AcquisitionType="SPIRAL", ConstantVolumeFlag="NO", FluoroscopyFlag="NO")
    groups.CTAcquisitionDetailsSequence = item(
        RotationDirection="CW",
        RevolutionTime=1.0,
        SingleCollimationWidth=protocol.slice_mm,
        TotalCollimationWidth=32 * protocol.slice_mm,
        TableHeight=0.0,
        GantryDetectorTilt=0.0,
        DataCollectionDiameter=500.0,
    )
    feed = 0.8 * 32 * protocol.slice_mm
    groups.CTTableDynamicsSequence = item(TableSpeed=feed, TableFeedPerRotation=feed, SpiralPitchFactor=0.8)
    groups.CTGeometrySequence = item(DistanceSourceToDetector=1000.0, DistanceSourceToDataCollectionCenter=550.0)
    groups.CTExposureSequence = item(
        ExposureTimeInms=1000.0,
        XRayTubeCurrentInmA=100.0,
        ExposureInmAs=100.0,
        ExposureModulationType="NONE",
        CTDIvol=None,  # there was no dose
        CTDIPhantomTypeCodeSequence=code("113691", "DCM", "IEC Body Dosimetry Phantom"),
    )
    groups.CTXRayDetailsSequence = item(
        KVP=float(protocol.kvp), FocalSpots=[0.6], FilterType="FLAT", FilterMaterial="ALUMINUM"
    )


def _add_reconstruction(groups: Dataset, ct: CTToWrite) -> None:
    slices = ct.slices
    middle = _middle(slices)
    groups.CTPositionSequence = item(
        TablePosition=0.0, DataCollectionCenterPatient=middle, ReconstructionTargetCenterPatient=middle
    )
    down, across = (float(v) for v in slices.pixel_spacing)
    groups.CTReconstructionSequence = item(
        ReconstructionAlgorithm="FILTER_BACK_PROJ",
        ConvolutionKernel=ct.kernel,
        ConvolutionKernelGroup="SOFT_TISSUE" if sharpness(ct.protocol) == SMOOTH else "BONE",
        ReconstructionFieldOfView=[slices.columns * across, slices.rows * down],
        ReconstructionPixelSpacing=[down, across],
        ReconstructionAngle=360.0,
        ImageFilter="NONE",
    )


def _middle(slices: Slices) -> list[float]:
    """The middle of the volume, LPS, mm."""
    row, column = np.reshape([float(v) for v in slices.orientation], (2, 3))
    down, across = (float(v) for v in slices.pixel_spacing)
    ends = np.array([[float(v) for v in slices.positions[k]] for k in (0, -1)]).mean(axis=0)
    middle = ends + 0.5 * (slices.columns - 1) * across * row + 0.5 * (slices.rows - 1) * down * column
    return [float(v) for v in middle]
