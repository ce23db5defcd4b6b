"""The trabecular values of a virtual knee, measured on its bone without any scanner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from CTSMALib.anatomy.patch import EDGE_MM, Patch
from CTSMALib.catalogue.trabecular import TRABECULAR
from CTSMALib.morphometry.trabecular.bone_image import from_fraction
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure
from CTSMALib.morphometry.trabecular.regions import whole
from CTSMALib.progress import Progress, silent
from CTSMALib.virtual.body.knee import VirtualKnee
from CTSMALib.virtual.body.order import FAST, FULL
from CTSMALib.virtual.material.lattice import spanned
from CTSMALib.virtual.microstructure.structure import box_around

VOXEL_MM = 0.05  # 0.06 reads the thinnest trabeculae 4 % too thin (Testing/benchmarks/virtual/results/spacing.csv)
LEAST_BONE = 0.2  # of a patch inside the trabecular part, below which nothing is measured

KEYS = tuple(quantity.key for quantity in TRABECULAR)

Values = dict[str, float]


def patch_truth(
    knee: VirtualKnee, patches: Sequence[Patch], truth: str = FULL, progress: Progress = silent,
    voxel_mm: float = VOXEL_MM,
) -> dict[str, Values]:  # fmt: skip
    """Measure patches, shell and soft tissue left out.

    Args:
        knee: whose.
        patches: with centers in the frame of their bone, see
            :func:`~CTSMALib.virtual.body.learning_boxes.learning_boxes`.
        truth: how much to measure, see :class:`~CTSMALib.virtual.body.order.KneeOrder`. What is measured does not
            depend on it.
        progress: told of the share done.
        voxel_mm: spacing to measure at; what is coarser than the default is no truth of thin trabeculae.

    Returns:
        Patch id to values by catalogue key, ``valid_fraction`` (share of the box that is trabecular bone) and
        ``plate_mm`` (mean thickness of the plate over the box). Values are NaN where the box holds too little bone.
    """
    found = {}
    for done, patch in enumerate(patches):
        progress("Measuring the truth", done / len(patches))
        found[patch.id] = _measured(knee, patch, truth, voxel_mm)
    return found


def _measured(knee: VirtualKnee, patch: Patch, truth: str, voxel_mm: float) -> Values:
    lateral, anterior, proximal = patch.center_anatomical_mm
    box = box_around((proximal, anterior, lateral), EDGE_MM, voxel_mm)
    depth = spanned(knee.shape.bones[patch.bone].depth, box.axes())
    material = knee.materials[patch.bone]
    shell = spanned(material.shell_mm, box.axes())
    inside = depth > shell
    values = {key: float("nan") for key in KEYS}
    values |= {"valid_fraction": float(inside.mean()), "plate_mm": float(shell.mean())}
    if values["valid_fraction"] < LEAST_BONE:
        return values
    fraction = material.structure.fraction(box, voxel_mm)
    if truth == FAST:
        return values | {"bv_tv": float(fraction[inside].mean())}
    # beside the trabecular part everything is solid: it is no part of the region, but spheres end there
    image = from_fraction(np.where(inside, fraction, np.float32(1.0)), voxel_mm)
    options = MeasureOptions(denoise=False, surface=truth == FULL, moved=False, maps=False)
    region = measure(image, [whole(inside)], options).regions[0]
    return values | {key: estimate.value for key, estimate in region.values.items() if key in KEYS}
