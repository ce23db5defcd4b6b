"""Choosing a result, and what must be known about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.scene.ct_node import ct_changed
from CTSMALib.scene.exclusions import counted_compartments, excluded
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.remove_result import ct_goes_along
from CTSMALib.scene.result_nodes import RESULT_ATTRIBUTE, RESULT_VERSION, ResultNodes
from CTSMALib.scene.state import NodeId
from CTSMAPanels.qt_values import allow, put, value_of
from CTSMAPanels.ui_files import load_panel

_GRAVEST_FIRST = ("refused", "caution", "info")


class ResultPanel:
    """The shown result.

    Args:
        scene: ``vtkMRMLScene``.
        on_change: called with fields of :class:`PanelState` that the user changed.
        on_open: called when the user wants to open a result folder.
        on_remove: called when the user wants to remove the result.
    """

    UI_FILE = "CTSMAResult.ui"

    def __init__(
        self,
        scene: Any,
        on_change: Callable[..., None],
        on_open: Callable[[], None],
        on_remove: Callable[[], None],
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._on_change = on_change
        self._summed: tuple[Any, ...] = ()  # whose summary it is, and without which patches
        self._summary = ""
        self.ui.resultSelector.addAttribute("vtkMRMLTextNode", RESULT_ATTRIBUTE, RESULT_VERSION)
        self.ui.resultSelector.setMRMLScene(scene)
        self.ui.resultSelector.currentNodeChanged.connect(self._result_chosen)
        self.ui.openButton.clicked.connect(lambda *_args: on_open())
        self.ui.removeButton.clicked.connect(lambda *_args: on_remove())

    def show(self, state: PanelState, result: ResultNodes | None, obstacle: str) -> None:
        """Show a result; ``obstacle`` says why no folder can be opened now."""
        put(self.ui.resultSelector, "setCurrentNode", result.node if result is not None else None)
        allow(
            self.ui.openButton,
            obstacle,
            _('Show a result that "ctsma analyze" or this module has written to a folder.'),
        )
        allow(
            self.ui.removeButton,
            "" if result is not None else _("No result is shown."),
            _("Remove the shown result from the scene, with the CT that was loaded with it.")
            if result is not None and ct_goes_along(result)
            else _("Remove the shown result from the scene. Its CT stays."),
        )
        facts = result.facts if result is not None else None
        # The result itself, not the ID of its node: after a scene was closed, another one gets the same.
        summed = (result, tuple(excluded(result))) if result is not None else ()
        if summed != self._summed:
            self._summed, self._summary = summed, _summary(result) if result is not None else ""
        lines = [self._summary or _("Analyze a CT, or open a result folder.")]
        if result is not None and ct_changed(result):
            lines.append(
                _("The CT was moved, cut or deleted since the analysis; what is shown may not fit it. Analyze again.")
            )
        self.ui.summaryLabel.setText("\n".join(lines))
        notices = _notices(facts) if facts else ""
        if value_of(self.ui.noticesText, "plainText") != notices:
            self.ui.noticesText.setPlainText(notices)
        self.ui.noticesText.setVisible(bool(notices))

    def let_go(self) -> None:
        """Know the scene no more."""
        self.ui.resultSelector.blockSignals(True)
        self.ui.resultSelector.setMRMLScene(None)

    def _result_chosen(self, *_args: Any) -> None:
        node = self.ui.resultSelector.currentNode()
        self._on_change(result=NodeId(node.GetID() if node is not None else ""))


def _summary(result: ResultNodes) -> str:
    facts, compartments = result.facts, counted_compartments(result)
    side = {"left": _("Left knee"), "right": _("Right knee")}.get(facts["side"]["side"], _("Knee of unknown side"))
    valid = sum(found.patches_valid for found in compartments if found.reported)
    total = sum(found.patches_total for found in compartments)
    count = len(excluded(result))
    measured = _("{valid} of {total} patches measured").format(valid=valid, total=total)
    if count:
        measured = _("{valid} of {total} patches count, {count} excluded").format(valid=valid, total=total, count=count)
    lines = [f"{side}; {measured}; {facts['method']}."]
    lines += [f"{found.title}: {found.reason}" for found in compartments if found.reason]
    return "\n".join(lines)


def _notices(facts: dict[str, Any]) -> str:
    ordered = sorted(facts["notices"], key=lambda notice: _GRAVEST_FIRST.index(notice["severity"]))
    texts = [facts["image"]["resolution_statement"], *(notice["text"] for notice in ordered)]
    return "\n".join(f"• {text}" for text in texts if text)
