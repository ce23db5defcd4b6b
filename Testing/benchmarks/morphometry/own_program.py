"""What CTSMA does with one volume, in a process of its own.

Usage (by ``speed.py``)::

    python -m Testing.benchmarks.morphometry.own_program TASK INPUT.npz OUTPUT.json
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_fraction
from CTSMALib.morphometry.trabecular.local_thickness import thickness_maps
from CTSMALib.morphometry.trabecular.measure import Region, measure
from Testing.benchmarks.morphometry.peer_programs import peak_mib, small_volume

PATCHES, PATCH_VOXELS = 96, 80


def maps(image: BoneImage) -> None:
    """Maps of Tb.Th and Tb.Sp."""
    thickness_maps(image)


def everything(image: BoneImage) -> None:
    """All quantities of the whole volume, with maps."""
    measure(image)


def patches_apart(image: BoneImage) -> None:
    """All quantities of patches, each measured by itself."""
    for box in _boxes(image.fraction.shape):
        measure(image.crop(box))


def patches_together(image: BoneImage) -> None:
    """All quantities of the same patches as regions of their volume."""
    boxes = _boxes(image.fraction.shape)
    measure(image, [Region(str(i), box, image.mask[box]) for i, box in enumerate(boxes)])


TASKS: dict[str, Callable[[BoneImage], None]] = {
    "maps": maps, "everything": everything, "patches apart": patches_apart, "patches together": patches_together,
}  # fmt: skip


def main() -> None:
    task, source, target = sys.argv[1:]
    with np.load(source) as data:
        image = from_fraction(data["fraction"], tuple(data["spacing"].tolist()))
    start = time.process_time()
    TASKS["everything" if task.startswith("patches") else task](from_fraction(small_volume().fraction, 1.0))
    first = time.process_time() - start
    start = time.process_time()
    TASKS[task](image)
    report = {"cpu_s": time.process_time() - start, "first_call_s": first, "peak_mib": peak_mib()}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(report, file)


def _boxes(shape: tuple[int, ...]) -> list[tuple[slice, slice, slice]]:
    """Cubes at random places; the whole volume where it is no larger than one."""
    rng = np.random.default_rng(5)
    edge = [min(PATCH_VOXELS, n) for n in shape]
    starts = [[int(rng.integers(0, n - e + 1)) for n, e in zip(shape, edge, strict=True)] for _ in range(PATCHES)]
    return [tuple(slice(a, a + e) for a, e in zip(start, edge, strict=True)) for start in starts]


if __name__ == "__main__":
    main()
