"""Training knees from the generator of virtual knees."""

from __future__ import annotations

import numpy as np

from CTSMALib.learning.synthesis.case import FULL, SPACING_MM, TissueCase
from CTSMALib.virtual.body.acquisition import TO_REGISTER, draw_acquisition
from CTSMALib.virtual.body.body_tissue import BodyTissue
from CTSMALib.virtual.body.knee import COARSE, virtual_knee
from CTSMALib.virtual.body.order import BFFE
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners import centered_grid
from CTSMALib.virtual.scanners.scan_grid import center_of
from CTSMALib.virtual.spec import KneeSpec

EXTENT_MM = (150.0, 150.0, 130.0)  # along x (left), y (back), z (head)


def spec_of(seed: int, sources: tuple[str, ...]) -> KneeSpec:
    """The knee of a seed whose anatomy is one of some sources; others are drawn again."""
    for again in range(1000):
        spec = draw_spec(seed + 1_000_003 * again)
        if spec.source in sources:
            return spec
    raise ValueError(f"none of {sources} was drawn")


def virtual_case(spec: KneeSpec) -> TissueCase:
    """A virtual knee, lying as in an MR, on a grid along the patient's axes.

    Bone holds its mean fraction, without trabeculae.
    """
    knee = virtual_knee(spec, COARSE)
    scan = draw_acquisition(knee, coverage=TO_REGISTER).mr[BFFE]
    grid = centered_grid(center_of(scan.grid), EXTENT_MM, (SPACING_MM,) * 3)
    tissue = BodyTissue(grid, knee, scan.pose)
    everything = tuple(slice(0, n) for n in grid.size[::-1])
    fraction, label = tissue.part(everything)  # type: ignore[arg-type]
    stored = np.rint(np.clip(fraction, 0.0, 1.0) * FULL).astype(np.uint8)
    return TissueCase(f"virtual {spec.seed}", spec.source, grid, stored, label, tissue.owners())
