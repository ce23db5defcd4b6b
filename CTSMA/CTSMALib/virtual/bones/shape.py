"""The shape of a virtual knee's bones, each in the joint frame of its bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA, Bone
from CTSMALib.virtual.field import Field

# The fibula is fixed to the tibia and described in its frame.
FRAME_OF = {FEMUR.name: FEMUR.name, TIBIA.name: TIBIA.name, PATELLA.name: PATELLA.name, FIBULA.name: TIBIA.name}


@dataclass(frozen=True)
class Placement:
    """A rigid motion from the frame of a bone to knee space: ``rotation @ point + offset_mm``.

    Knee space is the frame of the tibia, (lateral, anterior, proximal) in mm, with the knee extended. A left knee is
    described as its mirror image, a right one, and mirrored only when it is placed in a scan.

    Attributes:
        rotation: (3, 3), determinant +1.
        offset_mm: (3,).
    """

    rotation: NDArray[np.float64]
    offset_mm: NDArray[np.float64]

    @classmethod
    def identity(cls) -> Placement:
        """The placement of the tibia."""
        return cls(np.eye(3), np.zeros(3))

    def apply(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """(..., 3) points of the bone's frame in knee space."""
        return np.asarray(points_mm, dtype=float) @ self.rotation.T + self.offset_mm

    def invert(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """(..., 3) points of knee space in the bone's frame."""
        return (np.asarray(points_mm, dtype=float) - self.offset_mm) @ self.rotation

    def after(self, first: Placement) -> Placement:
        """The placement that does ``first`` and then this one."""
        return Placement(self.rotation @ first.rotation, self.apply(first.offset_mm))


@dataclass(frozen=True, eq=False)
class BoneShape:
    """One bone.

    Attributes:
        bone: which.
        depth: signed distance (mm) from its outer surface, positive inside, true within a tenth of a millimeter near
            the surface; in the frame named by :data:`FRAME_OF`. It covers the bone with a margin of at least 8 mm,
            except where the shaft goes on: there the lattice ends inside the bone.
        landmarks_mm: (n, 3) at least 40 named points on the surface, spread over the bone, the same in every knee.
        landmark_names: (n,) of them.
    """

    bone: Bone
    depth: Field
    landmarks_mm: NDArray[np.float64]
    landmark_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class KneeShape:
    """The bones of one knee, extended.

    Attributes:
        source: name of the source anatomy.
        bones: bone name to shape, in the order femur, tibia, patella, fibula.
        extents: of femur and tibia, as :func:`~CTSMALib.anatomy.extent.measure_extent` defines them.
        reference: femur, tibia and patella to where they stand in the extended knee; the tibia's is the identity.
    """

    source: str
    bones: dict[str, BoneShape]
    extents: dict[str, Extent]
    reference: dict[str, Placement]
