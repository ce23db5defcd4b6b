"""The DICOM series of one folder as scans."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from CTSMALib.learning.pairs.found_scan import FoundScan, LeftOut
from CTSMALib.learning.pairs.naming import CT, LEFT, MR, RIGHT, as_name, first_said, identifies, subject_said
from CTSMALib.volumes import dicom_series
from CTSMALib.volumes.dicom_files import DicomFile
from CTSMALib.volumes.dicom_frames import text
from CTSMALib.volumes.dicom_series import Candidate, candidates_of
from CTSMALib.volumes.dicom_volume import scan_header

_SIDES = {"L": LEFT, "R": RIGHT}
_WANTED = {CT: dicom_series.CT, MR: dicom_series.MR}


def series_scans(files: list[DicomFile], folder: Path, alone: bool) -> list[FoundScan | LeftOut]:
    """What the series of one folder are.

    Args:
        files: all DICOM files of that folder, which is not searched further.
        folder: of the cohort.
        alone: whether no folder inside that one holds DICOM files too.

    Returns:
        A scan for every series of a CT or MR that can be read; what else there is, with the reason.
    """
    by_uid: dict[str, list[DicomFile]] = {}
    for file in files:
        by_uid.setdefault(text(file.header, "SeriesInstanceUID"), []).append(file)
    found: list[FoundScan | LeftOut] = []
    for own in by_uid.values():
        place = own[0].path.parent if alone and len(by_uid) == 1 else min(file.path for file in own)
        kinds = Counter(kind for file in own if (kind := text(file.header, "Modality").upper()) in _WANTED)
        if not kinds:
            found.append(LeftOut(place, "It is neither CT nor MR."))
            continue
        ((kind, _),) = kinds.most_common(1)  # a picture of the screen may lie in the series
        candidate = candidates_of(own, _WANTED[kind])[0]
        if candidate.error is not None:
            found.append(LeftOut(place, candidate.error.message, kind, _group(place, folder)))
        else:
            found.append(_scan(candidate, place, kind, folder))
    return found


def _scan(candidate: Candidate, place: Path, kind: str, folder: Path) -> FoundScan:
    header, info = scan_header(candidate.header), candidate.info
    relative = place.relative_to(folder) if place != folder else Path(folder.name)
    known = as_name(header.patient_id) if identifies(header.patient_id) else ""
    subject = known or as_name(subject_said(relative))
    told = _SIDES.get(header.laterality, "")
    described = first_said((header.series_description, header.study_description, header.body_part))
    named = first_said(reversed(relative.parts))
    doubts = []
    if not known:
        doubts.append(f"The header of the {kind} names no patient; '{subject}' is from its path.")
    said = [side for side in (told, described, named) if side]
    if len(set(said)) > 1:
        doubts.append(f"Header, description and path of the {kind} name different sides; '{said[0]}' was taken.")
    spacing = (*(info.spacing_mm or ()), info.slice_spacing_mm or 0.0)
    size = " × ".join(f"{step:.2g}" for step in spacing)
    return FoundScan(
        path=place,
        kind=kind,
        subject=subject,
        side=said[0] if said else "",
        group=_group(place, folder),
        date=header.study_date,
        title=f"{info.description or f'series {info.choice}'}, {info.n_images} images, {size} mm",
        score=candidate.score,
        uid=info.uid,
        doubts=tuple(doubts),
    )


def _group(place: Path, folder: Path) -> str:
    parts = place.relative_to(folder).parts
    return parts[0] if len(parts) > 1 or (parts and place.is_dir()) else ""
