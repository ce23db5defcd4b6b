"""What a user does with patches: selecting them in views and plots, excluding them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from slicer.i18n import tr as _

from CTSMALib.scene.exclusions import exclude, include, redo, undo
from CTSMALib.scene.layouts import OTHER_VIEWS
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.plot_nodes import label_of_point
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.selection import NO_PATCH, bone_of, label_at, label_under
from CTSMALib.scene.side_by_side import same_patch
from CTSMAPanels.messages import problems_shown


class PatchDesk(Protocol):
    """Where the result lies."""

    result: ResultNodes | None
    other: ResultNodes | None
    state: PanelState

    def change(self, **fields: Any) -> None:
        """Take what the user chose."""

    def patches_changed(self) -> None:
        """Other patches count now."""


class PatchActions:
    """Selects and excludes.

    Args:
        desk: holds result and state.
    """

    def __init__(self, desk: PatchDesk) -> None:
        self._desk = desk

    def slice_clicked(self, world_ras_mm: NDArray[np.float64], view: str) -> None:
        """A place in a slice view was clicked, of the shown result or of the one beside it."""
        result, other = self._desk.result, self._desk.other
        if result is None:
            return
        if not view.startswith(OTHER_VIEWS):
            self.select(label_at(result, world_ras_mm))
        elif other is not None:
            self.select(same_patch(other, result, label_at(other, world_ras_mm)))

    def surface_clicked(self, world_ras_mm: NDArray[np.float64], node: Any) -> None:
        """A place on a model was clicked."""
        result = self._desk.result
        bone = bone_of(result, node) if result is not None else ""
        if result is not None and bone:
            self.select(label_under(result, world_ras_mm, bone, self._desk.state.layer))

    def point_clicked(self, series_id: str, row: int) -> None:
        """A point of a plot was clicked."""
        result = self._desk.result
        if result is not None:
            self.select(label_of_point(result, series_id, row, self._desk.state.layer))

    def select(self, label: int) -> None:
        """Select a patch, in the layer where it lies; a click beside the patches keeps the old one."""
        if label != NO_PATCH and self._desk.result is not None:
            self._desk.change(patch=label)

    def exclude(self, reason: str, who: str) -> None:
        """Let the selected patch not count."""
        result = self._desk.result
        if result is not None and self._desk.state.patch != NO_PATCH:
            with problems_shown(_("The patch could not be excluded.")):
                exclude(result, self._desk.state.patch, reason, who)
                self._desk.patches_changed()

    def include(self, who: str) -> None:
        """Let the selected patch count again."""
        result = self._desk.result
        if result is not None and self._desk.state.patch != NO_PATCH:
            with problems_shown(_("The patch could not be taken back.")):
                include(result, self._desk.state.patch, who)
                self._desk.patches_changed()

    def undo(self) -> None:
        """Take the last step back, and show the patch it was about."""
        self._step(undo)

    def redo(self) -> None:
        """Do the step again that was undone last."""
        self._step(redo)

    def _step(self, step: Any) -> None:
        result = self._desk.result
        if result is None:
            return
        with problems_shown(_("The exclusion could not be changed.")):
            label = step(result)
            if label != NO_PATCH:
                self._desk.patches_changed()
                self.select(label)
