"""Bones of a knee on MR with bright marrow: fitted atlases say where they are, the end of the marrow where they end."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.atlas import atlases, depth_inside
from CTSMALib.anatomy.grids import index_to_lps, resample_axis_aligned, voxel_centers
from CTSMALib.anatomy.labels import FEMUR, TIBIA, Bone
from CTSMALib.anatomy.mr_marrow import Pieces, cortex_brightness, evened, known_signal, marrow_pieces, piece_weights
from CTSMALib.anatomy.mr_surface import Surface, marrow_surface, with_cortex
from CTSMALib.anatomy.pose import COARSE_SIGMA_MM, FINE_SIGMA_MM, Brightness, Pose, fit_atlas, refine_bone
from CTSMALib.errors import AnatomyError
from CTSMALib.progress import Progress, silent

SEARCH_SPACING_MM, SPACING_MM = 1.5, 1.0
FEWEST_VOXELS = 20  # along each axis of the grid that is searched: 30 mm
# How far the signal is smoothed against noise (mm), and how much darker than marrow and fat cortex between them is.
ATTEMPTS = ((0.0, 0.18), (1.0, 0.14))
MOST_STARTS, KEPT = 12, 2  # fits of either side that are begun, and gone on with
SAME_MM = 4.0  # fits nearer to each other are one
APART_MM = (25.0, 110.0)  # height between the middles of pieces of marrow of femur and tibia
ASIDE_MM = 45.0  # and how far to the side
IN_ATLAS = 0.6  # share of a piece of marrow inside the fitted atlas
ATLAS_MARGIN_MM = 3.0
JUDGED_MM = 35.0  # from the joint
# Share of a bone's surface where marrow ends clearly: usual where it was found, up to 0.5 where it was not.
SURELY_CLEAR, LEAST_CLEAR = 0.72, 0.6
LEAST_VOLUME_ML = 10.0  # of a bone deeper than 5 mm


def segment_mr_bones(image: sitk.Image, progress: Progress = silent) -> sitk.Image:
    """Label femur and tibia on MR without fat suppression, in which marrow is bright.

    Args:
        image: MR signal, any scalar type, any orientation.
        progress: told about each step.

    Returns:
        ``uint8`` labels (values of :mod:`CTSMALib.anatomy.labels`) on an axis-aligned isotropic 1 mm grid over the
        image; marrow included, to the outer surface of cortex.

    Raises:
        AnatomyError: no knee with bright marrow was found.
    """
    progress("Finding the knee", 0.0)
    coarse = resample_axis_aligned(image, SEARCH_SPACING_MM)
    if min(coarse.GetSize()) < FEWEST_VOXELS:
        raise _no_knee()
    working = resample_axis_aligned(image, SPACING_MM)
    signal, known = known_signal(working)
    found: list[dict[Bone, Surface]] = []
    for attempt, (smoothing_mm, crevice) in enumerate(ATTEMPTS):
        poses = _fitted(coarse, smoothing_mm, crevice)
        progress("Finding the ends of the bones", 0.3 + 0.4 * attempt)
        if poses:
            found.append({bone: _surface(working, signal, known, bone, pose) for bone, pose in poses.items()})
            if _clear(found[-1]) >= SURELY_CLEAR:
                break
    surfaces = max(found, key=_clear, default={})
    if _clear(surfaces) < LEAST_CLEAR:
        raise _no_knee()
    progress("Labeling the bones", 0.9)
    labels = sitk.GetImageFromArray(_labelled(surfaces, known))
    labels.CopyInformation(working)
    return labels


def _clear(surfaces: dict[Bone, Surface]) -> float:
    """How clear the less clear bone is."""
    return min((surface.clear for surface in surfaces.values()), default=0.0)


def _no_knee() -> AnatomyError:
    return AnatomyError(
        "No femur and tibia with bright marrow were found in the MR: "
        "it shows no whole knee joint, or marrow is dark because fat is suppressed.",
        "Take a series without fat suppression, or give the bones yourself with --labels.",
    )


def _fitted(coarse: sitk.Image, smoothing_mm: float, crevice: float) -> dict[Bone, Pose]:
    """Atlas fits of femur and tibia; empty where there is no marrow."""
    spacing = coarse.GetSpacing()[0]
    signal, _ = known_signal(coarse)
    if signal.max() <= signal.min():
        return {}
    share = evened(signal, spacing)
    pieces = marrow_pieces(ndimage.gaussian_filter(share, smoothing_mm / spacing), spacing, crevice)
    weights = piece_weights(pieces, share, spacing)
    starts = _starts(pieces, weights, coarse)
    if not len(starts):
        return {}
    knee = _best_knee(cortex_brightness(pieces, weights, coarse), starts)
    inside = {bone: _depth(knee, bone, voxel_centers(coarse)) > -ATLAS_MARGIN_MM for bone in (FEMUR, TIBIA)}
    either = inside[FEMUR] | inside[TIBIA]
    number = np.arange(len(weights))
    volume = np.maximum(np.bincount(pieces.labels.ravel(), minlength=len(number)), 1)
    in_atlas = np.bincount(pieces.labels[either], minlength=len(number)) / volume
    again = np.where((in_atlas > IN_ATLAS) & (number > 0), 1.0, 0.0)
    brightness = cortex_brightness(pieces, again, coarse)
    return {bone: refine_bone(brightness, knee, bone) for bone in (FEMUR, TIBIA)}


def _best_knee(brightness: Brightness, starts_mm: NDArray[np.float64]) -> Pose:
    """As :func:`~CTSMALib.anatomy.pose.find_knee`, for a single knee of either side, in a quarter of its time."""
    pair = (FEMUR, TIBIA)
    fine = []
    for mirrored in (False, True):
        first = [Pose(atlases()[0], mirrored, np.eye(3), 1.0, start) for start in starts_mm]
        tries = [fit_atlas(brightness, pose, pair, COARSE_SIGMA_MM, 500, 8) for pose in first]
        again = [replace(pose, atlas=atlas) for pose, atlas in itertools.product(_promising(tries), atlases())]
        coarse = [fit_atlas(brightness, pose, pair, COARSE_SIGMA_MM, 1500, 20) for pose in again]
        fine += [fit_atlas(brightness, pose, pair, FINE_SIGMA_MM, 2000, 20) for pose in _promising(coarse)]
    return max(fine, key=lambda pose: pose.explained)


def _promising(poses: list[Pose]) -> list[Pose]:
    """The best fits that differ from each other."""
    chosen: list[Pose] = []
    for pose in sorted(poses, key=lambda pose: -pose.explained):
        away = [
            np.linalg.norm(pose.translation_mm - other.translation_mm) for other in chosen if other.atlas is pose.atlas
        ]
        if len(chosen) < KEPT and min(away, default=np.inf) > SAME_MM:
            chosen.append(pose)
    return chosen


def _starts(pieces: Pieces, weights: NDArray[np.float64], like: sitk.Image) -> NDArray[np.float64]:
    """Positions (n, 3) in LPS mm where a joint may lie: between a piece of marrow and one above it."""
    likely = np.flatnonzero(weights > 0.15)
    if len(likely) < 2:
        return np.empty((0, 3))
    middles = index_to_lps(like, np.array(ndimage.center_of_mass(pieces.labels > 0, pieces.labels, likely)))
    found = []
    for (i, a), (j, b) in itertools.combinations(zip(likely, middles, strict=True), 2):
        apart = np.abs(a - b)
        if APART_MM[0] < apart[2] < APART_MM[1] and np.hypot(apart[0], apart[1]) < ASIDE_MM:
            found.append((-weights[i] * weights[j], *((a + b) / 2)))
    return np.array(sorted(found)[:MOST_STARTS]).reshape(-1, 4)[:, 1:]


def _depth(pose: Pose, bone: Bone, points_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    """Depth (mm) inside the fitted atlas bone, whose shaft goes on where the atlas ends."""
    in_atlas = pose.to_atlas(points_mm)
    origin, spacing = np.array(pose.atlas.labels.GetOrigin()), np.array(pose.atlas.labels.GetSpacing())
    margin = 4.0  # the atlas's own end faces are not bone surface
    end = origin + (np.array(pose.atlas.labels.GetSize()) - 1) * spacing
    beyond = np.clip(in_atlas[..., 2], origin[2] + margin, end[2] - margin) - in_atlas[..., 2]
    shaft = pose.atlas.frames[bone.name][1][2]
    in_atlas += beyond[..., None] * (shaft / shaft[2])
    return (depth_inside(pose.atlas, bone, in_atlas) * pose.scale).astype(np.float32)


def _surface(
    working: sitk.Image, signal: NDArray[np.float32], known: NDArray[np.bool_], bone: Bone, pose: Pose
) -> Surface:  # fmt: skip
    """Outer surface of a bone."""
    spacing = working.GetSpacing()[0]
    points = voxel_centers(working)
    depth = _depth(pose, bone, points)
    deep = (depth > 5.0) & known
    if deep.sum() * spacing**3 / 1000 < LEAST_VOLUME_ML:
        return Surface(depth, 0.0)
    share = _share_of_marrow(signal, deep, spacing)
    from_joint = np.abs(pose.frame(bone).to_anatomical(points)[..., 2]).astype(np.float32)
    try:
        surface = marrow_surface(share, depth, known & (from_joint < JUDGED_MM), spacing)
    except (ValueError, RuntimeError):  # nothing is left of a bone that was sought in the wrong place
        return Surface(depth, 0.0)
    return with_cortex(surface, from_joint)


def _share_of_marrow(signal: NDArray[np.float32], deep: NDArray[np.bool_], spacing: float) -> NDArray[np.float32]:
    """Signal as a share of that of this bone's marrow, wherever the coil makes it bright or dim."""
    usual = float(np.median(signal[deep]))
    bright = deep & (signal > 0.5 * usual)
    weight = ndimage.gaussian_filter(bright.astype(np.float32), 15.0 / spacing)
    total = ndimage.gaussian_filter(np.where(bright, signal, 0.0).astype(np.float32), 15.0 / spacing)
    return (signal / np.maximum((total + 0.01 * usual) / (weight + 0.01), 1e-6)).astype(np.float32)


def _labelled(surfaces: dict[Bone, Surface], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Labels of bones from their depths: where they meet, the one whose surface is deeper."""
    labels = np.zeros(known.shape, dtype=np.uint8)
    deepest = np.maximum.reduce([s.depth for s in surfaces.values()])
    for bone, surface in surfaces.items():
        mask = (surface.depth > 0) & (surface.depth >= deepest) & known
        pieces, count = ndimage.label(mask)
        if count:
            sizes = np.bincount(pieces.ravel())
            sizes[0] = 0
            # The condyles are two pieces where the image ends below the notch.
            labels[(sizes >= 0.2 * sizes.max())[pieces]] = bone.label
    return labels
