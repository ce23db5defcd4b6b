"""The list of patches: a row for each, and the selected one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import qt
from slicer.i18n import tr as _

from CTSMALib.catalogue import quantity
from CTSMALib.scene.aspects import flag_text
from CTSMALib.scene.exclusions import counted, excluded
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.table_nodes import head
from CTSMAPanels.qt_values import value_of
from CTSMAPanels.ui_files import load_panel

ROW_HEIGHT, COLUMNS = 22, 5


@dataclass(frozen=True)
class _Row:
    """A patch in the list.

    Attributes:
        label: of the patch.
        texts: one a column.
        keys: what each column is sorted by; ``None`` for nothing, which comes last.
    """

    label: int
    texts: tuple[str, ...]
    keys: tuple[Any, ...]


class PatchPanel:
    """The patches of one depth layer.

    Args:
        on_change: called with fields of :class:`PanelState` that the user changed.
    """

    UI_FILE = "CTSMAPatches.ui"

    def __init__(self, on_change: Callable[..., None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._on_change = on_change
        self._filled_with: tuple[Any, ...] = ()
        self._state = PanelState()
        self._result: ResultNodes | None = None
        self._column, self._falling = -1, False  # what is sorted by; at first nothing
        self.ui.patchTable.setColumnCount(COLUMNS)
        # By itself the table sorts texts, and shows numbers as the language of the computer does.
        self.ui.patchTable.setSortingEnabled(False)
        self.ui.patchTable.horizontalHeader().setSectionsClickable(True)
        self.ui.patchTable.horizontalHeader().sectionClicked.connect(lambda column: self._sort_by(int(column)))
        self.ui.patchTable.verticalHeader().setVisible(False)
        self.ui.patchTable.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.ui.patchTable.horizontalHeader().setStretchLastSection(True)
        self.ui.patchTable.itemSelectionChanged.connect(self._row_chosen)

    def show(self, state: PanelState, result: ResultNodes | None) -> None:
        """Show the patches of a state's layer with the values of its quantity, and select its patch."""
        self._state, self._result = state, result
        contents: tuple[Any, ...] = ()
        if result is not None:
            shown = (result.node.GetID(), state.quantity, state.layer, tuple(excluded(result)))
            contents = (*shown, self._column, self._falling)
        blocked = self.ui.patchTable.blockSignals(True)
        if contents != self._filled_with:
            self._fill(state, result)
            self._filled_with = contents
        self._select_row(state.patch)
        self.ui.patchTable.blockSignals(blocked)
        self.ui.selectedLabel.setText(_about(state.patch, result) if result is not None else "")

    def selected_label(self) -> int:
        """The label of the selected row; 0 for none."""
        row = self.ui.patchTable.currentRow()
        item = self.ui.patchTable.item(row, 0) if row >= 0 else None
        return int(item.data(qt.Qt.UserRole)) if item is not None else 0

    def _sort_by(self, column: int) -> None:
        """Sort by a column, or the other way round where it is sorted by that one."""
        self._column, self._falling = column, column == self._column and not self._falling
        header: Any = self.ui.patchTable.horizontalHeader()
        header.setSortIndicator(column, qt.Qt.DescendingOrder if self._falling else qt.Qt.AscendingOrder)
        header.setSortIndicatorShown(True)
        self.show(self._state, self._result)

    def _fill(self, state: PanelState, result: ResultNodes | None) -> None:
        table, entry = self.ui.patchTable, quantity(state.quantity)
        rows = _in_order(_rows(state, result), self._column, self._falling) if result is not None else []
        table.clearContents()
        table.setRowCount(len(rows))
        table.setHorizontalHeaderLabels([_("Patch"), _("Compartment"), head(entry), _("Measured"), _("Remarks")])
        for number, row in enumerate(rows):
            for column, text in enumerate(row.texts):
                item = qt.QTableWidgetItem()
                item.setText(text)
                item.setData(qt.Qt.UserRole, row.label)
                table.setItem(number, column, item)

    def _row_chosen(self, *_args: Any) -> None:
        label = self.selected_label()
        if label:
            self._on_change(patch=label)

    def _select_row(self, label: int) -> None:
        table = self.ui.patchTable
        if label and label == self.selected_label() and table.selectedItems():
            return
        for row in range(int(value_of(table, "rowCount"))):
            item = table.item(row, 0)
            if item is not None and int(item.data(qt.Qt.UserRole)) == label:
                table.selectRow(row)
                table.scrollToItem(item, qt.QAbstractItemView.PositionAtCenter)
                return
        table.clearSelection()
        table.setCurrentCell(-1, -1)


def _rows(state: PanelState, result: ResultNodes) -> list[_Row]:
    """The patches of the shown layer, in the order of their labels."""
    patches, digits = result.patches, quantity(state.quantity).decimals
    values, gone = counted(result).values_of(state.quantity), excluded(result)
    rows = []
    for index in np.flatnonzero(patches.layers == state.layer):
        name, value, share = patches.ids[index], float(values[index]), float(patches.valid_fractions[index])
        record = gone.get(name)
        absent = _("not measured") if record is None else ""
        flags = flag_text(str(patches.flags[index]))
        remark = _("excluded: {reason}").format(reason=record.reason) if record is not None else flags
        compartment = str(patches.compartments[index])
        shown = f"{value:.{digits}f}" if np.isfinite(value) else absent
        texts = (name, compartment, shown, _("{share:.0f} %").format(share=100 * share), remark)
        keys = (name, compartment, value if np.isfinite(value) else None, share, remark or None)
        rows.append(_Row(int(index) + 1, texts, keys))
    return rows


def _in_order(rows: list[_Row], column: int, falling: bool) -> list[_Row]:
    """Rows by a column; by none without one. What has nothing there stays at the end."""
    if column < 0:
        return rows
    known = [row for row in rows if row.keys[column] is not None]
    ordered = sorted(known, key=lambda row: row.keys[column], reverse=falling)
    return [*ordered, *(row for row in rows if row.keys[column] is None)]


def _about(label: int, result: ResultNodes) -> str:
    patches = result.patches
    if not 1 <= label <= len(patches):
        return _("No patch is selected.")
    right, anterior, superior = patches.centers_ras_mm[label - 1]
    return _("{patch}: center R {r:.1f}, A {a:.1f}, S {s:.1f} mm").format(
        patch=patches.ids[label - 1], r=right, a=anterior, s=superior
    )
