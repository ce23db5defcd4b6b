"""What the headers of a usable series say that makes its values less certain."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset

from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.dicom_derived import derivation_notices
from CTSMALib.volumes.dicom_files import DicomFile
from CTSMALib.volumes.dicom_frames import Frame, text
from CTSMALib.volumes.dicom_uniform import common_voltage
from CTSMALib.volumes.tube_voltage import voltage_notices

_NO_AGENT = {"", "none", "no", "non", "nein", "n", "0", "-", "n/a", "na", "nil", "native", "nativ", "keine", "kein",
             "keines", "ohne", "sans", "aucun", "without", "unenhanced", "non-contrast", "no contrast"}  # fmt: skip


def cautions(files: Sequence[DicomFile], frames: Sequence[Frame], modality: str) -> tuple[Notice, ...]:
    """Notices of a series.

    Args:
        files: of the series.
        frames: the planes that will be read.
        modality: ``"CT"`` or ``"MR"``; all but losses by compression matters to a CT only.
    """
    read = {frame.path for frame in frames}
    headers = [file.header for file in files if file.path in read]
    notices: list[Notice] = []
    if any(text(header, "LossyImageCompression") == "01" for header in headers):
        said = "The images were compressed with losses, which changes noise and fine texture."
        notices.append(Notice("lossy-compression", said, Severity.CAUTION))
    if modality != "CT":
        return tuple(notices)
    notices += derivation_notices(frames, text(headers[0], "SeriesDescription"))
    if any(_has_agent(header) for header in headers):
        said = (
            "The scan states a contrast agent. In the joint (CT arthrography) or in vessels it raises CT numbers near "
            "the plate, so that the plate and the layer nearest to it may be wrong."
        )
        notices.append(Notice("contrast-agent", said, Severity.CAUTION))
    if common_voltage(frames) is None:
        notices += voltage_notices(next((frame.kvp for frame in frames if frame.kvp is not None), None))
    return tuple(notices)


def _has_agent(header: Dataset) -> bool:
    agents = [text(item, "CodeMeaning") for item in header.get("ContrastBolusAgentSequence") or ()]
    return any(agent.lower() not in _NO_AGENT for agent in (text(header, "ContrastBolusAgent"), *agents))
