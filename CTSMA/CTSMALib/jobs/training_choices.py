"""What can be chosen in the settings of a training, for panels, which load nothing of learning."""

from __future__ import annotations


def engines() -> tuple[str, ...]:
    """Engines of the registration."""
    from CTSMALib.registration.names import ENGINES

    return ENGINES


def guides() -> tuple[str, ...]:
    """What a registration compares with the CT."""
    from CTSMALib.registration.names import GUIDES

    return GUIDES


def distillations() -> tuple[str, ...]:
    """Ways in which a student learns from the teacher."""
    from CTSMALib.learning.student.config import DISTILLATIONS

    return DISTILLATIONS


def splits() -> tuple[str, ...]:
    """Splits of a cohort."""
    from CTSMALib.learning.pairs.splits import SPLITS

    return SPLITS
