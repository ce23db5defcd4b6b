"""What happens to results and scans in the scene without the panel: they are removed, one by one or many at once."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import qt

from CTSMALib.scene.panel_state import AS_STATED, PanelState
from CTSMALib.scene.remove_result import remove_result
from CTSMALib.scene.result_nodes import PART_ATTRIBUTE, ResultNodes, is_result, results_in
from CTSMALib.scene.selection import NO_PATCH
from CTSMALib.scene.state import NO_NODE
from CTSMAPanels.scene_panel import ScenePanel


class SceneEvents(ScenePanel):
    """The part of a panel that follows the scene.

    Attributes:
        state: what is shown.
        result: the shown result.
    """

    state: PanelState
    result: ResultNodes | None

    @abstractmethod
    def apply(self, state: PanelState, everything: bool = False) -> None:
        """Bring a state into scene and views."""

    @abstractmethod
    def result_gone(self) -> None:
        """A result is no longer in the scene."""

    def node_removed(self, node: Any) -> None:
        """Forget a result or a CT that was removed from the scene."""
        if self.applying or node is None or self.is_quiet():
            return
        if is_result(node):
            self.result_gone()
        if node.GetAttribute(PART_ATTRIBUTE) == "patch_labels":
            qt.QTimer.singleShot(0, self.remove_remains)  # not while the scene is removing nodes
        elif self.result is not None and node is self.result.node:
            self.apply(replace(self.state, result=NO_NODE, patch=NO_PATCH))
        elif node.GetID() in (self.state.ct, self.state.other, self.state.corrected):
            self.apply(self._without_missing(self.state, node.GetID()))

    def nodes_settled(self) -> None:
        """Forget what was removed while many nodes came and went at once."""
        if self.applying or self.is_quiet():
            return
        state = self.state
        if self.result is not None and not self.scene.IsNodePresent(self.result.node):
            state = replace(state, result=NO_NODE, patch=NO_PATCH)
        state = self._without_missing(state)
        if state != self.state:
            self.apply(state)
        self.result_gone()

    def _without_missing(self, state: PanelState, removed: str = "") -> PanelState:
        """A state without the nodes that are no longer in the scene, or are being removed."""
        for name in ("ct", "other", "corrected"):
            node = getattr(state, name)
            if node and (node == removed or self.scene.GetNodeByID(node) is None):
                missing: dict[str, Any] = {name: NO_NODE, **({"kvp": AS_STATED} if name == "ct" else {})}
                state = replace(state, **missing)
        return state

    def remove_remains(self) -> None:
        """Remove what is left of results whose nodes a user has deleted: they hold the patient's data."""
        if self.is_quiet():
            return
        for result in [each for each in results_in(self.scene) if each.get("patch_labels") is None]:
            if self.result is not None and self.result.node is result.node:
                self.apply(replace(self.state, result=NO_NODE, patch=NO_PATCH))
            remove_result(result)
            self.result_gone()
