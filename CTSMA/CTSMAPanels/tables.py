"""Filling tables of panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt

from CTSMAPanels.qt_values import value_of

ROW_HEIGHT = 22


def prepare(table: Any, heads: Sequence[str], stretched: int) -> None:
    """Give a table its columns.

    Args:
        table: ``QTableWidget``.
        heads: translated titles.
        stretched: the column that takes the room that the others leave.
    """
    table.setColumnCount(len(heads))
    table.setHorizontalHeaderLabels(list(heads))
    table.verticalHeader().setVisible(False)
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    header: Any = table.horizontalHeader()
    for column in range(len(heads)):
        wide = column == stretched
        header.setSectionResizeMode(column, qt.QHeaderView.Stretch if wide else qt.QHeaderView.ResizeToContents)


def fill(table: Any, rows: Sequence[tuple[str, Sequence[str]]], chosen: str = "") -> None:
    """Put rows into a table, without telling anybody.

    Args:
        table: ``QTableWidget``.
        rows: key of a row, and its texts.
        chosen: key of the row that is selected.
    """
    blocked = table.blockSignals(True)
    table.setRowCount(len(rows))
    for row, (key, texts) in enumerate(rows):
        for column, text in enumerate(texts):
            item = table.item(row, column)
            if item is None:
                item = qt.QTableWidgetItem()
                table.setItem(row, column, item)
            item.setText(text)
            item.setToolTip(text)
            item.setData(qt.Qt.UserRole, key)
    select(table, chosen)
    table.blockSignals(blocked)


def select(table: Any, key: str) -> None:
    """Select the row of a key, or none."""
    for row in range(int(value_of(table, "rowCount"))):
        item = table.item(row, 0)
        if key and item is not None and item.data(qt.Qt.UserRole) == key:
            if chosen_key(table) != key or not table.selectedItems():
                table.selectRow(row)
                table.scrollToItem(item)
            return
    table.clearSelection()
    table.setCurrentCell(-1, -1)


def chosen_key(table: Any) -> str:
    """The key of the selected row; empty for none."""
    row = table.currentRow()
    item = table.item(row, 0) if row >= 0 else None
    return str(item.data(qt.Qt.UserRole)) if item is not None else ""
