"""What the slice views showed before a review, so that they can show it again afterwards."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from CTSMALib.scene.registration.modes import SIDE_BY_SIDE, mode_of
from CTSMALib.scene.registration.review_layout import ALPHA, fixed_views, moving_views, set_layers
from CTSMALib.scene.registration.review_nodes import NOTED, ReviewNodes

_VIEWS = "views_before"  # parameter


@dataclass(frozen=True)
class _Before:
    """One slice view; the defaults are those of the application.

    Attributes:
        opacity, compositing: of its foreground.
        linked: whether changes of it reached the others of its group.
        group: of views.
    """

    opacity: float = 0.0
    compositing: int = ALPHA
    linked: bool = False
    group: int = 0


def note_views(review: ReviewNodes) -> None:
    """Note what views show that a review is about to use; nothing once it was done, or a mode was shown."""
    if review.node.GetParameter(_VIEWS) or mode_of(review):
        return
    noted = {}
    for view, composite in fixed_views(review.scene):
        before = _Before(
            float(composite.GetForegroundOpacity()), int(composite.GetCompositing()),
            bool(composite.GetLinkedControl()), int(view.GetViewGroup()),
        )  # fmt: skip
        noted[view.GetLayoutName()] = asdict(before)
        review.node.SetNodeReferenceID(_foreground(view), composite.GetForegroundVolumeID())
    review.node.SetParameter(_VIEWS, json.dumps(noted))


def note_views_again(review: ReviewNodes) -> None:
    """Note afresh what views show by now that others have used since, before the review that was shown uses them again.

    What is linked stays as noted: only a review links views by itself.
    """
    if not mode_of(review):  # they are noted before the first
        return
    noted = json.loads(review.node.GetParameter(_VIEWS) or "{}")
    own, alone = _ids(_own(review)), mode_of(review) == SIDE_BY_SIDE
    for view, composite in fixed_views(review.scene):
        if _shown(composite) & own or (alone and _is_ct_alone(review, composite)):
            continue
        was = _Before(**noted.get(view.GetLayoutName(), {}))
        layers = float(composite.GetForegroundOpacity()), int(composite.GetCompositing())
        noted[view.GetLayoutName()] = asdict(replace(was, opacity=layers[0], compositing=layers[1]))
        review.node.SetNodeReferenceID(_foreground(view), composite.GetForegroundVolumeID())
    review.node.SetParameter(_VIEWS, json.dumps(noted))


def give_views_back(review: ReviewNodes, ct: Any, mr: Any) -> None:
    """Show the CT again, under what lay over it before the review; views that show something else are left alone.

    The CT alone does not tell that a view shows the review: results lie over it, too.

    Args:
        review: the nodes, which are about to go.
        ct, mr: the scans; ``None`` for one that goes too.
    """
    if not mode_of(review):  # the views were never used
        return
    noted = json.loads(review.node.GetParameter(_VIEWS) or "{}")
    own = _own(review)
    of_review = [*own, review.ct]
    for view, composite in fixed_views(review.scene):
        was = _Before(**noted.get(view.GetLayoutName(), {}))
        over = review.get(_foreground(view))
        if _shown(composite) & _ids(own) or _is_ct_alone(review, composite):
            stays = over is not None and (over not in of_review or over in (ct, mr))
            set_layers(composite, ct, over if stays else None, was.opacity, was.compositing)
        composite.SetLinkedControl(was.linked)
        view.SetViewGroup(was.group)
    for _, composite in moving_views(review.scene):
        if _shown(composite) & _ids(own):
            set_layers(composite, mr, None, 0.0, ALPHA)
        composite.SetLinkedControl(False)


def _own(review: ReviewNodes) -> list[Any]:
    """What only a view that shows the review shows: not the CT, which lies under results as well."""
    return [node for node in (*review.owned(), review.mr) if node is not None and node is not review.ct]


def _ids(nodes: list[Any]) -> set[str]:
    return {node.GetID() for node in nodes}


def _is_ct_alone(review: ReviewNodes, composite: Any) -> bool:
    ct = review.ct
    return ct is not None and composite.GetBackgroundVolumeID() == ct.GetID() and not composite.GetForegroundVolumeID()


def _shown(composite: Any) -> set[str]:
    return {composite.GetBackgroundVolumeID(), composite.GetForegroundVolumeID()}


def _foreground(view: Any) -> str:
    """The role that remembers what lay over the background."""
    return f"{NOTED}foreground_{view.GetLayoutName()}"
