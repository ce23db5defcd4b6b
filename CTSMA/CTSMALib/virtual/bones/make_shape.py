"""Make the bones of one virtual knee from a source anatomy."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.extent import Extent, measure_extent
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import BONES, FEMUR, FIBULA, PATELLA, TIBIA, Bone
from CTSMALib.virtual.bones.distance import true_distance
from CTSMALib.virtual.bones.landmarks import landmarks
from CTSMALib.virtual.bones.osteophytes import with_osteophytes
from CTSMALib.virtual.bones.placing import place_femur, place_patella
from CTSMALib.virtual.bones.shape import BoneShape, KneeShape, Placement
from CTSMALib.virtual.bones.sources import SOURCES, Source, load_source
from CTSMALib.virtual.bones.variation import Variation, varied
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.spec import KneeSpec

SHAFT_MM = 85.0  # of femur above the joint, and of tibia and fibula below
MARGIN_MM = 12.0  # around the bone, besides osteophytes
SLACK_MM = 2.5  # by how much random variation may make a bone larger than its source


def knee_shape(spec: KneeSpec, spacing_mm: float = 0.6) -> KneeShape:
    """The bones of a knee: a source anatomy, scaled, varied, bent and with osteophytes.

    Args:
        spec: what the knee is; everything random follows from its seed.
        spacing_mm: of the lattices of the bones.

    Returns:
        The bones of a right knee, extended, with about 4 mm between femur and tibia on either side and 5 mm behind the
        patella, whatever joint space the specification asks for.
    """
    source, variation = load_source(spec.source), Variation.drawn(spec)
    depth, bones, extents = {}, {}, {}
    for bone in BONES:
        empty = _lattice(source, bone, spec, spacing_mm)
        level = with_osteophytes(varied(source, bone.name, variation, empty), bone.name, spec)
        depth[bone.name] = true_distance(level)
        if bone in (FEMUR, TIBIA):
            extents[bone.name] = extent_of(depth[bone.name], bone)
        half = extents[bone.name].half[0] if bone.name in extents else 0.0
        points, names = landmarks(depth[bone.name], bone.name, half)
        bones[bone.name] = BoneShape(bone, depth[bone.name], points, names)
    femur = place_femur(bones, _scaled(source.femur, spec.scale))
    patella = place_patella(bones, femur, source.tendon_ratio)
    reference = {FEMUR.name: femur, TIBIA.name: Placement.identity(), PATELLA.name: patella}
    return KneeShape(source.name, bones, extents, reference)


def extent_of(depth: Field, bone: Bone) -> Extent:
    """Width and length of the joint end of femur or tibia.

    Args:
        depth: signed distance, positive inside, in the frame of the bone.
        bone: which.
    """
    labels = sitk.GetImageFromArray((depth.values > 0).astype(np.uint8) * np.uint8(bone.label))
    labels.SetSpacing([depth.spacing_mm] * 3)
    labels.SetOrigin(depth.first_mm[::-1])
    return measure_extent(labels, bone, JointFrame(np.zeros(3), np.eye(3), mirrored=False))


def _lattice(source: Source, bone: Bone, spec: KneeSpec, spacing_mm: float) -> Field:
    """An empty lattice around a bone, which ends inside the shaft if there is one."""
    distance = source.distance[bone.name]
    low, high = np.empty(3), np.empty(3)
    for axis, positions in enumerate(distance.axes_mm):
        others = tuple(a for a in range(3) if a != axis)
        inside = np.flatnonzero((distance.values > 0).any(axis=others))
        low[axis], high[axis] = positions[inside[0]], positions[inside[-1]]
    spurs = 0.0 if bone is FIBULA else spec.osteophyte_mm
    center, half = (low + high) / 2 * spec.scale, (high - low) / 2 * spec.scale * 1.02
    low, high = center - half - MARGIN_MM - SLACK_MM - spurs, center + half + MARGIN_MM + SLACK_MM + spurs
    if bone in (TIBIA, FIBULA):
        sideways = abs(np.tan(np.radians(spec.varus_deg))) * 15.0
        low[0 + 2] -= sideways
        high[0 + 2] += sideways
        low[0] = -SHAFT_MM
    if bone == FEMUR:
        high[0] = SHAFT_MM
    first = np.floor(low / spacing_mm) * spacing_mm
    counts = [int(n) + 1 for n in np.ceil((high - first) / spacing_mm)]
    z, y, x = (float(v) for v in first)
    return Field(np.zeros(counts, np.float32), (z, y, x), spacing_mm)


def _scaled(placement: Placement, scale: float) -> Placement:
    return Placement(placement.rotation, placement.offset_mm * scale)


__all__ = ["SOURCES", "extent_of", "knee_shape"]
