"""Images in: reading a scan, checking it, and knowing which data were read."""

from __future__ import annotations

from CTSMALib.volumes.dicom_series import SeriesInfo
from CTSMALib.volumes.geometry import crop_to_box
from CTSMALib.volumes.identity import image_sha256
from CTSMALib.volumes.metal import metal_mask
from CTSMALib.volumes.reading import list_series, read_mr, read_scan
from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader

__all__ = [
    "InputIdentity",
    "Scan",
    "ScanHeader",
    "SeriesInfo",
    "crop_to_box",
    "image_sha256",
    "list_series",
    "metal_mask",
    "read_mr",
    "read_scan",
]
