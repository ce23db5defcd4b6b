"""How an MR image is acquired and reconstructed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners import mr_signal
from CTSMALib.virtual.scanners.distortion import GradientDistortion
from CTSMALib.virtual.scanners.line_response import SliceMTF, WindowMTF
from CTSMALib.virtual.scanners.mr_signal import RELAXATION, Relaxation, tissue_signals
from CTSMALib.virtual.scanners.point_spread import PointSpread
from CTSMALib.virtual.scanners.scan_grid import SAGITTAL, centered_grid
from CTSMALib.virtual.scanners.source import NOT_WARPED
from CTSMALib.virtual.scanners.tissue import Tissue
from CTSMALib.volumes.grid import Grid

REACH_PER_ACQUIRED = 6.0  # no response reaches farther than this many acquired pixels
FINE_MM = 0.1  # of patches; for the margin
FAT_SUPPRESSED = 0.3  # with less fat left than this, the reference is cartilage
BALANCED = mr_signal.Sequence(mr_signal.BFFE, 10.0, 5.0, 50.0)  # times of f.4, flip of 35 to 60 degrees there
LIMITS = {
    "pixel_mm": (0.05, 3.0),
    "acquired_mm": (0.05, 3.0),
    "slice_mm": (0.1, 10.0),
    "increment_mm": (0.05, 10.0),
    "slice_blur_mm": (0.05, 3.0),
    "window_fade": (0.0, 1.0),
    "snr": (1.0, 1000.0),
    "broadening_mm": (0.0, 0.5),
    "bias_range": (0.0, 1.5),
    "reference_value": (10.0, 10000.0),
}


@dataclass(frozen=True)
class MRProtocol:
    """An MR protocol at 3 T. Values of reference-method f.4, where acquired resolution, SNR and bias are from memory.

    Attributes:
        name: for records.
        sequence: kind and times.
        pixel_mm: reconstructed, in plane.
        acquired_mm: acquired resolution in plane, at least the pixel.
        window_fade: how much of k-space a filter fades against ringing, 0 to 1; uncertain.
        slice_mm: full width at half maximum of the slice profile.
        increment_mm: distance of slices.
        slice_blur_mm: FWHM of the Gaussian that blurs the profile; uncertain.
        snr: signal of yellow marrow (of cartilage with fat suppression) over the noise in each of the two channels,
            where the coil's sensitivity is 1.
        broadening_mm: by how much thicker bone looks through susceptibility; 0.05 to 0.1 for balanced sequences,
            little for spin echoes (mrm.21037).
        bias_range: highest minus lowest coil sensitivity over the scan; 0.2 to 0.4.
        distortion: of the gradients; off by default.
        reference_value: stored value of the tissue that ``snr`` refers to.
        relaxation: of tissues that differ from the usual.
    """

    name: str = "bffe"
    sequence: mr_signal.Sequence = BALANCED
    pixel_mm: float = 0.21875
    acquired_mm: float = 0.35
    window_fade: float = 0.4
    slice_mm: float = 0.75
    increment_mm: float = 0.75
    slice_blur_mm: float = 0.3
    snr: float = 15.0
    broadening_mm: float = 0.08
    bias_range: float = 0.3
    distortion: GradientDistortion = NOT_WARPED
    reference_value: float = 600.0
    relaxation: Mapping[Tissue, Relaxation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse values that no MR has."""
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(
                    f"The MR protocol '{self.name}' has {name} = {getattr(self, name)}.",
                    f"Give a value from {low:g} to {high:g}.",
                )
        if self.acquired_mm < self.pixel_mm:
            raise InputError(
                f"The MR protocol '{self.name}' acquires {self.acquired_mm} mm and stores {self.pixel_mm} mm.",
                "Store pixels that are no coarser than what is acquired.",
            )

        if self.relaxation.get(self.reference, RELAXATION[self.reference]).density == 0.0:
            raise InputError(
                f"The MR protocol '{self.name}' refers to a tissue without signal.",
                "Leave the proton density of the reference tissue above 0.",
            )

    @property
    def reference(self) -> Tissue:
        """The tissue that SNR and stored values refer to."""
        return Tissue.CARTILAGE if self.sequence.fat_left < FAT_SUPPRESSED else Tissue.MARROW

    @property
    def window(self) -> WindowMTF:
        """What of k-space was acquired, in plane."""
        return WindowMTF(self.acquired_mm, self.window_fade)

    @property
    def point_spread(self) -> PointSpread:
        """In plane and across."""
        across, in_plane = 0.5 * self.slice_mm + 3.0 * self.slice_blur_mm, REACH_PER_ACQUIRED * self.acquired_mm
        profile = SliceMTF(self.slice_mm, self.slice_blur_mm)
        return PointSpread(profile, ((1.0, self.window),), (across, in_plane, in_plane))

    @property
    def margin_mm(self) -> tuple[float, float, float]:
        """(z, y, x) of tissue of 0.1 mm that a part of a scan needs beyond its outermost voxels, without distortion."""
        reach_z, reach_y, reach_x = self.point_spread.on(np.full(3, FINE_MM), 3).reach_mm
        return reach_z + FINE_MM, reach_y + FINE_MM, reach_x + FINE_MM

    def tissue_values(self) -> NDArray[np.float32]:
        """Stored values of pure tissues where the coil's sensitivity is 1, by number of the tissue."""
        signals = tissue_signals(self.sequence, self.relaxation)
        return signals * np.float32(self.reference_value / signals[self.reference])

    def grid(self, center_mm: ArrayLike, extent_mm: Sequence[float], direction: Sequence[float] = SAGITTAL) -> Grid:
        """The grid of a scan about a point (LPS); extent along the scan's x, y, z; see :func:`centered_grid`."""
        return centered_grid(center_mm, extent_mm, (self.pixel_mm, self.pixel_mm, self.increment_mm), direction)


# Times of T1 and PD sequences are usual ones for knees (from memory). T1's pixel is that of the reference's T1 series.
MR_PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        MRProtocol(),
        MRProtocol(
            "t1",
            mr_signal.Sequence(mr_signal.SPIN_ECHO, 650.0, 12.0),
            pixel_mm=0.3125,
            acquired_mm=0.45,
            slice_mm=3.0,
            increment_mm=3.3,
            snr=25.0,
            broadening_mm=0.02,
        ),
        MRProtocol(
            "pd_fs",
            mr_signal.Sequence(mr_signal.SPIN_ECHO, 3000.0, 35.0, fat_left=0.06),
            pixel_mm=0.3125,
            acquired_mm=0.5,
            slice_mm=3.0,
            increment_mm=3.3,
            snr=20.0,
            broadening_mm=0.02,
        ),
    )
}
