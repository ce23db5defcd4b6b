"""The virtual MR scanner: contrast, resolution, broadening of bone, coil, distortion, parts of scans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners import (
    AXIAL,
    MR_PROTOCOLS,
    SAGITTAL,
    GradientDistortion,
    MRProtocol,
    Relaxation,
    Sequence,
    Tissue,
    TissueVolume,
    covering_box,
    scan_mr,
)
from CTSMALib.virtual.scanners.bone_broadening import broadened
from CTSMALib.virtual.scanners.line_response import WindowMTF
from CTSMALib.virtual.scanners.mr_signal import RELAXATION, signal, tissue_signals
from Testing.core.virtual.scanners import phantoms
from Testing.core.virtual.scanners.phantoms import OBLIQUE

QUIET = MRProtocol(snr=1000.0, bias_range=0.0, broadening_mm=0.0)
CUBE = np.array(np.meshgrid((-1, 1), (-1, 1), (-1, 1))).reshape(3, -1).T
# Relative to marrow at TR 10 and TE 5 ms, reference-method f.4: rough, as the transverse decay counts twice there.
BALANCED = {
    35.0: {Tissue.MUSCLE: 0.21, Tissue.CARTILAGE: 0.26, Tissue.FLUID: 0.96},
    60.0: {Tissue.MUSCLE: 0.11, Tissue.CARTILAGE: 0.14, Tissue.FLUID: 0.83},
}


def half_filled(tissue: TissueVolume) -> TissueVolume:
    """Half as much bone, so that no overshoot makes the signal negative, which a magnitude image would fold."""
    return replace(tissue, bone=0.5 * tissue.bone)


@pytest.mark.parametrize("flip", BALANCED)
def test_balanced_contrast_is_as_published(flip: float) -> None:
    signals = tissue_signals(Sequence("bffe", 10.0, 5.0, flip), {})
    for tissue, expected in BALANCED[flip].items():
        assert signals[tissue] / signals[Tissue.MARROW] == pytest.approx(expected, rel=0.13)


@pytest.mark.parametrize("tissue", [Tissue.MARROW, Tissue.CARTILAGE, Tissue.FLUID])
def test_balanced_signals_with_short_times_depend_on_t1_over_t2(tissue: Tissue) -> None:
    cosine = np.cos(np.radians(50.0))
    times = RELAXATION[tissue]
    expected = np.sin(np.radians(50.0)) / (1.0 + cosine + (1.0 - cosine) * times.t1_ms / times.t2_ms)
    assert signal(Sequence("bffe", 2.0, 1.0, 50.0), times) == pytest.approx(expected, rel=0.01)


def test_contrasts_of_the_presets_are_in_order() -> None:
    t1 = MR_PROTOCOLS["t1"].tissue_values()
    assert t1[Tissue.FAT] > t1[Tissue.RED_MARROW] > t1[Tissue.EDEMA] > t1[Tissue.MUSCLE] > t1[Tissue.FLUID]
    pd_fs = MR_PROTOCOLS["pd_fs"].tissue_values()
    assert pd_fs[Tissue.FLUID] > pd_fs[Tissue.EDEMA] > pd_fs[Tissue.CARTILAGE] > pd_fs[Tissue.MARROW]
    assert pd_fs[Tissue.CARTILAGE] > pd_fs[Tissue.MENISCUS] > pd_fs[Tissue.TENDON]
    bffe = MR_PROTOCOLS["bffe"].tissue_values()
    assert bffe[Tissue.MARROW] > bffe[Tissue.EDEMA] and bffe[Tissue.AIR] == bffe[Tissue.METAL] == 0.0


def test_a_spoiled_echo_has_most_signal_at_the_ernst_angle() -> None:
    ernst = float(np.degrees(np.arccos(np.exp(-20.0 / 365.0))))
    signals = [
        tissue_signals(Sequence("gradient echo", 20.0, 5.0, flip), {})[Tissue.MARROW]
        for flip in (ernst - 3.0, ernst, ernst + 3.0)
    ]
    assert signals[1] > max(signals[0], signals[2])


@pytest.mark.parametrize("tissue", [Tissue.MARROW, Tissue.MUSCLE, Tissue.FLUID])
def test_pure_tissues_have_their_values_and_bone_has_none(tissue: Tissue) -> None:
    grid = QUIET.grid((0, 0, 0), (4.0, 4.0, 4.0))
    expected = QUIET.tissue_values()[tissue]
    assert scan_mr(phantoms.uniform(tissue), QUIET, grid, 1).mean() == pytest.approx(expected, rel=0.005)
    assert scan_mr(phantoms.uniform(tissue, 0.4), QUIET, grid, 1).mean() == pytest.approx(0.6 * expected, rel=0.005)
    assert scan_mr(phantoms.uniform(tissue, 1.0), QUIET, grid, 1).mean() < 2.0  # noise at an SNR of 1000
    changed = replace(QUIET, relaxation={tissue: Relaxation(800.0, 5.0, 0.0)} if tissue != Tissue.MARROW else {})
    assert (scan_mr(phantoms.uniform(tissue), changed, grid, 1).mean() < 2.0) == (tissue != Tissue.MARROW)


@pytest.mark.parametrize("acquired_mm", [0.25, 0.35, 0.45])
@pytest.mark.parametrize(
    "direction", [AXIAL, (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)], ids=["aligned", "turned"]
)
def test_the_resolution_is_what_was_acquired(acquired_mm: float, direction: tuple[float, ...]) -> None:
    """MTF along the image's x from an edge, against the window in k-space."""
    protocol = replace(QUIET, acquired_mm=acquired_mm)
    per_mm = np.linspace(0.02, 2.5, 500)
    wanted = WindowMTF(acquired_mm, protocol.window_fade)(per_mm)
    expected = [phantoms.frequency_at(wanted, per_mm, level) for level in (0.5, 0.1)]
    assert phantoms.mr_mtf(protocol, direction) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("thickness_mm", [0.2, 0.3, 0.6])
