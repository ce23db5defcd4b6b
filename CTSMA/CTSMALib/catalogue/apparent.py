"""Apparent trabecular parameters, read off an MR whose voxels are larger than trabeculae, and the quality of an MR."""

from __future__ import annotations

from CTSMALib.catalogue.quantity import Quantity

_RECIPE = "this project, docs/apparent-parameters.md and docs/decisions/0012-apparent-parameters.md"
_APPARENT = "Apparent: it depends on resolution and protocol, and is not the value of a micro-CT."
_MODEL = "Parfitt et al., J Clin Invest 1983;72:1396 (plate model)"

APPARENT = (
    Quantity(
        "app_bv_tv",
        "app. BV/TV",
        "1",
        "Apparent bone volume fraction",
        "Mean over the patch of one minus signal over the signal of pure marrow, the noise floor taken off. "
        f"{_APPARENT}",
        _RECIPE,
        (0.0, 0.6),
        3,
        mapped=True,
        lowest=0.0,
    ),
    Quantity(
        "app_tb_th_mm",
        "app. Tb.Th",
        "mm",
        "Apparent trabecular thickness",
        f"Apparent BV/TV over apparent Tb.N. {_APPARENT}",
        _MODEL,
        (0.1, 0.4),
        3,
        mapped=True,
        lowest=0.0,
    ),
    Quantity(
        "app_tb_sp_mm",
        "app. Tb.Sp",
        "mm",
        "Apparent trabecular separation",
        f"One minus apparent BV/TV, over apparent Tb.N. {_APPARENT}",
        _MODEL,
        (0.2, 1.2),
        3,
        mapped=True,
        lowest=0.0,
    ),
    Quantity(
        "app_tb_n_per_mm",
        "app. Tb.N",
        "1/mm",
        "Apparent trabecular number",
        "How often a line enters bone per mm: of a random structure whose contrast, blurred as the scan is, equals "
        f"that of the patch. {_APPARENT}",
        _RECIPE,
        (0.5, 3.0),
        2,
        mapped=True,
        lowest=0.0,
    ),
)

MR_QUALITY = (
    Quantity(
        "mr_snr",
        "SNR",
        "1",
        "Signal-to-noise ratio",
        "Signal of pure marrow at the patch over the standard deviation of the noise in one channel.",
        "Gudbjartsson and Patz, Magn Reson Med 1995;34:910",
        (0.0, 40.0),
        1,
        lowest=0.0,
    ),
    Quantity(
        "mr_contrast",
        "CNR",
        "1",
        "Contrast of structure to noise",
        "Standard deviation of the structure in slices, that of the noise taken off, over that of the noise.",
        _RECIPE,
        (0.0, 10.0),
        1,
        lowest=0.0,
    ),
    Quantity(
        "mr_slice_correlation",
        "slice correlation",
        "1",
        "Correlation of neighboring slices",
        "Covariance of the signal of neighboring slices over its variance, the part of the noise taken off. Low where "
        "trabeculae cross slices or the patient moved between them.",
        _RECIPE,
        (0.0, 1.0),
        2,
        lowest=-1.0,
    ),
)

MR_SCAN = (
    Quantity(
        "mr_acquired_mm",
        "acquired resolution",
        "mm",
        "Acquired resolution in the slice",
        "Width over which the noise is correlated, which filling k-space with zeros does not change.",
        _RECIPE,
        (0.1, 1.0),
        2,
        scope="scan",
        lowest=0.0,
    ),
    Quantity(
        "mr_slice_mm",
        "slice distance",
        "mm",
        "Distance of slices",
        "The largest edge of a voxel.",
        _RECIPE,
        (0.3, 5.0),
        2,
        scope="scan",
        lowest=0.0,
    ),
    Quantity(
        "mr_ghosting",
        "ghosting",
        "1",
        "Ghosting",
        "Mean signal of air that lies beside the body along one axis of the slice, less that along the other, over the "
        "signal of marrow, the noise floor taken off. Motion and pulsation raise it.",
        "after the percent signal ghosting of the ACR phantom test",
        (0.0, 0.2),
        3,
        scope="scan",
        lowest=0.0,
    ),
)
