"""The estimated local error in color on the bones, and the way to the worst patch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from CTSMALib.palette import color_map
from CTSMALib.registration.record import PairedPatch, RegistrationRecord
from CTSMALib.scene.color_nodes import continuous_table
from CTSMALib.scene.geometry import flipped
from CTSMALib.scene.model_nodes import map_values, points_of
from CTSMALib.scene.registration.review_nodes import ReviewNodes
from CTSMALib.scene.registration.seeing import jump

ERROR_KEY = "estimated_error_mm"
RANGE_MM = (0.0, 2.0)  # fixed, so that colors of two registrations can be compared
SIGMA_MM, REACH_MM, NEIGHBORS = 4.0, 16.0, 12
_COLORS = "error_colors_table"  # role
_DARK = 0.3  # share of the color map that cannot be told from a dark picture
_LABELS, _KEY_SIZE, _KEY_FONT_SIZE = 5, (0.1, 0.36), 12
Array = NDArray[np.float64]
ErrorAt = Callable[[str, Array], Array]


def color_by_error(review: ReviewNodes, error_at: ErrorAt) -> None:
    """Color every bone by an error over :data:`RANGE_MM`, with a color key in mm.

    Args:
        review: the nodes.
        error_at: from the name of a bone and (n, 3) points of its surface, RAS, to their (n,) errors in mm; for
            what a record says, :func:`error_of`.
    """
    colors = review.get(_COLORS) or _new_colors(review)
    first = True
    for bone in review.bones:
        model = review.surface(bone)
        if model is None:
            continue
        map_values(model, ERROR_KEY, error_at(bone, points_of(model)), colors, RANGE_MM)
        model.GetPolyData().Modified()
        _color_key(model.GetDisplayNode(), first)
        first = False


def no_error_colors(review: ReviewNodes) -> None:
    """Give every bone its own color back."""
    for bone in review.bones:
        model = review.surface(bone)
        if model is not None:
            model.GetDisplayNode().SetScalarVisibility(False)
            _color_key(model.GetDisplayNode(), False)


def error_of(record: RegistrationRecord) -> ErrorAt:
    """The errors that a record estimates: near patches theirs, by Gaussian weights of distance, else the bone's mean.

    Args:
        record: with or without patches.
    """

    def error_at(bone: str, points_ras_mm: Array) -> Array:
        mean = record.bone(bone).quality.estimated_mm
        patches = [patch for patch in record.patches if patch.bone == bone]
        places = flipped(np.array([patch.ct_mm for patch in patches], dtype=float).reshape(-1, 3))
        return _interpolated(points_ras_mm, places, np.array([p.estimated_mm for p in patches]), mean)

    return error_at


def worst_patch(record: RegistrationRecord, bone: str = "") -> PairedPatch | None:
    """The patch with the largest estimated error, of one bone or of all; ``None`` where there is no patch."""
    patches = [patch for patch in record.patches if bone in ("", patch.bone)]
    return max(patches, key=lambda patch: patch.estimated_mm, default=None)


def jump_to_worst(review: ReviewNodes, record: RegistrationRecord, bone: str = "") -> PairedPatch | None:
    """Move all views to the patch with the largest estimated error, and return it."""
    patch = worst_patch(record, bone)
    if patch is not None:
        jump(review, flipped(np.array(patch.ct_mm)))
    return patch


def _interpolated(points: Array, places: Array, values: Array, far: float) -> Array:
    """Values at (n, 3) points from those at (m, 3) places, fading to another value away from all of them."""
    from scipy.spatial import cKDTree

    if len(places) == 0:
        return np.full(len(points), far)
    count = min(NEIGHBORS, len(places))
    distance, index = cKDTree(places).query(points, k=count, distance_upper_bound=REACH_MM)
    distance, index = distance.reshape(len(points), -1), index.reshape(len(points), -1)
    weight = np.where(np.isfinite(distance), np.exp(-0.5 * (distance / SIGMA_MM) ** 2), 0.0)
    known = (weight * np.append(values, 0.0)[index]).sum(axis=1)  # a missing neighbor has the index of the padding
    rest = float(np.exp(-0.5 * (0.5 * REACH_MM / SIGMA_MM) ** 2))  # the bone's mean counts like a patch half as far
    result: Array = (known + rest * far) / (weight.sum(axis=1) + rest)
    return result


def _new_colors(review: ReviewNodes) -> Any:
    table = continuous_table(review.scene, "estimated error")
    count = table.GetNumberOfColors()
    colors = color_map("plasma", round(count / (1.0 - _DARK)))[-count:] / 255.0
    for index, color in enumerate(colors):
        table.SetColor(index, str(index), *color.tolist(), 1.0)
    review.set(_COLORS, table)
    return table


def _color_key(display: Any, shown: bool) -> None:
    logic = getattr(slicer, "vtkSlicerColorLogic", None)
    if logic is None:
        return
    legend = logic.GetColorLegendDisplayNode(display)
    if legend is None and shown:
        legend = logic.AddDefaultColorLegendDisplayNode(display)
    if legend is None:
        return
    legend.SetTitleText("Estimated error (mm)")
    legend.SetLabelFormat("%.1f mm")
    legend.SetNumberOfLabels(_LABELS)
    legend.SetSize(*_KEY_SIZE)
    for words in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        words.SetFontSize(_KEY_FONT_SIZE)
        words.SetFontFamilyToArial()
    legend.SetVisibility(shown)
