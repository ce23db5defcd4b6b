"""The sample scan in Slicer's module Sample Data: it comes with the extension, so nothing is downloaded."""

from __future__ import annotations

import hashlib

import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import MissingDependencyError
from CTSMALib.resources import resource

CATEGORY = "CTSMA"
SAMPLE_NAME = "CTSMAKneeCT"
_FILE, _THUMBNAIL = "SampleData/knee_ct_sts047.nii.gz", "Icons/CTSMASample.png"


def register_sample_data() -> None:
    """Register the sample scan; doing it again changes nothing."""
    try:
        import SampleData

        sample = resource(_FILE)
    except (ImportError, MissingDependencyError):  # an application without that module, or a trimmed installation
        return
    if CATEGORY in getattr(slicer.modules, "sampleDataSources", {}):
        return
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        uris=[sample.as_uri()],
        fileNames=["CTSMAKneeCT.nii.gz"],
        nodeNames=[_("Knee CT")],
        checksums=[f"SHA256:{hashlib.sha256(sample.read_bytes()).hexdigest()}"],
        thumbnailFileName=str(resource(_THUMBNAIL)),
    )
