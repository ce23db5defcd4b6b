"""The patches of a result as a diagnosis takes them."""

from __future__ import annotations

import numpy as np

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.analysis.student_reading import UNLIKE
from CTSMALib.diagnosis.origin import MR, Origin
from CTSMALib.diagnosis.tokens import COMPARTMENT, COMPARTMENT_KEYS, IDS, KneeTokens, knee_tokens


def patient_tokens(analysis: KneeAnalysis) -> KneeTokens:
    """The patches with all apparent parameters.

    Absent are those that look unlike the student's training, and all of a compartment that is not reported: because of
    metal, because it lies outside the image, or because its bone could not be found.
    """
    values = {one.patch.id: one.values for one in analysis.patches}
    found = knee_tokens(values, {one.patch.id: one.uncertainties for one in analysis.patches})
    unlike = {one.patch.id for one in analysis.patches if UNLIKE in one.flags}
    found = found.without_unlike(np.array([name in unlike for name in IDS]))
    refused = [finding for finding in analysis.compartments if not finding.reported]
    for finding in refused:
        others = np.not_equal(COMPARTMENT, COMPARTMENT_KEYS.index(finding.key))
        found = found.without_refused(others, f"{finding.title}: {finding.reason}")
    return found


def origin_of(analysis: KneeAnalysis) -> Origin:
    """Where the apparent parameters of a result come from."""
    return Origin(MR) if analysis.modality == "MR" else Origin(analysis.method, analysis.model_sha256)
