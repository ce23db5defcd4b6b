"""What stands at each fine voxel: the loop over voxels that :mod:`~CTSMALib.virtual.body.body_tissue` prepares.

Voxels are handled in blocks, so that what is far from a block need not be looked at. Blocks are counted from the first
voxel of the whole grid: a part of a grid gives the same values as the whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.morphometry.compiled import compiled_with
from CTSMALib.virtual.body import trabeculae
from CTSMALib.virtual.material.bone_material import SOLID
from CTSMALib.virtual.scanners.tissue import Tissue

MIXED = -1  # a block whose tissue is not all the same
STEEPEST = 1.3  # no field of distances is steeper than this
FAR = -1000.0
AIR, FAT, MUSCLE, CARTILAGE = int(Tissue.AIR), int(Tissue.FAT), int(Tissue.MUSCLE), int(Tissue.CARTILAGE)
MENISCUS, FLUID, TENDON = int(Tissue.MENISCUS), int(Tissue.FLUID), int(Tissue.TENDON)
MARROW, SKIN, METAL = int(Tissue.MARROW), int(Tissue.SKIN), int(Tissue.METAL)
BONES = 4
# Numbers of the fields: four for the bones, each of four quantities, then the soft tissue.
DEPTH, SHELL, FRACTION, CARTILAGE_MM = 0, 4, 8, 12
IN_MENISCUS, IN_FLUID, IN_TENDON, IN_MUSCLE, SKIN_DEPTH = 16, 17, 18, 19, 20
FAR_BLOCKS = 1024  # more than there are on either side of a frame, so that cutting off decimals rounds down
LATTICE, ROW = trabeculae.BLOCK, trabeculae.BLOCK + 1
PER_BLOCK, PER_LATTICE_MM, PER_STEP = 1.0 / trabeculae.BLOCK, 1.0 / trabeculae.SPACING_MM, 1.0 / trabeculae.STEPS


compiled = compiled_with(fastmath=True)
inlined = compiled_with(fastmath=True, inline="always")  # passing many arrays costs more than these do


@inlined
def _linear(values: Any, places: Any, n: int, z: float, y: float, x: float) -> float:
    """Linear interpolation in field ``n`` of many, at an index; beyond its ends, the outermost values.

    ``places`` says where each field begins and how many points it has along z, y, x. Here and below rows of tables are
    indexed, not cut out, which would count references in the innermost loop.
    """
    nz, ny, nx = places[n, 1], places[n, 2], places[n, 3]
    z, y, x = min(max(z, 0.0), nz - 1.0), min(max(y, 0.0), ny - 1.0), min(max(x, 0.0), nx - 1.0)
    k, j, i = int(z), int(y), int(x)
    w, v, u = z - k, y - j, x - i
    # without a sign, so that an index needs no check for counting from the end
    first = np.uint64(places[n, 0] + (k * ny + j) * nx + i)
    right = np.uint64(1 if i + 1 < nx else 0)
    back = np.uint64(nx if j + 1 < ny else 0)
    a = values[first] + u * (values[first + right] - values[first])
    b = values[first + back] + u * (values[first + back + right] - values[first + back])
    first += np.uint64(ny * nx if k + 1 < nz else 0)
    c = values[first] + u * (values[first + right] - values[first])
    d = values[first + back] + u * (values[first + back + right] - values[first + back])
    a += v * (b - a)
    c += v * (d - c)
    return a + w * (c - a)


@inlined
def _field(fields: Any, n: int, x: float, y: float, z: float) -> float:
    """Field number ``n`` at a point (lateral, anterior, proximal) of its frame."""
    values, places, at = fields
    return _linear(values, places, n, (z - at[n, 0]) * at[n, 4], (y - at[n, 1]) * at[n, 4], (x - at[n, 2]) * at[n, 4])


@inlined
def _depth(fields: Any, b: int, shaft: int, x: float, y: float, z: float) -> float:
    """Depth below the surface of a bone at a point of its frame; beyond its lattice, less the distance to that."""
    values, places, at = fields
    n = DEPTH + b
    per_mm = at[n, 4]
    kz, jy, ix = (z - at[n, 0]) * per_mm, (y - at[n, 1]) * per_mm, (x - at[n, 2]) * per_mm
    dz = max(-kz, kz - (places[n, 1] - 1), 0.0)
    dy, dx = max(-jy, jy - (places[n, 2] - 1), 0.0), max(-ix, ix - (places[n, 3] - 1), 0.0)
    if (shaft > 0 and kz > 0.0) or (shaft < 0 and kz < places[n, 1] - 1.0):
        dz = 0.0
    depth = _linear(values, places, n, kz, jy, ix)
    if dz + dy + dx > 0.0:
        depth -= at[n, 3] * (dz * dz + dy * dy + dx * dx) ** 0.5
    return depth


@inlined
def _steps(grown: Any, b: int, x: float, y: float, z: float) -> float:
    """Trabecular fraction at a point (lattice steps) of a bone's frame; negative where it was not evaluated."""
    blocks, index, places = grown
    kb, jb, ib = int(z * PER_BLOCK + FAR_BLOCKS), int(y * PER_BLOCK + FAR_BLOCKS), int(x * PER_BLOCK + FAR_BLOCKS)
    kb, jb, ib = kb - FAR_BLOCKS, jb - FAR_BLOCKS, ib - FAR_BLOCKS
    k, j, i = kb - places[b, 4], jb - places[b, 5], ib - places[b, 6]
    if k < 0 or j < 0 or i < 0 or k >= places[b, 1] or j >= places[b, 2] or i >= places[b, 3]:
        return -1.0
    n = index[np.uint64(places[b, 0] + (k * places[b, 2] + j) * places[b, 3] + i)]
    if n < 0:
        return -1.0
    z, y, x = z - kb * LATTICE, y - jb * LATTICE, x - ib * LATTICE
    k, j, i = min(int(z), LATTICE - 1), min(int(y), LATTICE - 1), min(int(x), LATTICE - 1)
    w, v, u = z - k, y - j, x - i
    one, back, up = np.uint64(1), np.uint64(ROW), np.uint64(ROW * ROW)
    at = np.uint64(((n * ROW + k) * ROW + j) * ROW + i)
    a = (1.0 - u) * blocks[at] + u * blocks[at + one]
    e = (1.0 - u) * blocks[at + back] + u * blocks[at + back + one]
    at += up
    c = (1.0 - u) * blocks[at] + u * blocks[at + one]
    d = (1.0 - u) * blocks[at + back] + u * blocks[at + back + one]
    a += v * (e - a)
    c += v * (d - c)
    return (a + w * (c - a)) * PER_STEP


