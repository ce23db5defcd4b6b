"""Virtual scans as DICOM: CT the way different scanners write it, Enhanced CT, and MR."""

from __future__ import annotations

from CTSMALib.virtual.dicom.ct_series import write_ct_series
from CTSMALib.virtual.dicom.ct_style import STYLES
from CTSMALib.virtual.dicom.mr_series import MR_SERIES, write_mr_series
from CTSMALib.virtual.dicom.patient_facts import PatientFacts

__all__ = ["MR_SERIES", "STYLES", "PatientFacts", "write_ct_series", "write_mr_series"]
