"""Tissue of a posed knee: any part equals the cut-out, sides mirror each other, and labels are where the bones are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import BONES
from CTSMALib.virtual.body.body_tissue import BodyTissue
from CTSMALib.virtual.body.scans import labels_of, tissue_of
from CTSMALib.virtual.bones.shape import FRAME_OF
from CTSMALib.virtual.scanners import centered_grid
from CTSMALib.virtual.scanners.tissue import Tissue

MIRROR = np.diag([-1.0, 1.0, 1.0])
PARTS = (slice(37, 66), slice(40, 87), slice(51, 118)), (slice(0, 9), slice(60, 61), slice(3, 90))


def scans_of(plan):
    return {"ct": plan.ct, "mr": plan.mr["bffe"]}


def centers_mm(grid):
    """(z, y, x, 3) LPS of all voxels."""
    index = np.stack(np.meshgrid(*map(np.arange, grid.size[::-1]), indexing="ij"), axis=-1)[..., ::-1]
    return (index * grid.spacing_mm) @ np.reshape(grid.direction, (3, 3)).T + grid.origin_mm


@pytest.mark.parametrize("name", ["ct", "mr"])
def test_a_part_equals_the_cut_out_from_the_whole(knee, plan, name):
    tissue = tissue_of(knee, scans_of(plan)[name])
    bone, label = tissue.part(tuple(slice(0, n) for n in tissue.grid.size[::-1]))
    assert len(np.unique(label)) >= 9
    for box in PARTS:
        part = tissue.part(box)
        assert np.array_equal(part[1], label[box])
        assert np.abs(part[0] - bone[box]).max() < 1e-5


def test_a_left_knee_is_the_mirror_image_of_the_right_one(knee, plan):
    scan = plan.mr["bffe"]
    leg = scan.pose.leg
    mirrored = JointFrame(MIRROR @ leg.origin_mm, MIRROR @ leg.axes @ MIRROR, not leg.mirrored)
    grid = centered_grid((0.0, *leg.origin_mm[1:]), (110.0, 90.0, 60.0), (1.1, 1.1, 1.1))
    found = []
    for frame in (leg, mirrored):
        tissue = BodyTissue(grid, knee, replace(scan.pose, leg=frame))
        found.append((*tissue.part(tuple(slice(0, n) for n in grid.size[::-1])), tissue.owners()))
    (bone, label, owner), (other_bone, other_label, other_owner) = found[0], (v[..., ::-1] for v in found[1])
    assert (owner == other_owner).mean() > 0.9999 and len(np.unique(owner)) >= 4
    assert (label == other_label).mean() > 0.999
    assert np.abs(bone - other_bone).mean() < 1e-4


@pytest.mark.parametrize("name", ["ct", "mr"])
def test_labels_are_where_the_depth_is_positive(knee, plan, name):
    scan = scans_of(plan)[name]
    labels = sitk.GetArrayFromImage(labels_of(knee, scan))
    points = centers_mm(scan.grid)
    if name == "mr":
        shift = scan.protocol.distortion.displacement_mm(points.reshape(-1, 3)).reshape(points.shape)
        assert np.linalg.norm(shift, axis=-1).max() > 0.1
        points = points + shift
    for bone in BONES:
        local = scan.pose.frame(FRAME_OF[bone.name]).to_anatomical(points)
        depth = knee.shape.bones[bone.name].depth.at(local)
        z, axes = local[..., 2], knee.shape.bones[bone.name].depth.axes_mm[0]
        within = (z > axes[0]) & (z < axes[-1])
        assert np.all(labels[within & (depth > 0.02)] == bone.label)
        assert not np.any(labels[within & (depth < -0.02)] == bone.label)
        assert (labels == bone.label).sum() > 100  # the small field of view may cut the patella


def test_metal_replaces_what_was_there(knee, plan):
    capsule = np.array([[-20.0, 5.0, -12.0, 15.0, 5.0, -12.0, 4.0]])
    grid = centered_grid(plan.ct.pose.leg.origin_mm, (90.0, 60.0, 50.0), (0.7, 0.7, 0.7))
    box = tuple(slice(0, n) for n in grid.size[::-1])
    bone, label = BodyTissue(grid, knee, plan.ct.pose, metal=capsule).part(box)
    plain = BodyTissue(grid, knee, plan.ct.pose).part(box)
    metal = label == Tissue.METAL
    volume = np.pi * 16.0 * 35.0 + 4.0 / 3.0 * np.pi * 64.0
    assert metal.sum() * 0.7**3 == pytest.approx(volume, rel=0.03)
    assert bone[metal].max() == 0.0
    assert np.array_equal(label[~metal], plain[1][~metal]) and np.abs(bone - plain[0])[~metal].max() < 1e-5


def test_broadening_thickens_the_shell_by_its_amount_on_both_sides(knee, plan):
    grid = centered_grid(plan.ct.pose.leg.origin_mm, (40.0, 16.0, 36.0), (0.4, 0.4, 0.4))
    box = tuple(slice(0, n) for n in grid.size[::-1])
    thin, thick = (BodyTissue(grid, knee, plan.ct.pose, broadening_mm=b) for b in (0.0, 0.08))
    surface = _surface_mm2(thin.owners(), 0.4)
    grown = (thick.part(box)[0].sum() - thin.part(box)[0].sum()) * 0.4**3
    # half the broadening outward; inward the other half, where bone was porous
    assert 0.04 * surface < grown < 0.08 * surface
    assert np.array_equal(thin.owners(), thick.owners())


def _surface_mm2(owner, edge_mm):
    """Area of all bones: faces of voxels cover a smooth surface one and a half times on average."""
    inside = np.pad(owner > 0, 1, mode="edge")
    faces = sum(np.count_nonzero(np.diff(inside, axis=axis)) for axis in range(3))
    return faces / 1.5 * edge_mm**2
