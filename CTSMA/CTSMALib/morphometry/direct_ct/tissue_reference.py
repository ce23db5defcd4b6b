"""CT numbers of tissues in one scan, and the bone volume fraction they imply."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from CTSMALib.notices import Notice


@dataclass(frozen=True)
class TissueReference:
    """One reference.

    Attributes:
        hu: CT number.
        sd_hu: standard deviation of the samples about it; for a default, its plausible error.
        voxels: number of image voxels it rests on, 0 for a default.
        measured: ``False`` where the default stands in.
    """

    hu: float
    sd_hu: float
    voxels: int
    measured: bool


@dataclass(frozen=True)
class TissueReferences:
    """The references of one scan.

    Attributes:
        fat, muscle, marrow: soft references.
        cortical: cortical bone as imaged; limited by partial volume unless ``cortex_resolved``.
        cortex_resolved: whether cortex thick enough to show its true CT number was in view.
        bone_tissue_hu: solid bone for the mixing rule: the cortical reference where the cortex is
            resolved, otherwise an assumed value for the tube voltage.
        notices: defaults and limits.
    """

    fat: TissueReference
    muscle: TissueReference
    marrow: TissueReference
    cortical: TissueReference
    cortex_resolved: bool
    bone_tissue_hu: float
    notices: tuple[Notice, ...] = field(default_factory=tuple)

    def hu(self) -> dict[str, float]:
        """CT numbers by tissue name, as the analysis result keeps them."""
        tissues = {"marrow": self.marrow, "cortical": self.cortical, "muscle": self.muscle, "fat": self.fat}
        values = {name: reference.hu for name, reference in tissues.items()}
        return values | {"bone_tissue": self.bone_tissue_hu}


def bone_volume_fraction(hu: NDArray[np.floating] | float, references: TissueReferences) -> NDArray[np.float64]:
    """Share of bone in a mixture of marrow and solid bone: ``(HU - marrow) / (bone - marrow)``, 0 to 1.

    The rule is linear, so for a patch apply it to the mean CT number, not voxel by voxel: blur and noise
    then cancel, while clipping single voxels would turn noise into bone.

    Args:
        hu: CT numbers of any shape.
        references: of the same scan.
    """
    marrow = references.marrow.hu
    return np.clip((np.asarray(hu, dtype=float) - marrow) / (references.bone_tissue_hu - marrow), 0.0, 1.0)
