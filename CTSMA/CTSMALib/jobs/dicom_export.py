"""The job that writes a result as DICOM objects into the study of its series, and tells of them before."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.errors import InputError, MissingDependencyError, OutputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.report import add_paper
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.dicom_names import KINDS, PDF, PM, SR, TITLES
from CTSMALib.jobs.export import Destination
from CTSMALib.jobs.knee_folders import holds_result, knee_folders
from CTSMALib.jobs.request import PAPERS
from CTSMALib.jobs.staging import Target, followed, resolved, staged
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.report.dicom.objects import KneeToWrite
    from CTSMALib.report.dicom.plan import PlannedObject

PREVIEW_FILE = "preview.json"
_OUTDATED = (
    "The diagnosis was made before patches were excluded or changed: its numbers are left out of the structured "
    "report, and the report in PDF says so. Make it again first."
)
_READ = 0.25  # share of the work that finding and checking the series is


@dataclass(frozen=True)
class DicomRequest:
    """A result to write as DICOM.

    Attributes:
        result: a result folder, of one knee or of both.
        series: folder of the series that was analyzed.
        out: where the files go; made if it is missing.
        kinds: which objects, of :data:`~CTSMALib.jobs.dicom_names.KINDS`.
        pseudonymise: write them under a pseudonym, in a study of its own.
        overwrite: replace files of the same names.
        paper: of the PDF, one of :data:`~CTSMALib.jobs.request.PAPERS`.
    """

    result: Path
    series: Path
    out: Path
    kinds: tuple[str, ...] = KINDS
    pseudonymise: bool = False
    overwrite: bool = False
    paper: str = PAPERS[0]


@dataclass(frozen=True)
class SeriesDestination(Destination):
    """The folder that objects go to.

    Attributes:
        sources: folders of the series' files, in which nothing may change: an analysis would find the objects there.
    """

    sources: tuple[Path, ...] = ()

    def check(self) -> Path:
        """As :meth:`~CTSMALib.jobs.export.Destination.check`, and not among the images of the series."""
        path = super().check()
        if any(source in (path.parent, *path.parents) for source in self.sources):
            raise OutputError(f"The folder {path.parent} holds the series itself.", "Choose another folder.")
        return path


def add_dicom_arguments(parser: argparse.ArgumentParser, preview: bool = False) -> None:
    """Add what :func:`dicom_request` reads; ``preview`` adds the choice to look only."""
    add = parser.add_argument
    add("result", metavar="RESULT", type=given_path, help="a result folder, made of a DICOM series")
    about = "folder of the series that was analyzed"
    add("--series", metavar="DIR", type=given_path, required=True, help=about)
    about = f"folder to write to{' (not needed with --preview)' if preview else ''}"
    add("--out", metavar="DIR", type=given_path, required=not preview, help=about)
    about = f"which objects, separated by commas, of {', '.join(KINDS)} (default: all)"
    add("--only", dest="kinds", metavar="LIST", type=_kinds, default=KINDS, help=about)
    about = "write a pseudonym in place of the patient, and new UIDs (the year of the study stays)"
    add("--pseudonymise", "--pseudonymize", dest="pseudonymise", action="store_true", help=about)
    add("--overwrite", action="store_true", help="replace files of the same names in DIR")
    add_paper(parser)
    if preview:
        add("--preview", action="store_true", help="only say what would be written")


def dicom_request(options: argparse.Namespace) -> DicomRequest:
    """The request that arguments stand for.

    Raises:
        InputError: there is no folder to write to.
    """
    out = options.out
    if out is None:
        if not getattr(options, "preview", False):
            raise InputError("There is no folder to write to.", "Name one with --out, or look only with --preview.")
        out = Path()
    return DicomRequest(
        options.result, options.series, out, options.kinds, options.pseudonymise, options.overwrite, options.paper
    )  # fmt: skip


def run(request: DicomRequest, progress: Progress = silent) -> Path:
    """Write the objects, as :func:`write_objects`, and give the folder with them, absolute.

    Raises:
        CTSMAError: as of :func:`write_objects`.
    """
    write_objects(request, progress)
    return resolved(request.out)


def write_objects(request: DicomRequest, progress: Progress = silent) -> tuple[Path, ...]:
    """Write the objects, completely or not at all.

    They are called ``seg.dcm``, ``pm-ct_bvf.dcm``, ``sr.dcm``, ``report.dcm`` and so on, with ``-left`` and ``-right``
    where the result is one of both knees.

    Args:
        request: what to do.
        progress: told of every object; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The files that were written, absolute; the folder may hold others.

    Raises:
        InputError: the folder is no result or a damaged one, or the series is not the one that was analyzed.
        MissingDependencyError: highdicom or a decoder is not installed.
        OutputError: the files cannot be written, or there are some already.
    """
    knees = _prepared(request, part_of(progress, 0.0, _READ))
    out, result = resolved(request.out), resolved(request.result)
    planned = [(knee, one) for knee, objects in knees for one in objects]
    sources = {followed(file.path).parent for file in knees[0][0].study.source.files}
    names = tuple(one.file for _, one in planned)
    destination = SeriesDestination(out, names, request.overwrite, result, tuple(sources))
    with staged(destination) as folder:
        _write(planned, folder, part_of(progress, _READ, 1.0))
    progress("Finishing", 1.0)
    return tuple(out / name for name in names)


def preview(request: DicomRequest, progress: Progress = silent) -> dict[str, Any]:
    """What :func:`run` would write, in plain JSON types; it checks all that can be checked before.

    Returns:
        ``objects`` (file, kind, title, description, frames, size in bytes, whether a file is there), ``patient``,
        ``study``, ``pseudonymised``, ``virtual`` and ``remarks``.

    Raises:
        CTSMAError: as :func:`run`, but for what only writing can tell.
    """
    knees = _prepared(request, progress)
    study = knees[0][0].study
    elements = study.identity.elements
    out = resolved(request.out) if request.out != Path() else None
    return {
        "patient": {"name": str(elements.PatientName).rstrip("^"), "id": elements.PatientID},
        "study": {
            "uid": elements.StudyInstanceUID, "date": elements.StudyDate,
            "description": elements.get("StudyDescription", ""),
        },
        "pseudonymised": study.identity.is_pseudonymous,
        "virtual": study.virtual,
        "remarks": [*study.identity.remarks, *_outdated(knees, request.kinds)],
        "objects": [
            {
                "file": one.file, "kind": one.kind, "title": TITLES[one.kind], "description": one.description,
                "frames": one.frames, "size": one.size, "exists": out is not None and (out / one.file).exists(),
            }
            for _, objects in knees for one in objects
        ],
    }  # fmt: skip


def _outdated(knees: list[tuple[KneeToWrite, list[PlannedObject]]], kinds: Sequence[str]) -> list[str]:
    """What must be known of diagnoses that are written; a damaged one is refused."""
    if not {SR, PDF} & set(kinds):
        return []
    diagnoses = [knee.diagnosis for knee, _ in knees]
    return [_OUTDATED] if any(found is not None and found.outdated for found in diagnoses) else []


def write_preview(request: DicomRequest, progress: Progress = silent) -> Path:
    """Write what :func:`preview` says to :data:`PREVIEW_FILE` in a new folder ``request.out``; for panels.

    Returns:
        The folder.
    """
    found = preview(replace(request, out=Path()), progress)
    with staged(Target(resolved(request.out), request.overwrite, holds_result)) as folder:
        (folder / PREVIEW_FILE).write_text(json.dumps(found), encoding="utf-8")
    return resolved(request.out)


def preview_lines(found: dict[str, Any]) -> list[str]:
    """What :func:`preview` found, in lines for a terminal."""
    patient, study = found["patient"], found["study"]
    lines = [
        f"Patient      {patient['name']} (ID {patient['id']}){', a pseudonym' if found['pseudonymised'] else ''}",
        f"Study        {study['description'] or 'without description'}, {study['date'] or 'without date'}",
        f"             {study['uid']}",
    ]
    for one in found["objects"]:
        frames = f"{one['frames']} frames, " if one["frames"] else ""
        there = ", is there already" if one["exists"] else ""
        lines.append(f"{one['file']:<24} {one['title']}, {frames}about {size_text(one['size'])}{there}")
        lines.append(f"{'':<24} {one['description']}")
    return lines + [f"Note         {remark}" for remark in found["remarks"]]


def written_lines(files: Iterable[Path]) -> list[str]:
    """Files that were written, in lines for a terminal."""
    return [f"DICOM        {path} ({size_text(path.stat().st_size)})" for path in files]


def size_text(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def need_highdicom() -> None:
    """Say that the package is missing before anything heavy is loaded.

    Raises:
        MissingDependencyError: it is.
    """
    if sys.modules.get("highdicom") is None and find_spec("highdicom") is None:
        raise MissingDependencyError(
            "Writing DICOM needs the Python package highdicom.", "Install it with: pip install highdicom"
        )


def _prepared(request: DicomRequest, progress: Progress) -> list[tuple[KneeToWrite, list[PlannedObject]]]:
    """Every knee of the result with what is to be written of it, after all checks."""
    result, series = resolved(existing_path(request.result)), existing_path(request.series)
    need_highdicom()
    progress("Starting", 0.0)
    with held():
        from datetime import datetime

        from CTSMALib.analysis.folder import load_analysis
        from CTSMALib.report.dicom.plan import planned_objects
        from CTSMALib.report.dicom.series import check_same, read_series
    knees = knee_folders(result) or [result]  # load_analysis() says what is wrong with a folder that is no result
    read = [(knee, load_analysis(knee)) for knee in knees]
    source = read_series(series, read[0][1], part_of(progress, 0.1, 0.7))
    now, found = datetime.now(), []
    for number, (folder, analysis) in enumerate(read):
        progress("Comparing the series with the result", 0.7 + 0.3 * number / len(read))
        check_same(source, analysis, folder)
        knee = _knee(folder, analysis, source, request, now)
        stem = f"-{folder.name}" if len(read) > 1 else ""
        kinds = [kind for kind in request.kinds if kind != PM or analysis.maps]
        found.append((knee, planned_objects(knee.study, folder, kinds, number, stem)))
    if not any(objects for _, objects in found):
        raise InputError("The result has no parameter maps.", "Choose another object.")
    return found


def _knee(folder: Path, analysis: Any, source: Any, request: DicomRequest, now: Any) -> KneeToWrite:
    from CTSMALib.report.dicom.objects import KneeToWrite
    from CTSMALib.report.dicom.patient import identified, pseudonymous
    from CTSMALib.report.dicom.study import study_of
    from CTSMALib.report.identity import prepared, pseudonym_for
    from CTSMALib.report.model import ReportOptions

    pseudonymise = request.pseudonymise
    removed = not analysis.identity.sha256  # by an earlier pseudonymisation; its pseudonym is kept
    if removed and not pseudonymise:
        raise InputError(
            "This result is pseudonymised, so it cannot be written under the patient's name.",
            "Choose to pseudonymise, or analyze the series again.",
        )
    options = ReportOptions(pseudonymise=pseudonymise and not removed, paper=request.paper)
    if pseudonymise:
        pseudonym = analysis.header.patient_id if removed else pseudonym_for(analysis, options.salt)
        identity = pseudonymous(source.header, pseudonym, source.digest)
    else:
        identity = identified(source.header)
    return KneeToWrite(folder, analysis, study_of(source, identity, prepared(analysis, options), now), options)


def _write(planned: list[tuple[KneeToWrite, PlannedObject]], folder: Path, progress: Progress) -> None:
    made: list[Any] = []
    for number, (knee, one) in enumerate(planned):
        progress(f"Writing the {TITLES[one.kind]}", number / len(planned), one.file)
        from CTSMALib.report.dicom.objects import made_object

        if number and knee is not planned[number - 1][0]:
            made = []
        made.append(made_object(one, knee, made))
        made[-1].save_as(folder / one.file, enforce_file_format=True)


def _kinds(text: str) -> tuple[str, ...]:
    wanted = {name.strip().lower() for name in text.split(",") if name.strip()}
    if not wanted or not wanted <= set(KINDS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in wanted)
