"""What the headers of a usable series say that makes its values less certain."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydicom.dataset import Dataset

from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.dicom_derived import derivation_notices, plain
from CTSMALib.volumes.dicom_files import DicomFile
from CTSMALib.volumes.dicom_frames import Frame, text
from CTSMALib.volumes.dicom_uniform import common_voltage
from CTSMALib.volumes.tube_voltage import voltage_notices

# Whole entries, in small letters without accents, of which each must be all such words: "non-ionic" is an agent.
_NONE = (
    r"none|no|non|not|nein|na?|n/a|nil|null|nativ[a-z]*|kein[a-z]*|ohne|sans|aucune?|without|w/?o|unenhanced|-+|\?+"
    r"|0+([.,]0*)?|unknown|anonym[a-z]*|removed|deleted|redacted|de-?identified|x{2,}"
)
_BESIDE = (
    r"iv|i\.v\.?|oral|po|contrast[a-z]*|kontrast[a-z]*|km|agents?|media|medium|given|used|inject[a-z]*|administered"
    r"|applied|enhanced|ml|cc|produit|de|bolus"
)
_NO_AGENT = re.compile(rf"\W*(({_BESIDE})\W+)*({_NONE})(\W*({_BESIDE}))*\W*|\W*")


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
    return any(names_agent(agent) for agent in (text(header, "ContrastBolusAgent"), *agents))


def names_agent(stated: str) -> bool:
    """Whether an entry for the contrast agent states one, and not in some words that there was none or nobody knows.

    Args:
        stated: ContrastBolusAgent, or what a code means; one for each way of giving it may be joined by "&".
    """
    return not all(_NO_AGENT.fullmatch(part) for part in plain(stated).split("&"))
