"""The registrations of the cohort: verdicts of the checks, decisions of the reviewers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.scene.registration.cohort_review import CohortReview
from CTSMAPanels.main_window import why_not_open
from CTSMAPanels.qt_values import allow
from CTSMAPanels.reviewing.words import status_words, verdict_words
from CTSMAPanels.tables import fill, prepare
from CTSMAPanels.ui_files import load_panel

REGISTRATION_MODULE = "CTSMARegistration"


class RegistrationsPanel:
    """The table of pairs.

    Args:
        on_review: called when the user wants to review them.
    """

    UI_FILE = "CTSMATrainingRegistrations.ui"

    def __init__(self, on_review: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        prepare(self.ui.caseTable, ["", _("Knee"), _("Verdict"), _("Review"), _("Reason")], 4)
        self.ui.reviewButton.clicked.connect(lambda *_args: on_review())

    def show(self, folder: Path | None, missing: str) -> None:
        """Show what became of a cohort.

        Args:
            folder: of its registrations; ``None`` where the cohort needs none or there is no project.
            missing: why nothing can be read, such as packages that are not installed.
        """
        cohort, problem = None, missing
        if not problem and folder is not None and folder.is_dir():
            try:
                cohort = CohortReview(folder)
            except CTSMAError as error:
                problem = str(error)
        cases = cohort.cases if cohort is not None else ()
        signs, verdicts = status_words(), verdict_words()
        rows = []
        for case in cases:
            sign, words = signs[case.status]
            rows.append((case.name, (sign, case.name, verdicts[case.verdict], words, case.reason)))
        fill(self.ui.caseTable, rows)
        self.ui.caseTable.setVisible(bool(rows))
        self.ui.registrationsLabel.setText(_about(cohort, problem))
        reason = why_not_open(REGISTRATION_MODULE) if cohort is not None else problem or _("No pair is registered yet.")
        allow(self.ui.reviewButton, reason, _("Open these pairs in the module CTSMA Registration."))


def _about(cohort: CohortReview | None, problem: str) -> str:
    if cohort is None:
        return problem or _("No pair is registered yet.")
    found = cohort.progress()
    told = _("{registered} of {cases} pairs are registered, {reviewed} of them reviewed.").format(
        registered=found.registered, cases=found.cases, reviewed=found.reviewed
    )
    only = _("Patches are made of bones whose last review is accepted or auto; reject or correct the others.")
    return f"{told} {only}"
