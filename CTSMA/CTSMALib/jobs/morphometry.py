"""The job that measures trabecular structure: read an image and its mask, measure each region, write the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.request import MorphometryRequest
from CTSMALib.jobs.staging import Target, resolved, staged
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from CTSMALib.analysis.morphometry_findings import Source
    from CTSMALib.analysis.morphometry_result import VolumeFacts
    from CTSMALib.morphometry.trabecular.bone_image import BoneImage
    from CTSMALib.morphometry.trabecular.measure import Morphometry
    from CTSMALib.notices import Notice
    from CTSMALib.volumes.grid import Grid

# (image, numbers of its regions or None for the mask as one region, their names, what is asked, progress)
Measure = Callable[["BoneImage", "NDArray[np.int32] | None", list[str], MorphometryRequest, Progress], "Morphometry"]

BYTES_READ = 24.0  # per voxel: peak of reading and writing
BYTES_MEASURED = 70.0  # per cubic voxel: peak of measuring
_READ, _MEASURED = 0.15, 0.9  # parts of the whole work


@dataclass(frozen=True)
class _Input:
    """What is measured: the bone in the box around the mask, and the number of the region of each voxel in it."""

    image: BoneImage
    numbers: NDArray[np.int32] | None
    box: tuple[slice, slice, slice]


def run(request: MorphometryRequest, progress: Progress = silent, measure: Measure | None = None) -> Path:
    """Measure the regions of an image and write the result.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.
        measure: in place of the real measurement, for tests.

    Returns:
        The result folder.

    Raises:
        CTSMAError: the image or the mask cannot be used, or the result cannot be written. Nothing is left at
            ``request.out`` then, or what was there before.
    """
    sources = [path for path in (request.image, request.mask) if path is not None]
    for path in sources:  # before the heavy imports
        existing_path(path)
    if request.names and request.mask is None:
        raise InputError("Regions were named, but there is no mask.", "Give the mask with --mask.")
    target = Target(resolved(request.out), request.overwrite, is_result=_is_result, keep=tuple(sources))
    with staged(target) as folder:
        progress("Starting", 0.0)
        with held():
            _load()
            measure = measure or _real_measure()
        given, source = _read(request, part_of(progress, 0.0, _READ))
        names = [region.name for region in source.regions]
        measured = measure(given.image, given.numbers, names, request, part_of(progress, _READ, _MEASURED))
        _write(measured, source, given.box, folder, part_of(progress, _MEASURED, 1.0))
        progress("Finishing", 1.0)
    return target.path


def _is_result(folder: Path) -> bool:
    from CTSMALib.analysis.morphometry_folder import holds_morphometry

    return holds_morphometry(folder)


def _load() -> None:
    """Import what is heavy, while no signal may interrupt it."""
    import CTSMALib.analysis.bone_input
    import CTSMALib.analysis.morphometry_findings
    import CTSMALib.analysis.regions
    import CTSMALib.report.figures.distributions
    import CTSMALib.volumes.label_mask  # noqa: F401


def _real_measure() -> Measure:
    from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure, regions_of_labels

    def real(
        image: BoneImage,
        numbers: NDArray[np.int32] | None,
        names: list[str],
        request: MorphometryRequest,
        progress: Progress,
    ) -> Morphometry:
        regions = None if numbers is None else regions_of_labels(numbers, dict(enumerate(names, start=1)))
        options = MeasureOptions(denoise=None if request.denoise else False, maps=request.maps)
        return measure(image, regions, options, progress)

    return real


def _read(request: MorphometryRequest, progress: Progress) -> tuple[_Input, Source]:
    """The bone, its regions, and what is to be said about both."""
    import numpy as np

    from CTSMALib.analysis.bone_input import Wanted, bone_image_of
    from CTSMALib.analysis.morphometry_findings import Source, volume_facts
    from CTSMALib.analysis.regions import box_around, numbered_regions, whole_image
    from CTSMALib.volumes.scalar_image import read_scalar_image

    progress("Reading the image", 0.0)
    volume = read_scalar_image(request.image, "image", BYTES_READ)
    labels, names, mask, told = _read_mask(request, volume.grid, progress)
    notices = volume.notices + told
    progress("Reading the image", 0.8)
    wanted = Wanted(None if request.kind == "auto" else request.kind, request.bone, request.marrow, request.threshold)
    x, y, z = volume.grid.spacing_mm
    counted = np.isfinite(volume.array) if labels is None else np.isfinite(volume.array) & (labels != 0)
    box = box_around(counted, (z, y, x))
    marked = None if labels is None else labels[box] != 0
    image, meaning, told = bone_image_of(volume.array[box], (z, y, x), marked, wanted)
    notices += told
    if labels is None:
        numbers, regions = None, whole_image(image)
    else:
        numbers, regions, told = numbered_regions(labels[box], names, image)
        notices += told
    _check_memory(image, request.image.name)
    return _Input(image, numbers, box), Source(volume_facts(volume), mask, meaning, volume.grid, regions, notices)


def _read_mask(
    request: MorphometryRequest, grid: Grid, progress: Progress
) -> tuple[NDArray[np.int32] | None, dict[int, str], VolumeFacts | None, tuple[Notice, ...]]:
    """Labels on the grid of the image, their names, facts about the mask, and what was done to it."""
    if request.mask is None:
        return None, {}, None, ()
    from CTSMALib.analysis.morphometry_findings import volume_facts
    from CTSMALib.analysis.regions import label_names
    from CTSMALib.volumes.label_mask import labels_on_grid
    from CTSMALib.volumes.scalar_image import read_scalar_image

    progress("Reading the mask", 0.5)
    stored = read_scalar_image(request.mask, "mask", BYTES_READ)
    labels, notices = labels_on_grid(stored, grid)
    return labels, label_names(labels, request.names), volume_facts(stored), notices


def _check_memory(image: BoneImage, name: str) -> None:
    """Refuse what will not fit, before the long work begins."""
    from CTSMALib.morphometry.trabecular.isotropic import isotropic_grid
    from CTSMALib.volumes.memory import check_memory

    z, y, x = isotropic_grid(image).counts
    check_memory(float(z) * y * x * BYTES_MEASURED, f"To measure '{name}'")


def _write(
    measured: Morphometry, source: Source, box: tuple[slice, slice, slice], folder: Path, progress: Progress
) -> None:
    from CTSMALib.analysis.morphometry_findings import morphometry_result
    from CTSMALib.analysis.morphometry_folder import FIGURE_FILE, write_morphometry
    from CTSMALib.report.figures.distributions import distribution_figure

    result = morphometry_result(measured, source, box)
    write_morphometry(result, folder, part_of(progress, 0.0, 0.8))
    progress("Drawing the distributions", 0.8)
    (folder / FIGURE_FILE).write_bytes(distribution_figure(result.findings, result.distributions).png)
