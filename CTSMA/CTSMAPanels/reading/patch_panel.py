"""The list of patches: a row for each, and the selected one."""

from __future__ import annotations

from collections.abc import Callable
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

ROW_HEIGHT = 22
_PATCH, _COMPARTMENT, _VALUE, _VALID, _REMARK = range(5)


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
        self.ui.patchTable.setColumnCount(5)
        self.ui.patchTable.verticalHeader().setVisible(False)
        self.ui.patchTable.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.ui.patchTable.horizontalHeader().setStretchLastSection(True)
        self.ui.patchTable.itemSelectionChanged.connect(self._row_chosen)

    def show(self, state: PanelState, result: ResultNodes | None) -> None:
        """Show the patches of a state's layer with the values of its quantity, and select its patch."""
        contents: tuple[Any, ...] = ()
        if result is not None:
            contents = (result.node.GetID(), state.quantity, state.layer, tuple(excluded(result)))
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
        item = self.ui.patchTable.item(row, _PATCH) if row >= 0 else None
        return int(item.data(qt.Qt.UserRole)) if item is not None else 0

    def _fill(self, state: PanelState, result: ResultNodes | None) -> None:
        table = self.ui.patchTable
        table.setSortingEnabled(False)
        table.clearContents()
        shown = np.flatnonzero(result.patches.layers == state.layer) if result is not None else []
        table.setRowCount(len(shown))
        entry = quantity(state.quantity)
        table.setHorizontalHeaderLabels([_("Patch"), _("Compartment"), head(entry), _("Measured"), _("Remarks")])
        if result is not None:
            values, gone = counted(result).values_of(state.quantity), excluded(result)
            for row, index in enumerate(shown):
                record = gone.get(result.patches.ids[index])
                flags = flag_text(str(result.patches.flags[index]))
                remark = _("excluded: {reason}").format(reason=record.reason) if record is not None else flags
                self._fill_row(row, int(index), float(values[index]), entry.decimals, result, remark)
        table.setSortingEnabled(True)

    def _fill_row(self, row: int, index: int, value: float, decimals: int, result: ResultNodes, remark: str) -> None:
        patches = result.patches
        share = float(patches.valid_fractions[index])
        texts = (
            patches.ids[index],
            str(patches.compartments[index]),
            f"{value:.{decimals}f}"
            if np.isfinite(value)
            else _("not measured")
            if patches.ids[index] not in excluded(result)
            else "",
            f"{share:.0%}",
            remark,
        )
        numbers = {_VALUE: value, _VALID: share}
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem()
            if column in numbers and np.isfinite(numbers[column]):
                # Sorted as a number: a text would sort 10 before 9.
                item.setData(qt.Qt.DisplayRole, round(numbers[column], decimals if column == _VALUE else 2))
            else:
                item.setText(text)
            item.setData(qt.Qt.UserRole, index + 1)
            self.ui.patchTable.setItem(row, column, item)

    def _row_chosen(self, *_args: Any) -> None:
        label = self.selected_label()
        if label:
            self._on_change(patch=label)

    def _select_row(self, label: int) -> None:
        table = self.ui.patchTable
        if label and label == self.selected_label() and table.selectedItems():
            return
        for row in range(int(value_of(table, "rowCount"))):
            item = table.item(row, _PATCH)
            if item is not None and int(item.data(qt.Qt.UserRole)) == label:
                table.selectRow(row)
                table.scrollToItem(item, qt.QAbstractItemView.PositionAtCenter)
                return
        table.clearSelection()
        table.setCurrentCell(-1, -1)


def _about(label: int, result: ResultNodes) -> str:
    patches = result.patches
    if not 1 <= label <= len(patches):
        return _("No patch is selected.")
    right, anterior, superior = patches.centers_ras_mm[label - 1]
    return _("{patch}: center R {r:.1f}, A {a:.1f}, S {s:.1f} mm").format(
        patch=patches.ids[label - 1], r=right, a=anterior, s=superior
    )
