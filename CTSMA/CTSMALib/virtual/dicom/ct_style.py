"""How scanners of different makers write the same CT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from CTSMALib.errors import InputError
from CTSMALib.virtual.dicom.identifiers import short_number
from CTSMALib.virtual.scanners import CTProtocol

SOFT_FROM_MM = 0.9  # FWHM of the point spread, beyond which a kernel is one for soft tissue
SHARP_BELOW_MM = 0.6  # and under which it is one for the inner ear
ENHANCED = "enhanced"
BONE_WINDOW = (400, 1500)  # center and width to show the image with, HU
SMOOTH, BONE, SHARP = 0, 1, 2  # places in the names of kernels
_NAMED = {"soft": SMOOTH, "bone": BONE, "sharp": SHARP}  # protocols


@dataclass(frozen=True)
class CTStyle:
    """Habits of a scanner in writing CT. All are from memory of files of such scanners; none is copied from one.

    Attributes:
        name: of the style.
        model: ManufacturerModelName.
        kernels: names of a smooth, a bone and a sharp kernel; a name of several values is a list.
        image_type: ImageType.
        bits: BitsStored; more where the values need them.
        signed: PixelRepresentation.
        intercept: RescaleIntercept.
        padding: stored value outside of the field of view.
        head_first: PatientPosition HFS, else FFS.
        from_top: the first instance is the plane that lies highest along the normal.
        states_distance: SpacingBetweenSlices is there.
        image_laterality: the side is said by the image, not by the series.
        series_number: of the smooth kernel; of the others one and two more.
        describe: SeriesDescription from the kernel's name and the protocol.
        file_name: from the subject, the number of the series and the number of the instance.
    """

    name: str
    model: str
    kernels: tuple[list[str], list[str], list[str]]
    image_type: list[str]
    bits: int
    signed: bool
    intercept: int
    padding: int
    head_first: bool
    from_top: bool
    states_distance: bool
    image_laterality: bool
    series_number: int
    describe: Callable[[str, CTProtocol], str]
    file_name: Callable[[str, int, int], str]

    def kernel(self, protocol: CTProtocol) -> list[str]:
        """ConvolutionKernel of a protocol, by the width of its point spread."""
        return self.kernels[sharpness(protocol)]


def sharpness(protocol: CTProtocol) -> int:
    """Whether a protocol's kernel is smooth (0), for bone (1), or sharp (2): by its name, or else by its width."""
    if protocol.name in _NAMED:
        return _NAMED[protocol.name]
    if protocol.psf_fwhm_mm >= SOFT_FROM_MM:
        return SMOOTH
    return SHARP if protocol.psf_fwhm_mm < SHARP_BELOW_MM else BONE


def style_of(name: str) -> CTStyle:
    """The habits of a style.

    Raises:
        InputError: there is no such style.
    """
    if name not in _STYLES:
        raise InputError(f"There is no DICOM style '{name}'.", f"Use one of {', '.join(STYLES)}.")
    return _STYLES[name]


_STYLES = {
    style.name: style
    for style in (
        CTStyle(
            name="siemens",
            model="style of Siemens",
            kernels=(["Br40d", "3"], ["Br59d", "3"], ["Br76u", "3"]),
            image_type=["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"],
            bits=12,
            signed=False,
            intercept=-1024,
            padding=0,
            head_first=True,
            from_top=True,
            states_distance=False,
            image_laterality=False,
            series_number=2,
            describe=lambda kernel, p: f"Knee {p.slice_mm:.2f} {kernel}",
            file_name=lambda subject, series, number: f"{subject}.CT.KNEE.{series:04d}.{number:04d}.IMA",
        ),
        CTStyle(
            name="ge",
            model="style of GE",
            kernels=(["STANDARD"], ["BONE"], ["BONEPLUS"]),
            image_type=["ORIGINAL", "PRIMARY", "AXIAL"],
            bits=16,
            signed=True,
            intercept=-1024,
            padding=-2000,
            head_first=False,
            from_top=False,
            states_distance=True,
            image_laterality=False,
            series_number=5,
            describe=lambda kernel, p: f"KNEE {kernel} {p.slice_mm:.3g}MM",
            file_name=lambda subject, series, number: f"i{short_number(subject, series) + number}.CTDC.{number}",
        ),
        CTStyle(
            name="philips",
            model="style of Philips",
            kernels=(["B"], ["YB"], ["YD"]),
            image_type=["ORIGINAL", "PRIMARY", "AXIAL", "HELIX"],
            bits=16,
            signed=False,
            intercept=-1024,
            padding=0,
            head_first=False,
            from_top=True,
            states_distance=False,
            image_laterality=True,
            series_number=201,
            describe=lambda kernel, p: f"Knee {kernel}, {p.slice_mm:.2g}/{p.increment_mm:.2g}",
            file_name=lambda subject, series, number: f"IM_{number:04d}",
        ),
        CTStyle(
            name=ENHANCED,
            model="style of Enhanced CT",
            kernels=(["SOFT"], ["BONE"], ["SHARP"]),
            image_type=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
            bits=16,
            signed=True,
            intercept=0,
            padding=-2000,
            head_first=False,
            from_top=False,
            states_distance=True,
            image_laterality=True,
            series_number=8,
            describe=lambda kernel, p: f"Knee {kernel.lower()} {p.slice_mm:.3g} mm, enhanced",
            file_name=lambda subject, series, number: "IM00001",
        ),
    )
}
STYLES = tuple(_STYLES)
