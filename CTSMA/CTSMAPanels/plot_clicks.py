"""Clicks on points of plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from CTSMAPanels.qt_values import value_of


class PlotClicks:
    """Tells of points that are selected in plot views.

    Args:
        on_point: called with the ID of the series node and the row of its table.
    """

    def __init__(self, on_point: Callable[[str, int], None]) -> None:
        self._on_point = on_point
        self._watched: list[Any] = []

    def watch(self) -> None:
        """Watch every plot view there is now; call it again when the arrangement of views has changed."""
        manager = slicer.app.layoutManager()
        if manager is None:  # without a main window
            return
        for index in range(value_of(manager, "plotViewCount")):
            view = manager.plotWidget(index).plotView()
            if view not in self._watched:
                view.dataSelected.connect(self._selected)
                self._watched.append(view)

    def stop(self) -> None:
        """Watch no view any more."""
        for view in self._watched:
            view.dataSelected.disconnect(self._selected)
        self._watched.clear()

    def _selected(self, series_ids: Any, selections: Any) -> None:
        """Many points can be selected with a rectangle; the first one counts."""
        for number in range(series_ids.GetNumberOfValues()):
            rows = selections.GetItemAsObject(number)
            if rows is not None and rows.GetNumberOfValues():
                self._on_point(str(series_ids.GetValue(number)), int(rows.GetValue(0)))
                return
