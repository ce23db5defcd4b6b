"""One peer on one CT–MR pair, in a process of the peers' environment; imports nothing of this project.

Usage (by ``peer_runs.py``)::

    python peer_programs.py METHOD FOLDER

FOLDER holds ``fixed.nii.gz`` (CT in HU), ``moving.nii.gz`` (MR) and ``labels.nii.gz`` (bones of the CT on a grid of
their own: 1 femur, 2 tibia, 3 patella, 4 fibula). ``METHOD.json`` is written there: ``matrices`` by bone, (4, 4) from
LPS points of the CT in mm to LPS points of the MR; CPU and wall seconds of the registration with the peer's own
preprocessing, without imports and files; the largest memory in MiB; the version; and what failed, if anything.

The same for every peer: the CT is clipped to [-200, 1500] HU and shifted to start at 0 (centers of mass want that),
the MR clipped at its 99.9th percentile. First the whole knee, both images at 0.8 mm, or their own spacing along axes
where that is larger. Then each bone from there: the CT likewise at 0.7 mm, cut to a box 10 mm around the mask, which is
the bone label dilated by 4 mm; the MR as is.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import numpy as np
import SimpleITK as sitk

BONES = {"femur": 1, "tibia": 2, "patella": 3, "fibula": 4}
HU_RANGE = (-200.0, 1500.0)
MR_PERCENTILE = 99.9
KNEE_MM, BONE_MM = 0.8, 0.7  # voxel edges of the two stages
MASK_MARGIN_MM, BOX_MARGIN_MM = 4.0, 10.0
MOST_THREADS = 2
SEED = 1
FIELD_MM = (2.0, 1.2)  # voxel edges of convexAdam's two passes
KEPT_FRACTION = 0.7  # of a bone's displacements, in trimmed least squares


@dataclass(frozen=True)
class Stage:
    """What a rigid tool is given.

    Attributes:
        fixed: CT, float, from 0.
        moving: MR, float.
        mask: where the metric counts, on the grid of ``fixed``; None for everywhere.
        start: (4, 4) fixed LPS to moving LPS; None for the tool's own start from image centers.
        center: LPS point of the CT in mm about which to turn, for a tool that wants one.
    """

    fixed: sitk.Image
    moving: sitk.Image
    mask: sitk.Image | None = None
    start: np.ndarray | None = None
    center: np.ndarray | None = None


RigidTool = Callable[[ModuleType, Stage], np.ndarray]


# ---- tools: each takes its module and a stage, and returns a (4, 4) matrix fixed LPS to moving LPS ----


def ants_tool(ants: ModuleType, stage: Stage, whole: str = "Rigid", bone: str = "Rigid") -> np.ndarray:
    """``ants.registration`` with its defaults (Mattes, 32 bins, 4 levels; a first start from centers of mass).

    "Rigid" samples a fifth of the voxels, "DenseRigid" all. The seed is fixed. The start of a bone turns about the
    bone's center, without which the patella's rotation and translation are too entangled for the optimizer.
    """
    ants.config.set_ants_deterministic(False, seed_value=SEED)
    with tempfile.TemporaryDirectory() as folder:
        start = None
        if stage.start is not None and stage.center is not None:
            start = f"{folder}/start.mat"
            center = stage.center
            affine = sitk.AffineTransform(3)
            affine.SetCenter(center.tolist())
            affine.SetMatrix(stage.start[:3, :3].ravel().tolist())
            affine.SetTranslation((stage.start[:3, :3] @ center + stage.start[:3, 3] - center).tolist())
            sitk.WriteTransform(affine, start)
        done = ants.registration(
            _ants_image(ants, stage.fixed), _ants_image(ants, stage.moving),
            type_of_transform=whole if stage.mask is None else bone, initial_transform=start,
            mask=None if stage.mask is None else _ants_image(ants, stage.mask), outprefix=f"{folder}/found",
            random_seed=SEED,
        )  # fmt: skip
        found = sitk.ReadTransform(done["fwdtransforms"][0])
    return matrix_of(found)


def _ants_image(ants: ModuleType, image: sitk.Image) -> object:
    return ants.from_numpy(
        sitk.GetArrayFromImage(image).astype(np.float32).T, list(image.GetOrigin()), list(image.GetSpacing()),
        np.array(image.GetDirection()).reshape(3, 3),
    )  # fmt: skip


def elastix_tool(itk: ModuleType, stage: Stage) -> np.ndarray:
    """itk-elastix with its default rigid parameter map: Mattes, 4 levels, 256 iterations, 2048 samples drawn anew.

    The whole knee starts from image centers. A start is put into the geometry of the MR, which is exact for a rigid
    one. ``RandomSparseMask`` draws inside the mask only; the default sampler tries 8 times and then gives up. With a
    small bone, the default erosion of the mask at coarse levels would leave nothing, so it is off.
    """
    start = np.eye(4) if stage.start is None else stage.start
    parameters = itk.ParameterObject.New()
    rigid = parameters.GetDefaultParameterMap("rigid")
    rigid["WriteResultImage"] = ["false"]
    rigid["RandomSeed"] = [str(SEED)]
    rigid["AutomaticTransformInitialization"] = ["true" if stage.start is None else "false"]
    rigid["AutomaticTransformInitializationMethod"] = ["GeometricalCenter"]
    if stage.mask is not None:
        rigid["ImageSampler"] = ["RandomSparseMask"]
        rigid["ErodeMask"] = ["false"]
    parameters.AddParameterMap(rigid)
    method = itk.ElastixRegistrationMethod.New(
        _itk_image(itk, stage.fixed), _itk_image(itk, placed(stage.moving, np.linalg.inv(start)))
    )
    method.SetParameterObject(parameters)
    method.SetLogToConsole(False)
    method.SetNumberOfThreads(threads())
    if stage.mask is not None:
        method.SetFixedMask(_itk_image(itk, stage.mask))
    method.Update()
    found = method.GetTransformParameterObject().GetParameterMap(0)
    euler = sitk.Euler3DTransform()
    euler.SetComputeZYX(found["ComputeZYX"][0] == "true")
    euler.SetCenter([float(x) for x in found["CenterOfRotationPoint"]])
    euler.SetParameters([float(x) for x in found["TransformParameters"]])
    return start @ matrix_of(euler)


def _itk_image(itk: ModuleType, image: sitk.Image) -> object:
    made = itk.image_from_array(sitk.GetArrayFromImage(image))
    made.SetOrigin(image.GetOrigin())
    made.SetSpacing(image.GetSpacing())
    made.SetDirection(itk.matrix_from_array(np.array(image.GetDirection()).reshape(3, 3)))
    return made


def greedy_tool(module: ModuleType, stage: Stage) -> np.ndarray:
    """picsl-greedy: ``-a -dof 6 -m NMI``, the whole knee from image centers by ``-n 100x50x0``.

    A bone in two calls: ``-n 100x50x0`` with the default jitter of the samples, without which a fibula got lost, then
    ``-n 20 -jitter 0`` at full resolution, where jitter cost accuracy (0.15 instead of 0.20 mm at a femur).
    """
    found = _greedy(module, stage, stage.start, "-n 100x50x0")
    return found if stage.mask is None else _greedy(module, stage, found, "-n 20 -jitter 0")


def _greedy(module: ModuleType, stage: Stage, start: np.ndarray | None, options: str) -> np.ndarray:
    greedy = module.Greedy3D()
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])  # greedy's matrices are RAS
    command = f"-threads {threads()} -i fixed moving -a -dof 6 -m NMI -o found {options} "
    images = {"fixed": stage.fixed, "moving": stage.moving}
    if stage.mask is not None:
        command += "-gm mask "
        images["mask"] = stage.mask
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w", encoding="utf-8") as nowhere:
        if start is None:
            command += "-ia-image-centers"
        else:  # this version takes a start from a file only
            np.savetxt(f"{folder}/start.mat", flip @ start @ flip)
            command += f"-ia {folder}/start.mat"
        greedy.execute(command, nowhere, nowhere, found=None, **images)
    return flip @ np.array(greedy["found"]) @ flip


# ---- stages ----


@dataclass(frozen=True)
class Knee:
    """A pair after preprocessing: images as float, labels on their own grid."""

    fixed: sitk.Image
    moving: sitk.Image
    labels: sitk.Image

    def whole(self) -> Stage:
        """Both images at the voxels of the first stage, without a mask."""
        return Stage(resampled(self.fixed, KNEE_MM), resampled(self.moving, KNEE_MM))

    def bone(self, label: int, start: np.ndarray) -> Stage:
        """One bone: the CT around it, its mask there and the MR as it is."""
        points = voxels_of(self.labels, label)
        low, high = points.min(axis=0) - BOX_MARGIN_MM, points.max(axis=0) + BOX_MARGIN_MM
        fixed = resampled(self.fixed, BONE_MM, (low - MASK_MARGIN_MM, high + MASK_MARGIN_MM))
        distance = sitk.SignedMaurerDistanceMap(self.labels == label, squaredDistance=False, useImageSpacing=True)
        near = sitk.Resample(distance, fixed, sitk.Transform(), sitk.sitkLinear, 1e3, sitk.sitkFloat32)
        mask = sitk.Cast(near <= MASK_MARGIN_MM, sitk.sitkUInt8)
        return Stage(fixed, self.moving, mask, start, points.mean(axis=0))


def preprocessed(fixed: sitk.Image, moving: sitk.Image, labels: sitk.Image) -> Knee:
    """Clip and shift intensities."""
    ct = sitk.Cast(sitk.Clamp(fixed, sitk.sitkFloat32, *HU_RANGE) - HU_RANGE[0], sitk.sitkFloat32)
    top = float(np.percentile(sitk.GetArrayViewFromImage(moving), MR_PERCENTILE))
    return Knee(ct, sitk.Clamp(moving, sitk.sitkFloat32, 0.0, top), labels)


def rigid_peer(module: ModuleType, knee: Knee, tool: RigidTool, per_bone: bool = True) -> tuple[dict, list[str]]:
    """Whole knee, then each bone from there; what was found by bone, and what failed."""
    whole = tool(module, knee.whole())
    return each_bone(knee, lambda label: tool(module, knee.bone(label, whole)) if per_bone else whole)


def each_bone(knee: Knee, find: Callable[[int], np.ndarray]) -> tuple[dict, list[str]]:
    """Run for each labeled bone; one that fails does not stop the others."""
    matrices, errors = {}, []
    present = np.unique(sitk.GetArrayViewFromImage(knee.labels))
    for name, label in BONES.items():
        if label not in present:
            continue
        try:
            matrices[name] = find(label)
        except Exception as error:  # a failure of a peer is a result
            errors.append(f"{name}: {type(error).__name__}: {error}")
    return matrices, errors


def convexadam_peer(module: ModuleType, knee: Knee) -> tuple[dict, list[str]]:
    """convexAdam (MIND, its default weights), twice: at 2 mm from image centers, at 1.2 mm from the first's rigid fit.

    Its reach is 24 voxels, so the first pass finds up to 48 mm. A rigid motion is fitted to the displacements of all
    bones after the first and of each bone after the second, by least squares trimmed to the best 70 %.
    """
    start = np.eye(4)
    start[:3, 3] = center_of(knee.moving) - center_of(knee.fixed)
    for millimeters in FIELD_MM:
        fixed = resampled(knee.fixed, millimeters)
        moving = sitk.Resample(placed(knee.moving, np.linalg.inv(start)), fixed)
        field = module.convex_adam_pt(fixed, moving, device=module.torch.device("cpu"), dtype=module.torch.float32)
        if millimeters != FIELD_MM[-1]:
            start = start @ motion(knee, fixed, field, None)
    return each_bone(knee, lambda label: start @ motion(knee, fixed, field, label))


def motion(knee: Knee, grid: sitk.Image, field: np.ndarray, label: int | None) -> np.ndarray:
    """Robust rigid fit of a displacement field (z, y, x; 3, in voxels) in one bone, or all for None."""
    here = sitk.GetArrayFromImage(sitk.Resample(knee.labels, grid, sitk.Transform(), sitk.sitkNearestNeighbor))
    inside = np.argwhere(here > 0 if label is None else here == label)
    if len(inside) < 30:
        raise ValueError("too few voxels")
    points = lps(grid, inside[:, ::-1])
    moved = lps(grid, (inside + field[tuple(inside.T)])[:, ::-1])
    kept = np.ones(len(points), bool)
    for _ in range(20):
        fit = kabsch(points[kept], moved[kept])
        residual = np.linalg.norm(points @ fit[:3, :3].T + fit[:3, 3] - moved, axis=1)
        kept = residual <= np.quantile(residual, KEPT_FRACTION)
    return fit


# ---- geometry ----


def kabsch(points: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Least-squares rigid (4, 4) from (n, 3) to (n, 3)."""
    a, b = points.mean(axis=0), moved.mean(axis=0)
    u, _, vt = np.linalg.svd((points - a).T @ (moved - b))
    rotation = vt.T @ np.diag([1, 1, np.sign(np.linalg.det(vt.T @ u.T))]) @ u.T
    fit = np.eye(4)
    fit[:3, :3], fit[:3, 3] = rotation, b - rotation @ a
    return fit


