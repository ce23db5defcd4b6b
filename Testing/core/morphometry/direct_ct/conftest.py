"""A leg and its references, made once."""

from __future__ import annotations

import pytest
import SimpleITK as sitk

from Testing.core.morphometry.direct_ct.phantoms import a_leg


@pytest.fixture(scope="session")
def a_thick_boned_leg() -> tuple[sitk.Image, sitk.Image]:
    """Cortex of 4 mm and wide layers of fat and muscle, FWHM 0.8 mm, noise 20 HU."""
    return a_leg(
        spacing=(0.6, 0.6, 0.8),
        fwhm=(0.8, 0.8, 0.9),
        size=90.0,
        cortex_mm=4.0,
        fat_mm=7.0,
        marrow=-60.0,
        flesh=(-105.0, 50.0),
    )
