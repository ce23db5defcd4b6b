"""Before and after: what the MR is under is swapped, no matrix of a bone is touched."""

from __future__ import annotations

import numpy as np

from CTSMALib.scene.registration.matrices import to_vtk
from CTSMALib.scene.registration.review_nodes import KNEE_MOTION, ReviewNodes, add_transform, matrices, set_active

AFTER, AUTO, KNEE = STATES = ("after", "auto", "knee")
_BEFORE = "before"  # role of a transform that holds only what was found


def show_state(review: ReviewNodes, state: str) -> None:
    """Show the MR as the active bone's motion, or an earlier one, puts it.

    Args:
        review: the nodes.
        state: ``"after"`` with the user's correction, ``"auto"`` as found, ``"knee"`` by the motion of the whole
            knee, which is the same as ``"auto"`` where a record does not know it.

    Raises:
        ValueError: there is no such state.
    """
    if state not in STATES:
        raise ValueError(state)
    if state == AFTER:
        set_active(review, review.active)
        return
    node = review.get(KNEE_MOTION) if state == KNEE else None
    if node is None:
        node = review.get(_BEFORE)
        if node is None:
            node = add_transform(review, _BEFORE, "before the correction", np.eye(4))
        node.SetMatrixTransformToParent(to_vtk(matrices(review, review.active).auto))
    review.mr.SetAndObserveTransformNodeID(node.GetID())
