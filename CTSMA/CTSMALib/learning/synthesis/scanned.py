"""Virtual knees in virtual MR scanners, with the CT and the bones that each MR ought to become.

BFFE has 0.5 mm pixels and 1 mm slices, T1 and PD with fat suppression 0.31 mm and 3.3 mm, each with coil bias, noise
and gradient distortion of the generator; bone holds its mean fraction, without trabeculae. The true CT is that of the
virtual scanner in the posture of the MR, distorted as the MR is, with the point spread that networks are taught and
without noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.prepare import STOP, seeds
from CTSMALib.learning.synthesis.virtual_case import spec_of
from CTSMALib.virtual.body.acquisition import TO_REGISTER, Scan, draw_acquisition
from CTSMALib.virtual.body.body_tissue import BodyTissue
from CTSMALib.virtual.body.knee import COARSE, VirtualKnee, virtual_knee
from CTSMALib.virtual.body.scans import fine_grid, image_of, tissue_of
from CTSMALib.virtual.scanners import CTProtocol, MRProtocol, scan_ct
from CTSMALib.virtual.spec import KneeSpec
from CTSMALib.volumes.grid import Grid

BFFE, T1, PD_FS = SEQUENCES = ("bffe", "t1", "pd_fs")
MOST_KNEES = 4  # half a minute for each MR
TRUE_CT = CTProtocol(
    "true", pixel_mm=1.0, slice_mm=1.0, increment_mm=1.0, psf_fwhm_mm=1.18, edge_enhancement=0.0, focal_blur_mm=0.85,
    noise_hu=0.0,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ScannedMR:
    """An MR with its truth.

    Attributes:
        mr: signal.
        true_ct: gives (z, y, x) HU at the voxels of a grid along the patient's axes.
        true_bones: likewise bone labels, where the MR shows them.
    """

    mr: sitk.Image
    true_ct: Callable[[Grid], NDArray[np.int16]]
    true_bones: Callable[[Grid], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class ScannedKnee:
    """Attributes: the knee; scans of MR by sequence."""

    knee: VirtualKnee
    scans: dict[str, Scan]

    def seen_by(self, sequence: str) -> ScannedMR:
        """An MR with its truth."""
        scan = self.scans[sequence]
        assert isinstance(scan.protocol, MRProtocol)
        distortion = scan.protocol.distortion

        def true_ct(grid: Grid) -> NDArray[np.int16]:
            protocol = replace(TRUE_CT, pixel_mm=grid.spacing_mm[0])
            fine = fine_grid(Scan(protocol, scan.pose, grid, 0))
            return scan_ct(BodyTissue(fine, self.knee, scan.pose, distortion=distortion), protocol, grid, 0)

        def true_bones(grid: Grid) -> NDArray[np.uint8]:
            return BodyTissue(grid, self.knee, scan.pose, distortion=distortion).owners()

        return ScannedMR(image_of(tissue_of(self.knee, scan), scan), true_ct, true_bones)


def scanned_knee(spec: KneeSpec) -> ScannedKnee:
    """Put a knee into the scanners."""
    knee = virtual_knee(spec, COARSE)
    fine = draw_acquisition(knee, coverage=TO_REGISTER).mr
    thick = draw_acquisition(knee, 0, SEQUENCES[1:], coverage=replace(TO_REGISTER, mr_changes={})).mr
    return ScannedKnee(knee, {BFFE: fine[BFFE], T1: thick[T1], PD_FS: thick[PD_FS]})


def scan_count(config: TrainingConfig) -> int:
    """How many MRs :func:`stop_scans` makes."""
    return len(SEQUENCES) * min(config.stop_knees, MOST_KNEES)


def stop_scans(config: TrainingConfig) -> Iterator[ScannedMR]:
    """Every sequence of the first stop knees of a training, :func:`scan_count` in all."""
    for seed in seeds(config, STOP)[:MOST_KNEES]:
        knee = scanned_knee(spec_of(seed, config.sources))
        for sequence in SEQUENCES:
            yield knee.seen_by(sequence)
