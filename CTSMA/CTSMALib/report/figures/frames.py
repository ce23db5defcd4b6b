"""The joint frames that pictures are cut along."""

from __future__ import annotations

import numpy as np

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.anatomy.frame import JointFrame


def frame_of(analysis: KneeAnalysis, bone: str) -> JointFrame | None:
    """The joint frame of a bone; ``None`` where the analysis fitted none."""
    for found in analysis.bones:
        if found.name == bone and found.frame_origin_lps_mm is not None and found.frame_axes is not None:
            return JointFrame(
                np.array(found.frame_origin_lps_mm, dtype=float),
                np.array(found.frame_axes, dtype=float),
                bool(found.frame_mirrored),
            )
    return None
