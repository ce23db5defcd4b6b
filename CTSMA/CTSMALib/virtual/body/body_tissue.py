"""The tissue of a knee in one posture, evaluated on a fine grid where a scanner asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import BONES
from CTSMALib.virtual.body import tissue_kernel
from CTSMALib.virtual.body.knee import VirtualKnee
from CTSMALib.virtual.body.pose import KneePose
from CTSMALib.virtual.body.soft_motion import SHAFT, extended_points
from CTSMALib.virtual.body.trabeculae import NO_TRABECULAE, SPACING_MM, Trabeculae
from CTSMALib.virtual.bones.shape import FRAME_OF
from CTSMALib.virtual.scanners.distortion import GradientDistortion
from CTSMALib.virtual.scanners.scan_grid import Box
from CTSMALib.virtual.scanners.source import NOT_WARPED
from CTSMALib.volumes.grid import Grid

BLOCK_MM = 2.0  # blocks of voxels are about this wide; larger ones are rarely all of one tissue
SAMPLE_MM = 0.15  # trabeculae are looked up this finely within a fine voxel
NO_METAL = np.zeros((0, 7))


@dataclass(frozen=True, eq=False)
class BodyTissue:
    """See :class:`~CTSMALib.virtual.scanners.tissue.TissueSource`.

    Attributes:
        grid: the fine voxels, LPS of the scan.
        knee: what is scanned.
        pose: how it lies.
        trabeculae: of the knee; where there are none, bone has the fraction wanted.
        distortion: where the scanner shows the body.
        metal: (n, 7) capsules (two ends, radius) in extended knee space, mm.
        broadening_mm: by how much thicker bone looks to the scanner; trabeculae were grown with that.
    """

    grid: Grid
    knee: VirtualKnee
    pose: KneePose
    trabeculae: Trabeculae = NO_TRABECULAE
    distortion: GradientDistortion = NOT_WARPED
    metal: NDArray[np.float64] = field(default_factory=lambda: NO_METAL)
    broadening_mm: float = 0.0

    def part(self, box: Box) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """See :class:`~CTSMALib.virtual.scanners.tissue.TissueSource`."""
        return self._filled(box, only_owner=False)[:2]

    def owners(self, box: Box | None = None) -> NDArray[np.uint8]:
        """The label of the bone, as in :mod:`CTSMALib.anatomy.labels`, at each voxel of a box (z, y, x); 0 outside."""
        return self._filled(box or tuple(slice(0, n) for n in self.grid.size[::-1]), only_owner=True)[2]

    def _filled(self, box: Any, only_owner: bool) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
        shape = tuple(cut.stop - cut.start for cut in box)
        bone = np.empty(shape, np.float32)
        label, owner = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
        start, corners = np.array([cut.start for cut in box]), self._corners(box)
        *fixed, sampling, metal = self._fixed
        tissue_kernel.fill(start, corners, *fixed, (*sampling, only_owner, self._block), metal, bone, label, owner)
        return bone, label, owner

    def _corners(self, box: Any) -> NDArray[np.float64]:
        """(z, y, x, 6) knee space and extended knee space at the corners of blocks."""
        block = self._block
        index = [block * np.arange(cut.start // block, (cut.stop - 1) // block + 2) for cut in box]
        grid = np.stack(np.meshgrid(*index, indexing="ij"), axis=-1)[..., ::-1].astype(float)
        lps = (grid * self.grid.spacing_mm) @ np.reshape(self.grid.direction, (3, 3)).T + self.grid.origin_mm
        points = lps.reshape(-1, 3)
        if not self.distortion.is_off:
            points = points + self.distortion.displacement_mm(points)
        here = self.pose.leg.to_anatomical(points)
        extended = extended_points(here, self.knee.shape, self.pose.placements)
        return np.concatenate([here, extended], axis=1).reshape(*grid.shape[:3], 6)

    @property
    def _block(self) -> int:
        """Voxels along the edge of a block."""
        return int(np.clip(round(BLOCK_MM / float(np.mean(self.grid.spacing_mm))), 3, 10))

    @cached_property
    def _fixed(self) -> tuple[Any, ...]:
        """What the loop needs of knee and pose, in its order."""
        placements = [self.pose.placements[FRAME_OF[b.name]] for b in BONES]
        rotations = np.array([p.rotation for p in placements])
        where = (
            rotations,
            np.array([p.offset_mm for p in placements]),
            np.array([SHAFT[b.name] for b in BONES]),
            self.knee.thickest_cartilage_mm,
            self.knee.thickest_shell_mm,
        )
        grown = self.trabeculae
        blocks = grown.grown_blocks if self.broadening_mm > 0.0 else grown.blocks
        packed = (self.knee.fields, self.knee.marrow, where, (blocks.ravel(), grown.index, grown.places))
        return (*packed, self._sampling(rotations), self.metal)

    def _sampling(self, rotations: NDArray[np.float64]) -> tuple[Any, ...]:
        spacing = np.array(self.grid.spacing_mm)
        counts = np.maximum(np.rint(spacing / SAMPLE_MM), 1).astype(int)
        places = [((np.arange(n) + 0.5) / n - 0.5) * edge for n, edge in zip(counts, spacing, strict=True)]
        along = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1).reshape(-1, 3)
        leg = self.pose.leg
        sign = np.array([-1.0 if leg.mirrored else 1.0, 1.0, 1.0])
        in_knee = along @ np.reshape(self.grid.direction, (3, 3)).T @ leg.axes.T * sign
        parts = np.ascontiguousarray(in_knee[None] @ rotations) / SPACING_MM
        edge, skin = float(np.prod(spacing) ** (1 / 3)), float(self.knee.soft.skin_thickness_mm)
        return parts, edge, skin, 0.5 * self.broadening_mm
