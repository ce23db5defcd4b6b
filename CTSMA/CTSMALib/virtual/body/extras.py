"""What a scan may show beside one knee: metal in it, the other leg, and the table under both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.errors import InputError
from CTSMALib.virtual.body.acquisition import CT_EXTENT_MM, LEGS_APART_MM, Scan
from CTSMALib.virtual.body.body_tissue import BodyTissue
from CTSMALib.virtual.body.knee import VirtualKnee
from CTSMALib.virtual.bones.flexion import condyle_center
from CTSMALib.virtual.scanners import CTProtocol
from CTSMALib.virtual.scanners.tissue import Box, Tissue
from CTSMALib.volumes.grid import Grid

Points = NDArray[np.float64]

SCREWS, TOTAL_KNEE = "screws", "total_knee"
METAL_KINDS = (SCREWS, TOTAL_KNEE)

# Cancellous bone screws of 6.5 mm, two of them in parallel, as for a fracture of the lateral plateau; from memory.
SCREW_RADIUS_MM, SCREW_HEAD_MM, SCREW_DEPTH_MM = 3.25, 4.5, 13.0
SCREWS_ANTERIOR = (-0.25, 0.3)  # shares of the half length of the tibia
# A total knee replacement in rough outline: sizes from memory.
RUNNER_RADIUS_MM, RUNNER_DEPTH_MM, RUNNER_ANGLES_DEG = 4.5, 3.0, np.arange(-80.0, 101.0, 12.0)
RUNNERS = (-0.66, -0.42, 0.42, 0.66)  # shares of the half width of the femur
TRAY_RADIUS_MM, TRAY_DEPTH_MM, STEM_MM, STEM_RADIUS_MM = 2.5, 9.0, 40.0, 6.5
FARTHEST_MM = 60.0  # no point of a condyle is farther from its axis

TABLE_BELOW_MM, TABLE_MM, TABLE_RADIUS_MM = 95.0, 2.5, 420.0  # carbon fiber shell with a foam core; from memory


def metal_capsules(kind: str, knee: VirtualKnee) -> Points:
    """Metal in a knee, as round bars.

    Args:
        kind: ``"screws"`` through the tibial plateau, or ``"total_knee"``, a knee replacement in rough outline.
        knee: which gets it.

    Returns:
        (n, 7) two ends and a radius, mm, in extended knee space: see
        :class:`~CTSMALib.virtual.body.body_tissue.BodyTissue`.

    Raises:
        InputError: another kind.
    """
    if kind == SCREWS:
        return _screws(knee)
    if kind == TOTAL_KNEE:
        return np.concatenate([_runners(knee), _tray(knee)])
    raise InputError(f"There is no metal '{kind}'.", f"Choose from {', '.join(METAL_KINDS)}.")


def _screws(knee: VirtualKnee) -> Points:
    """Two screws from the lateral side, each with a head."""
    extent, bars = knee.shape.extents[TIBIA.name], []
    for anterior in SCREWS_ANTERIOR:
        (lateral, y), (medial, _) = extent.position_mm(0.97, anterior), extent.position_mm(-0.85, anterior)
        bars.append([lateral, y, -SCREW_DEPTH_MM, medial, y, -SCREW_DEPTH_MM, SCREW_RADIUS_MM])
        bars.append([lateral, y, -SCREW_DEPTH_MM, lateral + 2.0, y, -SCREW_DEPTH_MM, SCREW_HEAD_MM])
    return np.array(bars)


def _runners(knee: VirtualKnee) -> Points:
    """Bars along both condyles, from the trochlea to behind."""
    extent, depth = knee.shape.extents[FEMUR.name], knee.shape.bones[FEMUR.name].depth
    center, angles = condyle_center(knee.shape), np.deg2rad(RUNNER_ANGLES_DEG)
    out = np.arange(0.0, FARTHEST_MM, 0.25)
    bars = []
    for share in RUNNERS:
        start = np.array([extent.center[0] + share * extent.half[0], *center[1:]])
        ways = np.stack([np.zeros_like(angles), -np.sin(angles), -np.cos(angles)], axis=-1)
        along = start + out[:, None] * ways[:, None]
        inside = depth.at(along.reshape(-1, 3)).reshape(along.shape[:2]) > RUNNER_DEPTH_MM
        # the last point inside, coming from outside, is where the bar runs
        last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
        path = along[np.arange(len(angles)), last][inside.any(axis=1)]
        path = knee.shape.reference[FEMUR.name].apply(path)
        bars.append(np.column_stack([path[:-1], path[1:], np.full(len(path) - 1, RUNNER_RADIUS_MM)]))
    return np.concatenate(bars)


def _tray(knee: VirtualKnee) -> Points:
    """A plate of parallel bars on the tibia, and its stem."""
    extent = knee.shape.extents[TIBIA.name]
    (left, _), (right, _) = extent.position_mm(-0.85, 0.0), extent.position_mm(0.85, 0.0)
    bars = []
    for x in np.arange(left, right + 0.1, 1.5 * TRAY_RADIUS_MM):
        reach = 0.8 * np.sqrt(max(1.0 - ((x - extent.center[0]) / extent.half[0]) ** 2, 0.0))
        back, front = (extent.center[1] + sign * reach * extent.half[1] for sign in (-1.0, 1.0))
        bars.append([x, back, -TRAY_DEPTH_MM, x, front, -TRAY_DEPTH_MM, TRAY_RADIUS_MM])
    x, y = extent.center
    bars.append([x, y, -TRAY_DEPTH_MM, x, y, -TRAY_DEPTH_MM - STEM_MM, STEM_RADIUS_MM])
    return np.array(bars)


@dataclass(frozen=True, eq=False)
class Together:
    """Two legs in one scan. See :class:`~CTSMALib.virtual.scanners.tissue.TissueSource`.

    Attributes:
        legs: on the same grid, apart from each other.
        table: whether both lie on the table of the scanner.
    """

    legs: tuple[BodyTissue, BodyTissue]
    table: bool = True

    @property
    def grid(self) -> Grid:
        """See :class:`~CTSMALib.virtual.scanners.tissue.TissueSource`."""
        return self.legs[0].grid

    def part(self, box: Box) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """See :class:`~CTSMALib.virtual.scanners.tissue.TissueSource`."""
        bone, label = self.legs[0].part(box)
        other_bone, other_label = self.legs[1].part(box)
        free = (label == Tissue.AIR) & (bone == 0.0)
        bone[free], label[free] = other_bone[free], other_label[free]
        if self.table:
            label[(label == Tissue.AIR) & (bone == 0.0) & self._in_table(box)] = Tissue.FAT
        return bone, label

    def owners(self) -> NDArray[np.uint8]:
        """The label of the bone of either leg at all voxels (z, y, x)."""
        return np.maximum(self.legs[0].owners(), self.legs[1].owners())

    def _in_table(self, box: Box) -> NDArray[np.bool_]:
        """A thin curved shell, hollow upward, below the legs; the scan's y points backward."""
        middle = 0.5 * (self.legs[0].pose.leg.origin_mm + self.legs[1].pose.leg.origin_mm)
        spacing, origin = np.array(self.grid.spacing_mm), np.array(self.grid.origin_mm)
        x = origin[0] + spacing[0] * np.arange(box[2].start, box[2].stop) - middle[0]
        y = origin[1] + spacing[1] * np.arange(box[1].start, box[1].stop) - middle[1]
        sunk = np.sqrt(np.maximum(TABLE_RADIUS_MM**2 - x**2, 0.0)) - TABLE_RADIUS_MM + TABLE_BELOW_MM
        inside: NDArray[np.bool_] = (np.abs(y[:, None] - sunk) < 0.5 * TABLE_MM)[None]
        return inside


