"""How the numbers of a diagnosis read, the same in reports and panels."""

from __future__ import annotations

from CTSMALib.diagnosis.names import LOGISTIC

SURE, NEARLY_NONE = 0.995, 0.005


def percent(share: float) -> str:
    """A probability in whole percent; never 0 or 100."""
    if share > SURE:
        return "over 99 %"
    return "under 1 %" if share < NEARLY_NONE else f"{100.0 * share:.0f} %"


def signed(part: float) -> str:
    """A contribution to the log odds with its sign, a true minus."""
    text = f"{part:+.2f}"
    return text[1:] if float(text) == 0.0 else text.replace("-", "\N{MINUS SIGN}")


def start_text(aggregator: str) -> str:
    """Which answer the contributions start from, to go on with a sentence.

    A network can be asked without patches; the regression always sees a knee, at first the usual one of the training.
    """
    return "for a knee with usual values" if aggregator == LOGISTIC else "before any patch is known"
