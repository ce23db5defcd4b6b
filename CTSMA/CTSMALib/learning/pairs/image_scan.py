"""An image file as a scan: NIfTI, NRRD or MetaImage, which say nothing of who and what was scanned."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.learning.pairs.found_scan import FoundScan, LeftOut
from CTSMALib.learning.pairs.naming import (
    CT,
    MR,
    as_name,
    first_said,
    is_no_scan,
    kind_said,
    says_bone,
    sequence_score,
    subject_said,
)
from CTSMALib.volumes.image_header import open_image, volume_geometry

_NO_SCAN = "By its name it is a label map or computed from a scan."
_AIR_HU = -300.0  # a CT of a knee has air around it, and no MR has such values


def image_scan(path: Path, kind: str, folder: Path) -> FoundScan | LeftOut:
    """What an image file is.

    The voxels are read only where names do not say whether it is CT or MR.

    Args:
        path: of the file.
        kind: of its format.
        folder: of the cohort.
    """
    relative = path.relative_to(folder)
    group = relative.parts[0] if len(relative.parts) > 1 else ""
    if is_no_scan(path.name):
        return LeftOut(path, _NO_SCAN, kind_said(path.name), group)
    try:
        reader = open_image(path, kind, "a scan")
        size, spacing, _ = volume_geometry(reader, f"The image '{path.name}'", "Give a whole scan.")
        said = kind_said(path.name) or next((k for part in reversed(relative.parts[:-1]) if (k := kind_said(part))), "")
        doubts = []
        if says_bone(path.name) and _kind_by_values(path) != CT:  # a CT with a bone kernel has air around the knee
            return LeftOut(path, _NO_SCAN, said, group)
        if not said:
            said = _kind_by_values(path)
            doubts.append(f"That '{path.name}' is {'a CT' if said == CT else 'an MR'} was told from its values.")
    except InputError as error:
        return LeftOut(path, error.message, kind_said(path.name), group)
    steps = " × ".join(f"{step:.2g}" for step in spacing)
    return FoundScan(
        path=path,
        kind=said,
        subject=as_name(subject_said(relative)),
        side=first_said((path.name, *reversed(relative.parts[:-1]))),
        group=group,
        title=f"{path.name}, {' × '.join(map(str, size))} voxels, {steps} mm",
        score=(sequence_score(path.name) if said == MR else 0.0) - 2.0 * max(spacing) - 8.0 * min(spacing),
        doubts=tuple(doubts),
    )


def _kind_by_values(path: Path) -> str:
    """CT where there is air in HU, MR where nothing is below zero.

    Raises:
        InputError: neither, or it cannot be read.
    """
    from CTSMALib.volumes.scalar_image import read_scalar_image

    lowest = float(read_scalar_image(path).array.min())
    if lowest <= _AIR_HU:
        return CT
    if lowest < 0.0:
        raise InputError(
            f"Neither name nor values of '{path.name}' tell whether it is CT or MR.", "Put CT or MR into its name."
        )
    return MR
