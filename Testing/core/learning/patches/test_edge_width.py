"""The sharpness that a patch set states is the one that is measured on whole scans."""

from __future__ import annotations

import pytest

from CTSMALib.learning.patches.edge_width import edge_width_mm
from CTSMALib.virtual.scanners.ct_kernel import CTKernel
from CTSMALib.virtual.scanners.line_response import GaussianMTF, SliceMTF


def test_a_gaussian_is_as_wide_as_it_is() -> None:
    assert edge_width_mm(GaussianMTF(0.7)) == pytest.approx(0.7, rel=1e-3)


def test_a_sharp_kernel_looks_narrower_than_its_point_spread() -> None:
    # a whole virtual scan with this kernel was measured at 0.42 mm
    assert edge_width_mm(CTKernel(0.582, 0.6)) == pytest.approx(0.425, abs=0.02)
    assert edge_width_mm(CTKernel(0.582, 0.3)) < 0.9 * 0.582


def test_a_slice_is_wider_the_thicker_it_is() -> None:
    thin, thick = (edge_width_mm(SliceMTF(mm, 0.3)) for mm in (0.5, 1.5))
    assert 0.4 < thin < 0.5 and 1.0 < thick < 1.3
