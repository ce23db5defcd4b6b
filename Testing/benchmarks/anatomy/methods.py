"""Every method on one CT, charged for the CPU time that it takes from the CT to the labels."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import SimpleITK as sitk

from CTSMALib.anatomy.grids import physical_box, resample_axis_aligned
from CTSMALib.anatomy.knee import WORKING_SPACING_MM, KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.anatomy.pose import Brightness, Pose, refine_bone
from Testing.benchmarks.anatomy.peers import Fit, Labels, atlas_alone, classical, walker_from_atlas

SHIPPED, CLASSICAL = "shipped", "classical"
METHODS = (SHIPPED, CLASSICAL, "atlas alone", "random walker")
T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """What a method found: labels on the working grid; and the CPU time, from the CT on."""

    method: str
    labels: sitk.Image
    cpu_s: float


def run_methods(image: sitk.Image) -> tuple[KneeAnatomy, list[Finding]]:
    """Find the bones of the first knee in a CT with every method.

    Args:
        image: HU.

    Returns:
        The anatomy as shipped, and one finding per method. All labels lie on the same grid.
    """
    candidates, search_s = _timed(lambda: find_knees(image))
    anatomy, find_s = _timed(lambda: find_anatomy(image, candidates[0]))
    working = resample_axis_aligned(image, WORKING_SPACING_MM, physical_box(anatomy.labels))
    knee = next(p for p in candidates[0].poses if p.mirrored == anatomy.poses.femur.mirrored)
    refine_s = _timed(lambda: _refit(working, knee))[1]
    fit = Fit(anatomy.poses, knee)
    findings = [Finding(SHIPPED, anatomy.labels, search_s + find_s)]
    peers: list[tuple[Callable[[], Labels], float]] = [
        (lambda: classical(working), 0.0),
        (lambda: atlas_alone(working, fit), search_s + refine_s),
        (lambda: walker_from_atlas(working, fit), search_s + refine_s),
    ]
    for name, (method, charged_s) in zip(METHODS[1:], peers, strict=True):
        values, own_s = _timed(method)
        labels = sitk.GetImageFromArray(values)
        labels.CopyInformation(anatomy.labels)
        findings.append(Finding(name, labels, own_s + charged_s))
    return anatomy, findings


def _refit(working: sitk.Image, knee: Pose) -> list[Pose]:
    brightness = Brightness.of(working)
    return [refine_bone(brightness, knee, bone) for bone in (FEMUR, TIBIA)]


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.process_time()
    return work(), time.process_time() - start
