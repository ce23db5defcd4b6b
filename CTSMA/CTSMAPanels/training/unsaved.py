"""Corrections of a manifest that were not saved when the panel went: kept beside it, and taken up again."""

from __future__ import annotations

import copy
import logging
import re
from dataclasses import replace
from itertools import count
from pathlib import Path

from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.training_cohort import CohortDesk
from CTSMALib.jobs.training_project import CohortKind, Project


class KeptCorrections:
    """The files with corrections of the manifest that a panel shows.

    Only the one that was taken up is ever written again or deleted.

    Attributes:
        remark: which files were not taken up, and why; empty for none.
    """

    def __init__(self) -> None:
        self.remark = ""
        self._taken: Path | None = None

    def keep(self, desk: CohortDesk) -> None:
        """Keep corrections that are not saved. Nobody can be asked: the application is closing."""
        try:
            if desk.unsaved and desk.table is not None:
                aside = copy.copy(desk)
                aside.project = _kept_project(desk.project, self._taken or _free_file(desk.project))
                aside.save()
        except (CTSMAError, OSError):
            logging.exception("Corrections of the manifest %s are lost.", desk.project.manifest)

    def take_up(self, desk: CohortDesk) -> bool:
        """Go on with the newest corrections that were kept, unless the manifest was written since.

        Returns:
            Whether there are any; they are not saved yet.
        """
        self.remark, self._taken = "", None
        refused: list[str] = []
        try:
            written_ns = desk.project.manifest.stat().st_mtime_ns if desk.table is not None else 0
            for path in _kept_files(desk.project) if desk.table is not None and desk.may_change else ():
                reason = self._try(desk, path, written_ns)
                if reason:
                    refused.append(_("{file} was not taken up: {reason}").format(file=path, reason=reason))
        except OSError:
            logging.exception("Corrections of the manifest %s cannot be read.", desk.project.manifest)
        if refused:
            refused.append(_("Choose it as the cohort to see what it holds, or delete it."))
        self.remark = "\n".join(refused)
        return self._taken is not None

    def forget(self) -> None:
        """Corrections are saved, or the user lets them go: what was taken up goes."""
        taken, self._taken = self._taken, None
        try:
            if taken is not None:
                taken.unlink(missing_ok=True)
        except OSError:
            logging.exception("Corrections of a manifest, %s, cannot be deleted.", taken)

    def _try(self, desk: CohortDesk, path: Path, written_ns: int) -> str:
        """Take a file up, or say why not."""
        if path.stat().st_mtime_ns < written_ns:
            return _("the manifest was written after it.")
        if self._taken is not None:
            return _("{file} is newer.").format(file=self._taken.name)
        try:
            desk.table = CohortDesk(_kept_project(desk.project, path)).table
        except (CTSMAError, OSError):
            logging.exception("Corrections of the manifest %s cannot be read.", desk.project.manifest)
            return _("it cannot be read.")
        self._taken, desk.unsaved = path, True
        return ""


def _kept_files(project: Project) -> list[Path]:
    """Where corrections were kept, the newest first; they are manifests, and can be chosen as such too."""
    manifest = project.manifest
    name = re.compile(rf"{re.escape(manifest.stem)}-unsaved(-\d+)?\.csv")
    found = [path for path in manifest.parent.iterdir() if name.fullmatch(path.name) and path.is_file()]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _free_file(project: Project) -> Path:
    """Where corrections can be kept without writing over others."""
    names = (f"{project.manifest.stem}-unsaved{'' if number == 1 else f'-{number}'}.csv" for number in count(1))
    return next(path for path in (project.manifest.with_name(name) for name in names) if not path.exists())


def _kept_project(project: Project, path: Path) -> Project:
    """What was kept, as a manifest of its own; its paths are relative to the same folder."""
    return replace(project, cohort=path, kind=CohortKind.MANIFEST)
