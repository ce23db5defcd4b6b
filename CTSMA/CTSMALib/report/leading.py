"""Which quantities a report shows, and where: all, leading, pictured."""

from __future__ import annotations

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.analysis.student_reading import UNLIKE_SCAN
from CTSMALib.catalogue import Quantity, quantities, quantity

# Columns of the main table, in this order, where they were measured.
LEADING_KEYS = (
    *("ct_bvf", "ct_hu_mean", "ct_hu_sd", "ct_plate_thickness_mm"),
    *("app_bv_tv", "app_tb_th_mm", "app_tb_sp_mm", "app_tb_n_per_mm"),
)
FOR_APPARENT = ("ct_hu_mean", "ct_hu_sd", "ct_bvf")  # give way to apparent ones: pages are narrow
# Quantities with a medial-to-lateral sentence in the summary and an en-face figure.
PICTURED_KEYS = ("ct_bvf", "ct_plate_thickness_mm", "app_bv_tv", "app_tb_n_per_mm")


def possible(analysis: KneeAnalysis, scope: str = "patch") -> tuple[Quantity, ...]:
    """Quantities that a scan of this modality, and a model that read it, may give, in the order of the catalogue."""
    if analysis.modality == "MR":
        prefixes: tuple[str, ...] = ("app_", "mr_")
    else:
        prefixes = ("ct_", "app_") if analysis.model_sha256 else ("ct_",)
        if any(key.startswith("vcal_") for item in analysis.patches for key in item.values):
            prefixes = (*prefixes, "vcal_")
    return tuple(entry for entry in quantities(scope=scope) if entry.key.startswith(prefixes))


def measured(analysis: KneeAnalysis) -> tuple[Quantity, ...]:
    """Quantities with a value in at least one compartment, in the order of the catalogue."""
    present = {key for finding in analysis.compartments for key in finding.values}
    return tuple(entry for entry in quantities(scope="patch") if entry.key in present)


def is_unlike_training(analysis: KneeAnalysis) -> bool:
    """Whether the scan is one that the model cannot read: what it estimated must not lead, but stays among the rest."""
    return any(notice.code == UNLIKE_SCAN for notice in analysis.notices)


def leading(analysis: KneeAnalysis) -> tuple[Quantity, ...]:
    """The columns of the main table."""
    present = {entry.key: entry for entry in measured(analysis)}
    if is_unlike_training(analysis):
        present = {key: entry for key, entry in present.items() if not key.startswith("app_")}
    if analysis.modality == "CT" and any(key.startswith("app_") for key in present):
        present = {key: entry for key, entry in present.items() if key not in FOR_APPARENT}
    return tuple(present[key] for key in LEADING_KEYS if key in present)


def pictured(analysis: KneeAnalysis) -> tuple[Quantity, ...]:
    """The quantities to draw, the first also in color on the slices."""
    present = {key for item in (*analysis.patches, *analysis.display_patches) for key in item.values}
    if is_unlike_training(analysis):
        present = {key for key in present if not key.startswith("app_")}
    return tuple(quantity(key) for key in PICTURED_KEYS if key in present)
