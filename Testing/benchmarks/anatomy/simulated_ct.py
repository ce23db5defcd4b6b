"""Simulated CT of a knee with known bones. No scanner made these images: they only test outlines and names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.grids import physical_box
from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA, Bone
from Testing.benchmarks.anatomy.truth import Truth

FINE_MM = 0.4  # grid on which the knee is composed
AIR_HU, FAT_HU, SOFT_HU, MARROW_HU, CORTEX_HU = -1000.0, -100.0, 50.0, -70.0, 1000.0
NOISE_HU = 30.0
FAT_FROM_MM, SKIN_AT_MM = 12.0, 20.0  # from the nearest bone
SHAFT_SHELL_MM = {FEMUR: 2.0, TIBIA: 2.0, FIBULA: 1.5, PATELLA: 1.0}
PLATE_MM = {FEMUR: 0.9, TIBIA: 1.2, PATELLA: 0.9, FIBULA: 0.5}
PLATE_REACH_MM = 1.5  # bone surface this close to cartilage carries a plate
SHAFT_MM = (20.0, 50.0)  # from the joint line: where the shell begins to thicken, and is thick

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Density:
    """How much bone there is.

    Attributes:
        name: what tables call it.
        shell_mm: thickness of the cortex of the joint ends away from cartilage.
        trabecular: amount of trabecular bone, 1 in dense bone.
        plate: thickness of the subchondral plate, 1 in dense bone.
    """

    name: str
    shell_mm: float
    trabecular: float
    plate: float


DENSE = Density("dense", 0.5, 1.0, 1.0)
# The given real knees have joint ends whose cortex does not reach 200 HU in the image.
POROTIC = Density("porotic", 0.2, 0.5, 0.6)


@dataclass(frozen=True)
class Protocol:
    """How the simulated scanner samples the knee.

    Attributes:
        name: what tables call it.
        spacing_mm: voxel (x, y, z).
        fwhm_mm: width of the Gaussian point spread function, in every direction.
    """

    name: str
    spacing_mm: tuple[float, float, float]
    fwhm_mm: float


PROTOCOLS = tuple(
    Protocol(f"{x:g} x {x:g} x {z:g} mm, FWHM {fwhm:g} mm", (x, x, z), fwhm)
    for x, z in ((0.4, 0.6), (1.0, 3.0))
    for fwhm in (0.7, 1.5)
)


def simulate(truth: Truth, density: Density, protocol: Protocol, seed: int) -> sitk.Image:
    """Make the image.

    Args:
        truth: the knee.
        density: its bone.
        protocol: the scanner.
        seed: of trabecular texture and noise.

    Returns:
        ``int16`` HU, axis-aligned LPS, over the box of the truth.
    """
    rng = np.random.default_rng(seed)
    fine = _fine_grid(truth)
    hu = _composed(truth, density, fine, rng)
    sigma = protocol.fwhm_mm / 2.3548 / FINE_MM
    hu = ndimage.gaussian_filter(hu, sigma, mode="nearest", truncate=3.0)
    thickness = max(1, round(protocol.spacing_mm[2] / FINE_MM))
    hu = ndimage.uniform_filter1d(hu, thickness, axis=0, mode="nearest")  # the slice profile
    image = sitk.GetImageFromArray(hu)
    image.CopyInformation(fine)
    low, high = physical_box(fine)
    size = [int((stop - start) / step) + 1 for start, stop, step in zip(low, high, protocol.spacing_mm, strict=True)]
    sampled = sitk.Resample(
        image, size, sitk.Transform(), sitk.sitkLinear, low.tolist(), protocol.spacing_mm, np.eye(3).ravel().tolist(),
        AIR_HU, sitk.sitkFloat32,
    )  # fmt: skip
    noisy = sitk.GetArrayFromImage(sampled) + rng.normal(0.0, NOISE_HU, size[::-1])
    result = sitk.GetImageFromArray(np.clip(np.rint(noisy), -1024, 3071).astype(np.int16))
    result.CopyInformation(sampled)
    return result


def _fine_grid(truth: Truth) -> sitk.Image:
    low, high = physical_box(truth.grid)
    grid = sitk.Image([int(n) for n in np.floor((high - low) / FINE_MM) + 1], sitk.sitkUInt8)
    grid.SetSpacing([FINE_MM] * 3)
    grid.SetOrigin(low.tolist())
    return grid


def _on(image: sitk.Image, grid: sitk.Image) -> Field:
    return sitk.GetArrayFromImage(
        sitk.Resample(image, grid, sitk.Transform(), sitk.sitkLinear, -99.0, sitk.sitkFloat32)
    )


def _composed(truth: Truth, density: Density, fine: sitk.Image, rng: np.random.Generator) -> Field:
    depths = {bone: _on(image, fine) for bone, image in truth.depth.items()}
    from_bone = -np.max(list(depths.values()), axis=0)
    hu = SOFT_HU + _pattern(from_bone.shape, rng, 3.0 / FINE_MM) * 6.0
    hu[from_bone > FAT_FROM_MM] = FAT_HU
    hu[from_bone > SKIN_AT_MM] = AIR_HU
    to_cartilage = _on(truth.to_cartilage, fine)
    from_joint = np.abs(np.arange(len(hu)) * FINE_MM + fine.GetOrigin()[2] - _joint_height(truth))[:, None, None]
    texture = 0.35 * _pattern(hu.shape, rng, 0.35 / FINE_MM) + 0.2 * _pattern(hu.shape, rng, 3.0 / FINE_MM)
    for bone, depth in depths.items():
        inside = np.clip(depth / FINE_MM + 0.5, 0.0, 1.0)
        shell = _shell_mm(bone, density, from_joint, to_cartilage)
        # What of a cell is shell: less than all of it where the shell is thinner than the cell.
        cortical = np.clip((shell - depth) / FINE_MM + 0.5, 0.0, 1.0) - np.clip(0.5 - depth / FINE_MM, 0.0, 1.0)
        cortical = np.divide(cortical, inside, out=np.zeros_like(cortical), where=inside > 0)
        # Trabecular bone gives way to fat with depth and towards the shaft.
        solid = (0.12 + 0.25 * np.exp(-np.maximum(depth, 0) / 5.0)) * np.exp(-np.maximum(from_joint - 12.0, 0.0) / 18.0)
        solid = np.clip(density.trabecular * solid * (1.0 + texture), 0.0, 1.0)
        trabecular = MARROW_HU + (CORTEX_HU - MARROW_HU) * solid
        hu += inside * (cortical * CORTEX_HU + (1.0 - cortical) * trabecular - hu)
    return hu.astype(np.float32)


def _shell_mm(bone: Bone, density: Density, from_joint_mm: Field, to_cartilage_mm: Field) -> Field:
    start, stop = SHAFT_MM
    along = np.clip((from_joint_mm - start) / (stop - start), 0.0, 1.0)
    shell = density.shell_mm + (SHAFT_SHELL_MM[bone] - density.shell_mm) * along
    return np.where(to_cartilage_mm < PLATE_REACH_MM, np.maximum(shell, density.plate * PLATE_MM[bone]), shell)


def _pattern(shape: tuple[int, ...], rng: np.random.Generator, sigma: float) -> Field:
    """Smooth Gaussian noise of unit variance."""
    white = rng.standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(white, sigma, mode="wrap", truncate=3.0)
    return smooth / smooth.std()


def _joint_height(truth: Truth) -> float:
    """Half way between the lowest point of the femur and the highest of the tibia, ignoring the eminence."""
    femur, tibia = truth.surface(FEMUR)[:, 2], truth.surface(TIBIA)[:, 2]
    return float((femur.min() + np.quantile(tibia, 0.9)) / 2)
