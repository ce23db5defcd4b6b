"""Bringing a state of the panel into the views."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from CTSMALib.scene.after_review import end_reviewing
from CTSMALib.scene.coloring import color_by, keys_with_values
from CTSMALib.scene.layouts import show_table
from CTSMALib.scene.overlay import composites_of_results, hide, show_models, show_overlay
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.plot_nodes import current_plot, select_in_plot, show_in_views, show_plot
from CTSMALib.scene.plots import Plot
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.result_tables import refresh_tables
from CTSMALib.scene.review_traces import views_with_traces
from CTSMALib.scene.selection import NO_PATCH, center_of, jump_to, select
from CTSMALib.scene.side_by_side import end_beside, keep_apart, select_beside, show_beside, show_everywhere
from CTSMALib.scene.views import aim_camera

_COLORS = ("quantity", "layer", "aspect")
_OVERLAY = ("overlay", "quantity", "opacity", "aspect")


class ResultViews:
    """What the views show of a result, and of the one beside it."""

    def __init__(self) -> None:
        self.plot: Plot | None = None
        self._beside: ResultNodes | None = None
        self._filled: set[str] = set()  # views that have shown it

    def show(
        self, result: ResultNodes, other: ResultNodes | None, state: PanelState, before: PanelState | None
    ) -> None:
        """Show a state.

        Args:
            result: the shown result.
            other: the result beside it; ``None`` for none.
            state: what to show.
            before: what is shown already, of which only the differences are brought; everything without it.
        """

        def differs(*fields: str) -> bool:
            return before is None or any(getattr(before, name) != getattr(state, name) for name in fields)

        has_values = bool(keys_with_values(result))
        if differs(*_COLORS) and has_values:
            color_by(result, state.quantity, state.layer, state.aspect)
        if differs(*_OVERLAY):
            show_overlay(result, state.overlay, state.quantity, state.opacity, state.aspect)
        if differs("bones", "boxes", "layer"):
            show_models(result, state.bones, state.boxes, state.layer)
        if before is not None and differs("bones"):
            aim_camera(result, state.bones)
        if differs("patch"):
            select(result, state.patch)
        if before is None and other is None:
            show_everywhere(result)  # it may have been beside another one, also in a scene that was saved
        self._show_beside(result, other, state, differs(*_COLORS, *_OVERLAY, "other"))
        if differs("plot", "quantity", "other") and has_values:
            self._show_plot(result, other, state)
        elif differs("patch") and self.plot is not None:
            select_in_plot(result, self.plot, state.patch)
        if before is None:
            show_table(result, instead_of_another_only=True)
            show_in_views(result, instead_of_another_only=True)

    def come_back(
        self, result: ResultNodes, known: Iterable[ResultNodes], state: PanelState, reviewed: bool = False
    ) -> None:
        """Take back what a review of a registration has shown; whatever else the user has chosen in views stays.

        Args:
            result: the shown result.
            known: all results in the scene.
            state: what to show.
            reviewed: a review was shown in between: it may have shown again what the user has hidden meanwhile.
        """
        views = views_with_traces(result.scene, result.get("ct"))
        end_reviewing(result.scene)
        if reviewed:
            views += self.hide_others(result, known)
            show_models(result, state.bones, state.boxes, state.layer)
        show_overlay(result, state.overlay, state.quantity, state.opacity, state.aspect, views=views)
        for view in views:
            view.SetCompositing(view.Alpha)
        self.fill_new_views(result, state)

    def hide_others(self, result: ResultNodes | None, known: Iterable[ResultNodes]) -> list[Any]:
        """Hide every result that is not to be seen, and say in which slice views one lay."""
        seen = [each.node for each in (result, self._beside) if each is not None]
        others = [each for each in known if not any(each.node is node for node in seen)]
        hidden = {node.GetID() for each in others for node in each.own_nodes()}
        views = [
            view
            for view in (composites_of_results(result.scene) if result is not None else ())
            if {view.GetForegroundVolumeID(), view.GetLabelVolumeID()} & hidden
        ]
        for each in others:
            hide(each)
        return views

    def fill_new_views(self, result: ResultNodes, state: PanelState) -> None:
        """There may be new views: each of two results belongs into its own."""
        if self._beside is not None:
            views = [v for v in composites_of_results(result.scene, beside=True) if v.GetID() not in self._filled]
            look = (state.overlay, state.quantity, state.opacity, state.aspect)
            show_overlay(self._beside, *look, beside=True, views=views)
            self._filled |= {view.GetID() for view in views}
            keep_apart(result, self._beside)

    def go_to(self, result: ResultNodes, label: int) -> None:
        """Move the slices to a patch."""
        jump_to(result.scene, center_of(result, label))
        if self._beside is not None:
            select_beside(result, self._beside, label)

    def patches_changed(self, result: ResultNodes, other: ResultNodes | None, state: PanelState) -> None:
        """Other patches count now: colors, tables and plot follow."""
        refresh_tables(result)
        if keys_with_values(result):
            color_by(result, state.quantity, state.layer, state.aspect)
            self._show_plot(result, other, state)
        show_models(result, state.bones, state.boxes, state.layer)

    def forget(self) -> None:
        """Nothing is shown any more; the nodes may be gone."""
        self.plot, self._beside = None, None
        self._filled.clear()

    def leave(self, result: ResultNodes) -> None:
        """Show nothing more of a result, nor of the one beside it."""
        if self._beside is not None:
            end_beside(result, self._beside)
        self.forget()
        hide(result)

    def _show_plot(self, result: ResultNodes, other: ResultNodes | None, state: PanelState) -> None:
        self.plot = current_plot(result, state.quantity, state.plot, other)
        show_plot(result, self.plot, state.patch)

    def _show_beside(self, result: ResultNodes, other: ResultNodes | None, state: PanelState, changed: bool) -> None:
        former = self._beside
        if former is not None and (other is None or former.node is not other.node):
            self._beside = None
            end_beside(result, former)
        if other is None or not (changed or self._beside is None):
            return
        show_beside(result, other, state.quantity, state.overlay, state.opacity, state.layer, state.aspect)
        self._beside = other
        self._filled = {view.GetID() for view in composites_of_results(other.scene, beside=True)}
        if state.patch != NO_PATCH:
            select_beside(result, other, state.patch)
