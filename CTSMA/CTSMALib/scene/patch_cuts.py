"""Three cuts through a patch in the frame of its bone, as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.scene.model_nodes import SELECTED_RGB
from CTSMALib.scene.result_nodes import ResultNodes

WIDTH_MM = 16.0  # of a cut: the box, and as much around it
SIZE_PX = 128
GAP_PX = 6
OUTSIDE = 0  # gray of what lies outside the scan
# Which axes of the bone's frame (lateral, anterior, proximal) run right and up: from the front, the side, above.
CUTS = ((0, 2), (1, 2), (0, 1))

Picture = NDArray[np.uint8]


def patch_cuts(result: ResultNodes, label: int) -> Picture | None:
    """The scan in and around a patch, with the outline of its box.

    The gray values are those of the window that slice views show the scan with.

    Args:
        result: the nodes.
        label: of the patch, from 1.

    Returns:
        (h, w, 3) the three cuts side by side; ``None`` where the scan was deleted, or the bone has no frame.
    """
    scan, patches = result.get("ct"), result.patches
    bone = str(patches.bones[label - 1])
    if scan is None or scan.GetImageData() is None or bone not in result.bone_axes:
        return None
    window, level = _window(scan)
    axes, center = result.bone_axes[bone], patches.centers_ras_mm[label - 1]
    gap = np.full((SIZE_PX, GAP_PX, 3), 255, np.uint8)
    parts: list[Picture] = []
    for right, up in CUTS:
        values = _cut(scan, center, axes[right], axes[up])
        gray = np.clip((values - (level - window / 2)) / max(window, 1e-6), 0.0, 1.0) * 255.0
        gray = np.where(np.isfinite(values), gray, OUTSIDE)
        picture = np.repeat(np.rint(gray).astype(np.uint8)[..., None], 3, axis=2)
        _outline(picture)
        parts += [picture, gap]
    return np.hstack(parts[:-1])


def png_of(picture: Picture) -> bytes:
    """A picture (h, w, 3) as the content of a PNG file."""
    height, width, _ = picture.shape
    image = vtk.vtkImageData()
    image.SetDimensions(width, height, 1)
    rows = np.ascontiguousarray(picture[::-1]).reshape(-1, 3)
    image.GetPointData().SetScalars(numpy_to_vtk(rows, deep=True))
    writer = vtk.vtkPNGWriter()
    writer.WriteToMemoryOn()
    writer.SetCompressionLevel(1)  # it is shown and forgotten
    writer.SetInputData(image)
    writer.Write()
    return bytes(vtk_to_numpy(writer.GetResult()))


def _window(scan: Any) -> tuple[float, float]:
    display = scan.GetDisplayNode()
    if display is None:
        low, high = scan.GetImageData().GetScalarRange()
        return high - low, (low + high) / 2
    return float(display.GetWindow()), float(display.GetLevel())


def _cut(scan: Any, center: NDArray[np.float64], right: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray:
    """(SIZE_PX, SIZE_PX) values, the first row on top; NaN outside the scan."""
    from scipy.ndimage import map_coordinates

    steps = (np.arange(SIZE_PX) + 0.5) / SIZE_PX * WIDTH_MM - WIDTH_MM / 2
    points = center + steps[None, :, None] * right - steps[:, None, None] * up
    to_ijk = vtk.vtkMatrix4x4()
    scan.GetRASToIJKMatrix(to_ijk)
    matrix = np.array([[to_ijk.GetElement(row, column) for column in range(4)] for row in range(3)])
    ijk = points @ matrix[:, :3].T + matrix[:, 3]
    data = scan.GetImageData()
    size = np.array(data.GetDimensions())
    voxels = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(size[::-1])
    first = np.clip(np.floor(ijk.min(axis=(0, 1))).astype(int) - 1, 0, size - 1)
    last = np.clip(np.ceil(ijk.max(axis=(0, 1))).astype(int) + 2, first + 1, size)
    near = voxels[first[2] : last[2], first[1] : last[1], first[0] : last[0]].astype(np.float32)
    places = np.moveaxis((ijk - first)[..., ::-1], -1, 0)
    return map_coordinates(near, places, order=1, mode="constant", cval=np.nan)


def _outline(picture: Picture) -> None:
    """Draw the box in the color of the selection."""
    low = round((1.0 - EDGE_MM / WIDTH_MM) / 2 * SIZE_PX)
    high = SIZE_PX - 1 - low
    picture[low, low : high + 1] = picture[high, low : high + 1] = SELECTED_RGB
    picture[low : high + 1, low] = picture[low : high + 1, high] = SELECTED_RGB
