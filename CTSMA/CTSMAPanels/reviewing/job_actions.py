"""What a user asks processes for, and what becomes of their results; exporting."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import InputError
from CTSMALib.scene.registration.cohort_review import CohortReview
from CTSMALib.scene.registration.judging import JobWish
from CTSMALib.scene.registration.review_entry import export_review, keep_images
from CTSMALib.scene.registration.review_state import WHOLE, ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.panel_jobs import user_folder
from CTSMAPanels.reviewing.export_panel import ExportPanel
from CTSMAPanels.reviewing.jobs import ReviewJobs
from CTSMAPanels.reviewing.scans_panel import ScansPanel


class WorkDesk(Protocol):
    """Where the review lies."""

    scene: Any
    session: ReviewSession | None
    cohort: CohortReview | None
    state: ReviewState
    jobs: ReviewJobs
    scans: ScansPanel
    exporting: ExportPanel

    def chosen_scans(self) -> tuple[Any, Any]:
        """The nodes that are chosen as CT and MR."""

    def open_review(self, folder: Path, ct: Any, mr: Any, case: str = "") -> None:
        """Open a registration."""


class JobActions:
    """Work in a process of its own.

    Args:
        desk: holds review and state.
    """

    def __init__(self, desk: WorkDesk) -> None:
        self._desk = desk

    def register(self) -> None:
        """Register the chosen scans, then open the registration."""
        with problems_shown(_("The registration could not be started.")):
            out = user_folder(self._desk.scans.folder)
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise InputError(
                    _("The folder is not empty."), _("Choose a new folder, or open the registration in it.")
                )
            state = self._desk.state
            chosen = state.ct, state.mr
            self._desk.jobs.register(
                *self._desk.chosen_scans(), out, state.guide, lambda folder: self._registered(folder, chosen)
            )

    def _registered(self, folder: Path, chosen: tuple[str, str]) -> None:
        """Open what was found, with the scans of these IDs, which a user may have deleted meanwhile."""
        ct, mr = (self._desk.scene.GetNodeByID(name) for name in chosen)
        for title, node in (("CT", ct), ("MR", mr)):
            if node is None:
                raise InputError(
                    _("The {title} is registered, but no longer in the scene.").format(title=title),
                    _("The registration is in {folder}; load the scan again and open it.").format(folder=folder),
                )
        self._desk.open_review(folder, ct, mr)

    def judge(self) -> None:
        """Judge all bones where they lie."""
        session = self._desk.session
        if session is not None:
            with problems_shown(_("The bones could not be judged.")):
                self._go_on(session, session.request_judge())

    def refine(self) -> None:
        """Find what is under work anew, from where it lies now, with what is chosen to register with."""
        session, subject = self._desk.session, self._desk.state.subject
        if session is not None:
            with problems_shown(_("The bone could not be refined.")):
                self._go_on(session, session.request_refine(() if subject == WHOLE else (subject,)))

    def _go_on(self, session: ReviewSession, wish: JobWish) -> None:
        guide = self._desk.state.guide
        self._desk.jobs.go_on(wish, self._scans(session), lambda folder: self._take(session, wish, folder), guide)

    def _take(self, session: ReviewSession, wish: JobWish, folder: Path) -> None:
        if session is not self._desk.session:
            return
        session.take(folder, wish.bones)
        keep_images(session, folder)

    def _scans(self, session: ReviewSession) -> tuple[Any, Any]:
        """The files of an open case, because they say more than volume nodes; else the nodes of the review."""
        cohort, name = self._desk.cohort, self._desk.state.case
        case = cohort.case(name) if cohort is not None else None
        if case is not None:
            return case.ct, case.mr
        return session.nodes.ct, session.nodes.mr

    def export(self) -> None:
        """Copy the chosen results into the chosen folder."""
        session, chosen = self._desk.session, self._desk.exporting
        if session is None:
            return
        with problems_shown(_("The export failed.")):
            out = user_folder(chosen.folder)
            if out.is_dir() and any(out.iterdir()):
                question = _("The folder {folder} is not empty. Replace files of the same names?").format(folder=out)
                if not slicer.util.confirmOkCancelDisplay(question):
                    return
            files = export_review(session, out, chosen.transforms, chosen.images, chosen.table)
            chosen.exported(out, len(files))