@inlined
def _trabecular(fields: Any, grown: Any, b: int, parts: Any, x: float, y: float, z: float) -> float:
    """Mean trabecular fraction over a fine voxel, sampled at its parts; the wanted one where it was not evaluated.

    ``parts`` are (4, n, 3) places of samples against the middle of the voxel, in lattice steps of each bone's frame.
    """
    total, known = 0.0, 0
    count = parts.shape[1]
    if grown[0].size > 1:
        px, py, pz = x * PER_LATTICE_MM, y * PER_LATTICE_MM, z * PER_LATTICE_MM
        for n in range(count):
            found = _steps(grown, b, px + parts[b, n, 0], py + parts[b, n, 1], pz + parts[b, n, 2])
            if found >= 0.0:
                total += found
                known += 1
    if known < count:
        total += (count - known) * _field(fields, FRACTION + b, x, y, z)
    return total / count


@inlined
def _in_metal(metal: Any, x: float, y: float, z: float) -> bool:
    """Whether a point lies in one of the (n, 7) capsules: two ends and a radius."""
    for m in range(metal.shape[0]):
        ax, ay, az = metal[m, 0], metal[m, 1], metal[m, 2]
        bx, by, bz = metal[m, 3] - ax, metal[m, 4] - ay, metal[m, 5] - az
        qx, qy, qz = x - ax, y - ay, z - az
        along = (qx * bx + qy * by + qz * bz) / (bx * bx + by * by + bz * bz)
        along = min(max(along, 0.0), 1.0)
        qx, qy, qz = qx - along * bx, qy - along * by, qz - along * bz
        if qx * qx + qy * qy + qz * qz < metal[m, 6] * metal[m, 6]:
            return True
    return False


