"""The folder that ``ctsma synthesize`` writes, and its document."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
import SimpleITK as sitk

from CTSMALib import __version__
from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import InputError
from CTSMALib.notices import Notice
from CTSMALib.outputs import replace_file
from CTSMALib.synthesis.synthetic_knee import SyntheticKnee
from CTSMALib.volumes.media import write_image
from CTSMALib.volumes.scan import InputIdentity
from CTSMALib.volumes.virtual_mark import SYNTHETIC_MARK

DOCUMENT = "synthesis.json"
SCHEMA, SCHEMA_VERSION = "ctsma-synthesis", 1
CT_FILE, ERROR_FILE, BONES_FILE = "synthetic_ct.nii.gz", "synthetic_ct_error.nii.gz", "bones.nii.gz"
RESEARCH_USE = "Research use only: not a medical device. A synthetic CT is for registration, not for reading."


@dataclass(frozen=True)
class SynthesisRecord:
    """What was made, of what, and by which model.

    Attributes:
        moving: the MR.
        model: name, version and checksum.
        software: version of CTSMA.
        distance, limit: see :class:`~CTSMALib.synthesis.synthetic_knee.SyntheticKnee`; no distance where the MR fills
            no window of the network far enough to tell.
        bones_ml: volume of each bone that was found, by name.
        notices: what a reader must know.
        files: names by content.
        use: what it may be used for.
        schema, schema_version: of the document.
    """

    moving: InputIdentity
    model: str
    software: str
    distance: float | None
    limit: float
    bones_ml: dict[str, float]
    notices: tuple[Notice, ...]
    files: dict[str, str]
    use: str = RESEARCH_USE
    schema: str = SCHEMA
    schema_version: int = SCHEMA_VERSION


def write_synthesis(
    knee: SyntheticKnee, mr: sitk.Image, identity: InputIdentity, notices: tuple[Notice, ...], folder: Path
) -> SynthesisRecord:  # fmt: skip
    """Write a synthetic knee.

    Args:
        knee: what was made.
        mr: that it was made of; the bones are written on its voxels.
        identity: of the MR.
        notices: of the reading of the MR.
        folder: that exists.

    Raises:
        OSError: a file could not be written completely.
    """
    voxel_ml = knee.grid.spacing_mm[0] ** 3 / 1000.0
    volumes = {b.name: round(float((knee.bones == b.label).sum()) * voxel_ml, 1) for b in BONES}
    record = SynthesisRecord(
        identity, knee.model, __version__, knee.distance if np.isfinite(knee.distance) else None, knee.limit,
        {k: v for k, v in volumes.items() if v},
        (*notices, *knee.notices), {"ct": CT_FILE, "error": ERROR_FILE, "bones": BONES_FILE},
    )  # fmt: skip
    error = sitk.Cast(sitk.Round(knee.grid.image(knee.error_hu)), sitk.sitkInt16)
    images = {CT_FILE: knee.ct_image(), ERROR_FILE: error, BONES_FILE: knee.bones_on(mr)}
    for name, image in images.items():
        write_image(image, folder / name, SYNTHETIC_MARK if name != BONES_FILE else "")
    document = msgspec.to_builtins(asdict(record))
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    replace_file(folder / DOCUMENT, text.encode("utf-8", "replace"))
    return record


def holds_synthesis(folder: Path) -> bool:
    """Whether a folder is one that :func:`write_synthesis` wrote."""
    try:
        return bool(json.loads((folder / DOCUMENT).read_text(encoding="utf-8")).get("schema") == SCHEMA)
    except (OSError, ValueError, AttributeError):
        return False


def load_synthesis(folder: Path) -> SynthesisRecord:
    """Read the document of a folder.

    Raises:
        InputError: there is none, or one of another version.
    """
    try:
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        record = msgspec.convert(document, SynthesisRecord)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise InputError(f"{folder} holds no synthetic CT.", "Name a folder that 'ctsma synthesize' wrote.") from error
    if (record.schema, record.schema_version) != (SCHEMA, SCHEMA_VERSION):
        raise InputError(f"{folder} was written by another version.", "Make the synthetic CT again.")
    return record
