"""The series that a result was made from: found in a folder, and proved to be that one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset

from CTSMALib.analysis.result import ImageFacts, KneeAnalysis
from CTSMALib.analysis.stored import load_volume
from CTSMALib.errors import InputError
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.report.dicom.patient import IDENTITY_KEYWORDS
from CTSMALib.volumes.dicom_files import DicomFile, drop_malformed, read_headers
from CTSMALib.volumes.dicom_frames import text
from CTSMALib.volumes.dicom_series import CT, MR, Candidate, candidates_of
from CTSMALib.volumes.dicom_stack import Stack
from CTSMALib.volumes.dicom_volume import read_hu, read_signals
from CTSMALib.volumes.identity import image_sha256
from CTSMALib.volumes.virtual_mark import dicom_is_virtual

ANALYZE = "Analyze the DICOM series itself, and export that result."
GIVE = "Give the folder of the series that was analyzed."
_SPACING_TOLERANCE = 1e-3  # of a spacing


@dataclass(frozen=True, eq=False)
class SourceSeries:
    """A series and its image.

    Attributes:
        folder: where its files are.
        image: as it is read for an analysis.
        digest: of the image, see :func:`~CTSMALib.volumes.identity.image_sha256`.
        header: elements of the first file that say whose images these are.
        stack: its planes in the order of their positions.
        files: the files of these planes, in that order, each once.
        virtual: nobody was scanned.
    """

    folder: Path
    image: sitk.Image
    digest: str
    header: Dataset
    stack: Stack
    files: tuple[DicomFile, ...]
    virtual: bool


def read_series(folder: Path, analysis: KneeAnalysis, progress: Progress = silent) -> SourceSeries:
    """Read the series of a result.

    Args:
        folder: searched with its subfolders; or a file of the series.
        analysis: says which series.
        progress: told the fraction read.

    Raises:
        InputError: the result belongs to no DICOM series, or the folder does not hold its series.
        MissingDependencyError: the files are compressed and no decoder is installed.
    """
    if analysis.identity.sha256 and not analysis.header.series_uid:
        raise InputError(
            f"This result was made from '{analysis.identity.name}', which belongs to no DICOM study.", ANALYZE
        )
    wanted = MR if analysis.modality == "MR" else CT
    files, _ = read_headers(folder, part_of(progress, 0.0, 0.3))
    candidate = _candidate(candidates_of(files, wanted), analysis, folder)
    assert candidate.stack is not None
    read = read_signals if wanted is MR else read_hu
    image, _ = read(candidate.stack, candidate.label, part_of(progress, 0.3, 1.0))
    paths = list(dict.fromkeys(frame.path for frame in candidate.stack.frames))
    by_path = {file.path: file for file in files}
    return SourceSeries(
        folder=folder,
        image=image,
        digest=image_sha256(image),
        header=_identity_header(paths[0]),
        stack=candidate.stack,
        files=tuple(by_path[path] for path in paths),
        virtual=dicom_is_virtual(candidate.header),
    )


def check_same(source: SourceSeries, analysis: KneeAnalysis, folder: Path) -> None:
    """Prove that a result was made from a series, and lies within it.

    Args:
        source: the series.
        analysis: the findings.
        folder: where they were read from.

    Raises:
        InputError: it was made from other voxels, on another grid, or is of another patient.
    """
    _check_grid(source.image, analysis.image)
    if analysis.identity.sha256:
        _check_patient(source.header, analysis)
        same = source.digest == analysis.identity.sha256
    else:  # pseudonymised: only the voxels are left to compare
        same = _holds(source.image, load_volume(analysis, folder, analysis.scan_role))
    if not same:
        raise InputError(
            f"The images in '{source.folder.name}' are not those that were analyzed: their values or places differ.",
            GIVE,
        )
    for role in ("labels", *(f"map:{made.key}" for made in analysis.maps)):
        if not _lies_within(load_volume(analysis, folder, role), source.image):
            raise InputError(
                f"The {role.removeprefix('map:')} volume of the result lies outside of the series.",
                "Analyze the series again.",
            )


def _candidate(candidates: list[Candidate], analysis: KneeAnalysis, folder: Path) -> Candidate:
    """The series by its UID; of a pseudonymised result, which has none, the likeliest of the right size."""
    uid, size = analysis.header.series_uid, analysis.image.size_voxels
    if uid:
        found = [one for one in candidates if one.info.uid == uid]
    else:
        found = [one for one in candidates if one.stack is not None and one.stack.count == size[2]]
    if not found:
        raise InputError(f"'{folder.name}' does not hold the series that was analyzed.", GIVE)
    if found[0].error is not None:
        raise found[0].error
    for keyword in ("FrameOfReferenceUID", "StudyInstanceUID", "SOPInstanceUID"):
        if not text(found[0].header, keyword):
            raise InputError(
                f"{found[0].label} has no {keyword}, without which nothing can refer to it.",
                "Export the original series from the scanner or the archive.",
            )
    return found[0]


def _identity_header(path: Path) -> Dataset:
    header = pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=list(IDENTITY_KEYWORDS))
    drop_malformed(header)
    header.decode()
    return header


def _check_grid(image: sitk.Image, facts: ImageFacts) -> None:
    same_spacing = np.allclose(image.GetSpacing(), facts.spacing_mm, rtol=_SPACING_TOLERANCE, atol=0)
    if image.GetSize() != tuple(facts.size_voxels) or not same_spacing:
        raise InputError(
            f"The series has {_grid(image.GetSize(), image.GetSpacing())} now; what was analyzed had "
            f"{_grid(facts.size_voxels, facts.spacing_mm)}.",
            "Give the whole series as it was analyzed, or analyze it again.",
        )


def _grid(size: tuple[int, ...], spacing: tuple[float, ...]) -> str:
    return f"{' × '.join(map(str, size))} voxels of {' × '.join(f'{s:.3g}' for s in spacing)} mm"


def _check_patient(header: Dataset, analysis: KneeAnalysis) -> None:
    known = (("PatientID", analysis.header.patient_id), ("StudyInstanceUID", analysis.header.study_uid))
    for keyword, value in known:
        if text(header, keyword) != value.strip():
            raise InputError(
                f"The series and the result belong to different {'patients' if keyword == 'PatientID' else 'studies'}: "
                f"their {keyword} differs.",
                "Analyze the series again, so that the report names the right patient and study.",
            )


def _holds(image: sitk.Image, part: sitk.Image) -> bool:
    """Whether an image holds another one, voxel by voxel."""
    if not _lies_within(part, image):
        return False
    there = sitk.Resample(sitk.Cast(image, part.GetPixelID()), part, sitk.Transform(), sitk.sitkNearestNeighbor)
    return np.array_equal(sitk.GetArrayViewFromImage(there), sitk.GetArrayViewFromImage(part))


def _lies_within(part: sitk.Image, image: sitk.Image) -> bool:
    """Whether the corners of a grid lie in an image, a voxel of rounding allowed."""
    size = np.array(image.GetSize())
    last = np.array(part.GetSize()) - 1
    for corner in np.ndindex(2, 2, 2):
        point = part.TransformIndexToPhysicalPoint([int(n) for n in np.array(corner) * last])
        index = np.array(image.TransformPhysicalPointToContinuousIndex(point))
        if (index < -1.5).any() or (index > size + 0.5).any():
            return False
    return True
