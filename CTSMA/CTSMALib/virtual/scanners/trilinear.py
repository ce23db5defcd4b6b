"""Linear interpolation of a fine volume on a turned, and slightly warped, grid."""

from __future__ import annotations

from typing import Any

from CTSMALib.morphometry.compiled import compiled_with


@compiled_with(error_model="numpy")
def interpolate(volume: Any, to_mm: Any, warp: Any, farthest: float, to_voxel: Any, found: Any) -> None:
    """Set ``found`` to the volume at the points of a grid; outside, the outermost voxels repeat.

    Args:
        volume: (z, y, x) float32.
        to_mm: (3, 4) from a voxel x, y, z of ``found`` to LPS, relative to the isocenter, mm.
        warp: (3,) what :class:`~CTSMALib.virtual.scanners.distortion.GradientDistortion` adds, mm per cubic mm.
        farthest: square of the distance from the isocenter beyond which the warp grows linearly only, square mm.
        to_voxel: (3, 4) from there to voxels x, y, z of the volume.
        found: (z, y, x) float32, set here.
    """
    far, right, top = volume.shape[2] - 1, volume.shape[1] - 1, volume.shape[0] - 1
    for k in range(found.shape[0]):
        for j in range(found.shape[1]):
            sx = to_mm[0, 1] * j + to_mm[0, 2] * k + to_mm[0, 3]
            sy = to_mm[1, 1] * j + to_mm[1, 2] * k + to_mm[1, 3]
            sz = to_mm[2, 1] * j + to_mm[2, 2] * k + to_mm[2, 3]
            for i in range(found.shape[2]):
                px, py, pz = sx + to_mm[0, 0] * i, sy + to_mm[1, 0] * i, sz + to_mm[2, 0] * i
                square = min(px * px + py * py + pz * pz, farthest)
                px += warp[0] * square * px
                py += warp[1] * square * py
                pz += warp[2] * square * pz
                x = to_voxel[0, 0] * px + to_voxel[0, 1] * py + to_voxel[0, 2] * pz + to_voxel[0, 3]
                y = to_voxel[1, 0] * px + to_voxel[1, 1] * py + to_voxel[1, 2] * pz + to_voxel[1, 3]
                z = to_voxel[2, 0] * px + to_voxel[2, 1] * py + to_voxel[2, 2] * pz + to_voxel[2, 3]
                x, y, z = min(max(x, 0.0), far), min(max(y, 0.0), right), min(max(z, 0.0), top)
                x0, y0, z0 = int(x), int(y), int(z)
                x1, y1, z1 = min(x0 + 1, far), min(y0 + 1, right), min(z0 + 1, top)
                u, v, w = x - x0, y - y0, z - z0
                a = volume[z0, y0, x0] + u * (volume[z0, y0, x1] - volume[z0, y0, x0])
                b = volume[z0, y1, x0] + u * (volume[z0, y1, x1] - volume[z0, y1, x0])
                c = volume[z1, y0, x0] + u * (volume[z1, y0, x1] - volume[z1, y0, x0])
                d = volume[z1, y1, x0] + u * (volume[z1, y1, x1] - volume[z1, y1, x0])
                a += v * (b - a)
                c += v * (d - c)
                found[k, j, i] = a + w * (c - a)