def matrix_of(transform: sitk.Transform) -> np.ndarray:
    """(4, 4) of any linear transform."""
    matrix = np.eye(4)
    matrix[:3, 3] = transform.TransformPoint((0.0, 0.0, 0.0))
    for i in range(3):
        matrix[:3, i] = np.array(transform.TransformPoint(np.eye(3)[i].tolist())) - matrix[:3, 3]
    return matrix


def placed(image: sitk.Image, matrix: np.ndarray) -> sitk.Image:
    """The image, its geometry moved by a rigid (4, 4)."""
    moved = sitk.Image(image)
    moved.SetOrigin((matrix[:3, :3] @ image.GetOrigin() + matrix[:3, 3]).tolist())
    moved.SetDirection((matrix[:3, :3] @ np.array(image.GetDirection()).reshape(3, 3)).ravel().tolist())
    return moved


def lps(grid: sitk.Image, indices: np.ndarray) -> np.ndarray:
    """(n, 3) LPS points in mm of (n, 3) indices in x, y, z order."""
    axes = np.array(grid.GetDirection()).reshape(3, 3) * np.array(grid.GetSpacing())
    return indices @ axes.T + np.array(grid.GetOrigin())


def voxels_of(labels: sitk.Image, label: int) -> np.ndarray:
    """(n, 3) LPS points of a label's voxels."""
    return lps(labels, np.argwhere(sitk.GetArrayViewFromImage(labels) == label)[:, ::-1])


