"""How CT and MR are shown."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _

from CTSMALib.scene.registration.review_state import RADIUS_MM, SQUARE_MM, ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.qt_values import allow, choose, put, value_of
from CTSMAPanels.reviewing.words import mode_words, motion_words
from CTSMAPanels.ui_files import load_panel, set_icon

_MIXED = {"checkerboard": ("square_mm", SQUARE_MM), "spyglass": ("radius_mm", RADIUS_MM)}
_MOVING = ("rock", "flicker")


class SeePanel:
    """Ways to see a registration.

    Args:
        on_change: called with fields of :class:`ReviewState` that the user changed.
        on_worst: called when the user wants to see the worst patch.
        on_layout: called with whether the views are to be side by side.
    """

    UI_FILE = "CTSMAReviewSee.ui"

    def __init__(
        self, on_change: Callable[..., None], on_worst: Callable[[], None], on_layout: Callable[[bool], None]
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        set_icon(self.ui.worstButton, "CTSMALocate")
        self._state = ReviewState()
        self._on_change = on_change
        for mode, words in mode_words().items():
            self.ui.modeComboBox.addItem(words, mode)
        for motion, words in motion_words().items():
            self.ui.motionComboBox.addItem(words, motion)
        self.ui.modeComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(mode=str(value_of(self.ui.modeComboBox, "currentData")))
        )
        self.ui.motionComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(shown=str(value_of(self.ui.motionComboBox, "currentData")))
        )
        self.ui.opacitySlider.valueChanged.connect(
            lambda *_args: on_change(opacity=float(value_of(self.ui.opacitySlider, "value")))
        )
        self.ui.periodSlider.valueChanged.connect(
            lambda *_args: on_change(period_s=float(value_of(self.ui.periodSlider, "value")))
        )
        self.ui.sizeSlider.valueChanged.connect(lambda *_args: self._sized())
        self.ui.errorCheckBox.toggled.connect(
            lambda *_args: on_change(error_colors=bool(value_of(self.ui.errorCheckBox, "checked")))
        )
        self.ui.worstButton.clicked.connect(lambda *_args: on_worst())
        self.ui.reviewLayoutButton.clicked.connect(lambda *_args: on_layout(False))
        self.ui.sideBySideLayoutButton.clicked.connect(lambda *_args: on_layout(True))

    def show(self, state: ReviewState, session: ReviewSession | None) -> None:
        """Show a state."""
        self._state = state
        choose(self.ui.modeComboBox, state.mode)
        choose(self.ui.motionComboBox, state.shown)
        put(self.ui.opacitySlider, "setValue", state.opacity)
        put(self.ui.periodSlider, "setValue", state.period_s)
        put(self.ui.errorCheckBox, "setChecked", state.error_colors)
        if state.mode in _MIXED:
            field, (low, high) = _MIXED[state.mode]
            blocked = self.ui.sizeSlider.blockSignals(True)
            self.ui.sizeSlider.setProperty("minimum", low)
            self.ui.sizeSlider.setProperty("maximum", high)
            self.ui.sizeSlider.setValue(getattr(state, field))
            self.ui.sizeSlider.blockSignals(blocked)
        self._allow(state, session)

    def _allow(self, state: ReviewState, session: ReviewSession | None) -> None:
        closed = "" if session is not None else _("No registration is open.")
        allow(self.ui.modeComboBox, closed, _("How CT and MR are shown. Slices, zoom and window stay as they are."))
        allow(
            self.ui.motionComboBox,
            closed,
            _("Which motion puts the MR on the CT: with your corrections, as found, or of the knee as one. Key: Q"),
        )
        blends = "" if state.mode == "blend" else _("Only a blend has an opacity; choose it under Show.")
        allow(self.ui.opacitySlider, closed or blends, _("How much of the MR lies over the CT."))
        sized = "" if state.mode in _MIXED else _("Only checkerboard and spyglass have a size.")
        allow(
            self.ui.sizeSlider, closed or sized, _("Edge of a square of the checkerboard, or radius of the spyglass.")
        )
        moves = "" if state.mode in _MOVING else _("Only rocking and flickering have a period.")
        allow(self.ui.periodSlider, closed or moves, _("How long it takes from the CT to the MR and back."))
        allow(
            self.ui.errorCheckBox, closed, _("Color the bones in 3D by the error as estimated when they were judged.")
        )
        patches = session is not None and bool(session.record.patches)
        allow(
            self.ui.worstButton,
            closed or ("" if patches else _("The registration has no patches.")),
            _("Move all views to the patch with the largest estimated error, of the bone under work."),
        )
        allow(self.ui.reviewLayoutButton, closed, _("Arrange three slices and the bones."))
        allow(
            self.ui.sideBySideLayoutButton, closed, _("Arrange the CT above the MR in its own frame, in three planes.")
        )

    def _sized(self) -> None:
        if self._state.mode in _MIXED:
            self._on_change(**{_MIXED[self._state.mode][0]: float(value_of(self.ui.sizeSlider, "value"))})
