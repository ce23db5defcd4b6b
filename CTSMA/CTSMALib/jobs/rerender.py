"""Writing the reports of an existing result again, in other formats or without identifiers."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from CTSMALib.errors import OutputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.knee_folders import ANALYSIS_FILE, knee_folders
from CTSMALib.jobs.request import FORMATS, PAPERS, SCENE_FORMAT
from CTSMALib.jobs.scene_file import (
    SCENE_FILE,
    check_scene_can_be_written,
    discard_scenes,
    scene_is_outdated,
    scenes_can_be_written,
    set_scene_aside,
    write_scene,
)
from CTSMALib.jobs.staging import output_error, resolved
from CTSMALib.progress import Progress, silent

_REMEDY = "Ask for permission to write there, or copy the result folder to another place."


def rerender(
    folder: Path, formats: Sequence[str], pseudonymise: bool = False, progress: Progress = silent,
    paper: str = PAPERS[0],
) -> Path:  # fmt: skip
    """Write reports into a result folder, in place of those that are there.

    Those in other formats that are there are written again, too: patches may have been excluded since, or a diagnosis
    made, and no two reports of a folder should contradict each other. So is a scene that is outdated; where that cannot
    be, it gets another name (:data:`~CTSMALib.jobs.scene_file.OUTDATED_SCENE_FILE`).

    Args:
        folder: a result folder, of one knee or of both.
        formats: of :data:`CTSMALib.jobs.request.FORMATS` and :data:`CTSMALib.jobs.request.SCENE_FORMAT`.
        pseudonymise: leave identifying entries out of the whole folder. ``analysis.json`` is written again too, so this
            cannot be undone.
        progress: told of every knee.
        paper: of a PDF, one of :data:`CTSMALib.jobs.request.PAPERS`.

    Returns:
        The result folder, absolute.

    Raises:
        InputError: the folder is no result, or a damaged one.
        OutputError: the reports cannot be written.
    """
    folder = resolved(existing_path(folder))
    check_scene_can_be_written(formats)
    knees = knee_folders(folder) or [folder]  # load_analysis() says what is wrong with a folder that is no result
    for index, knee in enumerate(knees):
        progress("Writing the reports", index / len(knees))
        _rerender_knee(knee, formats, pseudonymise, paper)
    progress("Writing the reports", 1.0)
    return folder


def _rerender_knee(knee: Path, formats: Sequence[str], pseudonymise: bool, paper: str) -> None:
    from CTSMALib.analysis.exclusions import write_exclusions
    from CTSMALib.analysis.folder import load_analysis, write_findings
    from CTSMALib.diagnosis.record import without_time
    from CTSMALib.report import ReportOptions, write_reports
    from CTSMALib.report.identity import prepared

    analysis = load_analysis(knee)
    # Without an image digest the folder is pseudonymised already; doing it twice would lose the pseudonym.
    options = ReportOptions(pseudonymise=pseudonymise and bool(analysis.identity.sha256), paper=paper)
    # A scene that is there must not keep what the folder has lost, nor what an earlier run could not write again.
    scene = SCENE_FORMAT in formats or (pseudonymise and (knee / SCENE_FILE).exists())
    check_scene_can_be_written([SCENE_FORMAT] if scene else [])
    formats = [name for name in FORMATS if name in formats or (knee / f"report.{name}").exists()]
    try:
        if not os.access(knee, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(knee))
        write_reports(analysis, knee, formats, options)
        if pseudonymise:
            write_exclusions(prepared(analysis, options).exclusions, knee)
        if options.pseudonymise:
            for left in knee.glob(".report.*"):  # of a process that was killed
                left.unlink()
            discard_scenes(knee)
            without_time(knee)
            whole = load_analysis(knee, excluded=False)  # exclusions can be taken back
            write_findings(prepared(whole, options), knee)  # last: the reports need the identifiers to remove them
        if scene or (scene_is_outdated(knee) and scenes_can_be_written()):
            write_scene(knee)
        elif scene_is_outdated(knee):
            set_scene_aside(knee)
    except OSError as error:
        raise output_error(error, knee / ANALYSIS_FILE, _REMEDY) from error
    except OutputError as error:
        if isinstance(error.__cause__, OSError):
            raise output_error(error.__cause__, knee / ANALYSIS_FILE, _REMEDY) from error
        raise
