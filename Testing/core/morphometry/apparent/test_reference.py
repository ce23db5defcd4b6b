"""The published recipe does what it was found to do, and its corrected form does better."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.reference import CorrectedReference, Reference
from Testing.core.morphometry.apparent.phantoms import a_field, a_patch, values_of

# thickness and gap in pixels of 0.1 mm; Tb.Th, Tb.Sp, BV/TV, Tb.N as measured with the published program
FOUND = {(2, 6): (0.102, 0.899, 0.102, 1.00), (2, 4): (0.101, 0.596, 0.146, 1.44), (4, 4): (0.202, 0.600, 0.252, 1.25)}


def stripes(thick: int, gap: int, bright: bool) -> PatchImage:
    """Plates of which those that the recipe takes for bone are bright or dark, at its own resolution."""
    line = np.arange(240) % (thick + gap) < thick
    signal = np.broadcast_to(np.where(line == bright, 1000.0, 10.0), (2, 240, 240)).astype(np.float32)
    inside = np.zeros(signal.shape, dtype=bool)
    inside[:, 20:-20, 20:-20] = True
    return PatchImage(signal, inside, np.ones_like(inside), (0.75, 0.1, 0.1), 1000.0, 0.0, 0.1)


@pytest.mark.parametrize("plate", FOUND)
def test_the_published_recipe_gives_what_was_found(plate: tuple[int, int]) -> None:
    bv_tv, th, sp, number = values_of(Reference().read(stripes(*plate, bright=True)))
    assert (th, sp, bv_tv, number) == pytest.approx(FOUND[plate], rel=0.03)


def test_thickness_comes_in_whole_pixels() -> None:
    thin, thick = (values_of(Reference().read(stripes(n, 6, bright=True)))[1] for n in (1, 2))
    assert thin == pytest.approx(thick, rel=0.03)


def test_the_published_recipe_hardly_sees_bone_volume() -> None:
    found = [values_of(Reference().read(a_patch(a_field(bone, 1.0), 40.0)))[0] for bone in (0.15, 0.25, 0.35)]
    assert np.ptp(found) < 0.03


def test_the_published_recipe_depends_on_the_scale_of_the_signal() -> None:
    """Its offset is a number of the scanner's units."""
    patch = stripes(2, 6, bright=True)
    faint = PatchImage(patch.signal / 1000.0, patch.inside, patch.bone, patch.spacing_mm, 1.0, 0.0, 0.1)
    assert np.isnan(values_of(Reference().read(faint))).all()


@pytest.mark.parametrize(("thick", "gap"), [(2, 6), (2, 4), (4, 4)])
def test_the_corrected_recipe_finds_dark_plates(thick: int, gap: int) -> None:
    found = values_of(CorrectedReference().read(stripes(thick, gap, bright=False)))
    expected = [thick / (thick + gap), 0.1 * thick, 0.1 * gap, 10.0 / (thick + gap)]
    assert found == pytest.approx(expected, rel=0.05)
