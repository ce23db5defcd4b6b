"""Quantities measured directly on the CT, of a patch and of the whole scan; they are not trabecular parameters."""

from __future__ import annotations

from CTSMALib.catalogue.quantity import Quantity

_IBSI = "Zwanenburg et al., Radiology 2020 (IBSI)"
_OWN = "this project, docs/decisions/0004-ct-quantities.md"
_CELLS = "over the trabecular cells (0.5 mm) of the patch"
_PLANE = "after a plane was subtracted"

_INTENSITY = (
    Quantity(
        "ct_hu_mean",
        "HU mean",
        "HU",
        "Mean CT number",
        f"Mean CT number {_CELLS}.",
        _IBSI,
        (0.0, 600.0),
        0,
        mapped=True,
    ),
    Quantity(
        "ct_hu_sd",
        "HU SD",
        "HU",
        "SD of the CT number",
        f"Standard deviation of the CT number {_CELLS}; contains the noise of the scan.",
        _IBSI,
        (0.0, 250.0),
        0,
        mapped=True,
        lowest=0.0,
    ),
    Quantity(
        "ct_bvf",
        "BVF",
        "1",
        "Bone volume fraction by tissue mixing",
        "Mean CT number of the patch between marrow (0) and solid bone (1) of the same scan, limited to 0 to 1. "
        "Not the BV/TV of a segmented structure: red marrow raises it, fat in excess of the reference lowers it.",
        _OWN,
        (0.0, 0.5),
        3,
        mapped=True,
        lowest=0.0,
    ),
    Quantity(
        "ct_hu_p10",
        "HU p10",
        "HU",
        "10th percentile",
        f"10th percentile of the CT number {_CELLS}.",
        _IBSI,
        (-150.0, 400.0),
        0,
    ),
    Quantity(
        "ct_hu_p90",
        "HU p90",
        "HU",
        "90th percentile",
        f"90th percentile of the CT number {_CELLS}.",
        _IBSI,
        (0.0, 900.0),
        0,
    ),
    Quantity(
        "ct_hu_skewness",
        "Skew",
        "1",
        "Skewness",
        f"Third standardized moment of the CT number {_CELLS}.",
        _IBSI,
        (-1.0, 2.0),
        2,
    ),
    Quantity(
        "ct_hu_kurtosis",
        "Kurt",
        "1",
        "Excess kurtosis",
        f"Fourth standardized moment of the CT number {_CELLS}, minus 3.",
        _IBSI,
        (-1.5, 4.0),
        2,
    ),
    Quantity(
        "ct_hu_entropy",
        "Entropy",
        "bit",
        "Entropy of the CT number",
        f"Shannon entropy of the histogram of the CT number {_CELLS}, bins of 25 HU.",
        _IBSI,
        (1.0, 5.0),
        2,
    ),
    Quantity(
        "ct_hu_slope_proximal",
        "dHU/dz",
        "HU/mm",
        "Slope of the CT number toward proximal",
        "Slope along the proximal axis of the least-squares plane through the patch. "
        "The joint lies proximal of the tibia and distal of the femur, so the sign means opposite things there.",
        _OWN,
        (-60.0, 60.0),
        1,
    ),
)


def _along(
    key: str, symbol: str, unit: str, title: str, definition: str, limits: tuple[float, float], decimals: int
) -> tuple[Quantity, ...]:
    """The same quantity along the three anatomical axes."""
    return tuple(
        Quantity(
            f"{key}_{axis}",
            f"{symbol} {axis[:4]}.",
            unit,
            f"{title}, {axis} axis",
            definition.format(axis=axis),
            _OWN,
            limits,
            decimals,
        )
        for axis in ("proximal", "anterior", "lateral")
    )


