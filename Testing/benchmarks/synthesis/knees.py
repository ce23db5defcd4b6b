"""Virtual knees that the synthesis network never saw, with their MR scans and the CT that each ought to become.

Seeds are of the range reserved for tests. Knees of ``knee2`` are of an anatomy that the network never saw either. BFFE
has 0.5 mm pixels and 1 mm slices, T1 and PD with fat suppression 0.31 mm and 3.3 mm, each with coil bias, noise and
gradient distortion of the generator; bone holds its mean fraction, without trabeculae. The true CT is that of the
virtual scanner in the posture of the MR, distorted as the MR is, with the point spread that the network was taught and
without noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk

from CTSMALib.virtual.body.acquisition import TO_REGISTER, Scan, draw_acquisition
from CTSMALib.virtual.body.body_tissue import BodyTissue
from CTSMALib.virtual.body.knee import COARSE, VirtualKnee, virtual_knee
from CTSMALib.virtual.body.scans import fine_grid, image_of, tissue_of
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import CTProtocol, scan_ct
from CTSMALib.volumes.grid import Grid

HELD_OUT, LEARNED = "knee2", ("knee1", "visible_female", "visible_male")
FIRST_SEED = 900_000
BFFE, T1, PD_FS = SEQUENCES = ("bffe", "t1", "pd_fs")
TRUE_CT = CTProtocol(
    "true", pixel_mm=1.0, slice_mm=1.0, increment_mm=1.0, psf_fwhm_mm=1.18, edge_enhancement=0.0, focal_blur_mm=0.85,
    noise_hu=0.0,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class TestKnee:
    """Attributes: its number; source anatomy; the knee; MR scans by sequence."""

    number: int
    source: str
    knee: VirtualKnee
    scans: dict[str, Scan]

    def mr(self, sequence: str) -> sitk.Image:
        """A scan."""
        return image_of(tissue_of(self.knee, self.scans[sequence]), self.scans[sequence])

    def true_ct(self, grid: Grid, sequence: str) -> np.ndarray:
        """(z, y, x) HU that the MR ought to become, at the voxels of a grid along the patient's axes."""
        scan = self.scans[sequence]
        ct = Scan(replace(TRUE_CT, pixel_mm=grid.spacing_mm[0]), scan.pose, grid, 0)
        tissue = BodyTissue(fine_grid(ct), self.knee, scan.pose, distortion=scan.protocol.distortion)
        return scan_ct(tissue, ct.protocol, grid, 0)

    def true_bones(self, grid: Grid, sequence: str) -> np.ndarray:
        """(z, y, x) bone labels where the MR shows them."""
        scan = self.scans[sequence]
        return BodyTissue(grid, self.knee, scan.pose, distortion=scan.protocol.distortion).owners()


def test_knees(held_out: int, learned: int) -> Iterator[TestKnee]:
    """Knees of the held-out anatomy, then others; always the same ones."""
    for wanted, sources in ((held_out, (HELD_OUT,)), (learned, LEARNED)):
        found, seed = 0, FIRST_SEED
        while found < wanted:
            spec = draw_spec(seed)
            if spec.source in sources:
                knee = virtual_knee(spec, COARSE)
                fine = draw_acquisition(knee, coverage=TO_REGISTER).mr
                thick = draw_acquisition(knee, 0, SEQUENCES[1:], coverage=replace(TO_REGISTER, mr_changes={})).mr
                yield TestKnee(seed, spec.source, knee, {BFFE: fine[BFFE], T1: thick[T1], PD_FS: thick[PD_FS]})
                found += 1
            seed += 1
