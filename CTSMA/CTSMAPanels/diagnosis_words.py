"""What panels call the parts of a diagnosis."""

from __future__ import annotations

from slicer.i18n import tr as _

from CTSMALib.scene.diagnosis_nodes import AGGREGATORS


def part_words() -> dict[str, str]:
    """What each part of a model is called."""
    logistic, transformer = AGGREGATORS
    return {
        logistic: _("Logistic regression on compartments"),
        transformer: _("Transformer over patches"),
    }