_TEXTURE = (
    Quantity(
        "ct_gradient_mean",
        "Grad",
        "HU/mm",
        "Mean gradient",
        "Mean magnitude of the gradient, by central differences over 1 mm between trabecular cells.",
        _OWN,
        (0.0, 300.0),
        0,
    ),
    *_along(
        "ct_gradient",
        "Grad",
        "HU/mm",
        "RMS gradient",
        "Root mean square of the central difference over 1 mm along the {axis} axis.",
        (0.0, 200.0),
        0,
    ),
    *_along(
        "ct_acf",
        "ACF",
        "1",
        "Autocorrelation at 1 mm",
        f"Correlation of cells 1 mm apart along the {{axis}} axis, {_PLANE}.",
        (-0.2, 1.0),
        2,
    ),
    *(
        Quantity(
            f"ct_power_band_{number}",
            f"P {band}",
            "log10(HU^2)",
            f"Power at {band} cycles/mm",
            f"Decadic logarithm of the variance at radial frequencies of {band} cycles/mm, by Fourier transform "
            f"of the patch under a Hann window, {_PLANE}.",
            _OWN,
            (-1.0, 4.5),
            2,
        )
        for number, band in enumerate(("0.10-0.25", "0.25-0.50", "0.50-0.75", "0.75-1.00"), start=1)
    ),
    Quantity(
        "ct_spectral_slope",
        "Slope",
        "1",
        "Slope of the power spectrum",
        "Slope of log10 power density over log10 radial frequency, shells of 0.125 cycles/mm from 0.25 to 0.875.",
        _OWN,
        (-8.0, 1.0),
        2,
    ),
    Quantity(
        "ct_spectral_centroid",
        "Centroid",
        "1/mm",
        "Centroid of the power spectrum",
        "Power-weighted mean radial frequency from 0.1 to 1 cycles/mm.",
        _OWN,
        (0.1, 0.9),
        2,
    ),
    *(
        Quantity(
            f"ct_contrast_{name}",
            f"DoG {name}",
            "HU",
            f"Contrast of {name} structure",
            f"Standard deviation of the difference of two Gaussian blurs, {sigmas}, {_PLANE}.",
            _OWN,
            limits,
            0,
        )
        for name, sigmas, limits in (
            ("fine", "none and sigma 0.5 mm", (0.0, 120.0)),
            ("medium", "sigma 0.5 and 1 mm", (0.0, 120.0)),
            ("coarse", "sigma 1 and 2 mm", (0.0, 120.0)),
        )
    ),
)

_PLATE = (
    Quantity(
        "ct_plate_thickness_mm",
        "Pl.Th",
        "mm",
        "Apparent thickness of the subchondral plate",
        "Thickness of the dense layer under the joint surface above the patch, as blurred by the scan; "
        "a plate thinner than the blur reads too thick. A compartment has the mean over its places, not over patches.",
        "this project, measured with the bones",
        (0.0, 4.0),
        2,
        mapped=True,
        lowest=0.0,
    ),
)

_SCAN = (
    Quantity(
        "ct_psf_fwhm_inplane_mm",
        "Blur xy",
        "mm",
        "Blur (FWHM) within the slices",
        "Full width at half maximum of the Gaussian point spread function fitted to edges of skin or thick cortex.",
        _OWN,
        (0.3, 2.0),
        2,
        scope="scan",
    ),
    Quantity(
        "ct_psf_fwhm_through_plane_mm",
        "Blur z",
        "mm",
        "Blur (FWHM) across the slices",
        "The same width across the slices, from surfaces at least 30 degrees out of the slice plane.",
        _OWN,
        (0.3, 5.0),
        2,
        scope="scan",
    ),
    Quantity(
        "ct_noise_sd_hu",
        "Noise",
        "HU",
        "Noise",
        "Most frequent standard deviation within blocks of 6 mm in the slices, over fat and muscle.",
        "global noise level, Christianson et al., AJR 2015",
        (0.0, 100.0),
        1,
        scope="scan",
    ),
)

DIRECT_CT: tuple[Quantity, ...] = _INTENSITY + _TEXTURE + _PLATE + _SCAN
