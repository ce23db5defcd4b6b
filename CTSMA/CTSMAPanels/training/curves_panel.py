"""The curves of the training: what they show, and the best check of every network in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slicer.i18n import tr as _

from CTSMALib.scene.training_curves import Curve
from CTSMALib.scene.training_state import TrainingState
from CTSMAPanels.qt_values import allow, choose, value_of
from CTSMAPanels.tables import fill, prepare
from CTSMAPanels.training.words import curve_words
from CTSMAPanels.ui_files import load_panel


class CurvesPanel:
    """What is told of curves.

    Args:
        on_change: called with fields of :class:`TrainingState` that the user changed.
        on_show: called when the user wants to see the chart.
    """

    UI_FILE = "CTSMATrainingCurves.ui"

    def __init__(self, on_change: Callable[..., None], on_show: Callable[[], None]) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        prepare(self.ui.networkTable, [_("Network"), _("Last ICC"), _("Best ICC")], 0)
        for name, words in curve_words().items():
            self.ui.curveComboBox.addItem(words, name)
        self.ui.curveComboBox.currentIndexChanged.connect(
            lambda *_args: on_change(curve=str(value_of(self.ui.curveComboBox, "currentData")))
        )
        self.ui.curvesButton.clicked.connect(lambda *_args: on_show())

    def show(self, state: TrainingState, curves: Sequence[Curve], has_views: bool) -> None:
        """Show the curves of a training; ``has_views`` tells whether there are views for a chart."""
        choose(self.ui.curveComboBox, state.curve)
        fill(self.ui.networkTable, [(curve.name, _texts(curve)) for curve in curves])
        self.ui.networkTable.setVisible(bool(curves))
        self.ui.curvesLabel.setText(_("No network has been checked yet."))
        self.ui.curvesLabel.setVisible(not curves)
        reason = "" if curves else _("No network has been checked yet.")
        no_views = "" if has_views else _("There is no main window with views.")
        allow(
            self.ui.curvesButton, reason or no_views, _("Show the chart in the views; it grows while a training runs.")
        )


def _texts(curve: Curve) -> tuple[str, ...]:
    last, best = curve.rows[-1], curve.best
    told = _("{icc:.3f} at step {step:.0f}")
    return curve.name, *(told.format(icc=check["icc"], step=check["step"]) for check in (last, best))
