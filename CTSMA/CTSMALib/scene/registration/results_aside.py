"""Results of the module CTSMA lie over the edges that a reader judges: they are put aside, and come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from CTSMALib.scene.overlay import set_visible
from CTSMALib.scene.registration.review_layout import fixed_views, moving_views
from CTSMALib.scene.registration.review_nodes import NOTED, ReviewNodes
from CTSMALib.scene.result_nodes import results_in

_HIDDEN = f"{NOTED}hidden"  # role, of many nodes


def put_aside(review: ReviewNodes) -> None:
    """Hide bones and boxes of all results, and what lies in the label layers of the views that the review uses."""
    for model in _models(review.scene):
        if model.GetDisplayNode() is not None and model.GetDisplayNode().GetVisibility():
            set_visible(model, False)
            if not review.node.HasNodeReferenceID(_HIDDEN, model.GetID()):
                review.node.AddNodeReferenceID(_HIDDEN, model.GetID())
    for view, composite in (*fixed_views(review.scene), *moving_views(review.scene)):
        if composite.GetLabelVolumeID():
            review.node.SetNodeReferenceID(_label(view), composite.GetLabelVolumeID())
            composite.SetLabelVolumeID(None)


def bring_back(review: ReviewNodes) -> None:
    """Show again what :func:`put_aside` has hidden; a label layer that holds something else now keeps it."""
    for index in range(review.node.GetNumberOfNodeReferences(_HIDDEN)):
        set_visible(review.node.GetNthNodeReference(_HIDDEN, index), True)
    forget_hidden(review)
    for view, composite in (*fixed_views(review.scene), *moving_views(review.scene)):
        label = review.get(_label(view))
        if label is not None and not composite.GetLabelVolumeID():
            composite.SetLabelVolumeID(label.GetID())
        review.node.SetNodeReferenceID(_label(view), None)


def forget_hidden(review: ReviewNodes) -> None:
    """Models that were hidden stay as they are, as in a scene that was saved: the user may have hidden them since."""
    review.node.RemoveNodeReferenceIDs(_HIDDEN)


def _models(scene: Any) -> Iterator[Any]:
    for result in results_in(scene):
        for role in result.roles():
            node = result.get(role)
            if node.IsA("vtkMRMLModelNode"):
                yield node


def _label(view: Any) -> str:
    """The role that remembers what lay in a label layer."""
    return f"{NOTED}label_{view.GetLayoutName()}"
