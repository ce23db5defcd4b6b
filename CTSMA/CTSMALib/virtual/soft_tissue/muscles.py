"""Muscles around the knee."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.soft_tissue.knee_space import KneeSpace
from CTSMALib.virtual.soft_tissue.smooth_noise import smooth_noise
from CTSMALib.virtual.soft_tissue.strand import Strand, packed, union
from CTSMALib.virtual.spec import KneeSpec

Array = NDArray[np.float64]
Values = NDArray[np.float32]

# From memory and from comparing pictures with CT and MR of real legs.
SEPTUM_MM = 1.1  # thinner ones the lattice would break into dots
BULK = 0.98  # of all bellies before they swell
LEAN_MM, FAT_MM = 5.0, 16.0  # fat under the skin of a lean and of a fat knee
SWELL_LEAN, SWELL_FAT = 0.85, 0.6
ROUGHNESS_MM = 0.7
SHEATH_MM, FOSSA_MM = 2.0, 3.8  # fat around the vessels, and how much more of it in the popliteal fossa
SHEATH_VARIES_MM = 1.3
STREAK_APART_MM, STREAK_WIDE_MM, STREAK_STRETCH = (20.0, 50.0), (20.0, 45.0), 3.0
STREAK_RARE = 0.9  # SDs of other waves beyond which there are any
STREAK_HALF, STREAK_STEEP_MM = 0.115, 4.5  # half thickness in SDs of the waves; mm for one SD

# Rows (proximal, lateral, anterior, half width, half depth, turn) in mm and degrees, for a tibia 66 mm wide, from
# general knowledge of cross sections of the leg [from memory], compared with the CT in Resources/SampleData.
MUSCLES: dict[str, list[tuple[float, ...]]] = {
    "vastus medialis": [
        (130, -27, 25, 20, 29, -25), (100, -29, 27, 18, 28, -25), (80, -31, 28, 16, 27, -25),
        (60, -34, 29, 13.5, 25, -25),
        (45, -35, 33, 10, 21, -30), (34, -32, 39, 6, 14, -35), (25, -29, 43, 2, 6, -35),
    ],
    "vastus lateralis": [
        (130, 32, 24, 16, 30, 20), (100, 31, 26, 14, 28, 20), (80, 30, 28, 11, 26, 22), (60, 29, 32, 7.5, 21, 25),
        (48, 27.5, 36, 4.5, 14, 28), (36, 26, 39, 1.8, 7, 30),
    ],
    "vastus intermedius": [
        (130, 1, 40, 25, 12, 0), (100, 1, 42, 23, 8, 0), (80, 1, 43, 20, 5.5, 0), (62, 1, 44, 14, 3.2, 0),
        (54, 1, 45, 7, 1.5, 0),
    ],
    "biceps short head": [
        (130, 14, 4, 10, 8, 0), (90, 19, 1, 9, 9, -20), (65, 25, -2, 7, 9, -20), (45, 30, -6, 4, 7, -15),
        (32, 33, -9, 2, 4, 0),
    ],
    "biceps femoris": [
        (130, 22, -30, 18, 18, 0), (100, 26, -26, 15, 18, -15), (80, 29, -22, 14, 18, -20),
        (50, 34, -16.5, 10.5, 16.5, -15),
        (30, 38, -14.5, 6.5, 13.5, -8), (12, 40, -14, 4, 9, 0), (2, 40.5, -14, 2.2, 5.5, 0),
    ],
    "semimembranosus": [
        (130, -12, -34, 18, 17, 0), (100, -16, -33, 18, 17, 10), (80, -19, -31, 18, 17, 15),
        (50, -25, -27, 15.5, 15, 20),
        (30, -28, -26, 11, 11.5, 20), (12, -30, -24, 6.5, 8, 10), (0, -30, -22, 3, 4, 0),
    ],
    "semitendinosus": [
        (130, 4, -46, 14, 12, 0), (100, -2, -49, 13, 10, 0), (80, -8, -49, 11, 8, 10), (60, -16, -47, 7.5, 5.5, 15),
        (46, -22, -44, 2.5, 2.5, 0),
    ],
    "sartorius": [
        (130, -47, 2, 9, 15, 5), (100, -48, -6, 8, 15, 5), (80, -47, -12, 7, 14, 10), (50, -45, -17, 5.5, 14, 10),
        (25, -43, -18, 4.5, 13, 5), (0, -40, -15, 3.3, 10, -10), (-20, -35, -5, 1.8, 7, -20),
    ],
    "gracilis": [
        (130, -34, -26, 9, 12, 0), (100, -37, -30, 7, 8.5, 0), (80, -39, -32, 5, 6, 0), (62, -39, -33, 2, 2.5, 0),
    ],
    "gastrocnemius medial": [
        (34, -19, -15, 7, 3.5, 0), (20, -20, -28, 13.5, 9, -10), (0, -20, -37, 17.5, 14, -10),
        (-30, -20, -40, 20.5, 15.5, -8),
        (-60, -19.5, -42, 23, 16.5, -5), (-120, -20, -46, 24, 19, 0),
    ],
    "gastrocnemius lateral": [
        (34, 17, -14, 6, 3.5, 0), (20, 18, -26, 12, 8.5, 10), (0, 17.5, -35.5, 15.5, 12.5, 10),
        (-30, 17, -39, 18.5, 14, 8),
        (-60, 18, -42, 21, 15, 8), (-120, 19, -46, 22, 17, 8),
    ],
    "plantaris": [
        (28, 20, -18, 3, 2, 0), (10, 17, -24, 6, 3, 20), (-15, 11, -26, 4, 2.5, 10), (-32, 4, -29, 1.5, 1.2, 0),
    ],
    "popliteus": [
        (-6, 17, -22, 4, 2.5, 0), (-18, 8, -23, 17, 5.5, 0), (-38, -4, -20, 19, 7.5, 4), (-60, -10, -18, 14, 6, 8),
        (-76, -13, -14, 3, 2, 0),
    ],
    "soleus": [
        (-20, 32, -25, 5, 4, 0), (-38, 25, -27, 14, 7, -5), (-60, 13, -29, 24, 9.5, -5), (-120, 2, -31, 31, 14, 0),
    ],
    "tibialis anterior": [
        (-18, 29, 15, 3, 3, 0), (-32, 30, 12, 6.5, 9, 25), (-46, 28, 10.5, 10, 13.5, 25), (-62, 24, 9.5, 13, 15.5, 25),
        (-120, 22, 9, 15, 17, 25),
    ],
    "peroneus longus": [
        (-18, 43, 1, 2, 3, 0), (-32, 44, -3, 4.5, 8, 0), (-60, 41, -9, 8.5, 12.5, 5), (-120, 38, -11, 12, 15, 5),
    ],
    "extensor digitorum": [
        (-26, 37, 7, 3.5, 3.5, 0), (-44, 37, 4, 6, 8, 10), (-62, 35, 2, 7, 9, 10), (-120, 34, 3, 9, 10, 10),
    ],
    "tibialis posterior": [(-28, 25, -12, 4, 3, 0), (-60, 17, -10, 9, 7, 0), (-120, 12, -10, 12, 10, 0)],
}  # fmt: skip
# Blood and nerves have about the CT number of muscle, and no tissue of their own here.
VESSELS: dict[str, list[tuple[float, ...]]] = {
    "popliteal artery": [
        (130, -12, 2, 3, 3, 0), (80, -7, -4, 3, 3, 0), (40, 0, -15, 3, 3, 0), (12, 2, -26, 2.8, 2.8, 0),
        (-25, 3, -28, 2.6, 2.6, 0), (-60, 6, -24, 2.2, 2.2, 0), (-120, 8, -20, 2, 2, 0),
    ],
    "tibial nerve": [
        (130, -2, -12, 3, 2, 0), (80, 3, -19, 2.8, 2, 0), (40, 6, -29, 2.6, 1.9, 0), (12, 5, -39, 2.4, 1.8, 0),
        (-25, 4, -38, 2.2, 1.7, 0), (-60, 9, -28, 2, 1.6, 0), (-120, 11, -24, 2, 1.5, 0),
    ],
    "popliteal vein": [
        (130, -8, -3, 3.6, 3.2, 0), (80, -3, -11, 3.6, 3.2, 0), (40, 3, -22, 3.6, 3.2, 0), (12, 3, -33, 3.4, 3, 0),
        (-25, 1, -34, 3, 2.6, 0), (-48, 0, -31, 1.5, 1.5, 0),
    ],
}  # fmt: skip


def placed(name: str, rows: list[tuple[float, ...]], space: KneeSpace) -> Strand:
    """A strand of the tables in a knee: scaled, and shifted with the femoral shaft above the joint."""
    table = np.array(rows, dtype=float)
    table[:, :5] *= space.scale
    above = np.clip((table[:, :1] / space.scale - 20) / 40, 0, 1)
    table[:, 1:3] += above * space.shaft_offset_mm
    return Strand(name, table)


def muscle_strands(space: KneeSpace, rng: np.random.Generator) -> list[Strand]:
    """All muscles of one person, each a little larger or smaller and displaced."""
    strands = []
    bulk = rng.normal(BULK, 0.04)
    for name, rows in MUSCLES.items():
        strand = placed(name, rows, space)
        strand.rows[:, 1:3] += rng.normal(0.0, 0.6, 2)
        strand.rows[:, 3:5] *= np.clip(bulk * rng.normal(1.0, 0.05, 2), 0.9, 1.25)
        strands.append(strand)
    return strands


def muscle_depth(space: KneeSpace, spec: KneeSpec) -> tuple[Values, Values]:
    """Muscles and large vessels on the lattice of knee space.

    Bellies fill the room between bones and fascia but for thin septa and the fat around the vessels.

    Args:
        space: bones in knee space.
        spec: fat and seed. Where there is more of it under the skin there is more between the muscles.

    Returns:
        Signed distances (mm), positive inside, of the bellies by themselves, which say how far out the fascia lies,
        and of the muscles that fill the room, which are still to be cut off at the fascia.
    """
    rng = np.random.default_rng([spec.seed, 501])
    strands = muscle_strands(space, rng)
    fatness = float(np.clip((spec.body_fat_mm - LEAN_MM) / (FAT_MM - LEAN_MM), -0.3, 1.3))
    swell = SWELL_LEAN + fatness * (SWELL_FAT - SWELL_LEAN)
    slim, muscles = packed(strands, space.lattice, swell, SEPTUM_MM * space.scale * (1 + 0.6 * fatness))
    rough = smooth_noise(space.lattice, rng)
    muscles += np.float32(ROUGHNESS_MM) * rough
    muscles = np.minimum(muscles, _streaks(space, rng, fatness))
    vessels = union([placed(n, r, space) for n, r in VESSELS.items()], space.lattice)
    z = space.lattice.axes_mm[0] / space.scale
    sheath = SHEATH_MM + FOSSA_MM * (1 + 0.5 * fatness) * np.exp(-(((z - 42) / 26) ** 2))
    around = -sheath.astype(np.float32)[:, None, None] - np.float32(SHEATH_VARIES_MM) * rough - vessels
    return slim, np.maximum(np.minimum(muscles, around), vessels)


def _streaks(space: KneeSpace, rng: np.random.Generator, fatness: float) -> Values:
    """Distance from sheets of fat within the bellies, along the leg and with free edges; negative within them."""
    where = smooth_noise(space.lattice, rng, STREAK_APART_MM, STREAK_STRETCH)
    there = smooth_noise(space.lattice, rng, STREAK_WIDE_MM, STREAK_STRETCH)
    half = np.float32(STREAK_HALF * (1 + 0.5 * fatness))
    return np.maximum(
        (np.abs(where) - half) * np.float32(STREAK_STEEP_MM), (np.float32(STREAK_RARE) - there) * np.float32(4)
    )
