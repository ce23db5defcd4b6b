"""The material of one bone, in the frame of its bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.virtual.field import Field
from CTSMALib.virtual.microstructure.structure import Microstructure

SOLID = 0.97  # bone fraction of plate and cortex: the rest are vessels and canals


@dataclass(frozen=True, eq=False)
class BoneMaterial:
    """What fills a bone. All fields share the lattice of the bone's depth.

    Attributes:
        shell_mm: thickness of the subchondral plate or cortex, at points near the surface: bone is solid where the
            depth is less.
        fraction: bone volume fraction wanted under the shell, 0 to 0.9; 0 in cysts and in the marrow cavity.
        marrow: number of the :class:`~CTSMALib.virtual.scanners.tissue.Tissue` between the trabeculae (uint8): yellow
            or red marrow, edema, fluid in cysts.
        structure: trabeculae whose local mean is ``fraction``; evaluated along the axes of the frame.
    """

    shell_mm: Field
    fraction: Field
    marrow: Field
    structure: Microstructure

    def __post_init__(self) -> None:
        """Refuse fields on different lattices."""
        shapes = {f.values.shape for f in (self.shell_mm, self.fraction, self.marrow)}
        assert len(shapes) == 1 and self.marrow.values.dtype == np.uint8
