"""The header of a scan, from a DICOM file beside the one that holds the voxels."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path

if TYPE_CHECKING:
    from CTSMALib.volumes import ScanHeader

_REMEDY = "Give a DICOM file of the CT, or leave out the header."


def read_header(path: Path) -> ScanHeader:
    """What a DICOM file says about patient and acquisition; its pixels are not read.

    Raises:
        InputError: it is no DICOM image, damaged, or not of a CT.
    """
    source = existing_path(path)
    import pydicom

    from CTSMALib.volumes.dicom_files import drop_malformed
    from CTSMALib.volumes.dicom_volume import scan_header
    from CTSMALib.volumes.file_kind import kind_of

    if not source.is_file() or kind_of(source) != "DICOM":
        raise InputError(f"'{source.name}' is not a DICOM file.", _REMEDY)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")  # of small rules that real scanners break
        try:
            dataset = pydicom.dcmread(source, force=True, stop_before_pixels=True)
            drop_malformed(dataset)
        except Exception as error:  # a damaged file can make the parser fail in any way
            raise InputError(f"The DICOM file '{source.name}' is damaged.", "Export or copy it again.") from error
        header = scan_header(dataset)
    if not header.series_uid and "Rows" not in dataset:
        raise InputError(f"The DICOM file '{source.name}' describes no image.", _REMEDY)
    if header.modality.upper() not in ("CT", ""):
        raise InputError(f"The DICOM file '{source.name}' is not of a CT, but of type {header.modality}.", _REMEDY)
    return header
