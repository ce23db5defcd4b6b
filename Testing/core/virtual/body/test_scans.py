"""Scans of whole knees: numbers as in people, boxes equal to cut-outs, noise and posture anew for every session."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from CTSMALib.virtual.body import acquisition
from CTSMALib.virtual.body.acquisition import draw_acquisition
from CTSMALib.virtual.body.body_tissue import BodyTissue
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.scanners import MRProtocol
from CTSMALib.virtual.scanners.source import NOT_WARPED
from CTSMALib.virtual.scanners.tissue import Tissue

# Published ranges, reference-method f.3, widened by the drift of a scanner's calibration (10 HU and 1 %).
USUAL_HU = {Tissue.AIR: (-1024, -975), Tissue.FAT: (-125, -40), Tissue.MUSCLE: (25, 95)}


def tissue_at(knee, scan):
    """Fraction of bone, tissue, and label of the bone at each voxel of a scan."""
    distortion = scan.protocol.distortion if isinstance(scan.protocol, MRProtocol) else NOT_WARPED
    tissue = BodyTissue(scan.grid, knee, scan.pose, distortion=distortion)
    return (*tissue.part(tuple(slice(0, n) for n in scan.grid.size[::-1])), tissue.owners())


def interior(mask, steps):
    """Voxels with nothing else for some steps around."""
    return ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 3), iterations=steps)


def test_ct_numbers_of_soft_tissue(knee, plan, ct):
    bone, label, _ = tissue_at(knee, plan.ct)
    for tissue, (low, high) in USUAL_HU.items():
        inside = interior((label == tissue) & (bone == 0.0), 2)
        assert inside.sum() > 100
        assert low < ct[inside].mean() < high, tissue
    # noise, but no structure
    assert ct[interior((label == Tissue.MUSCLE) & (bone == 0), 2)].std() < 1.5 * plan.ct.protocol.noise_hu


def test_ct_numbers_of_bone(knee, plan, ct):
    bone, _, owner = tissue_at(knee, plan.ct)
    along = plan.ct.pose.leg.to_anatomical(_centers(plan.ct.grid))[..., 2]
    cortex = (bone > 0.9) & (np.abs(along) > 28)
    assert 400 < np.median(ct[cortex]) < 1700
    under = interior(owner == 2, 2) & (along < -3) & (along > -12)
    assert 50 < ct[under].mean() < 500  # 10 to 35 % bone between fatty marrow


def test_in_mr_bone_is_darker_than_marrow(knee, plan, mr):
    scan = plan.mr["bffe"]
    bone, label, owner = tissue_at(knee, scan)
    marrow = np.median(mr[interior(owner > 0, 1) & (bone < 0.2) & (label == Tissue.MARROW)])
    cortex = np.median(mr[bone > 0.9])
    muscle = np.median(mr[interior(label == Tissue.MUSCLE, 1) & (bone == 0)])
    assert cortex < 0.45 * marrow
    assert muscle < 0.6 * marrow
    assert np.median(mr[interior(label == Tissue.AIR, 2)]) < 0.25 * marrow


def test_a_box_equals_the_cut_out(knee, plan, ct, mr):
    for scan, whole in ((plan.ct, ct), (plan.mr["bffe"], mr)):
        box = slice(9, 17), slice(50, 77), slice(33, 70)
        part = scanned(tissue_of(knee, scan), scan, box).astype(int)
        assert np.abs(part - whole[box]).max() <= 1


def test_metal_saturates(knee, plan):
    capsule = np.array([[-20.0, 5.0, -12.0, 15.0, 5.0, -12.0, 4.0]])
    center = plan.ct.pose.leg.to_lps(np.array([0.0, 5.0, -12.0]))
    index = np.rint((center - plan.ct.grid.origin_mm) / plan.ct.grid.spacing_mm).astype(int)
    box = tuple(slice(int(i) - 1, int(i) + 2) for i in index[::-1])
    assert scanned(tissue_of(knee, plan.ct, metal=capsule), plan.ct, box).min() == plan.ct.protocol.highest_hu
    assert scanned(tissue_of(knee, plan.ct), plan.ct, box).max() < 1500


def test_another_session_changes_the_scan_alone(knee, plan):
    other = draw_acquisition(knee, 1, coverage=acquisition.TINY)
    again = draw_acquisition(knee, coverage=acquisition.TINY)
    assert again.ct.seed == plan.ct.seed != other.ct.seed
    assert again.ct.grid == plan.ct.grid != other.ct.grid
    assert again.ct.protocol == plan.ct.protocol != other.ct.protocol
    turned = other.mr["bffe"].pose.placements["femur"].rotation - plan.mr["bffe"].pose.placements["femur"].rotation
    assert np.abs(turned).max() > 0.01


def test_a_rescan_is_a_session_of_its_own(knee):
    scans = draw_acquisition(knee, 0, ("t1", "pd_fs"), rescan=True, coverage=acquisition.TINY).mr
    assert list(scans) == ["bffe", "t1", "pd_fs", "bffe_rescan"]
    assert scans["t1"].pose is scans["bffe"].pose
    assert scans["bffe_rescan"].pose is not scans["bffe"].pose
    assert len({scan.seed for scan in scans.values()}) == 4


def _centers(grid):
    index = np.stack(np.meshgrid(*map(np.arange, grid.size[::-1]), indexing="ij"), axis=-1)[..., ::-1]
    return (index * grid.spacing_mm) @ np.reshape(grid.direction, (3, 3)).T + grid.origin_mm