@pytest.mark.parametrize("normal", [(0.0, 0.0, 1.0), (1.0, 1.0, 0.3), (1.0, -0.4, 0.6)])
def test_plates_gain_the_broadening(normal: tuple[float, float, float], thickness_mm: float) -> None:
    """Volume within a box that the plate crosses; true from plates of two voxels on."""
    lower, upper = (phantoms.a_half_space(normal, (6.0,) * 3, at_mm=at * thickness_mm) for at in (-0.5, 0.5))
    plate = replace(lower, bone=lower.bone - upper.bone)
    box = (slice(12, 48),) * 3
    ratio = broadened(plate, 0.08, box)[0].sum() / plate.bone[box].sum()
    assert (ratio - 1.0) * thickness_mm == pytest.approx(0.08, abs=0.006)


def test_a_ball_looks_larger_by_the_broadening() -> None:
    tissue, grid = half_filled(phantoms.a_ball((0, 0, 0), 1.0, 10.0)), QUIET.grid((0, 0, 0), (6.0,) * 3, SAGITTAL)
    for broadening_mm in (0.0, 0.08):
        image = scan_mr(tissue, replace(QUIET, broadening_mm=broadening_mm), grid, 0) / 600.0
        missing = np.sum(1.0 - image) / 0.5 * np.prod(grid.spacing_mm)
        assert (missing / (4.0 / 3.0 * np.pi)) ** (1.0 / 3.0) == pytest.approx(1.0 + 0.5 * broadening_mm, abs=0.01)


def test_the_coil_varies_smoothly_and_by_what_was_requested() -> None:
    protocol = replace(QUIET, bias_range=0.35, pixel_mm=2.0, acquired_mm=2.0, increment_mm=4.0)
    grid = protocol.grid((0, 0, 0), (120.0, 140.0, 100.0))
    for seed in range(3):
        image = scan_mr(phantoms.uniform(Tissue.MARROW), protocol, grid, seed) / 600.0
        assert np.ptp(image) == pytest.approx(0.35, abs=0.06)
        assert image.mean() == pytest.approx(1.0, abs=0.05)
        assert np.abs(np.diff(image.mean(axis=0), axis=1)).max() < 0.04
    other = scan_mr(phantoms.uniform(Tissue.MARROW), protocol, grid, 3) / 600.0
    assert np.abs(other - image).max() > 0.05


