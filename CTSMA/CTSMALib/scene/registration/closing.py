"""Taking a review out of the scene."""

from __future__ import annotations

from CTSMALib.scene.registration.results_aside import bring_back
from CTSMALib.scene.registration.review_nodes import ReviewNodes, remove_nodes
from CTSMALib.scene.registration.seeing import own_colors
from CTSMALib.scene.registration.views_before import give_views_back


def remove_review(review: ReviewNodes, keep_volumes: bool = False) -> None:
    """Remove what was made for a review.

    Volumes that were in the scene before stay, without a transform and in their own colors; views that showed the
    review show the CT, and what was hidden for it is shown again.

    Args:
        review: the nodes.
        keep_volumes: whether volumes stay that came with it, too.
    """
    going = review.owned(with_volumes=not keep_volumes)
    if review.mr is not None:
        review.mr.SetAndObserveTransformNodeID(None)
    own_colors(review)
    give_views_back(review, *(None if scan in going else scan for scan in (review.ct, review.mr)))
    bring_back(review)
    remove_nodes(review.scene, going)