@inlined
def _soft(fields: Any, skin_mm: float, x: float, y: float, z: float) -> int:
    """Tissue at a point of the extended knee, away from bone, cartilage and meniscus."""
    skin = _field(fields, SKIN_DEPTH, x, y, z)
    if skin < 0.0:
        return AIR
    if _field(fields, IN_FLUID, x, y, z) > 0.0:
        return FLUID
    if _field(fields, IN_TENDON, x, y, z) > 0.0:
        return TENDON
    if skin < skin_mm:
        return SKIN
    return MUSCLE if _field(fields, IN_MUSCLE, x, y, z) > 0.0 else FAT


@compiled
def _same_everywhere(fields: Any, skin_mm: float, x: float, y: float, z: float, radius: float) -> int:
    """The tissue within a radius of a point, or :data:`MIXED` where a boundary may be that near."""
    reach = STEEPEST * radius
    skin = _field(fields, SKIN_DEPTH, x, y, z)
    if skin < -reach:
        return AIR
    if abs(skin) < reach or abs(skin - skin_mm) < reach:
        return MIXED
    for n in (IN_FLUID, IN_TENDON, IN_MUSCLE):
        if abs(_field(fields, n, x, y, z)) < reach:
            return MIXED
    return _soft(fields, skin_mm, x, y, z)


