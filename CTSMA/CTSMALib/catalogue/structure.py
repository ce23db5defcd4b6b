"""Trabecular parameters read off a CT on the scale of the structure, which is known of simulated knees alone."""

from __future__ import annotations

from CTSMALib.catalogue.quantity import Quantity

_CALIBRATED = (
    "Estimated from a CT and calibrated to the true structure of simulated knees alone: how well it holds on patients "
    "is not known."
)
_OWN = "this project, docs/student.md"
_TRUE = "Hildebrand and Ruegsegger, J Microsc 1997;185:67, and this project, docs/student.md"

STRUCTURE = (
    Quantity(
        "vcal_bv_tv",
        "cal. BV/TV",
        "1",
        "Calibrated bone volume fraction",
        f"Bone volume over total volume. {_CALIBRATED}",
        _OWN,
        (0.0, 0.6),
        3,
        lowest=0.0,
    ),
    Quantity(
        "vcal_tb_th_mm",
        "cal. Tb.Th",
        "mm",
        "Calibrated trabecular thickness",
        f"Mean diameter of the largest spheres that fit into bone. {_CALIBRATED}",
        _TRUE,
        (0.1, 0.4),
        3,
        lowest=0.0,
    ),
    Quantity(
        "vcal_tb_sp_mm",
        "cal. Tb.Sp",
        "mm",
        "Calibrated trabecular separation",
        f"Mean diameter of the largest spheres that fit between bone. {_CALIBRATED}",
        _TRUE,
        (0.2, 1.2),
        3,
        lowest=0.0,
    ),
    Quantity(
        "vcal_tb_n_per_mm",
        "cal. Tb.N",
        "1/mm",
        "Calibrated trabecular number",
        f"Inverse of the mean distance of the midlines of bone. {_CALIBRATED}",
        _TRUE,
        (0.5, 3.0),
        2,
        lowest=0.0,
    ),
)
