"""Greedy (picsl-greedy, Yushkevich et al.) as an engine: NMI with six degrees of freedom inside a mask."""

from __future__ import annotations

import os
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from picsl_greedy import Greedy3D

from CTSMALib.registration.engines.mutual_information import COARSE, FINE, MutualInformation, fit_all
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import AROUND_MM
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.rigid_fit import Fit, judged
from CTSMALib.volumes.rigid import Matrix

AIR_HU, DENSEST_HU = -200.0, 1500.0
# Random jitter of the samples finds the place, and costs accuracy at the end.
CALLS = ("-n 100x50x0", "-n 20 -jitter 0")
_FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])  # greedy's matrices are RAS


class Greedy:
    """See :class:`~CTSMALib.registration.engines.engine.Engine`.

    Its first samples are drawn at random, so that a repetition may differ by some hundredths of a millimeter.
    """

    name = "greedy"
    version = version("picsl-greedy")

    def refine(self, fixed: FixedKnee, bone: str, moving: MovingKnee, starts: list[Matrix]) -> list[Fit]:
        """Coarse fits from all starts by the project's own engine, then greedy from the best."""
        matrix = fit_all(fixed, bone, moving, starts, COARSE)[0].matrix if len(starts) > 1 else starts[0]
        region = fixed.bones[bone]
        mask = sitk.GetImageFromArray((region.depth_mm > -AROUND_MM).astype(np.uint8))
        mask.CopyInformation(region.region)
        ct = sitk.Resample(fixed.ct, _finer(region.region), sitk.Transform(), sitk.sitkLinear, AIR_HU, sitk.sitkFloat32)
        ct = sitk.Clamp(ct, sitk.sitkFloat32, AIR_HU, DENSEST_HU) - AIR_HU
        mask = sitk.Resample(mask, ct, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        for options in CALLS:
            matrix = _called(ct, sitk.Cast(moving.image, sitk.sitkFloat32), mask, matrix, options)
        engine = MutualInformation()
        return [judged(engine.points(fixed, bone, FINE), moving.level(FINE[0]), matrix)]


def _finer(region: sitk.Image, spacing_mm: float = 0.7) -> sitk.Image:
    size = [int(n * s / spacing_mm) for n, s in zip(region.GetSize(), region.GetSpacing(), strict=True)]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetOrigin(region.GetOrigin())
    grid.SetDirection(region.GetDirection())
    grid.SetSpacing([spacing_mm] * 3)
    return grid


def _called(ct: sitk.Image, mr: sitk.Image, mask: sitk.Image, start: Matrix, options: str) -> Matrix:
    """One call, from a start to what it finds."""
    greedy = Greedy3D()
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w", encoding="utf-8") as nowhere:
        first = Path(folder) / "start.mat"  # a start is taken from a file only
        np.savetxt(first, _FLIP @ start @ _FLIP)
        command = f'-threads 1 -i fixed moving -gm mask -ia "{first}" -a -dof 6 -m NMI -o found {options}'
        greedy.execute(command, nowhere, nowhere, found=None, fixed=ct, moving=mr, mask=mask)
    matrix: Matrix = _FLIP @ np.array(greedy["found"]) @ _FLIP
    return matrix
