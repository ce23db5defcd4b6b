"""The scans of a knee as DICOM series."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.virtual.body.knee_data import KneeData
from CTSMALib.virtual.body.order import BFFE
from CTSMALib.virtual.cohort.knee_plan import KneePlan

CT = "ct"


def write_dicom(data: KneeData, plan: KneePlan, folder: Path) -> None:
    """Write one series per scan, the CT in the style of one vendor: knees take the styles in turn.

    Args:
        data: the knee.
        plan: its number chooses the style.
        folder: to be made; holds ``ct`` and one folder per MR series.

    Raises:
        OSError: a file could not be written.
    """
    from CTSMALib.virtual.dicom import STYLES, PatientFacts, write_ct_series, write_mr_series

    spec = data.spec
    # Other images have other UIDs: all that determines the scans takes part in them.
    seed = int(plan.digest[:16], 16)
    facts = PatientFacts(f"{plan.subject}-{plan.person}", spec.sex, spec.age_years, spec.side, seed)
    folder.mkdir()
    if data.ct is not None:
        style = STYLES[(plan.number - 1) % len(STYLES)]
        write_ct_series(data.ct, folder / CT, facts, style, data.ct_protocol)
    for series, image in data.mr.items():
        protocol = data.mr_protocols.get(series, data.mr_protocols[BFFE])  # the rescan has that of the first scan
        write_mr_series(image, folder / series, facts, series, protocol)
