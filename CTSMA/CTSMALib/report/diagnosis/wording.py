"""How a diagnosis reads: numbers and plain sentences."""

from __future__ import annotations

import math

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.diagnosis.names import LOGISTIC, TRANSFORMER
from CTSMALib.diagnosis.wording import percent, signed, start_text
from CTSMALib.report.diagnosis.signs import HEAVIEST_BLANK
from CTSMALib.report.diagnosis.stored import StoredDiagnosis
from CTSMALib.report.wording import joined, lower_first

AGGREGATORS = {LOGISTIC: "logistic regression on compartments", TRANSFORMER: "transformer over patches"}
TITLES = {compartment.key: compartment.title for compartment in COMPARTMENTS}
MOST_LOG_ODDS = 9.0  # that are told as odds


def odds_text(part: float) -> str:
    """What a contribution does to the odds, for example ``× 2.5``."""
    factor = math.exp(max(min(part, MOST_LOG_ODDS), -MOST_LOG_ODDS))
    return f"× {factor:.0f}" if factor >= 10.0 else f"× {factor:.2g}"


def interval_text(found: StoredDiagnosis) -> str:
    """For example ``71 % (95 % interval 55 % to 83 %)``."""
    return f"{percent(found.probability)} (95 % interval {percent(found.low)} to {percent(found.high)})"


def sentences(found: StoredDiagnosis) -> tuple[str, ...]:
    """What the model says, in plain words; empty where it says nothing."""
    if not found.shown:
        return ()
    likeliest = max(range(len(found.grades)), key=found.grades.__getitem__)
    told = [
        f"A research model puts the probability of osteoarthritis (Kellgren-Lawrence grade 2 or more) at "
        f"{percent(found.probability)}; the 95 % interval reaches from {percent(found.low)} to {percent(found.high)}.",
        f"The likeliest grade is {likeliest} ({percent(found.grades[likeliest])}).",
    ]
    if found.low < 0.5 < found.high:
        told[0] += " The interval includes 50 %: the model does not decide."
    return (*told, _reasons(found))


def _reasons(found: StoredDiagnosis) -> str:
    ranked = sorted(found.compartments.items(), key=lambda item: -abs(item[1]))
    raising = [(key, part) for key, part in ranked if part > HEAVIEST_BLANK]
    lowering = [(key, part) for key, part in ranked if part < -HEAVIEST_BLANK]
    clauses = []
    for verb, parts in (("raises", raising), ("lowers", lowering)):
        if parts:
            key, part = parts[0]
            clauses.append(f"what {verb} it most is the {lower_first(TITLES[key])} ({signed(part)})")
    start = f"{start_text(found.aggregator).capitalize()}, the model says {percent(found.usual_probability)}"
    return f"{start}; {joined(clauses)}." if clauses else f"{start}; no compartment changes that much."