@compiled
def fill(
    start: Any,
    coordinates: Any,
    fields: Any,
    marrow: Any,
    where: Any,
    grown: Any,
    sampling: Any,
    metal: Any,
    bone: Any,
    label: Any,
    owner: Any,
) -> None:
    """Set what stands at the voxels of a box.

    Args:
        start: (3,) first voxel (z, y, x) of the box in the whole grid.
        coordinates: (z, y, x, 6) knee space and extended knee space, (lateral, anterior, proximal) mm, at the corners
            of the blocks that meet the box.
        fields: float32 values of all fields one after the other; (n, 4) where each begins and its points along z, y,
            x; (n, 5) its first point (z, y, x), spacing and that inverted. Their numbers are at the top of this file.
        marrow: uint8, on the lattices of the depths, one after the other; (4,) where each begins.
        where: rotation (4, 3, 3) and offset (4, 3) of the bones to knee space, shaft (4,), thickest cartilage (4,),
            and thickest shell (4,).
        grown: trabeculae: flat blocks, index and places, see :class:`~CTSMALib.virtual.body.trabeculae.Trabeculae`.
        sampling: places of samples (see :func:`_trabecular`), mean edge of a voxel, thickness of the skin, by how much
            every surface of bone is moved outward, and whether only the owner is wanted, and edge of the blocks.
        metal: (n, 7) capsules in extended knee space.
        bone: (z, y, x) float32, set here: fraction.
        label: (z, y, x) uint8, set here: tissue.
        owner: (z, y, x) uint8, set here: number of the bone, from 1; 0 outside.
    """
    block = sampling[5]
    near, around = np.zeros(BONES, np.bool_), np.zeros(3, np.int64)
    nz, ny, nx = label.shape
    line, slope = np.zeros(6), np.zeros(6)
    for kb in range(coordinates.shape[0] - 1):
        k0 = (start[0] // block + kb) * block - start[0]
        for jb in range(coordinates.shape[1] - 1):
            j0 = (start[1] // block + jb) * block - start[1]
            for ib in range(coordinates.shape[2] - 1):
                i0 = (start[2] // block + ib) * block - start[2]
                corners = coordinates[kb : kb + 2, jb : jb + 2, ib : ib + 2]
                same = _look_around(corners, fields, where, sampling, metal, near, around)
                for k in range(max(k0, 0), min(k0 + block, nz)):
                    for j in range(max(j0, 0), min(j0 + block, ny)):
                        if same != MIXED:
                            for i in range(max(i0, 0), min(i0 + block, nx)):
                                bone[k, j, i], label[k, j, i], owner[k, j, i] = 0.0, same, 0
                            continue
                        _line(corners, (k - k0) / block, (j - j0) / block, line, slope)
                        for i in range(max(i0, 0), min(i0 + block, nx)):
                            u = (i - i0) / block
                            f, t, o = _voxel(
                                line, slope, u, near, around, fields, marrow, where, grown, sampling, metal
                            )
                            bone[k, j, i], label[k, j, i], owner[k, j, i] = f, t, o


@compiled
def _line(corners: Any, w: float, v: float, line: Any, slope: Any) -> None:
    """Coordinates where a row of voxels enters its block, and how they change until it leaves."""
    for n in range(6):
        a = (1.0 - v) * corners[0, 0, 0, n] + v * corners[0, 1, 0, n]
        b = (1.0 - v) * corners[1, 0, 0, n] + v * corners[1, 1, 0, n]
        c = (1.0 - v) * corners[0, 0, 1, n] + v * corners[0, 1, 1, n]
        d = (1.0 - v) * corners[1, 0, 1, n] + v * corners[1, 1, 1, n]
        line[n] = (1.0 - w) * a + w * b
        slope[n] = (1.0 - w) * c + w * d - line[n]


@compiled
def _look_around(corners: Any, fields: Any, where: Any, sampling: Any, metal: Any, near: Any, around: Any) -> int:
    """Look what may be in a block; return the tissue of all of it, or :data:`MIXED`.

    Args:
        near: (4,) set here: bones that may reach into the block.
        around: (3,) set here: the bone deep in which all of it lies, or -1; whether there may be meniscus; and the
            tissue beside bone, cartilage and meniscus, or :data:`MIXED`.
    """
    rotation, offset, shaft, thickest, shells = where
    middle, radius = np.zeros(6), np.zeros(2)
    for n in range(6):
        middle[n] = 0.5 * (corners[0, 0, 0, n] + corners[1, 1, 1, n])
    for c in range(8):
        p = corners[c // 4, (c // 2) % 2, c % 2]
        for half in range(2):
            square = 0.0
            for n in range(3 * half, 3 * half + 3):
                square += (p[n] - middle[n]) ** 2
            radius[half] = max(radius[half], square**0.5)
    reach = STEEPEST * radius[0] + sampling[1]
    some, around[0] = False, -1
    for b in range(BONES):
        x, y, z = _local(rotation, offset, b, middle[0], middle[1], middle[2])
        depth = _depth(fields, b, shaft[b], x, y, z)
        near[b] = depth + sampling[3] > -(reach + thickest[b])
        some = some or near[b]
        if depth > reach + shells[b] + 2.0 * sampling[3]:
            around[0] = b
    around[1] = 1 if _field(fields, IN_MENISCUS, middle[0], middle[1], middle[2]) > -reach else 0
    around[2] = _same_everywhere(fields, sampling[2], middle[3], middle[4], middle[5], radius[1])
    return MIXED if some or metal.shape[0] > 0 else around[2]


@inlined
def _local(rotation: Any, offset: Any, b: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A point of knee space in the frame of a bone."""
    dx, dy, dz = x - offset[b, 0], y - offset[b, 1], z - offset[b, 2]
    return (
        rotation[b, 0, 0] * dx + rotation[b, 1, 0] * dy + rotation[b, 2, 0] * dz,
        rotation[b, 0, 1] * dx + rotation[b, 1, 1] * dy + rotation[b, 2, 1] * dz,
        rotation[b, 0, 2] * dx + rotation[b, 1, 2] * dy + rotation[b, 2, 2] * dz,
    )


@compiled
def _voxel(
    line: Any, slope: Any, u: float, near: Any, around: Any, fields: Any, marrow: Any, where: Any, grown: Any,
    sampling: Any, metal: Any,
) -> tuple[float, int, int]:  # fmt: skip
    """Bone fraction, tissue and owner of one voxel of a row."""
    rotation, offset, shaft, thickest, _ = where
    x, y, z = line[0] + u * slope[0], line[1] + u * slope[1], line[2] + u * slope[2]
    ex, ey, ez = line[3] + u * slope[3], line[4] + u * slope[4], line[5] + u * slope[5]
    if metal.shape[0] > 0 and _in_metal(metal, ex, ey, ez):
        return 0.0, METAL, 0
    if around[0] >= 0 and sampling[4]:
        return 0.0, AIR, around[0] + 1
    if around[0] >= 0:
        b = around[0]
        px, py, pz = _local(rotation, offset, b, x, y, z)
        fraction = _trabecular(fields, grown, b, sampling[0], px, py, pz)
        return fraction, _nearest(fields, marrow, b, px, py, pz), b + 1
    best, which, cartilage = FAR, -1, False
    bx, by, bz = 0.0, 0.0, 0.0
    for b in range(BONES):
        if not near[b]:
            continue
        px, py, pz = _local(rotation, offset, b, x, y, z)
        depth = _depth(fields, b, shaft[b], px, py, pz)
        if depth > best:
            best, which, bx, by, bz = depth, b, px, py, pz
        if not cartilage and -thickest[b] < depth < 0.0:
            cartilage = -depth < _field(fields, CARTILAGE_MM + b, px, py, pz)
    if sampling[4]:
        return 0.0, AIR, which + 1 if best > 0.0 else 0
    fraction = 0.0
    moved = best + sampling[3]
    if moved > -0.5 * sampling[1]:
        fraction = _bone_at(which, moved, fields, grown, sampling, bx, by, bz)
        if best > 0.0:
            return fraction, _nearest(fields, marrow, which, bx, by, bz), which + 1
    if cartilage:
        return fraction, CARTILAGE, 0
    if around[1] > 0 and _field(fields, IN_MENISCUS, x, y, z) > 0.0:
        return fraction, MENISCUS, 0
    if around[2] != MIXED:
        return fraction, around[2], 0
    return fraction, _soft(fields, sampling[2], ex, ey, ez), 0


@inlined
def _nearest(fields: Any, marrow: Any, b: int, x: float, y: float, z: float) -> int:
    """What fills the spaces of bone ``b`` at a point of its frame."""
    _, places, at = fields
    values, begins = marrow
    n = DEPTH + b
    k = min(max(int((z - at[n, 0]) * at[n, 4] + 0.5), 0), places[n, 1] - 1)
    j = min(max(int((y - at[n, 1]) * at[n, 4] + 0.5), 0), places[n, 2] - 1)
    i = min(max(int((x - at[n, 2]) * at[n, 4] + 0.5), 0), places[n, 3] - 1)
    return int(values[begins[b] + (k * places[n, 2] + j) * places[n, 3] + i])


@inlined
def _bone_at(b: int, depth: float, fields: Any, grown: Any, sampling: Any, x: float, y: float, z: float) -> float:
    """Fraction of mineralized bone in a voxel at a depth (mm, surfaces moved outward) in bone ``b``."""
    edge = sampling[1]
    # the inner surface of the shell moves as the outer one does, the other way
    shell = _field(fields, SHELL + b, x, y, z) + 2.0 * sampling[3]
    solid = min(max((shell - depth) / edge + 0.5, 0.0), 1.0)
    fraction = SOLID * solid
    if solid < 1.0:
        fraction += (1.0 - solid) * _trabecular(fields, grown, b, sampling[0], x, y, z)
    return fraction * min(max(depth / edge + 0.5, 0.0), 1.0)
