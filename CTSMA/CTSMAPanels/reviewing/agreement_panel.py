"""How far two readers of a cohort agree, and the bones that they decided differently about."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.scene.registration.cohort_review import CohortReview
from CTSMAPanels.qt_values import allow, value_of
from CTSMAPanels.reviewing.words import decision_words, subject_words
from CTSMAPanels.tables import chosen_key, fill, prepare
from CTSMAPanels.ui_files import load_panel


class AgreementPanel:
    """Both decisions about every bone that two readers have in common.

    Args:
        on_bone: called with the names of the case and of the bone that the user chose.
    """

    UI_FILE = "CTSMAReviewAgreement.ui"

    def __init__(self, on_bone: Callable[[str, str], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._on_bone = on_bone
        self._cohort: CohortReview | None = None
        self._readers: tuple[tuple[str, str], ...] = ()
        self._pairs: dict[str, Any] = {}
        prepare(self.ui.readingTable, [_("Case"), _("Bone"), "", ""], 0)
        self.ui.readersComboBox.currentIndexChanged.connect(lambda *_args: self._show_pairs())
        self.ui.differingCheckBox.toggled.connect(lambda *_args: self._show_pairs())
        self.ui.readingTable.itemSelectionChanged.connect(self._row_chosen)

    def show(self, cohort: CohortReview | None, obstacle: str) -> None:
        """Show the readers of a cohort.

        Args:
            cohort: the cases.
            obstacle: why no case can be opened now; empty where one can.
        """
        self._cohort = cohort
        self._list_readers(cohort.reader_pairs() if cohort is not None else ())
        none = "" if self._readers else _("No two people have decided about the same bone yet.")
        allow(self.ui.readersComboBox, none, _("Whose decisions are compared."))
        allow(self.ui.differingCheckBox, none, _("List only the bones that they decided differently about."))
        allow(self.ui.readingTable, none or obstacle, _("What both decided. Choose a row to open the case."))
        self._show_pairs()

    def _list_readers(self, readers: tuple[tuple[str, str], ...]) -> None:
        if readers == self._readers:
            return
        box: Any = self.ui.readersComboBox
        chosen = value_of(box, "currentText")
        blocked = box.blockSignals(True)
        box.clear()
        for first, second in readers:
            box.addItem(_("{first} and {second}").format(first=first, second=second))
        box.setCurrentIndex(max(box.findText(chosen), 0) if readers else -1)
        box.blockSignals(blocked)
        self._readers = readers

    def _show_pairs(self) -> None:
        index = int(value_of(self.ui.readersComboBox, "currentIndex"))
        if self._cohort is None or not 0 <= index < len(self._readers):
            self._pairs = {}
            fill(self.ui.readingTable, ())
            self.ui.agreementLabel.setText(_("A second reader's decisions are compared here."))
            return
        found = self._cohort.agreement(*self._readers[index])
        differing = bool(value_of(self.ui.differingCheckBox, "checked"))
        self._pairs = {f"{p.knee}/{p.bone}": p for p in (found.differing if differing else found.pairs)}
        self.ui.readingTable.setHorizontalHeaderLabels([_("Case"), _("Bone"), found.first, found.second])
        fill(self.ui.readingTable, [(key, _texts(pair)) for key, pair in self._pairs.items()], self._chosen)
        self.ui.agreementLabel.setText(_summary(found))

    @property
    def _chosen(self) -> str:
        return chosen_key(self.ui.readingTable)

    def _row_chosen(self, *_args: Any) -> None:
        pair = self._pairs.get(self._chosen)
        if pair is not None:
            self._on_bone(pair.knee, pair.bone)


def _texts(pair: Any) -> tuple[str, ...]:
    words = decision_words()
    return pair.knee, subject_words().get(pair.bone, pair.bone), words[pair.first], words[pair.second]


def _summary(found: Any) -> str:
    """Percent agreement and kappa with their intervals, and how many bones they are from."""
    counts = _("{bones} bones of {knees} cases, {differing} decided differently").format(
        bones=len(found.pairs), knees=len({pair.knee for pair in found.pairs}), differing=len(found.differing)
    )
    percent, kappa = _interval(found.percent, 0), _interval(found.kappa, 2)
    if math.isnan(found.kappa.value):
        kappa = _("not defined: both always decided the same one")
    numbers = _("Agreement (%): {percent}\nCohen's kappa: {kappa}").format(percent=percent, kappa=kappa)
    return f"{counts}\n{numbers}"


def _interval(found: Any, digits: int) -> str:
    value = f"{found.value:.{digits}f}"
    if math.isnan(found.low) or math.isnan(found.high):
        return str(_("{value} (too few cases for an interval)").format(value=value))
    low, high = (f"{limit:.{digits}f}" for limit in (found.low, found.high))
    return str(_("{value} (95 % interval {low} to {high})").format(value=value, low=low, high=high))
