"""Writing the reports of an existing result to a folder of the user's choice; the result stays as it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import OutputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.knee_folders import holds_result, knee_folders
from CTSMALib.jobs.leftovers import REPORTS
from CTSMALib.jobs.request import ExportRequest
from CTSMALib.jobs.staging import resolved, staged
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.analysis.result import KneeAnalysis
    from CTSMALib.report import ReportOptions

_REMEDY = "Choose another folder."


@dataclass(frozen=True)
class Destination:
    """The folder that reports go to, beside whatever else is in it.

    Attributes:
        out: the folder.
        names: the files to come.
        overwrite: whether files of these names may be replaced.
        result: the result folder, in which nothing may change.
    """

    out: Path
    names: tuple[str, ...]
    overwrite: bool
    result: Path

    @property
    def path(self) -> Path:
        """What the hidden folder is made beside: it grows in ``out`` itself, so that moving the files is renaming."""
        return self.out / REPORTS

    def check(self) -> Path:
        """Return the resolved path.

        Raises:
            OutputError: a file is in the way, or the folder is one of a result.
        """
        out = resolved(self.out)
        blocked = next((p for p in (out, *out.parents) if os.path.lexists(p) and not p.is_dir()), None)
        if blocked is not None:
            raise OutputError(f"{blocked} is a file, not a folder.", _REMEDY)
        if self.result in (out, *out.parents):
            raise OutputError(f"The folder {out} belongs to the result itself, which is kept as it is.", _REMEDY)
        if holds_result(out):
            raise OutputError(f"The folder {out} holds another result, with reports of its own.", _REMEDY)
        for name in self.names:
            if (out / name).is_dir():
                raise OutputError(f"There is a folder {out / name}.", _REMEDY)
            if not self.overwrite and os.path.lexists(out / name):
                raise OutputError(
                    f"The folder {out} already holds a file {name}.", "Choose another folder, or add --overwrite."
                )
        return out / REPORTS

    def commit(self, folder: Path, path: Path) -> None:
        """Move the finished reports to their places; the old ones come back if that fails."""
        aside = folder / "previous"
        aside.mkdir()
        begun: list[str] = []
        try:
            for name in self.names:
                if os.path.lexists(path.parent / name):
                    # A copy: the old report must not be missing for a moment, even if this process is killed.
                    shutil.copy2(path.parent / name, aside / name, follow_symlinks=False)
                begun.append(name)
                os.replace(folder / name, path.parent / name)
        except BaseException:
            for name in begun:
                _bring_back(aside / name, path.parent / name)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def _bring_back(old: Path, place: Path) -> None:
    if os.path.lexists(old):
        os.replace(old, place)
    else:
        place.unlink(missing_ok=True)


def export_reports(request: ExportRequest, progress: Progress = silent) -> Path:
    """Write reports of a result to another folder, completely or not at all.

    They are called ``report.html`` and so on, or ``report-left.html`` and ``report-right.html`` where the result is
    one of both knees.

    Args:
        request: what to do.
        progress: told of every report; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder with the reports, absolute.

    Raises:
        InputError: the folder is no result, or a damaged one.
        OutputError: the reports cannot be written, or there are some already.
    """
    result = resolved(existing_path(request.result))
    knees = knee_folders(result) or [result]  # load_analysis() says what is wrong with a folder that is no result
    stems = ["report"] if knees == [result] else [f"report-{knee.name}" for knee in knees]
    names = tuple(f"{stem}.{name}" for stem in stems for name in request.formats)
    out = resolved(request.out)
    with staged(Destination(out, names, request.overwrite, result)) as folder:
        for index, (knee, stem) in enumerate(zip(knees, stems, strict=True)):
            own = part_of(progress, index / len(knees), (index + 1) / len(knees))
            _export_knee(knee, folder / stem, request, own)
        progress("Finishing", 1.0)
    return out


def _export_knee(knee: Path, stem: Path, request: ExportRequest, progress: Progress) -> None:
    progress("Reading the result", 0.0)
    from CTSMALib.analysis.folder import load_analysis
    from CTSMALib.report import ReportOptions

    analysis = load_analysis(knee)
    # Without an image digest the folder is pseudonymised already; doing it twice would lose the pseudonym.
    hidden = request.pseudonymise and bool(analysis.identity.sha256)
    options = ReportOptions(pseudonymise=hidden, paper=request.paper)
    _render(analysis, knee, stem, request.formats, options, part_of(progress, 0.2, 1.0))


def _render(
    analysis: KneeAnalysis, knee: Path, stem: Path, formats: Sequence[str], options: ReportOptions, progress: Progress
) -> None:
    from CTSMALib.report.write import renderings

    progress("Drawing the pictures", 0.0)
    written = renderings(analysis, knee, formats, options)
    for index, (name, render) in enumerate(written.items()):
        progress("Writing the reports", 0.5 + 0.5 * index / len(written))
        render(stem.with_name(f"{stem.name}.{name}"))
