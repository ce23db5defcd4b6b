"""The patches of a result as a diagnosis takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from CTSMALib.analysis.result import CompartmentFinding, KneeAnalysis
from CTSMALib.diagnosis.origin import MR, Origin
from CTSMALib.diagnosis.tokens import COMPARTMENT, COMPARTMENT_KEYS, IDS, KneeTokens, knee_tokens


def patient_tokens(analysis: KneeAnalysis, features: int = 0) -> KneeTokens:
    """The patches with all apparent parameters, and with so many features of the student; NaN where it told none.

    Absent are those that look unlike the student's training, and all of a compartment that is not reported: because of
    metal, because it lies outside the image, or because its bone could not be found.
    """
    patches = analysis.patches
    found = tokens_from(
        {one.patch.id: one.values for one in patches},
        {one.patch.id: one.uncertainties for one in patches},
        {one.patch.id: one.flags for one in patches},
        analysis.compartments,
    )
    told = {one.patch.id: one.features for one in patches}
    if not any(len(known) >= features for known in told.values()):  # the model says so; patches stay what they are
        return replace(found, features=np.full((len(IDS), features), np.nan))
    return found.with_features(told, features) if features else found


def tokens_from(
    values: Mapping[str, Mapping[str, float]],
    uncertainties: Mapping[str, Mapping[str, float]],
    flags: Mapping[str, Sequence[str]],
    compartments: Sequence[CompartmentFinding],
) -> KneeTokens:
    """The same from what is known of patches by their ids."""
    from CTSMALib.analysis.student_reading import UNLIKE

    found = knee_tokens(values, uncertainties)
    found = found.without_unlike(np.array([UNLIKE in flags.get(name, ()) for name in IDS]))
    for finding in compartments:
        if finding.reported:
            continue
        others = np.not_equal(COMPARTMENT, COMPARTMENT_KEYS.index(finding.key))
        found = found.without_refused(others, f"{finding.title}: {finding.reason}")
    return found


def origin_of(analysis: KneeAnalysis) -> Origin:
    """Where the apparent parameters of a result come from."""
    return Origin(MR) if analysis.modality == "MR" else Origin(analysis.method, analysis.model_sha256)
