"""Where the articular surfaces are, and how thick their cartilage would be if nothing faced them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.compartments import OUTLINES
from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.bones.shape import KneeShape
from CTSMALib.virtual.soft_tissue.knee_space import scale_of
from CTSMALib.virtual.spec import LATERAL, MEDIAL, KneeSpec

Array = NDArray[np.float64]

MARGIN_MM = 2.0  # over which cartilage thins out at its margin
# Share of the cartilage that is left in the worse and in the other compartment, and depth (share) of the defect in the
# middle of the worse one, by grade. Anteromedial cartilage is 59 % thinner in end-stage varus knees while the lateral
# one is not thinned (Rapagna 2021).
LEFT_WORSE = (1.0, 0.97, 0.88, 0.7, 0.45)
LEFT_OTHER = (1.0, 1.0, 0.97, 0.93, 0.88)
DEFECT = (0.0, 0.05, 0.25, 0.55, 1.0)
USUAL_SPACE_MM = 3.9  # a wider joint space has thicker cartilage
ROUGHNESS = 0.06


def femoral_share(knee: KneeShape, spec: KneeSpec, foot_mm: Array, normal: Array) -> Array:
    """Thickness (mm) over condyles and trochlea.

    Args:
        knee: bones.
        spec: grade and worse compartment.
        foot_mm: (n, 3) surface points in the frame of the femur.
        normal: (n, 3) outward.
    """
    extent, s = knee.extents[FEMUR.name], scale_of(knee)
    lateral, anterior = extent.normalized(foot_mm[:, 0], foot_mm[:, 1])
    z, half = foot_mm[:, 2] / s, extent.half[0]
    condyles = np.zeros(len(foot_mm))
    for key, side in (("FM", -1.0), ("FL", 1.0)):
        own = side * lateral
        inner, outer = _femoral_limits(key, anterior)
        across = edge((own - inner) * half) * edge((outer - own) * half)
        condyles = np.maximum(condyles, across)
    facing = edge((0.62 - np.abs(normal[:, 0])) * 12)  # neither the outer sides nor the walls of the notch
    behind = edge((31.0 - z) * s) * edge((0.45 - normal[:, 2]) * 12)
    below = edge((0.35 - normal[:, 2] - 0.9 * normal[:, 1]) * 6)  # nor the slopes beside the trochlea
    condyles = condyles * facing * behind * below * edge((0.55 - anterior) * extent.half[1])
    # The trochlea: the lateral facet reaches higher, 30 to 35 mm above the condyles [from memory].
    top = (31.0 + 5.0 * np.clip(lateral, -0.6, 0.6)) * s
    trochlea = edge((0.54 - np.abs(lateral - 0.07)) * half) * edge(top - foot_mm[:, 2]) * edge((anterior - 0.2) * 20)
    trochlea *= edge((0.75 - np.abs(normal[:, 0])) * 12) * edge((normal[:, 1] - 0.9 * normal[:, 2] - 0.5) * 12)
    region = np.maximum(condyles, trochlea)
    mean = 2.1 + 0.25 * np.exp(-(((anterior + 0.1) / 0.5) ** 2)) + 0.3 * np.maximum(trochlea - condyles, 0.0)
    return region * mean * _left(spec, lateral, anterior, foot_mm, 1)


def tibial_share(knee: KneeShape, spec: KneeSpec, foot_mm: Array, normal: Array) -> Array:
    """Thickness (mm) over both plateaus; arguments as for the femur, in the frame of the tibia."""
    extent, s = knee.extents[TIBIA.name], scale_of(knee)
    lateral, anterior = extent.normalized(foot_mm[:, 0], foot_mm[:, 1])
    region, bulge = np.zeros(len(foot_mm)), np.zeros(len(foot_mm))
    for key, side in (("TM", -1.0), ("TL", 1.0)):
        outline, own = OUTLINES[key], side * lateral
        inner, outer = outline.limits_at(anterior)
        across = edge((own - inner + 0.05) * extent.half[0]) * edge((outer - own) * extent.half[0])
        along = edge((outline.anterior - anterior) * extent.half[1]) * edge(
            (anterior - outline.posterior) * extent.half[1]
        )
        region = np.maximum(region, across * along)
        middle = np.exp(-(((own - 0.5) / 0.28) ** 2) - ((anterior + 0.12) / 0.5) ** 2)
        bulge += (1.2 if side > 0 else 0.85) * middle
    up = edge((normal[:, 2] - 0.55) * 12) * edge(foot_mm[:, 2] + 9 * s)
    return region * up * (1.4 + bulge) * _left(spec, lateral, anterior, foot_mm, 2)


def patellar_share(knee: KneeShape, spec: KneeSpec, foot_mm: Array, normal: Array) -> Array:
    """Thickness (mm) over the facets of the patella; arguments as for the femur, in the frame of the patella."""
    depth, s = knee.bones[PATELLA.name].depth, scale_of(knee)
    inside = np.argwhere(depth.values > 0) * depth.spacing_mm + depth.first_mm
    low, high = inside.min(axis=0), inside.max(axis=0)
    height = (foot_mm[:, 2] - low[0]) / (high[0] - low[0])
    across = 2 * (foot_mm[:, 0] - (low[2] + high[2]) / 2) / (high[2] - low[2])
    # The lower quarter and the rim carry none [from memory].
    region = edge((height - 0.27) * (high[0] - low[0])) * edge((0.97 - height) * (high[0] - low[0]))
    region *= edge((0.92 - np.abs(across)) * (high[2] - low[2]) / 2) * edge((-normal[:, 1] - 0.35) * 12)
    ridge = np.exp(-((across / 0.5) ** 2) - ((height - 0.6) / 0.35) ** 2)
    left = 1.0 - 0.07 * spec.grade
    return region * (2.3 + 1.1 * ridge) * left * _rough(spec, foot_mm, 3) * min(s, 1.1)


def edge(distance_mm: Array) -> Array:
    """0 outside, 1 more than a margin inside, smooth between.

    Args:
        distance_mm: from the limit, positive inside.
    """
    t = np.clip(distance_mm / MARGIN_MM, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))


def _femoral_limits(key: str, anterior: Array) -> tuple[Array, Array]:
    """Inner and outer limits; towards the trochlea the inner ones close."""
    outline = OUTLINES[key]
    inner, outer = outline.limits_at(anterior)
    return np.asarray(inner * np.clip((0.36 - anterior) / 0.14, 0.0, 1.0) - 0.08 * (anterior > 0.3)), outer


def _left(spec: KneeSpec, lateral: Array, anterior: Array, foot_mm: Array, stream: int) -> Array:
    """Share of the cartilage that osteoarthritis has left, with some unevenness."""
    side = {MEDIAL: -1.0, LATERAL: 1.0}[spec.worse]
    rng = np.random.default_rng([spec.seed, 510 + stream])
    du, dv = rng.normal(0.0, 0.06, 2)
    worse = 0.5 * (1 + np.tanh(side * lateral / 0.12))
    left = LEFT_OTHER[spec.grade] + worse * (LEFT_WORSE[spec.grade] - LEFT_OTHER[spec.grade])
    distance = ((side * lateral - 0.55 - du) / 0.3) ** 2 + ((anterior - 0.05 - dv) / 0.45) ** 2
    defect = np.minimum(1.25 * DEFECT[spec.grade] * np.exp(-(distance**1.5)), DEFECT[spec.grade])
    space = {MEDIAL: spec.joint_space_mm[0], LATERAL: spec.joint_space_mm[1]}
    own, other = (np.clip(space[k] / USUAL_SPACE_MM, 1.0, 1.25) for k in (spec.worse, _opposite(spec.worse)))
    left *= other + worse * (own - other)
    return np.asarray(left * (1 - defect) * _rough(spec, foot_mm, stream))


def _opposite(side: str) -> str:
    return LATERAL if side == MEDIAL else MEDIAL


def _rough(spec: KneeSpec, foot_mm: Array, stream: int) -> Array:
    rng = np.random.default_rng([spec.seed, 520 + stream])
    waves = rng.normal(size=(6, 3))
    waves *= (2 * np.pi / rng.uniform(10, 30, 6) / np.linalg.norm(waves, axis=1))[:, None]
    total = np.cos(foot_mm @ waves.T + rng.uniform(0, 2 * np.pi, 6)).sum(axis=1)
    return np.asarray(1.0 + (ROUGHNESS + 0.03 * spec.grade) * total / np.sqrt(3))
