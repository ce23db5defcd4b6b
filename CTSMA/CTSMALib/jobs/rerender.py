"""Writing the reports of an existing result again, in other formats or without identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from CTSMALib.jobs.knee_folders import knee_folders
from CTSMALib.progress import Progress, silent


def rerender(folder: Path, formats: Sequence[str], pseudonymise: bool = False, progress: Progress = silent) -> Path:
    """Write reports into a result folder, in place of those that are there.

    Args:
        folder: a result folder, of one knee or of both.
        formats: of :data:`CTSMALib.jobs.request.FORMATS`.
        pseudonymise: leave identifying entries out of the reports; ``analysis.json`` keeps them.
        progress: told of every knee.

    Returns:
        The result folder.

    Raises:
        InputError: the folder is no result, or a damaged one.
        OutputError: the reports cannot be written.
    """
    from CTSMALib.analysis.folder import load_analysis
    from CTSMALib.report import ReportOptions, write_reports

    knees = knee_folders(folder) or [folder]  # load_analysis() says what is wrong with a folder that is no result
    for index, knee in enumerate(knees):
        progress("Writing the reports", index / len(knees))
        write_reports(load_analysis(knee), knee, formats, ReportOptions(pseudonymise=pseudonymise))
    progress("Writing the reports", 1.0)
    return folder
