"""Corrections of a manifest that were not saved when the panel went: kept beside it, and taken up again."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.training_cohort import CohortDesk
from CTSMALib.jobs.training_project import CohortKind, Project


def kept_file(project: Project) -> Path:
    """Where corrections are kept; they are a manifest, and can be chosen as one too."""
    return project.manifest.with_name(f"{project.manifest.stem}-unsaved.csv")


def keep(desk: CohortDesk) -> None:
    """Keep corrections that are not saved. Nobody can be asked: the application is closing."""
    try:
        if desk.unsaved and desk.table is not None:
            forget(desk)  # a damaged one could not be opened
            aside = _aside(desk)
            aside.table = desk.table
            aside.save()
    except (CTSMAError, OSError):
        logging.exception("Corrections of the manifest %s are lost.", desk.project.manifest)


def take_up(desk: CohortDesk) -> bool:
    """Go on with corrections that were kept, unless the manifest was written since.

    Returns:
        Whether there are any; they are not saved yet.
    """
    try:
        path, manifest = kept_file(desk.project), desk.project.manifest
        if desk.table is None or not desk.may_change or not path.is_file():
            return False
        if path.stat().st_mtime_ns < manifest.stat().st_mtime_ns:
            return False
        desk.table = _aside(desk).table
    except (CTSMAError, OSError):
        logging.exception("Corrections of the manifest %s cannot be read.", desk.project.manifest)
        return False
    desk.unsaved = True
    return True


def forget(desk: CohortDesk) -> None:
    """Corrections are saved, or the user lets them go: what was kept of them goes."""
    try:
        kept_file(desk.project).unlink(missing_ok=True)
    except OSError:
        logging.exception("Corrections of the manifest %s cannot be deleted.", desk.project.manifest)


def _aside(desk: CohortDesk) -> CohortDesk:
    """What was kept, as a manifest of its own; its paths are relative to the same folder."""
    return CohortDesk(replace(desk.project, cohort=kept_file(desk.project), kind=CohortKind.MANIFEST))
