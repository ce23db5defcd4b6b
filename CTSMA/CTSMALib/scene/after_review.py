"""Slice views after a registration was reviewed in them: they show what results need again, in their own colors."""

from __future__ import annotations

from typing import Any

from CTSMALib.scene.overlay import composites_of_results
from CTSMALib.scene.registration.review_nodes import reviews_in
from CTSMALib.scene.registration.seeing import own_colors


def end_reviewing(scene: Any) -> None:
    """Take what reviews have laid over the CT out of its slice views; the reviews stay, and show it again when asked.

    What lies over the CT by the user's own choice stays.
    """
    of_reviews = set()
    for review in reviews_in(scene):
        own_colors(review)
        of_reviews |= {node.GetID() for node in (*review.owned(), review.mr) if node is not None}
    for composite in composites_of_results(scene):
        if composite.GetForegroundVolumeID() in of_reviews:
            composite.SetForegroundVolumeID(None)
            composite.SetCompositing(composite.Alpha)  # red and cyan are added