def side_by_side(scans: tuple[Scan, Scan], apart_mm: float = float(np.mean(LEGS_APART_MM))) -> tuple[Scan, Scan]:
    """Lay two legs beside each other in one wide field of view.

    Args:
        scans: CTs of a right and a left knee, in any order; the first one's protocol and noise hold for both.
        apart_mm: distance of the knees.

    Returns:
        Both with the same grid, protocol and seed.

    Raises:
        InputError: both knees are of the same side, or a scan is no CT.
    """
    protocol = scans[0].protocol
    if scans[0].pose.leg.mirrored == scans[1].pose.leg.mirrored or not isinstance(protocol, CTProtocol):
        raise InputError("These are not CTs of a right and a left knee.", "Give one CT of each side.")
    moved = []
    for scan in scans:
        aside = 0.5 * apart_mm * (1.0 if scan.pose.leg.mirrored else -1.0)
        leg = replace(scan.pose.leg, origin_mm=scan.pose.leg.origin_mm + [aside, 0.0, 0.0])
        moved.append(replace(scan.pose, leg=leg))
    center = np.mean([pose.leg.origin_mm for pose in moved], axis=0)
    grid = protocol.grid(center, (apart_mm + CT_EXTENT_MM[0], CT_EXTENT_MM[1] + 40.0, CT_EXTENT_MM[2]))
    first, second = (replace(scans[0], pose=pose, grid=grid) for pose in moved)
    return first, second
