"""Interpolation on grids, and one structure of two units of length."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.lattice import coarser, onto, spanned
from CTSMALib.virtual.material.noise import smooth_noise
from CTSMALib.virtual.material.two_sided import Side, TwoSidedFamily
from CTSMALib.virtual.microstructure.families import field_family
from CTSMALib.virtual.microstructure.structure import Microstructure, box_around

LATTICE = Field(np.random.default_rng(0).random((7, 8, 9)).astype(np.float32), (-1.0, 0.0, 2.0), 0.5)


def test_a_spanned_grid_has_the_values_of_its_points():
    z, y, x = np.array([-2.0, 0.3, 1.1]), np.array([3.2, 0.1]), np.array([2.0, 2.2, 5.9, 9.0])
    points = np.stack(np.meshgrid(z, y, x, indexing="ij")[::-1], axis=-1)
    np.testing.assert_allclose(spanned(LATTICE, (z, y, x)), LATTICE.at(points), atol=1e-5)


def test_a_coarse_lattice_leads_back_to_a_smooth_field():
    z, y, x = LATTICE.axes_mm
    plane = LATTICE.like((z[:, None, None] + 2 * y[:, None] - x).astype(np.float32))
    coarse = coarser(plane, 1.0)
    np.testing.assert_allclose(
        onto(coarse.values, coarse, plane)[:-1, :-1, :-1], plane.values[:-1, :-1, :-1], atol=1e-5
    )


def test_noise_has_unit_variance_anywhere():
    noise = smooth_noise((1, 2), 8.0)
    axes = tuple(np.arange(0.0, 64.0, 1.0) for _ in range(3))
    assert noise.sample(axes).std() == pytest.approx(1.0, abs=0.1)


def test_trabeculae_are_closer_together_on_one_side():
    family = field_family(3, 0.2, 0.4, wavelengths=10)
    places = np.array([-50.0, 50.0])
    medial, lateral = (Side((places,) * 3, (places / unit,) * 3) for unit in (0.8, 1.2))
    table = np.linspace(0.0, 2.0, 11).astype(np.float32)
    two = TwoSidedFamily(family, medial, lateral, 0.0, 3.0, table)
    structure = Microstructure(two, lambda axes: axes, lambda axes: np.full(tuple(map(len, axes)), 0.2, np.float32))
    roughness = []
    for x in (-10.0, 0.0, 10.0):
        level = two.level(box_around((4.0, 5.0, x), 5.0, 0.1).axes())
        roughness.append(float(np.abs(np.diff(level, axis=0)).mean() / level.std()))
    assert roughness[0] / roughness[2] == pytest.approx(1.5, rel=0.15)
    assert roughness[2] < roughness[1] < roughness[0]
    assert structure.fraction(box_around((4.0, 5.0, 0.0), 3.0, 0.1)).max() == 1.0
