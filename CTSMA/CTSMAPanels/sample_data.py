"""The sample scans in Slicer's module Sample Data: they come with the extension, so nothing is downloaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import MissingDependencyError
from CTSMALib.resources import resource
from CTSMALib.scene.registration.practice import CT_FILE, MR_FILE

CATEGORY = "CTSMA"
SAMPLE_NAME = "CTSMAKneeCT"
REVIEW_CATEGORY = "CTSMA Registration"  # one of its own: each module registers its samples once
REVIEW_SAMPLE_NAME = "CTSMAPracticePair"
_FILE, _THUMBNAIL = "SampleData/knee_ct_sts047.nii.gz", "Icons/CTSMASample.png"
_REVIEW_THUMBNAIL = "Icons/CTSMAPractice.png"


@dataclass(frozen=True)
class _Sample:
    """What the module Sample Data is told: files by the names that their nodes get."""

    category: str
    name: str
    files: dict[str, str]
    thumbnail: str


def register_sample_data() -> None:
    """Register the sample scan; doing it again changes nothing."""
    _register(_Sample(CATEGORY, SAMPLE_NAME, {_("Knee CT"): _FILE}, _THUMBNAIL))


def register_review_sample() -> None:
    """Register CT and MR of the practice pair; doing it again changes nothing."""
    files = {_("Practice CT (virtual)"): CT_FILE, _("Practice MR (virtual)"): MR_FILE}
    _register(_Sample(REVIEW_CATEGORY, REVIEW_SAMPLE_NAME, files, _REVIEW_THUMBNAIL))


def _register(sample: _Sample) -> None:
    try:
        import SampleData

        paths = [resource(file) for file in sample.files.values()]
    except (ImportError, MissingDependencyError):  # an application without that module, or a trimmed installation
        return
    if sample.category in getattr(slicer.modules, "sampleDataSources", {}):
        return
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=sample.category,
        sampleName=sample.name,
        uris=[path.as_uri() for path in paths],
        fileNames=[_file_name(sample, number) for number in range(len(paths))],
        nodeNames=list(sample.files),
        checksums=[f"SHA256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in paths],
        thumbnailFileName=str(resource(sample.thumbnail)),
    )


def _file_name(sample: _Sample, number: int) -> str:
    """Under which the file is kept; it is unique among all samples."""
    return f"{sample.name}{number + 1 if len(sample.files) > 1 else ''}.nii.gz"
