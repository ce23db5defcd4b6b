"""How long a user waits for a picture while judging a registration: a key press to a new slice picture.

One view of 400 x 400 pixels, CT and MR of 256 x 256 x 256 voxels, drawn in software without a window on a screen, with
the outlines of four bones. Each figure is the median of several runs after one that does not count.

==================  =================================================================================================
gesture             from, to
==================  =================================================================================================
nudge, MODE         the correction of a bone is changed by 0.1 mm, the view is drawn in that mode
peer                a volume's transform is changed and its slice drawn by bare MRML, without outlines
mixed, MODE         the picture of a checkerboard or spyglass is computed, not drawn
==================  =================================================================================================

Usage::

    python -m Testing.benchmarks.panel.review_view [--quick]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.labels import BONES
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.registration.mixed import Checkerboard, Spyglass, refresh
from CTSMALib.scene.registration.review_nodes import ReviewNodes, open_review, set_user
from CTSMALib.scene.registration.seeing import MIXED, MODES, show_mode
from CTSMALib.scene.views import add_views
from Testing.core.made_up_pair import MadeUpPair, made_up_pair
from Testing.scene.registration.drawn_slice import DrawnSlice
from Testing.scene.registration.pair_record import true_record

VOXELS, PIXELS, FIELD_MM = 256, 400, 110.0
RUNS, QUICK_RUNS = 41, 9
LIMIT_MS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    runs = QUICK_RUNS if parser.parse_args().quick else RUNS
    pair = made_up_pair()
    with tempfile.TemporaryDirectory() as folder:
        scene = new_scene(Path(folder))
        add_views(scene)
        review = _large_review(scene, pair, true_record(pair))
        middle = pair.joint_mm * (-1.0, -1.0, 1.0) + (15.0, 0.0, 12.0)
        for name in ("Red", "Yellow", "Green"):
            view = DrawnSlice(scene, name, (PIXELS, PIXELS))
            view.node.SetFieldOfView(FIELD_MM, FIELD_MM, 1.0)
            view.node.JumpSliceByCentering(*middle.tolist())
            _time_view(review, view, middle, name, runs)
            view.close()


def _large_review(scene: Any, pair: MadeUpPair, record: RegistrationRecord) -> ReviewNodes:
    images = [
        _resampled(image, method)
        for image, method in (
            (pair.ct, sitk.sitkLinear),
            (pair.mr, sitk.sitkLinear),
            (pair.labels, sitk.sitkLabelGaussian),
        )
    ]
    review = open_review(scene, record, *images)
    triangles = {bone.name: review.surface(bone.name).GetPolyData().GetNumberOfPolys() for bone in BONES}
    print(f"voxels {images[0].GetSize()} and {images[1].GetSize()}, triangles {triangles}")
    return review


def _resampled(image: sitk.Image, method: int) -> sitk.Image:
    """The same image in a cube of :data:`VOXELS`."""
    spacing = [n * s / VOXELS for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)]
    kind = sitk.sitkInt16 if image.GetPixelID() == sitk.sitkFloat32 else image.GetPixelID()
    return sitk.Resample(
        image, [VOXELS] * 3, sitk.Transform(), method, image.GetOrigin(), spacing, image.GetDirection(), 0.0, kind
    )


def _time_view(review: ReviewNodes, view: DrawnSlice, middle: np.ndarray, name: str, runs: int) -> None:
    def nudge(run: int) -> None:
        matrix = np.eye(4)
        matrix[:3, 3] = 0.1 * (run % 7)
        set_user(review, "femur", matrix)

    for mode in MODES:
        show_mode(review, mode)

        def draw(run: int, mode: str = mode) -> None:
            nudge(run)
            if mode in MIXED:
                pattern = Checkerboard() if mode == "checkerboard" else Spyglass(tuple(middle.tolist()))
                composed = refresh(review, view.node, pattern)
                assert composed.GetImageData().GetDimensions()[:2] == (PIXELS, PIXELS)
            view.draw()

        _print(f"{name}: nudge, {mode}", draw, runs)
    show_mode(review, "contour", contours=False)

    def bare(run: int) -> None:
        nudge(run)
        view.draw()

    _print(f"{name}: peer", bare, runs)
    for pattern in (Checkerboard(), Spyglass(tuple(middle.tolist()))):
        _print(f"{name}: mixed, {type(pattern).__name__}", lambda run, p=pattern: refresh(review, view.node, p), runs)


def _print(title: str, work: Callable[[int], Any], runs: int) -> None:
    times = []
    for run in range(runs + 1):
        start = time.perf_counter()
        work(run)
        times.append(1000.0 * (time.perf_counter() - start))
    median, worst = statistics.median(times[1:]), max(times[1:])
    print(f"{title:36s} median {median:6.1f} ms, largest {worst:6.1f} ms, limit {LIMIT_MS:.0f}: {median <= LIMIT_MS}")


if __name__ == "__main__":
    main()
