"""Knees of a virtual cohort, made again from what it was ordered with."""

from __future__ import annotations

import json
from pathlib import Path

from CTSMALib.jobs.virtual import real_makers
from CTSMALib.virtual.body.knee import STANDARD, VirtualKnee, virtual_knee
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.knee_plan import plan_knee
from CTSMALib.virtual.cohort.read import CohortKnee


def made_again(knee: CohortKnee, cohort: Path) -> VirtualKnee:
    """The body of a knee.

    Args:
        knee: of a cohort.
        cohort: its folder.
    """
    order = json.loads((cohort / "cohort.json").read_text(encoding="utf-8"))["arguments"]
    number = int(knee.subject.removeprefix("vk"))
    spec = plan_knee(CohortOrder(number, order["seed"], grades=order["grades"]), number, real_makers()).spec
    return virtual_knee(spec, STANDARD)
