"""One peer on some volumes, in a process of the peers' environment; imports nothing of this project.

Usage (by ``peers.py``)::

    python peer_programs.py PEER FOLDER

Every volume in FOLDER, an npz file, holds ``fraction`` (z, y, x; bone above 0.5), ``inner`` (where thickness counts)
and ``spacing`` (mm). Peers that know no spacing get the volume interpolated to cubic voxels of the finest spacing. Each
peer runs on a small volume first, so that imports and compilers do not count. A JSON file for each volume gets the
values by catalogue key, CPU seconds and memory in MiB, or why the peer failed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WARM_UP = 24  # voxels per edge


@dataclass
class Volume:
    """What a peer is given."""

    fraction: np.ndarray
    inner: np.ndarray
    spacing: tuple[float, float, float]

    @property
    def bone(self) -> np.ndarray:
        return self.fraction > 0.5

    def cubic(self) -> Volume:
        """Itself, or interpolated to cubic voxels of the finest spacing."""
        step = min(self.spacing)
        if max(self.spacing) < 1.001 * step:
            return self
        from scipy.ndimage import map_coordinates

        axes = [np.arange(0, n - 1 + 1e-6, step / s) for n, s in zip(self.fraction.shape, self.spacing, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"))
        inner = map_coordinates(self.inner.astype(np.float32), grid, order=0) > 0.5
        return Volume(map_coordinates(self.fraction, grid, order=1), inner, (step,) * 3)

    def means(self, thickness: np.ndarray, separation: np.ndarray) -> dict[str, float]:
        """Means of maps in mm over bone and marrow of the inner part."""
        return {
            "tb_th_mm": float(thickness[self.bone & self.inner].mean()),
            "tb_sp_mm": float(separation[~self.bone & self.inner].mean()),
        }


def itk_bonemorphometry(volume: Volume) -> dict[str, float]:
    import itk

    image = itk.image_from_array(volume.fraction)
    mask = itk.image_from_array(volume.inner.astype(np.uint8))
    for item in (image, mask):
        item.SetSpacing(tuple(volume.spacing[::-1]))
    morphometry = itk.BoneMorphometryFeaturesFilter[type(image)].New()
    morphometry.SetInput(image)
    morphometry.SetMaskImage(mask)
    morphometry.SetThreshold(0.5)
    morphometry.Update()
    return {
        "bv_tv": morphometry.GetBVTV(), "tb_th_mm": morphometry.GetTbTh(), "tb_sp_mm": morphometry.GetTbSp(),
        "tb_n_per_mm": morphometry.GetTbN(), "bs_tv_per_mm": morphometry.GetBSBV() * morphometry.GetBVTV(),
    }  # fmt: skip


def localthickness(volume: Volume, scale: float = 1.0) -> dict[str, float]:
    from localthickness import local_thickness

    volume = volume.cubic()
    per_radius = 2 * volume.spacing[0]
    return volume.means(
        per_radius * local_thickness(volume.bone, scale), per_radius * local_thickness(~volume.bone, scale)
    )


def localthickness_half(volume: Volume) -> dict[str, float]:
    return localthickness(volume, 0.5)


def porespy(volume: Volume, method: str = "bf") -> dict[str, float]:
    from porespy.filters import local_thickness

    volume = volume.cubic()
    per_radius = 2 * volume.spacing[0]
    return volume.means(
        per_radius * local_thickness(volume.bone, method=method),
        per_radius * local_thickness(~volume.bone, method=method),
    )


def bone_microarchitecture(volume: Volume) -> dict[str, float]:
    from bone_microarchitecture import hildebrand_thickness_map

    bone = volume.bone
    return volume.means(
        hildebrand_thickness_map(bone, volume.spacing, backend="cpu"),
        hildebrand_thickness_map(~bone, volume.spacing, backend="cpu"),
    )


def bone_microarchitecture_number(volume: Volume) -> dict[str, float]:
    from bone_microarchitecture import trabecular_number_map

    everywhere = np.ones(volume.bone.shape, bool)
    number = trabecular_number_map(volume.bone, everywhere, volume.spacing, backend="cpu")[volume.inner]
    return {"tb_n_per_mm": float(1 / (1 / number[number > 0]).mean())}


def ormir_xct(volume: Volume) -> dict[str, float]:
    from ormir_xct.core.util.hildebrand_thickness import compute_local_thickness_from_mask

    spacing = np.array(volume.spacing)
    return volume.means(
        compute_local_thickness_from_mask(volume.bone, spacing),
        compute_local_thickness_from_mask(~volume.bone, spacing),
    )


def scikit_image(volume: Volume) -> dict[str, float]:
    """Surface of the gray mesh, and the Euler number as it is."""
    from skimage.measure import euler_number, marching_cubes, mesh_surface_area

    vertices, faces, _, _ = marching_cubes(volume.fraction, 0.5, spacing=volume.spacing)
    between = np.prod((np.array(volume.fraction.shape) - 1) * volume.spacing)
    total = volume.fraction.size * np.prod(volume.spacing)
    return {
        "bv_tv": float(volume.bone.mean()),
        "bs_tv_per_mm": float(mesh_surface_area(vertices, faces) / between),
        "conn_d_per_mm3": float(-euler_number(volume.bone, connectivity=3) / total),
    }


def pykarambola(volume: Volume) -> dict[str, float]:
    """Surface tensor: the integral of n n over the surface."""
    from pykarambola import minkowski_tensors
    from skimage.measure import marching_cubes

    vertices, faces, _, _ = marching_cubes(volume.fraction, 0.5, spacing=volume.spacing)
    tensor = minkowski_tensors(vertices, faces, compute=["w102"])["w102"]
    eigenvalues = np.linalg.eigvalsh(tensor)
    return {"da_surface": float(1 - eigenvalues[0] / eigenvalues[-1])}


def edt_of_both(volume: Volume) -> dict[str, float]:
    """Not a peer: what two exact distance maps cost."""
    import edt

    for phase in (volume.bone, ~volume.bone):
        edt.edt(phase, anisotropy=volume.spacing, parallel=1)
    return {}


def scipy_edt_of_both(volume: Volume) -> dict[str, float]:
    """Not a peer: the same by SciPy."""
    from scipy.ndimage import distance_transform_edt

    for phase in (volume.bone, ~volume.bone):
        distance_transform_edt(phase, volume.spacing)
    return {}


PROGRAMS: dict[str, Callable[[Volume], dict[str, float]]] = {
    "itk-bonemorphometry": itk_bonemorphometry, "localthickness": localthickness,
    "localthickness 0.5": localthickness_half, "porespy": porespy,
    "bone-microarchitecture": bone_microarchitecture, "bone-microarchitecture Tb.N": bone_microarchitecture_number,
    "ormir-xct": ormir_xct, "scikit-image": scikit_image, "pykarambola": pykarambola, "edt": edt_of_both,
    "scipy EDT": scipy_edt_of_both,
}  # fmt: skip


def main() -> None:
    program, folder = PROGRAMS[sys.argv[1]], Path(sys.argv[2])
    start = time.process_time()
    program(small_volume())
    first = time.process_time() - start
    for source in sorted(folder.glob("*.npz")):
        with np.load(source) as data:
            volume = Volume(data["fraction"], data["inner"], tuple(data["spacing"].tolist()))
        report: dict[str, object] = {"first_call_s": first}
        start = time.process_time()
        try:
            report["values"] = program(volume)
            report["cpu_s"] = time.process_time() - start
        except Exception as error:  # what a peer does with a volume it cannot measure is a result
            report["failure"] = f"{type(error).__name__}: {error}"
        report["peak_mib"] = peak_mib()
        source.with_suffix(".json").write_text(json.dumps(report), encoding="utf-8")


def peak_mib() -> float:
    """Largest memory of this process; what getrusage tells counts its parent's, too."""
    with open("/proc/self/status", encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("VmHWM")]
    return float(lines[0].split()[1]) / 1024


def small_volume() -> Volume:
    """A ball with a hole, so that bone and marrow both have a surface."""
    axis = np.arange(WARM_UP) - WARM_UP / 2 + 0.3
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    fraction = np.clip(0.5 + 3.0 - np.abs(radius - 6.0), 0, 1).astype(np.float32)
    return Volume(fraction, np.ones(fraction.shape, bool), (1.0, 1.0, 1.0))


if __name__ == "__main__":
    main()
