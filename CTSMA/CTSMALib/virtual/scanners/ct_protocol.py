"""How a CT is taken and reconstructed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners.ct_kernel import CTKernel
from CTSMALib.virtual.scanners.ct_numbers import BONE_HU, check_kvp
from CTSMALib.virtual.scanners.line_response import SliceMTF
from CTSMALib.virtual.scanners.point_spread import PointSpread
from CTSMALib.virtual.scanners.scan_grid import AXIAL, centered_grid
from CTSMALib.virtual.scanners.tissue import Tissue
from CTSMALib.volumes.grid import Grid

REACH_PER_WIDTH = 4.0  # no response reaches farther than this many widths of the kernel
FINE_MM = 0.1  # of patches; for the margin
LIMITS = {
    "pixel_mm": (0.05, 2.0),
    "slice_mm": (0.1, 10.0),
    "increment_mm": (0.05, 10.0),
    "focal_blur_mm": (0.05, 2.0),
    "noise_hu": (0.0, 1000.0),
    "noise_ramp": (0.0, 2.0),
    "bone_hu": (100.0, 3000.0),
    "slope": (0.5, 1.5),
    "offset_hu": (-200.0, 200.0),
    "cupping": (-0.2, 0.2),
    "tilt": (-0.2, 0.2),
    "beam_radius_mm": (10.0, 500.0),
}


@dataclass(frozen=True)
class CTProtocol:
    """A CT protocol. Sizes of noise, drift and cupping follow reference-method f.3, where they are from memory.

    Attributes:
        name: for records.
        pixel_mm: in plane; 0.27 to 0.5 for knees.
        slice_mm: full width at half maximum of the slice profile; 0.5 to 3.
        increment_mm: distance of slices.
        psf_fwhm_mm: in-plane full width at half maximum of the point spread; 0.4 to 1.2.
        edge_enhancement: see :class:`CTKernel`; 0 for smooth kernels.
        focal_blur_mm: FWHM of the Gaussian that blurs the slice profile (focal spot, table motion); uncertain.
        noise_hu: standard deviation; 10 to 20 soft, 30 to 80 bone kernels.
        noise_ramp: power of the frequency in the noise spectrum, 1 for filtered back-projection.
        kvp: tube voltage.
        bone_hu: CT number of mineralized bone at 120 kVp.
        tissue_hu: CT numbers at 120 kVp that differ from the usual ones.
        slope, offset_hu: calibration drift: HU' = slope HU + offset; the offset within 10 HU.
        cupping: beam hardening: HU + 1000 is higher by this fraction at ``beam_radius_mm`` from the scan's axis than
            on it; within 0.02.
        tilt: (2,) the same as a slope along the scan's x and y, per beam radius.
        beam_radius_mm: about the radius of the knee.
        lowest_hu, highest_hu: where stored values saturate.
    """

    name: str = "bone"
    pixel_mm: float = 0.35
    slice_mm: float = 0.6
    increment_mm: float = 0.4
    psf_fwhm_mm: float = 0.7
    edge_enhancement: float = 0.3
    focal_blur_mm: float = 0.3
    noise_hu: float = 45.0
    noise_ramp: float = 1.0
    kvp: int = 120
    bone_hu: float = BONE_HU
    tissue_hu: Mapping[Tissue, float] = field(default_factory=dict)
    slope: float = 1.0
    offset_hu: float = 0.0
    cupping: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)
    beam_radius_mm: float = 70.0
    lowest_hu: int = -1024
    highest_hu: int = 3071

    def __post_init__(self) -> None:
        """Refuse values that no CT has."""
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not np.all((np.asarray(value) >= low) & (np.asarray(value) <= high)):
                raise InputError(
                    f"The CT protocol '{self.name}' has {name} = {value}.", f"Give a value from {low:g} to {high:g}."
                )
        if not -32768 <= self.lowest_hu < self.highest_hu <= 32767:
            raise InputError(
                f"The CT protocol '{self.name}' stores {self.lowest_hu} to {self.highest_hu} HU.",
                "Give a lower and a higher number of 16 bits.",
            )
        check_kvp(self.kvp)
        self.kernel  # noqa: B018 (refuses kernels)

    @property
    def kernel(self) -> CTKernel:
        """In-plane sharpness."""
        return CTKernel(self.psf_fwhm_mm, self.edge_enhancement)

    @property
    def profile(self) -> SliceMTF:
        """Slice profile."""
        return SliceMTF(self.slice_mm, self.focal_blur_mm)

    @property
    def point_spread(self) -> PointSpread:
        """In plane and across."""
        across = 0.5 * self.slice_mm + 3.0 * self.focal_blur_mm
        in_plane = REACH_PER_WIDTH * self.psf_fwhm_mm
        return PointSpread(self.profile, self.kernel.terms, (across, in_plane, in_plane))

    @property
    def margin_mm(self) -> tuple[float, float, float]:
        """(z, y, x) of tissue of 0.1 mm that a part of a scan needs beyond its outermost voxel centers."""
        reach_z, reach_y, reach_x = self.point_spread.on(np.full(3, FINE_MM), 3).reach_mm
        return reach_z + FINE_MM, reach_y + FINE_MM, reach_x + FINE_MM

    def grid(self, center_mm: ArrayLike, extent_mm: Sequence[float], direction: Sequence[float] = AXIAL) -> Grid:
        """The grid of a scan about a point (LPS); extent along the scan's x, y, z; see :func:`centered_grid`."""
        return centered_grid(center_mm, extent_mm, (self.pixel_mm, self.pixel_mm, self.increment_mm), direction)


# Widths from MTFs of reference-method f.3: bone kernels of present scanners f10 = 1.0 to 1.4 per mm (from memory
# there), older soft kernels below 0.8 per mm (PMC6236841).
CT_PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        CTProtocol("soft", 0.35, 1.0, 0.7, psf_fwhm_mm=1.1, edge_enhancement=0.0, noise_hu=15.0),
        CTProtocol("bone", 0.35, 0.6, 0.4, psf_fwhm_mm=0.7, edge_enhancement=0.3, noise_hu=45.0),
        CTProtocol("sharp", 0.27, 0.5, 0.3, psf_fwhm_mm=0.5, edge_enhancement=0.6, noise_hu=80.0),
    )
}