def center_of(image: sitk.Image) -> np.ndarray:
    """LPS center of the grid."""
    return lps(image, (np.array(image.GetSize())[None] - 1) / 2)[0]


def resampled(image: sitk.Image, voxel_mm: float, box: tuple[np.ndarray, np.ndarray] | None = None) -> sitk.Image:
    """On voxels of one size, or its own along axes where those are larger; cut to an LPS box if there is one."""
    size, spacing = np.array(image.GetSize()), np.array(image.GetSpacing())
    low, high = np.zeros(3), size - 1.0
    if box is not None:
        corners = np.array(np.meshgrid(*np.array(box).T, indexing="ij")).reshape(3, -1).T
        indices = np.array([image.TransformPhysicalPointToContinuousIndex(corner.tolist()) for corner in corners])
        low, high = np.maximum(indices.min(axis=0), low), np.minimum(indices.max(axis=0), high)
    steps = np.maximum(spacing, voxel_mm)
    counts = np.floor((high - low) * spacing / steps + 1e-6).astype(int) + 1
    origin = lps(image, low[None])[0]
    return sitk.Resample(
        image, counts.tolist(), sitk.Transform(), sitk.sitkLinear, origin.tolist(), steps.tolist(),
        image.GetDirection(), 0.0, sitk.sitkFloat32,
    )  # fmt: skip


