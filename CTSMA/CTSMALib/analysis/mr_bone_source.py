"""Where the bones of an MR come from: given, outlined by a simple method, or by what a caller brings, as a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import SimpleITK as sitk

from CTSMALib.anatomy.mr_bones import segment_mr_bones
from CTSMALib.notices import Notice
from CTSMALib.progress import Progress, silent

GIVEN, SIMPLE = "given labels", "simple method"
BONES_FOUND = Notice(
    "bones-by-simple-method",
    "The bones were outlined on the MR by a simple method, which may err by a millimeter or more; check the outlines "
    "in the pictures, or give bone labels.",
)


@dataclass(frozen=True, eq=False)
class MRBones:
    """Bones of an MR.

    Attributes:
        labels: ``uint8`` of :mod:`CTSMALib.anatomy.labels` in the space of the MR, any grid.
        made_by: :data:`GIVEN`, :data:`SIMPLE`, or the model with the checksum of its weights.
        notices: what a reader must know of them.
    """

    labels: sitk.Image
    made_by: str
    notices: tuple[Notice, ...] = ()


# (MR, progress) to its bones; raises AnatomyError where there are none
BoneFinder = Callable[[sitk.Image, Progress], MRBones]


def simple_bones(mr: sitk.Image, progress: Progress = silent) -> MRBones:
    """Outline femur and tibia by :func:`~CTSMALib.anatomy.mr_bones.segment_mr_bones`.

    Raises:
        AnatomyError: no knee with bright marrow was found.
    """
    return MRBones(segment_mr_bones(mr, progress), SIMPLE, (BONES_FOUND,))
