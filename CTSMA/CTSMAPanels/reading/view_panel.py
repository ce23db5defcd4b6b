"""What the views show of a result: quantity, overlay, depth, bones, outlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.catalogue import Quantity, quantity
from CTSMALib.palette import FLAGGED, color_map, map_name
from CTSMALib.scene.aspects import FLAGS, INTERVAL, VALUE, aspects_of, shown_quantity
from CTSMALib.scene.coloring import keys_with_values, label_text
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.result_nodes import LAYER_DEPTHS_MM, ResultNodes, map_role
from CTSMAPanels.qt_values import allow, choose, put, value_of
from CTSMAPanels.ui_files import load_panel, set_icon

_STOPS = 17


class ViewPanel:
    """How the result is shown.

    Args:
        on_change: called with fields of :class:`PanelState` that the user changed.
        on_layout: called when the user wants the reading layout.
    """

    UI_FILE = "CTSMAView.ui"

    def __init__(self, on_change: Callable[..., None], on_layout: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.layoutButton, "CTSMALocate")
        self._keys: list[str] = []
        self._aspects: tuple[str, ...] = ()
        controls = (
            self.ui.quantityComboBox, self.ui.aspectComboBox, self.ui.overlayComboBox, self.ui.opacitySlider,
            self.ui.layerComboBox, self.ui.bonesComboBox, self.ui.gridCheckBox, self.ui.layoutButton,
        )  # fmt: skip
        self._abouts = {control: str(value_of(control, "toolTip")) for control in controls}
        overlays = {"patches": _("Patches"), "map": _("Map"), "none": _("Nothing")}
        for overlay, words in overlays.items():
            self.ui.overlayComboBox.addItem(words, overlay)
        for layer, depth in LAYER_DEPTHS_MM.items():
            self.ui.layerComboBox.addItem(_("{depth:g} mm under the plate").format(depth=depth), layer)
        bones = {
            "all": _("All, from the front"),
            "tibia": _("Tibia, from above"),
            "femur": _("Femur, from below"),
            "none": _("None"),
        }
        for choice, words in bones.items():
            self.ui.bonesComboBox.addItem(words, choice)
        for box, field in (
            (self.ui.bonesComboBox, "bones"),
            (self.ui.quantityComboBox, "quantity"),
            (self.ui.aspectComboBox, "aspect"),
            (self.ui.overlayComboBox, "overlay"),
            (self.ui.layerComboBox, "layer"),
        ):
            box.currentIndexChanged.connect(
                lambda *_args, box=box, field=field: on_change(**{field: value_of(box, "currentData")})
            )
        self.ui.gridCheckBox.toggled.connect(
            lambda *_args: on_change(boxes=bool(value_of(self.ui.gridCheckBox, "checked")))
        )
        self.ui.opacitySlider.valueChanged.connect(
            lambda *_args: on_change(opacity=float(value_of(self.ui.opacitySlider, "value")))
        )
        self.ui.layoutButton.clicked.connect(lambda *_args: on_layout())

    def show(self, state: PanelState, result: ResultNodes | None) -> None:
        """Show a state."""
        reason = "" if result is not None else _("No result is shown.")
        for widget, about in self._abouts.items():
            allow(widget, reason, about)
        self._list_quantities(keys_with_values(result) if result is not None else [])
        aspects = aspects_of(result.patches, state.quantity) if result is not None else (VALUE,)
        aspect = state.aspect if state.aspect in aspects else VALUE
        self._list_aspects(aspects)
        choose(self.ui.quantityComboBox, state.quantity)
        choose(self.ui.aspectComboBox, aspect)
        choose(self.ui.overlayComboBox, state.overlay)
        choose(self.ui.layerComboBox, state.layer)
        put(self.ui.opacitySlider, "setValue", state.opacity)
        choose(self.ui.bonesComboBox, state.bones)
        put(self.ui.gridCheckBox, "setChecked", state.boxes)
        if state.quantity in self._keys:
            has_map = result is not None and result.get(map_role(state.quantity)) is not None and aspect == VALUE
            no_map = state.overlay == "map" and not has_map
            self._explain(shown_quantity(state.quantity, aspect), no_map)

    def _list_quantities(self, keys: list[str]) -> None:
        if keys == self._keys:
            return
        self._keys = keys
        box: Any = self.ui.quantityComboBox
        blocked = box.blockSignals(True)
        box.clear()
        for key in keys:
            box.addItem(label_text(quantity(key)), key)
        box.blockSignals(blocked)

    def _list_aspects(self, aspects: tuple[str, ...]) -> None:
        if aspects == self._aspects:
            return
        self._aspects = aspects
        words = {VALUE: _("Value"), INTERVAL: _("Width of the 95 % interval"), FLAGS: _("Flagged or not")}
        box: Any = self.ui.aspectComboBox
        blocked = box.blockSignals(True)
        box.clear()
        for aspect in aspects:
            box.addItem(words[aspect], aspect)
        box.blockSignals(blocked)

    def _explain(self, entry: Quantity, no_map: bool) -> None:
        low, high = (f"{limit:.4g}" for limit in entry.display_range)
        if entry.key == FLAGGED:
            low, high = _("nothing"), _("flagged")
        self.ui.lowLabel.setText(low)
        self.ui.highLabel.setText(high if entry.unit == "1" else f"{high} {entry.unit}")
        self.ui.colorBarLabel.setStyleSheet(_gradient(entry))
        text = f"{entry.symbol}: {entry.definition}"
        self.ui.definitionLabel.setToolTip(_("Reference: {reference}").format(reference=entry.reference))
        hint = _("There is no map of this, so slices show the patches.") if no_map else ""
        self.ui.definitionLabel.setText(f"{text} {hint}".strip())


def _gradient(entry: Quantity) -> str:
    """A style sheet that paints the color map of a quantity from left to right."""
    colors = color_map(map_name(entry), _STOPS)
    stops = ", ".join(
        f"stop:{index / (_STOPS - 1):.4f} rgb({red},{green},{blue})" for index, (red, green, blue) in enumerate(colors)
    )
    return f"min-height: 14px; background: qlineargradient(x1:0, y1:0, x2:1, y2:0, {stops});"