def test_gradient_distortion_moves_things_as_it_says() -> None:
    distortion = GradientDistortion((0.8, -0.6, 0.7), 20.0)
    assert distortion.displacement_mm([20.0, 0.0, 0.0])[0] == pytest.approx((0.8, 0.0, 0.0))
    center = np.array((9.0, 10.0, -8.0))
    assert distortion.shown_at(center) + distortion.displacement_mm(distortion.shown_at(center)) == pytest.approx(
        center[None], abs=1e-6
    )
    tissue = phantoms.a_ball((0, 0, 0), 1.0, 8.0)
    tissue = replace(tissue, grid=replace(tissue.grid, origin_mm=tuple(np.array(tissue.grid.origin_mm) + center)))
    moved = []
    for used in (GradientDistortion(), distortion):
        protocol = replace(QUIET, distortion=used)
        grid = protocol.grid(center, (6.0, 6.0, 6.0), OBLIQUE)
        weight = 600.0 - np.minimum(scan_mr(tissue, protocol, grid, 0), 597.0)
        weight[weight < 30.0] = 0.0
        moved.append(np.tensordot(weight, phantoms.points_of(grid), 3) / weight.sum())
    assert moved[0] == pytest.approx(center, abs=0.02)
    assert moved[1] == pytest.approx(distortion.shown_at(center)[0], abs=0.04)
    assert np.linalg.norm(moved[1] - moved[0]) > 0.15


@pytest.mark.parametrize(
    "distortion", [GradientDistortion(), GradientDistortion((0.6, 0.6, 0.6), 8.0)], ids=["", "warped"]
)
@pytest.mark.parametrize("direction", [SAGITTAL, OBLIQUE], ids=["sagittal", "oblique"])
@pytest.mark.parametrize("name", MR_PROTOCOLS)
def test_a_box_equals_the_cut_out(name: str, direction: tuple[float, ...], distortion: GradientDistortion) -> None:
    protocol = replace(MR_PROTOCOLS[name], distortion=distortion)
    tissue = phantoms.structure(18.0)
    grid = protocol.grid((0.1, 0.2, 0.3), (15.0, 15.0, 15.0), direction)
    box = covering_box(grid, 1.5 * CUBE)
    whole = scan_mr(tissue, protocol, grid, 5)[box].astype(int)
    part = scan_mr(tissue.crop((slice(5, 86),) * 3), protocol, grid, 5, box).astype(int)
    assert whole.std() > 20.0
    assert np.abs(part - whole).max() <= 1
    assert np.mean(part != whole) < 0.02


def test_the_same_seed_gives_the_same_scan() -> None:
    protocol = MR_PROTOCOLS["bffe"]
    tissue, grid = phantoms.structure(6.0), protocol.grid((0, 0, 0), (5.0, 5.0, 5.0), OBLIQUE)
    first = scan_mr(tissue, protocol, grid, 1)
    assert np.array_equal(first, scan_mr(tissue, protocol, grid, 1))
    assert np.abs(first - scan_mr(tissue, protocol, grid, 2)).mean() > 10.0
    assert first.dtype == np.int16


@pytest.mark.parametrize(
    "wrong",
    [
        {"pixel_mm": 0.0},
        {"acquired_mm": 0.1},
        {"snr": 0.0},
        {"snr": float("nan")},
        {"broadening_mm": -0.1},
        {"bias_range": 2.0},
        {"window_fade": 1.5},
    ],
    ids=str,
)
def test_bad_protocols_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError) as refusal:
        MRProtocol(**wrong)
    assert refusal.value.message.endswith(".") and refusal.value.remedy.endswith(".")


def test_bad_sequences_and_distortions_are_refused() -> None:
    for wrong in [("bffe", 10.0, 12.0, 50.0), ("bffe", 10.0, 5.0, 0.0), ("inversion", 10.0, 5.0, 50.0)]:
        with pytest.raises(InputError):
            Sequence(*wrong)
    for edge, radius in [((5.0, 0.0, 0.0), 80.0), ((0.5, 0.0, 0.0), 0.0), ((float("nan"), 0.0, 0.0), 80.0)]:
        with pytest.raises(InputError, match="distortion"):
            GradientDistortion(edge, radius)
