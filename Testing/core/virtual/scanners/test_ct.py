"""The virtual CT: sharpness, slice profile, CT numbers, beam hardening, calibration, parts of scans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners import AXIAL, CT_PROTOCOLS, CTKernel, CTProtocol, Tissue, covering_box, scan_ct
from CTSMALib.virtual.scanners.ct_numbers import HU_AT_120
from Testing.core.virtual.scanners import phantoms
from Testing.core.virtual.scanners.phantoms import OBLIQUE

TURNED = (np.cos(0.5), -np.sin(0.5), 0.0, np.sin(0.5), np.cos(0.5), 0.0, 0.0, 0.0, 1.0)
WANTED_MTF = {"smooth": (0.4, 0.72), "medium": (0.65, 1.05), "sharp": (1.0, 1.55)}
CUBE = np.array(np.meshgrid((-1, 1), (-1, 1), (-1, 1))).reshape(3, -1).T


def a_quiet(protocol: CTProtocol) -> CTProtocol:
    return replace(protocol, noise_hu=0.0)


@pytest.mark.parametrize("direction", [AXIAL, TURNED], ids=["aligned", "turned"])
@pytest.mark.parametrize("wanted", WANTED_MTF.values(), ids=WANTED_MTF)
def test_the_mtf_is_as_requested(wanted: tuple[float, float], direction: tuple[float, ...]) -> None:
    kernel = CTKernel.from_mtf(*wanted)
    protocol = CTProtocol(psf_fwhm_mm=kernel.fwhm_mm, edge_enhancement=kernel.edge_enhancement)
    assert phantoms.ct_mtf(protocol, direction) == pytest.approx(wanted, rel=0.03)


@pytest.mark.parametrize("name", CT_PROTOCOLS)
def test_presets_are_as_sharp_as_they_say(name: str) -> None:
    kernel = CT_PROTOCOLS[name].kernel
    found = phantoms.ct_mtf(CT_PROTOCOLS[name])
    assert found == pytest.approx((kernel.mtf50_per_mm, kernel.mtf10_per_mm), rel=0.03)


@pytest.mark.parametrize("enhancement", [0.0, 0.4, 1.0])
def test_the_width_of_the_point_spread_is_as_requested(enhancement: float) -> None:
    protocol = CTProtocol(pixel_mm=0.05, psf_fwhm_mm=0.6, edge_enhancement=enhancement, noise_hu=0.0, slice_mm=3.0)
    grid = protocol.grid((0, 0, 0), (1.6, 1.6, 0.4))
    tissue = phantoms.a_ball((0, 0, 0), 0.1, 4.0, 0.05)
    line = scan_ct(replace(tissue, bone=tissue.bone * 20.0), protocol, grid, 0)[0, 16].astype(float) + 50.0
    wide = np.flatnonzero(line > 0.5 * line.max())
    assert (wide[-1] - wide[0]) * 0.05 == pytest.approx(0.6, abs=0.06)


@pytest.mark.parametrize(("fwhm_mm", "expected"), [(0.4, 0.44), (0.5, 0.36), (0.7, 0.26), (1.0, 0.19)])
def test_a_thin_plate_keeps_the_known_contrast(fwhm_mm: float, expected: float) -> None:
    """Peak contrast of a plate of 0.2 mm, reference-method f.3."""
    protocol = CTProtocol(psf_fwhm_mm=fwhm_mm, edge_enhancement=0.0, noise_hu=0.0)
    grid = protocol.grid((0, 0, 0), (0.35, 0.35, 0.4))
    hu = scan_ct(phantoms.a_plate(0.2, (1, 0, 0), 10.0), protocol, grid, 0)
    assert (hu[0, 0, 0] + 50.0) / 1550.0 == pytest.approx(expected, abs=0.02)


def test_a_gaussian_kernel_has_the_known_mtf() -> None:
    kernel = CTKernel(0.8)
    assert kernel.mtf50_per_mm == pytest.approx(0.441 / 0.8, rel=0.005)
    assert kernel.mtf10_per_mm == pytest.approx(0.804 / 0.8, rel=0.005)
    assert CTKernel.from_mtf(kernel.mtf50_per_mm, kernel.mtf10_per_mm).fwhm_mm == pytest.approx(0.8, rel=1e-3)


def test_edge_enhancement_overshoots() -> None:
    tissue = phantoms.a_half_space((1, 0, 0), (16.0, 8.0, 1.0), label=Tissue.FLUID)
    grid = CT_PROTOCOLS["sharp"].grid((0, 0, 0), (8.0, 2.0, 0.4))
    sharp = scan_ct(tissue, a_quiet(CT_PROTOCOLS["sharp"]), grid, 0)
    soft = scan_ct(tissue, a_quiet(CT_PROTOCOLS["soft"]), grid, 0)
    assert sharp.max() > 1520 and sharp.min() < -10
    assert soft.min() >= 0 and soft.max() <= 1500


@pytest.mark.parametrize("slice_mm", [0.5, 1.0, 3.0])
def test_the_slice_profile_is_a_blurred_box(slice_mm: float) -> None:
    protocol = CTProtocol(slice_mm=slice_mm, increment_mm=0.05, focal_blur_mm=0.25, noise_hu=0.0)
    sheet = phantoms.a_plate(0.1, (0, 0, 1), 10.1)  # one voxel thick, ten times as dense as bone
    sheet = replace(sheet, bone=10.0 * sheet.bone).crop((slice(None), slice(0, 3), slice(0, 3)))
    grid = protocol.grid(sheet.grid.origin_mm[:2] + (0.0,), (0.3, 0.3, 6.0))
    profile = scan_ct(sheet, protocol, grid, 0)[:, 0, 0].astype(float) + 50.0
    z = phantoms.points_of(grid)[:, 0, 0, 2]
    sigma = 0.25 / np.sqrt(8.0 * np.log(2.0))
    expected = (ndtr((z + 0.5 * slice_mm) / sigma) - ndtr((z - 0.5 * slice_mm) / sigma)) * 1550.0 / slice_mm
    assert np.abs(profile - expected).max() < 0.02 * expected.max()
    wide = np.flatnonzero(profile > 0.5 * profile.max())
    assert (wide[-1] - wide[0] + 1) * 0.05 == pytest.approx(slice_mm, abs=0.06)


@pytest.mark.parametrize("tissue", [t for t in Tissue if t != Tissue.METAL])
def test_pure_tissues_have_their_numbers(tissue: Tissue) -> None:
    protocol = a_quiet(CT_PROTOCOLS["sharp"])
    grid = protocol.grid((0, 0, 0), (1.0, 1.0, 1.0))
    assert np.all(scan_ct(phantoms.uniform(tissue), protocol, grid, 0) == HU_AT_120[tissue])


def test_bone_mixes_by_volume_and_metal_saturates() -> None:
    protocol = a_quiet(CT_PROTOCOLS["bone"])
    grid = protocol.grid((0, 0, 0), (1.0, 1.0, 1.0))
    for fraction, expected in [(0.2, 260), (0.3, 415), (0.4, 570), (1.0, 1500)]:  # reference-method f.3
        assert np.abs(scan_ct(phantoms.uniform(Tissue.MARROW, fraction), protocol, grid, 0) - expected).max() <= 1
    assert np.all(scan_ct(phantoms.uniform(Tissue.METAL), protocol, grid, 0) == 3071)
    changed = replace(protocol, tissue_hu={Tissue.MARROW: -20.0})
    assert np.all(scan_ct(phantoms.uniform(Tissue.MARROW), changed, grid, 0) == -20)


def test_lower_tube_voltages_raise_bone_and_lower_fat() -> None:
    grid = CTProtocol().grid((0, 0, 0), (1.0, 1.0, 1.0))
    protocols = [CTProtocol(kvp=kvp, noise_hu=0.0) for kvp in (80, 100, 120, 140)]
    bone = [scan_ct(phantoms.uniform(Tissue.MARROW, 1.0), p, grid, 0).mean() for p in protocols]
    fat = [scan_ct(phantoms.uniform(Tissue.FAT), p, grid, 0).mean() for p in protocols]
    muscle = [scan_ct(phantoms.uniform(Tissue.MUSCLE), p, grid, 0).mean() for p in protocols]
    assert np.all(np.diff(bone) < 0) and 1.2 < bone[0] / bone[2] < 1.5
    assert np.all(np.diff(fat) > 0) and set(muscle) == {60.0}


def test_calibration_drift_and_beam_hardening() -> None:
    protocol = CTProtocol(noise_hu=0.0, slope=1.02, offset_hu=-7.0)
    grid = protocol.grid((0, 0, 0), (1.0, 1.0, 1.0))
    assert np.all(scan_ct(phantoms.uniform(Tissue.MUSCLE), protocol, grid, 0) == round(60 * 1.02 - 7))
    cupped = CTProtocol(noise_hu=0.0, cupping=0.02, tilt=(0.01, 0.0), pixel_mm=0.5)
    grid = cupped.grid((0, 0, 0), (140.5, 140.5, 0.4))
    hu = scan_ct(phantoms.uniform(Tissue.MUSCLE), cupped, grid, 0)[0]
    middle, last = 140, 280
    assert hu[0, middle] - hu[middle, middle] == pytest.approx(0.02 * 1060, abs=1)
    assert hu[middle, last] - hu[middle, 0] == pytest.approx(2 * 0.01 * 1060, abs=1)
    air = scan_ct(phantoms.uniform(Tissue.AIR), cupped, grid, 0)
    assert np.all(air == -1000)


@pytest.mark.parametrize("direction", [AXIAL, OBLIQUE], ids=["aligned", "oblique"])
@pytest.mark.parametrize("name", CT_PROTOCOLS)
def test_a_box_equals_the_cut_out(name: str, direction: tuple[float, ...]) -> None:
    protocol = replace(CT_PROTOCOLS[name], cupping=0.02)
    tissue = phantoms.structure(16.0)
    grid = protocol.grid((0.1, 0.2, 0.3), (15.0, 15.0, 15.0), direction)
    box = covering_box(grid, 1.5 * CUBE)
    whole = scan_ct(tissue, protocol, grid, 5)[box].astype(int)
    part = scan_ct(tissue.crop((slice(7, 74),) * 3), protocol, grid, 5, box).astype(int)
    assert whole.std() > 30.0
    assert np.abs(part - whole).max() <= 1
    assert np.mean(part != whole) < 0.02


def test_the_same_seed_gives_the_same_scan() -> None:
    protocol = CT_PROTOCOLS["bone"]
    tissue, grid = phantoms.structure(6.0), protocol.grid((0, 0, 0), (5.0, 5.0, 5.0), OBLIQUE)
    first = scan_ct(tissue, protocol, grid, 1)
    assert np.array_equal(first, scan_ct(tissue, protocol, grid, 1))
    difference = first.astype(float) - scan_ct(tissue, protocol, grid, 2)
    assert difference.std() == pytest.approx(np.sqrt(2.0) * protocol.noise_hu, rel=0.15)
    assert first.dtype == np.int16


@pytest.mark.parametrize(
    "wrong",
    [
        {"pixel_mm": 0.0},
        {"slice_mm": -1.0},
        {"noise_hu": float("nan")},
        {"psf_fwhm_mm": 0.01},
        {"edge_enhancement": -0.1},
        {"kvp": 125},
        {"cupping": 0.5},
        {"tilt": (0.0, 1.0)},
        {"slope": 0.0},
    ],
    ids=str,
)
def test_bad_protocols_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError) as refusal:
        CTProtocol(**wrong)
    assert refusal.value.message.endswith(".") and refusal.value.remedy.endswith(".")


def test_impossible_kernels_are_refused() -> None:
    for wanted in [(1.0, 1.05), (0.5, 2.0), (0.0, 1.0)]:
        with pytest.raises(InputError, match="No kernel"):
            CTKernel.from_mtf(*wanted)
