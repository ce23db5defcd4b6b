"""Images of edges and balls whose blurred values and places are known, on grids of any direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners import AXIAL, SAGITTAL, CTProtocol, Tissue, centered_grid, scan_ct
from CTSMALib.virtual.scanners.ct import ct_source
from CTSMALib.virtual.scanners.sampling import sampled
from CTSMALib.virtual.scanners.scan_grid import checked_box, covering_box
from Testing.core.virtual.scanners import phantoms
from Testing.core.virtual.scanners.phantoms import OBLIQUE

LEFT_HANDED = (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
DIRECTIONS = {"axial": AXIAL, "sagittal": SAGITTAL, "left-handed": LEFT_HANDED, "oblique": OBLIQUE}
SIGMA_PER_FWHM = 1.0 / np.sqrt(8.0 * np.log(2.0))
QUIET = CTProtocol("quiet", 0.35, 0.1, 0.4, psf_fwhm_mm=0.7, edge_enhancement=0.0, focal_blur_mm=0.7, noise_hu=0.0)
NORMALS = [(1.0, 0.2, 0.1), (0.1, 0.3, 1.0), (0.6, 0.5, -0.6)]


@pytest.mark.parametrize("normal", NORMALS)
@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_an_edge_is_the_error_function(direction: tuple[float, ...], normal: tuple[float, float, float]) -> None:
    tissue = phantoms.a_half_space(normal, (9.0, 9.0, 9.0))
    grid = QUIET.grid((0.03, 0.05, -0.02), (3.0, 3.0, 3.0), direction)
    hu = sampled(ct_source(tissue, QUIET), grid, checked_box(grid, None), QUIET.point_spread)
    unit = np.array(normal) / np.linalg.norm(normal)
    across = float(unit @ np.reshape(direction, (3, 3))[:, 2]) ** 2
    sigma = np.sqrt((0.7 * SIGMA_PER_FWHM) ** 2 + across * 0.1**2 / 12.0)
    expected = ndtr(phantoms.points_of(grid) @ unit / sigma)
    error = np.abs((hu + 50.0) / 1550.0 - expected).max()
    assert error < 0.001


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_a_ball_is_where_it_was_put(direction: tuple[float, ...]) -> None:
    center = (0.4, -0.7, 0.9)
    tissue = phantoms.a_ball(center, 1.2, 9.0)
    grid = QUIET.grid((0, 0, 0), (7.0, 7.0, 7.0), direction)
    weight = scan_ct(tissue, QUIET, grid, 0).astype(float) + 50.0
    found = np.tensordot(weight, phantoms.points_of(grid), 3) / weight.sum()
    assert found == pytest.approx(center, abs=0.01)
    assert weight.sum() * np.prod(grid.spacing_mm) / 1550.0 == pytest.approx(4.0 / 3.0 * np.pi * 1.2**3, rel=0.01)


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_coarse_and_fine_tissue_agree(direction: tuple[float, ...]) -> None:
    """The weights make up for the blur of the voxels themselves and of interpolation."""
    grid = QUIET.grid((0, 0, 0), (3.0, 3.0, 3.0), direction)
    images = [
        scan_ct(phantoms.a_half_space((1, 0.5, 0.3), (9.0, 9.0, 9.0), fine_mm), QUIET, grid, 0).astype(float)
        for fine_mm in (0.1, 0.3)
    ]
    assert np.abs(images[0] - images[1]).max() < 0.02 * 1550.0


def test_slabs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tissue = phantoms.structure(8.0)
    grids = [QUIET.grid((0, 0, 0), (6.0, 6.0, 6.0), direction) for direction in (AXIAL, OBLIQUE)]
    whole = [scan_ct(tissue, QUIET, grid, 0) for grid in grids]
    monkeypatch.setattr("CTSMALib.virtual.scanners.sampling.SLAB_VOXELS", 5000)
    for grid, expected in zip(grids, whole, strict=True):
        assert np.abs(scan_ct(tissue, QUIET, grid, 0) - expected).max() <= 1


def test_outermost_tissue_repeats_unless_that_is_refused() -> None:
    tissue = phantoms.uniform(Tissue.MUSCLE)
    grid = QUIET.grid((0, 0, 0), (2.0, 2.0, 2.0), OBLIQUE)
    assert np.all(scan_ct(tissue, QUIET, grid, 0) == 60)
    with pytest.raises(InputError, match="too early"):
        scan_ct(tissue, QUIET, grid, 0, refuse_beyond=True)


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_the_margin_of_a_protocol_suffices(direction: tuple[float, ...]) -> None:
    margin = np.array(QUIET.margin_mm)[::-1] @ np.abs(np.reshape(direction, (3, 3))).T
    grid = QUIET.grid((0, 0, 0), (2.0, 2.0, 2.0), direction)
    half = np.abs(grid.corners_mm()).max(axis=0)
    box = centered_grid((0, 0, 0), 2.0 * (half + margin) + 0.2, (0.1, 0.1, 0.1))
    tissue = phantoms.tissue_volume(np.zeros(box.size[::-1]), np.zeros(box.size[::-1], int), box)
    assert np.all(scan_ct(tissue, QUIET, grid, 0, refuse_beyond=True) == -1000)


def test_a_covering_box_encloses_its_points() -> None:
    grid = QUIET.grid((5, 6, 7), (30.0, 30.0, 30.0), OBLIQUE)
    points = np.random.default_rng(0).uniform(-3.0, 3.0, (40, 3)) + (5, 6, 7)
    box = covering_box(grid, points)
    whole = phantoms.points_of(grid)[box].reshape(-1, 3)
    axes = np.reshape(OBLIQUE, (3, 3))
    assert np.all((points @ axes).min(axis=0) >= (whole @ axes).min(axis=0) - 1e-6)
    assert np.all((points @ axes).max(axis=0) <= (whole @ axes).max(axis=0) + 1e-6)
    with pytest.raises(InputError, match="outside"):
        covering_box(grid, [[100.0, 0.0, 0.0]])


def test_scans_of_nothing_and_bad_boxes_are_refused() -> None:
    tissue = phantoms.uniform(Tissue.MUSCLE)
    grid = QUIET.grid((0, 0, 0), (2.0, 2.0, 2.0))
    for box in [(slice(0, 1), slice(0, 1), slice(3, 3)), (slice(0, 99),) * 3, (slice(0, 4, 2),) * 3]:
        with pytest.raises(InputError, match="not a part"):
            scan_ct(tissue, QUIET, grid, 0, box)
    with pytest.raises(InputError, match="outside the tissue"):
        scan_ct(tissue, QUIET, QUIET.grid((50, 0, 0), (2.0, 2.0, 2.0)), 0)
    with pytest.raises(InputError, match="not perpendicular"):
        scan_ct(tissue, QUIET, replace(grid, direction=(1.0, 0.5, 0, 0, 1, 0, 0, 0, 1)), 0)
    with pytest.raises(InputError, match="positive"):
        scan_ct(tissue, QUIET, replace(grid, spacing_mm=(0.0, 1.0, 1.0)), 0)
