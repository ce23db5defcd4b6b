"""The cohort: where it is, the table of its knees, what is doubtful about them, and correcting it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.jobs.training_cohort import EDITABLE, CohortDesk, KneeLine
from CTSMALib.jobs.training_project import CohortKind
from CTSMALib.resources import resource
from CTSMALib.scene.training_state import TrainingState
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.qt_values import allow, value_of
from CTSMAPanels.tables import chosen_key, fill, prepare
from CTSMAPanels.training.path_field import PathField
from CTSMAPanels.training.words import gravity_sign, kind_words
from CTSMAPanels.ui_files import load_panel

COLUMNS = ("", *EDITABLE, "ct", "mr")
SHOWN_FINDINGS = 4
TOLD_MS = 5000
PRACTICE_COHORT = "SampleData/practice_cohort"


class CohortPanel:
    """The table of knees.

    Args:
        on_change: called with fields of :class:`TrainingState` that the user changed.
        on_find: called when pairs are to be found.
        on_edit: called after the manifest was changed or saved.
    """

    UI_FILE = "CTSMATrainingCohort.ui"

    def __init__(
        self, on_change: Callable[..., None], on_find: Callable[[], None], on_edit: Callable[[], None]
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._desk: CohortDesk | None = None
        self._lines: tuple[KneeLine, ...] = ()
        self._state = TrainingState()
        self._on_edit = on_edit
        heads = ["", _("Subject"), _("Side"), _("Split"), _("Grade"), _("CT"), _("MR")]
        prepare(self.ui.kneeTable, heads, 6)
        self.ui.kneeTable.horizontalHeader().setSectionResizeMode(5, qt.QHeaderView.Stretch)  # CT and MR share the room
        prepare(self.ui.leftOutTable, [_("File or series"), _("Why it was left out")], 1)
        self.ui.leftOutTable.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)  # both share the room
        self._cohort = PathField(self.ui.cohortEdit, lambda path: on_change(cohort=path))
        self._project = PathField(self.ui.projectEdit, lambda path: on_change(project=path))
        self._scans = {
            column: PathField(edit, lambda path, column=column: self._choose_scan(column, path))
            for column, edit in (("ct", self.ui.ctEdit), ("mr", self.ui.mrEdit))
        }
        self._on_change, self._on_find = on_change, on_find
        self.ui.practiceButton.clicked.connect(lambda *_args: self._choose_practice())
        self.ui.findButton.clicked.connect(lambda *_args: self._find())
        self.ui.splitsButton.clicked.connect(lambda *_args: self._assign())
        self.ui.saveButton.clicked.connect(lambda *_args: self.save())
        self.ui.kneeTable.itemSelectionChanged.connect(lambda *_args: self._show_row())
        self.ui.kneeTable.itemChanged.connect(self._cell_changed)
        self.ui.otherCtButton.clicked.connect(lambda *_args: self._edit(lambda desk, row: desk.take_other(row, "ct")))
        self.ui.otherMrButton.clicked.connect(lambda *_args: self._edit(lambda desk, row: desk.take_other(row, "mr")))
        self.ui.confirmButton.clicked.connect(lambda *_args: self._edit(lambda desk, row: desk.confirm(row)))
        self.ui.removeButton.clicked.connect(lambda *_args: self._edit(lambda desk, row: desk.remove(row)))

    def show(
        self, state: TrainingState, desk: CohortDesk | None, problem: str, obstacle: str, remark: str = ""
    ) -> None:
        """Show a cohort.

        Args:
            state: names the paths.
            desk: its manifest; ``None`` where there is none.
            problem: why there is none, or why it cannot be read for now.
            obstacle: why nothing can be started now; empty where something can.
            remark: on files beside the manifest.
        """
        self._state, self._desk = state, desk
        self._cohort.show(state.cohort)
        self._project.show(state.project)
        about = problem if desk is None or problem else self._about(desk)
        self.ui.kindLabel.setText("\n".join(part for part in (about, remark) if part))
        self._fill()
        kind = desk.project.kind if desk is not None else None
        self._allow(problem, obstacle, kind)

    def _choose_practice(self) -> None:
        with problems_shown(_("The practice cohort cannot be chosen.")):
            self._on_change(cohort=str(resource(PRACTICE_COHORT)))

    def settle(self) -> None:
        """Take paths that were typed."""
        for field in (self._cohort, self._project, *self._scans.values()):
            field.settle()

    def _find(self) -> None:
        self.settle()
        if value_of(self.ui.findButton, "enabled"):  # not where the path that was typed leads to something else
            self._on_find()

    def save(self) -> bool:
        """Write the manifest; whether that went well."""
        self.settle()
        saved = False
        with problems_shown(_("The manifest could not be saved.")):
            if self._desk is not None:
                self._desk.save()
                saved = True
        self._on_edit()
        return saved

    @property
    def row(self) -> int:
        """The selected row; -1 for none."""
        key = chosen_key(self.ui.kneeTable)
        return int(key) if key and int(key) < len(self._lines) else -1

    def _about(self, desk: CohortDesk) -> str:
        parts = [kind_words(desk.project.kind), desk.summary()]
        if desk.table is not None:
            count = desk.errors
            parts.append(_("Errors to correct: {count}.").format(count=count) if count else _("No errors."))
            findings = [f"{finding.text} {finding.remedy}" for finding in desk.of_all[:SHOWN_FINDINGS]]
            parts += findings
            if desk.unsaved:
                parts.append(_("There are changes that are not saved."))
        return "\n".join(part for part in parts if part)

    def _fill(self) -> None:
        desk = self._desk
        chosen = chosen_key(self.ui.kneeTable)
        self._lines = desk.lines() if desk is not None else ()
        fill(self.ui.kneeTable, [(str(n), _texts(line)) for n, line in enumerate(self._lines)], chosen)
        editable = desk is not None and desk.may_change
        blocked = self.ui.kneeTable.blockSignals(True)
        for row, line in enumerate(self._lines):
            for column, name in enumerate(COLUMNS):
                item = self.ui.kneeTable.item(row, column)
                flags = qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable
                item.setFlags(flags | qt.Qt.ItemIsEditable if editable and name in EDITABLE else flags)
                if not column:
                    item.setToolTip(line.words or _("Nothing is wrong with it."))
        self.ui.kneeTable.blockSignals(blocked)
        self.ui.kneeArea.setVisible(bool(self._lines))
        self._show_left_out(desk.left_out if desk is not None else ())
        self._show_row()

    def _show_left_out(self, left_out: Sequence[tuple[str, str]]) -> None:
        """Show what is in no row, and why."""
        fill(self.ui.leftOutTable, [(path, (path, reason)) for path, reason in left_out])
        self.ui.leftOutSection.setText(_("Left out when the pairs were found: {count}").format(count=len(left_out)))
        self.ui.leftOutSection.setVisible(bool(left_out))

    def _show_row(self) -> None:
        line = self._lines[self.row] if self.row >= 0 else None
        self.ui.findingLabel.setText(line.words if line is not None else "")
        self.ui.findingLabel.setVisible(line is not None and bool(line.words))
        for column, field in self._scans.items():
            path = self._desk.path(self.row, column) if self._desk is not None and line is not None else None
            field.show(str(path) if path is not None else "")
        self._allow_row(line)

    def _allow_row(self, line: KneeLine | None) -> None:
        reason = ""
        if self._desk is None or self._desk.table is None:
            reason = _("There is no manifest yet.")
        elif not self._desk.may_change:
            reason = _("The manifest of a virtual cohort is not changed.")
        elif line is None:
            reason = _("Select a knee in the table.")
        no_ct = _("No other CT of this knee was found.") if line is not None and not line.other_cts else ""
        no_mr = _("No other MR of this knee was found.") if line is not None and not line.other_mrs else ""
        sure = _("There is no doubt about it.") if line is not None and not line.doubtful else ""
        for button, own, about in (
            (self.ui.ctEdit, "", _("An image file, a DICOM folder, or a DICOM file of the series.")),
            (self.ui.mrEdit, "", _("An image file, a DICOM folder, or a DICOM file of the series.")),
            (self.ui.otherCtButton, no_ct, _("Take the next of the other CTs that fit.")),
            (self.ui.otherMrButton, no_mr, _("Take the next of the other MRs that fit.")),
            (self.ui.confirmButton, sure, _("I have looked at it: the doubts go.")),
            (self.ui.removeButton, "", _("Leave this knee out; its files stay.")),
        ):
            allow(button, reason or own, about)

    def _allow(self, problem: str, obstacle: str, kind: CohortKind | None) -> None:
        table = self._desk is not None and self._desk.table is not None
        fixed = _("The manifest of a virtual cohort is not changed.")
        searched = kind is CohortKind.SCANS
        find = problem or obstacle or ("" if searched else _("Pairs are found in a folder with scans only."))
        about = _("Twelve small virtual knees that come with CTSMA, to see how a training goes.")
        allow(self.ui.practiceButton, obstacle, about)
        allow(self.ui.findButton, find, _("Look for CT and MR of the same subject and side, by headers and names."))
        none = "" if table else problem or _("There is no manifest yet.")  # corrections can be saved whatever is away
        fixed = fixed if self._desk is not None and not self._desk.may_change else ""
        about = _("Give every subject that has none a split; where all have one, draw all anew.")
        allow(self.ui.splitsButton, none or fixed, about)
        saved = "" if self._desk is not None and self._desk.unsaved else _("Nothing was changed.")
        allow(
            self.ui.saveButton, none or fixed or obstacle or saved, _("Write the manifest, completely or not at all.")
        )

    def _edit(self, change: Callable[[CohortDesk, int], None]) -> None:
        self.settle()
        if self._desk is not None and self.row >= 0:
            with problems_shown(_("The manifest could not be changed.")):
                change(self._desk, self.row)
            self._on_edit()

    def _assign(self) -> None:
        desk = self._desk
        if desk is not None and desk.table is not None:
            complete = all(line.cells["split"] for line in self._lines if line.cells["ct"] and line.cells["mr"])
            with problems_shown(_("The splits could not be assigned.")):
                desk.assign_splits(self._state.split_seed, anew=complete)
            self._on_edit()

    def _cell_changed(self, item: Any) -> None:
        row, column = int(item.row()), COLUMNS[int(item.column())]
        if self._desk is not None and column in EDITABLE and row < len(self._lines):
            text = str(item.text())
            with problems_shown(_("The manifest could not be changed.")):
                self._desk.set_cell(row, column, text)
            qt.QTimer.singleShot(0, self._on_edit)  # not while the table tells of its cell

    def _choose_scan(self, column: str, text: str) -> None:
        """Take a path that leads to something; an empty field may be about to get another path."""
        row, desk = self.row, self._desk
        if not text or row < 0 or desk is None or desk.path(row, column) == Path(text):
            return
        if Path(text).exists():
            self._edit(lambda desk, row: desk.set_path(row, column, Path(text)))
        else:
            slicer.util.showStatusMessage(_("There is no {path}.").format(path=text), TOLD_MS)
            self._show_row()


def _texts(line: KneeLine) -> tuple[str, ...]:
    cells = line.cells
    return gravity_sign(line.gravity), *(cells[name] for name in EDITABLE), cells["ct"], cells["mr"]
