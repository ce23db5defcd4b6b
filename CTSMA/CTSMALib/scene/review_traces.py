"""What a review of a registration has left in slice views, and whether one was shown meanwhile."""

from __future__ import annotations

from typing import Any

from CTSMALib.scene.overlay import composites_of_results
from CTSMALib.scene.registration.review_nodes import reviews_in


def views_with_traces(scene: Any, ct: Any | None) -> list[Any]:
    """The composite nodes of slice views that show a review; those that show a user's own choice are none of them.

    Args:
        scene: where reviews may be.
        ct: the scan of the shown result, which a review may share.
    """
    reviews = list(reviews_in(scene))
    nodes = {n.GetID() for review in reviews for n in (*review.owned(), review.ct, review.mr) if n is not None}
    nodes -= {ct.GetID()} if ct is not None else set()

    def has_traces(composite: Any) -> bool:
        foreground = composite.GetForegroundVolumeID()
        layers = {composite.GetBackgroundVolumeID(), foreground, composite.GetLabelVolumeID()}
        adds_nothing = composite.GetCompositing() == composite.Add and not foreground  # red and cyan are added
        return bool(layers & nodes) or adds_nothing

    return [composite for composite in composites_of_results(scene) if has_traces(composite)] if reviews else []


def reviews_now(scene: Any) -> dict[str, int]:
    """The reviews in a scene; it is another value once one was opened, closed, or shown over results."""
    return {str(review.node.GetID()): int(review.node.GetMTime()) for review in reviews_in(scene)}
