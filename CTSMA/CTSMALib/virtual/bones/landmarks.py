"""Named points on the surface of a bone: the same places in every knee."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA
from CTSMALib.virtual.field import Field

Array = NDArray[np.float64]
Named = tuple[Array, tuple[str, ...]]

REACH_MM = 75.0
STEP_MM = 0.4
AZIMUTHS = 8
# Heights of rings around the shaft, and places under and over the articular surface, in half widths of the bone's end.
RINGS = {FEMUR.name: (0.50, 0.75, 1.05, 1.45), TIBIA.name: (-0.25, -0.55, -0.95, -1.45)}
PLACES = {
    FEMUR.name: [(s * x, y) for s in (-1, 1) for x in (0.45, 0.7) for y in (-0.5, -0.15, 0.2)],
    TIBIA.name: [(s * x, y) for s in (-1, 1) for x in (0.4, 0.7) for y in (-0.35, 0.0, 0.3)],
}
PATELLA_POINTS = 42


def surface_points(distance: Field, every: int = 1) -> Array:
    """Points (n, 3) of a bone's surface: those nearest to the lattice points just inside.

    Args:
        distance: signed distance, positive inside.
        every: take each such point (1), or every second one, and so on.
    """
    h = distance.spacing_mm
    z, y, x = (index[::every] for index in np.nonzero((distance.values > 0) & (distance.values <= h)))
    inner = [np.clip(i, 1, n - 2) for i, n in zip((z, y, x), distance.values.shape, strict=True)]
    slope = np.empty((len(z), 3))
    for axis in range(3):
        up, down = [list(inner) for _ in range(2)]
        up[axis], down[axis] = up[axis] + 1, down[axis] - 1
        slope[:, 2 - axis] = distance.values[tuple(up)] - distance.values[tuple(down)]
    slope /= np.linalg.norm(slope, axis=1, keepdims=True) + 1e-9
    points = np.stack([x, y, z], axis=1) * h + np.array(distance.first_mm[::-1])
    return np.asarray(points - slope * distance.values[z, y, x][:, None])


def exit_point(level: Field, start: Array, toward: Array, reach_mm: float = REACH_MM) -> Array | None:
    """Where a ray that starts inside a bone leaves it for the last time.

    Args:
        level: positive inside.
        start: (3,).
        toward: (3,) direction.
        reach_mm: length of the ray.

    Returns:
        (3,), or nothing where the ray meets no bone or ends inside it.
    """
    direction = np.asarray(toward, dtype=float) / np.linalg.norm(toward)
    along = np.arange(0.0, reach_mm, STEP_MM)
    values = level.at(start + along[:, None] * direction)
    inside = np.flatnonzero(values > 0)
    if len(inside) == 0 or inside[-1] == len(along) - 1:
        return None
    k = inside[-1]
    share = values[k] / (values[k] - values[k + 1])
    return np.asarray(start + (along[k] + STEP_MM * share) * direction)


def outward_normal(level: Field, point: Array) -> Array:
    """(3,) unit vector out of the bone at a point of its surface."""
    step = 1.2 * np.eye(3)
    slope = level.at(point - step) - level.at(point + step)
    return np.asarray(slope / (np.linalg.norm(slope) + 1e-9))


def landmarks(distance: Field, bone: str, half_width_mm: float) -> Named:
    """The landmarks of one bone.

    Args:
        distance: signed distance, positive inside, in the frame of the bone.
        bone: its name.
        half_width_mm: of the joint end of femur or tibia (for patella and fibula: not used).

    Returns:
        (n, 3) points on the surface, and (n,) names; at least 40, for the fibula 16.
    """
    if bone == PATELLA.name:
        found = _sphere(distance)
    elif bone == FIBULA.name:
        found = _rings(distance, bone, (-26.0, -38.0, -50.0, -64.0), 4)
    else:
        heights = tuple(h * half_width_mm for h in RINGS[bone])
        found = _rings(distance, bone, heights, AZIMUTHS) + _plateau(distance, bone, half_width_mm)
    named = {f"{bone}-{number:03d}": point for number, point in enumerate(found)}
    named |= {f"{bone}-{name}": point for name, point in anatomical(distance, bone).items()}
    return _onto_surface(distance, np.array(list(named.values()))), tuple(named)


def anatomical(distance: Field, bone: str) -> dict[str, Array]:
    """Landmarks with a name of their own, by that name."""
    points = surface_points(distance)
    if bone == FEMUR.name:
        return _femoral(points)
    if bone == TIBIA.name:
        return _tibial(points)
    if bone == PATELLA.name:
        return {"apex": _farthest(points, (0, 0, -1)), "base": _farthest(points, (0, 0, 1))}
    return {"head": _farthest(points, (0, 0, 1))}


def _femoral(points: Array) -> dict[str, Array]:
    found = {}
    end = points[points[:, 2] < 34]
    for side, name in ((-1, "medial"), (1, "lateral")):
        half = end[side * end[:, 0] > 8]
        found[f"distal-{name}"] = _farthest(half[side * half[:, 0] < 36], (0, 0, -1))
        found[f"posterior-{name}"] = _farthest(half, (0, -1, 0))
        found[f"trochlea-{name}"] = _farthest(half[side * half[:, 0] < 30], (0, 1, 0))
        high = half[half[:, 2] > 16]
        found[f"epicondyle-{name}"] = _farthest(high, (side, 0, 0))
    return found


def _tibial(points: Array) -> dict[str, Array]:
    found = {"tubercle": tubercle(points)}
    for side, name in ((-1, "medial"), (1, "lateral")):
        half = points[side * points[:, 0] > 0]
        middle = half[(side * half[:, 0] > 3) & (side * half[:, 0] < 14) & (np.abs(half[:, 1]) < 14)]
        found[f"spine-{name}"] = _farthest(middle, (0, 0, 1))
        rim = half[half[:, 2] > -16]
        found[f"rim-{name}"] = _farthest(rim, (side, 0, 0))
        found[f"posterior-{name}"] = _farthest(rim[side * rim[:, 0] > 8], (0, -1, 0))
    return found


def tubercle(points: Array) -> Array:
    """(3,) the tibial tubercle among surface points (n, 3) of the tibia.

    There the front stands out most from the line between the plateau's front and the shaft's; this is its upper part,
    where the tendon begins.
    """
    front = points[(points[:, 1] > 5) & (np.abs(points[:, 0]) < 22)]
    heights = np.arange(-62.0, -9.0, 1.0)
    edge = np.array([front[np.abs(front[:, 2] - z) < 1.0, 1].max(initial=0.0) for z in heights])
    above, below = edge[-3:].mean(), edge[:3].mean()
    line = below + (above - below) * (heights - heights[0]) / (heights[-1] - heights[0])
    rise = np.where((heights > -45) & (heights < -18), edge - line, 0.0)
    height = heights[np.flatnonzero(rise >= 0.8 * rise.max())[-1]]
    near = front[np.abs(front[:, 2] - height) < 1.5]
    return np.asarray(near[near[:, 1] > near[:, 1].max() - 0.7].mean(axis=0))


def _farthest(points: Array, direction: tuple[float, float, float]) -> Array:
    return np.asarray(points[np.argmax(points @ np.array(direction, dtype=float))])


def _middle(distance: Field, height: float) -> Array:
    z, y, x = distance.axes_mm
    k = int(np.clip(np.argmin(np.abs(z - height)), 0, len(z) - 1))
    rows, columns = np.nonzero(distance.values[k] > 0)
    if len(rows) == 0:
        return np.array([0.0, 0.0, z[k]])
    return np.array([(x[columns.min()] + x[columns.max()]) / 2, (y[rows.min()] + y[rows.max()]) / 2, z[k]])


def _rings(distance: Field, bone: str, heights: tuple[float, ...], count: int) -> list[Array]:
    found = []
    for height in heights:
        middle = _middle(distance, height)
        for turn in range(count):
            angle = 2 * np.pi * (turn + 0.5) / count
            hit = exit_point(distance, middle, np.array([np.cos(angle), np.sin(angle), 0.0]))
            found.append(middle if hit is None else hit)
    return found


def _onto_surface(distance: Field, points: Array) -> Array:
    for _ in range(3):
        steps = distance.at(points)[:, None] * np.array([outward_normal(distance, point) for point in points])
        points = points + steps
    return points


def _plateau(distance: Field, bone: str, half_width: float) -> list[Array]:
    up = -1.0 if bone == FEMUR.name else 1.0
    middle = _middle(distance, -10.0 * up)
    found = []
    for lateral, anterior in PLACES[bone]:
        start = middle + np.array([lateral * half_width, anterior * half_width, 0.0])
        hit = exit_point(distance, start, np.array([0.0, 0.0, up]))
        found.append(start if hit is None else hit)
    return found


def _sphere(distance: Field) -> list[Array]:
    """Rays in directions spread evenly over the sphere."""
    number = np.arange(PATELLA_POINTS) + 0.5
    z, angle = 1 - 2 * number / PATELLA_POINTS, np.pi * (1 + 5**0.5) * number
    around = np.sqrt(1 - z**2)
    rays = np.stack([around * np.cos(angle), around * np.sin(angle), z], axis=1)
    points = surface_points(distance)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    hits = [exit_point(distance, middle, ray) for ray in rays]
    return [middle if hit is None else hit for hit in hits]
