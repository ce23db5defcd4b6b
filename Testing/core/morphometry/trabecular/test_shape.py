"""The structure model index and the pattern factor of ideal shapes."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_fraction
from CTSMALib.morphometry.trabecular.shape import pattern_factor, structure_model_index
from CTSMALib.morphometry.trabecular.surface import bone_surface
from Testing.core.morphometry.trabecular import fields
from Testing.core.morphometry.trabecular.fields import Shape, a_field, odd_images

SHAPES = [fields.plates(), fields.rods(), fields.rods(0.8, 1.6), fields.spheres(0.6), fields.spheres(), fields.shells()]
NAMES = ["plates", "rods", "thick rods", "small balls", "balls", "shells"]


def the_index(image: BoneImage) -> float:
    return structure_model_index(bone_surface(image), float(image.fraction.sum()) * image.voxel_mm3)


@pytest.mark.parametrize("spacing", [fields.VOXEL_MM, (0.1, 0.2, 0.1)], ids=["cubic", "long"])
@pytest.mark.parametrize("shape", SHAPES, ids=NAMES)
def test_plates_rods_and_balls_are_told_apart(shape: Shape, spacing: tuple[float, float, float]) -> None:
    image = a_field(shape, 6.0, spacing, rotation=3)
    assert the_index(image) == pytest.approx(shape.truth["smi"], abs=0.1)


@pytest.mark.parametrize("shape", SHAPES, ids=NAMES)
def test_the_pattern_factor_is_the_mean_curvature(shape: Shape) -> None:
    found = pattern_factor(bone_surface(a_field(shape, 6.0, rotation=3)))
    assert found == pytest.approx(shape.truth["tb_pf_per_mm"], rel=0.04, abs=0.01)


def test_holes_count_negative() -> None:
    image = a_field(fields.spheres(), 5.0, rotation=1)
    holes = from_fraction(1.0 - image.fraction, image.spacing_mm)
    assert the_index(holes) < 0.0
    assert pattern_factor(bone_surface(holes)) == pytest.approx(-pattern_factor(bone_surface(image)), rel=0.01)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["no bone", "all bone", "one voxel", "an empty mask"])
def test_without_surface_there_is_no_shape(name: str) -> None:
    surface = bone_surface(odd_images()[name])
    assert np.isnan(structure_model_index(surface, 1.0))
    assert np.isnan(pattern_factor(surface))
