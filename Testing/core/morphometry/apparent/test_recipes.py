"""Recipes for apparent parameters on structures that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.morphometry.apparent.blurred_plates import BlurredPlates
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.registry import RECIPES, recipe
from Testing.core.morphometry.apparent.phantoms import (
    MARROW,
    a_field,
    a_patch,
    plates,
    plates_in_all_directions,
    values_of,
)

PUBLISHED = ("reference", "reference-corrected")
OURS = tuple(name for name in RECIPES if name not in PUBLISHED)
MODEL_BASED = ("correlation", "blurred-plates")
WITHOUT_THRESHOLD = ("partial-volume", *MODEL_BASED)


def read(name: str, patch: PatchImage) -> np.ndarray:
    return values_of(recipe(name).read(patch))


def test_recipes_are_known_by_name() -> None:
    assert all(name == found.name and found.version >= 1 and found.formula for name, found in RECIPES.items())
    with pytest.raises(InputError, match="otsu") as refusal:
        recipe("otsu")
    assert all(name in refusal.value.remedy for name in RECIPES)


@pytest.mark.parametrize("angle", [0.0, 45.0, 90.0])
@pytest.mark.parametrize(("thickness", "gap"), [(0.8, 1.2), (1.0, 1.0)])
def test_a_half_way_threshold_finds_thick_plates(thickness: float, gap: float, angle: float) -> None:
    bv_tv, th, sp, number = read("dual-reference", a_patch(plates(thickness, gap, angle), 30.0))
    oblique = 0.5 * (abs(np.cos(np.radians(angle))) + abs(np.sin(np.radians(angle))))
    assert bv_tv == pytest.approx(thickness / (thickness + gap), abs=0.02)
    assert number == pytest.approx(oblique / (thickness + gap), rel=0.04)
    assert (th, sp) == pytest.approx((bv_tv / number, (1.0 - bv_tv) / number))


@pytest.mark.parametrize("angle", [0.0, 30.0])
def test_partial_volumes_give_bone_and_surface_of_thick_plates(angle: float) -> None:
    """With half as much bone in each plate, or the magnitude would fold the overshoot beside its edges."""
    fine, coarse = (
        read("partial-volume", a_patch(0.5 * plates(thick, 1.5 * thick, angle), 100.0)) for thick in (0.8, 1.6)
    )
    assert (fine[0], coarse[0]) == pytest.approx((0.2, 0.2), abs=0.01)
    # 4 / pi is for isotropic structures; the ringing beside edges adds some surface, most to edges far apart
    expected = 0.5 * 4.0 / np.pi / 2.0
    assert 1.0 <= fine[3] / expected < 1.2
    assert 1.0 <= coarse[3] / (0.5 * expected) < 1.4
    assert fine[1:3] == pytest.approx([fine[0] / fine[3], (1.0 - fine[0]) / fine[3]])


@pytest.mark.parametrize("name", WITHOUT_THRESHOLD)
@pytest.mark.parametrize("thickness", [0.15, 0.3])
def test_thin_plates_count_in_full_among_any_noise(name: str, thickness: float) -> None:
    found = [read(name, a_patch(plates(thickness, 0.7, 20.0), snr)) for snr in (10.0, 40.0)]
    assert found[0][0] == pytest.approx(thickness / (0.7 + thickness), abs=0.005)
    assert found[0] == pytest.approx(found[1], rel=0.04)


def test_a_half_way_threshold_does_not_see_thin_plates() -> None:
    assert read("dual-reference", a_patch(plates(0.15, 0.7, 30.0), 40.0))[0] < 0.01


@pytest.mark.parametrize("period", [0.6, 0.75, 0.9])
@pytest.mark.parametrize("bone", [0.2, 0.35])
def test_plates_finer_than_the_image_are_counted_by_their_contrast(bone: float, period: float) -> None:
    found = values_of(BlurredPlates(spread=0.0).read(a_patch(plates_in_all_directions(bone, period))))
    assert found == pytest.approx([bone, bone * period, (1.0 - bone) * period, 1.0 / period], rel=0.1)


@pytest.mark.parametrize(
    ("name", "within"),
    [(name, 0.04) for name in WITHOUT_THRESHOLD]
    + [("dual-reference", 0.25), ("local-adaptive", 0.12), ("reference-corrected", 0.12)],
)
def test_noise_hardly_matters(name: str, within: float) -> None:
    """Two scans of one place: the largest relative difference of any parameter."""
    for bone, wave in [(0.18, 1.1), (0.3, 0.9)]:
        first, second = (read(name, a_patch(a_field(bone, wave), 12.0, seed)) for seed in (1, 2))
        assert np.abs(first / second - 1.0).max() < within


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "reference"])
def test_more_bone_gives_more(name: str) -> None:
    found = [read(name, a_patch(a_field(bone, 1.0)))[0] for bone in (0.12, 0.2, 0.28, 0.36)]
    assert np.all(np.diff(found) > 0.0), found


@pytest.mark.parametrize("name", MODEL_BASED)
def test_more_trabeculae_give_more(name: str) -> None:
    found = np.array([read(name, a_patch(a_field(0.25, wave))) for wave in (1.3, 1.1, 0.9, 0.75)])
    assert np.all(np.diff(found[:, 3]) > 0.0), found
    assert np.all(np.diff(found[:, 1:3], axis=0) < 0.0), found
    assert np.ptp(found[:, 0]) < 0.04


@pytest.mark.parametrize("name", OURS)
def test_the_scale_of_the_signal_does_not_matter(name: str) -> None:
    patch = a_patch(a_field(0.25, 1.0))
    scaled = replace(patch, signal=patch.signal * np.float32(3.7), marrow=patch.marrow * 3.7, noise=patch.noise * 3.7)
    assert read(name, scaled) == pytest.approx(read(name, patch), rel=2e-3)


@pytest.mark.parametrize("name", RECIPES)
def test_the_order_of_axes_does_not_matter(name: str) -> None:
    patch = a_patch(a_field(0.25, 1.0))
    z, y, x = patch.spacing_mm
    signal, inside = (np.ascontiguousarray(np.moveaxis(a, 0, 2)) for a in (patch.signal, patch.inside))
    turned = PatchImage(signal, inside, inside, (y, x, z), patch.marrow, patch.noise, patch.acquired_mm)
    assert read(name, turned) == pytest.approx(read(name, patch), rel=1e-4)


@pytest.mark.parametrize("name", OURS)
def test_what_lies_outside_the_bone_changes_nothing(name: str) -> None:
    patch = a_patch(a_field(0.25, 1.0))
    inside, bone = np.zeros_like(patch.inside), np.zeros_like(patch.bone)
    inside[1:-1, 4:-4, 5:-3] = bone[:, 3:-3, 3:-3] = True
    signal = patch.signal.copy()
    signal[~bone] = 1900.0
    first = read(name, replace(patch, inside=inside, bone=bone))
    assert np.isfinite(first).all()
    assert np.array_equal(read(name, replace(patch, signal=signal, inside=inside, bone=bone)), first)


@pytest.mark.parametrize("name", OURS)
def test_there_is_no_number_without_structure(name: str) -> None:
    empty = np.zeros((10, 30, 30))
    noisy = a_patch(empty)
    smooth = replace(a_patch(empty), signal=np.full(empty.shape, MARROW, np.float32))
    nowhere = replace(a_patch(a_field(0.25, 1.0)), inside=np.zeros((8, 28, 28), dtype=bool))
    for patch in (noisy, smooth, replace(smooth, noise=0.0), a_patch(np.ones_like(empty)), nowhere):
        assert np.isnan(read(name, patch)).all()


@pytest.mark.parametrize("name", RECIPES)
def test_no_recipe_fails_where_nothing_is(name: str) -> None:
    patch = a_patch(a_field(0.25, 1.0))
    for signal in (np.zeros_like(patch.signal), np.full_like(patch.signal, MARROW)):
        assert np.isnan(read(name, replace(patch, signal=signal))).all()
    assert np.isnan(read(name, replace(patch, inside=np.zeros_like(patch.inside)))).all()
