"""Training knees from label maps of real knees: real outlines, invented insides and surroundings."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.errors import InputError
from CTSMALib.learning.synthesis.case import FULL, SPACING_MM, TissueCase
from CTSMALib.virtual.scanners.tissue import Tissue
from CTSMALib.volumes.grid import Grid

CARTILAGE_LABEL, MENISCUS_LABEL = 5, 6  # beside the bones of CTSMALib.anatomy.labels
SHELL_FRACTION = 0.92
SHELL_MM = (0.5, 2.0)
SPONGIOSA = (0.12, 0.38)
BLOB_MM = (4.0, 20.0)  # width of the patches of soft tissue
SKIN_MM = 2.0
SOFT = (Tissue.FAT, Tissue.MUSCLE, Tissue.FLUID, Tissue.TENDON)
SHARES = (0.45, 0.9, 0.95, 1.0)  # cumulated, of SOFT
AXIS_ALIGNED = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def label_case(labels: sitk.Image, name: str, source: str, rng: np.random.Generator) -> TissueCase:
    """A knee from a label map.

    The outlines of bones, cartilage (label 5) and menisci (6) are those of the map. Shell, spongiosa and soft tissue
    are drawn: smooth random fields, so that a network cannot rely on the plain surroundings of virtual knees.

    Args:
        labels: bones 1 to 4 as in :mod:`CTSMALib.anatomy.labels`, cartilage 5, menisci 6, any orientation.
        name: for messages.
        source: the anatomy, which may be held out.
        rng: draws all that is not in the map.

    Raises:
        InputError: there is no bone in the map.
    """
    image = _aligned(labels)
    array = sitk.GetArrayFromImage(image)
    bones = np.where(array <= 4, array, 0).astype(np.uint8)
    if not bones.any():
        raise InputError(f"There is no bone in the label map {name}.", "Bones have the labels 1 to 4.")
    depth = ndimage.distance_transform_edt(bones > 0, sampling=SPACING_MM)
    outside = ndimage.distance_transform_edt(bones == 0, sampling=SPACING_MM)
    tissue = _surroundings(outside, rng)
    tissue[array == CARTILAGE_LABEL] = Tissue.CARTILAGE
    tissue[array == MENISCUS_LABEL] = Tissue.MENISCUS
    tissue[bones > 0] = Tissue.MARROW
    red = _noise(bones.shape, 15.0, rng) > rng.uniform(0.3, 2.0)
    tissue[(bones > 0) & red] = Tissue.RED_MARROW
    fraction = _mineral(depth, bones > 0, rng)
    stored = np.rint(fraction * FULL).astype(np.uint8)
    return TissueCase(name, source, Grid.of(image), stored, tissue, bones)


def _aligned(labels: sitk.Image) -> sitk.Image:
    """The map on a grid along the patient's axes, nearest neighbor."""
    corners = Grid.of(labels).corners_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = [int(n) for n in np.ceil((high - low) / SPACING_MM) + 1]
    return sitk.Resample(
        labels, size, sitk.Transform(), sitk.sitkNearestNeighbor, low.tolist(), [SPACING_MM] * 3, AXIS_ALIGNED, 0,
        sitk.sitkUInt8,
    )  # fmt: skip


def _mineral(depth: NDArray, inside: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    shell = rng.uniform(*SHELL_MM) * np.exp(0.4 * _noise(depth.shape, 8.0, rng))
    dense, decay = rng.uniform(*SPONGIOSA), rng.uniform(6.0, 25.0)
    spongiosa = dense * (0.5 + 0.5 * np.exp(-depth / decay)) * np.exp(0.25 * _noise(depth.shape, 5.0, rng))
    spongiosa = np.clip(spongiosa, 0.0, 0.7)
    edge = np.clip((shell - depth) / SPACING_MM + 0.5, 0.0, 1.0)
    fraction = spongiosa + edge * (SHELL_FRACTION - spongiosa)
    found: NDArray[np.float32] = np.where(inside, fraction, 0.0).astype(np.float32)
    return found


def _surroundings(outside: NDArray, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Patches of soft tissue within some centimeters of the bones, skin, and air beyond."""
    blobs = _noise(outside.shape, rng.uniform(*BLOB_MM), rng)
    edges = np.quantile(blobs.ravel()[::97], SHARES[:-1])
    tissue = np.array(SOFT, dtype=np.uint8)[np.digitize(blobs, edges)]
    reach = rng.uniform(12.0, 45.0) * (1.0 + 0.2 * _noise(outside.shape, 40.0, rng))
    tissue[outside > reach - rng.uniform(2.0, 15.0)] = Tissue.FAT
    tissue[outside > reach - SKIN_MM] = Tissue.SKIN
    tissue[outside > reach] = Tissue.AIR
    return tissue


def _noise(shape: tuple[int, ...], width_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A smooth random field of mean 0 and standard deviation 1."""
    step = max(width_mm / 2.0 / SPACING_MM, 1.0)
    coarse = rng.standard_normal([int(np.ceil(n / step)) + 4 for n in shape]).astype(np.float32)
    smooth = ndimage.gaussian_filter(coarse, 1.0)
    fine = ndimage.zoom(smooth, step, order=1)[tuple(slice(0, n) for n in shape)]
    fine -= fine.mean()
    fine /= max(float(fine.std()), 1e-6)
    return np.asarray(fine, dtype=np.float32)