# ---- the process ----

Peer = Callable[[ModuleType, Knee], tuple[dict, list[str]]]
PEERS: dict[str, tuple[str, str, Peer]] = {  # by method: module, package and function
    "ants-rigid": ("ants", "antspyx", partial(rigid_peer, tool=ants_tool)),
    "ants-dense": ("ants", "antspyx", partial(rigid_peer, tool=partial(ants_tool, bone="DenseRigid"))),
    "elastix": ("itk", "itk-elastix", partial(rigid_peer, tool=elastix_tool)),
    "greedy": ("picsl_greedy", "picsl_greedy", partial(rigid_peer, tool=greedy_tool)),
    "greedy-global": ("picsl_greedy", "picsl_greedy", partial(rigid_peer, tool=greedy_tool, per_bone=False)),
    "convexadam": ("convexAdam.convex_adam_MIND", "convexAdam", convexadam_peer),
}


def threads() -> int:
    """As many as OMP_NUM_THREADS says, two at most, one if it says nothing."""
    return max(1, min(MOST_THREADS, int(os.environ.get("OMP_NUM_THREADS", "1"))))


def limit_threads() -> None:
    """Tell every library, before it is imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
        os.environ[name] = str(threads())
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads())


def load(module_name: str) -> ModuleType:
    """Import a peer and what it loads late."""
    module = importlib.import_module(module_name)
    if module_name == "itk":
        getattr(module, "ElastixRegistrationMethod")  # noqa: B009  loads the wrapped libraries
    if hasattr(module, "torch"):
        module.torch.set_num_threads(threads())
    return module


def cpu_seconds() -> float:
    """Of this process and its children so far."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_mib() -> float:
    """Largest memory of this process; what getrusage tells counts its parent's, too."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(float(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def main() -> None:
    method, folder = sys.argv[1], Path(sys.argv[2])
    limit_threads()
    module_name, package, peer = PEERS[method]
    module = load(module_name)
    images = [sitk.ReadImage(str(folder / f"{name}.nii.gz")) for name in ("fixed", "moving", "labels")]
    matrices: dict[str, np.ndarray] = {}
    cpu, wall = cpu_seconds(), time.perf_counter()
    try:
        matrices, errors = peer(module, preprocessed(*images))
    except Exception as error:  # a failure of a peer is a result
        errors = [f"{type(error).__name__}: {error}"]
    report: dict[str, object] = {"cpu_s": cpu_seconds() - cpu, "wall_s": time.perf_counter() - wall}
    report |= {"matrices": {name: np.asarray(matrix).tolist() for name, matrix in matrices.items()}}
    report |= {"rss_mb": peak_mib(), "version": f"{package} {version(package)}"}
    if errors:
        report["error"] = "; ".join(errors)
    (folder / f"{method}.json").write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
