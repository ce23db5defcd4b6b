"""Build CTSMA/Resources/KneeSources: four knees as distances from the surfaces of their bones, extended.

Usage: python scripts/build_knee_sources.py FOLDER

FOLDER holds ``labels_mskt_knees`` and ``mesh_visible_human_knee`` (Resources/KneeSources/README.md says where they come
from). The frames of femur and tibia are those of the atlases; the Visible Human knees get them by fitting the atlases.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "CTSMA"))

from knee_source_pose import Bones, extended_pose, patella_frame  # noqa: E402
from knee_source_surfaces import (  # noqa: E402
    FINE_MM,
    MARGIN_MM,
    Mesh,
    dense_points,
    joined,
    level_of_label,
    level_of_mesh,
    read_glb,
    similarity,
    surface_points,
)

from CTSMALib.anatomy.atlas import atlases  # noqa: E402
from CTSMALib.anatomy.frame import JointFrame  # noqa: E402
from CTSMALib.virtual.bones.distance import true_distance  # noqa: E402
from CTSMALib.virtual.field import Field  # noqa: E402

Array = NDArray[np.float64]

LABELS = {"femur": 5, "tibia": 6, "patella": 7, "fibula": 8}  # of mskt
LABEL_MAPS = {"knee1": "knee1_DESS_labels.nii.gz", "knee2": "knee2_DESS_labels.nii.gz"}
MESHES = {"visible_female": "VH_F_Knee_R.glb", "visible_male": "VH_M_Knee_R.glb"}
NOT_FEMUR = ("tibia", "fibula", "patella_", "meniscus")
SHAFT_END_MM = {"femur": 104.0, "tibia": -104.0, "fibula": -104.0}  # in the frame of femur and tibia
SHAFT_WIDTH = {"femur": 0.37, "tibia": 0.36, "fibula": 0.7}  # far from the joint, relative to the widest (from memory)
SHAFT_BLUR_MM = (1.5, 4.0)  # of its outline: next to the last real cross section, and 30 mm on
STEP_MM, STEPS = 0.05, 127  # stored distances
SPACING_MM = 1.0
WHOLE = (np.array([-70.0, -65.0, -112.0]), np.array([70.0, 65.0, 112.0]))


def main(folder: Path) -> None:
    """Write one volume per source and bone, and one table."""
    out = ROOT / "CTSMA" / "Resources" / "KneeSources"
    out.mkdir(parents=True, exist_ok=True)
    levels, facts = {}, {}
    for name, file in LABEL_MAPS.items():
        levels[name], facts[name] = from_labels(name, sitk.ReadImage(str(folder / "labels_mskt_knees" / file)))
    for name, file in MESHES.items():
        levels[name], facts[name] = from_meshes(read_glb(folder / "mesh_visible_human_knee" / file), levels)
    finish(out, levels, facts)


def finish(out: Path, levels: dict[str, Bones], facts: dict[str, dict]) -> None:
    """Extend the knees, and write them."""
    levels["knee1"]["fibula"], facts["knee1"]["fibula_scale"] = borrowed_fibula(levels)
    for name, bones in levels.items():
        frames = facts[name].pop("pose")
        facts[name]["frames"] = _frame_facts(frames)
        facts[name] |= extended_pose(frames, bones)
        for bone, level in bones.items():
            _write(out / f"{name}_{bone}.nii.gz", level)
        print(name, json.dumps(facts[name]))
    document = {"schema": "ctsma-knee-sources", "version": 1, "mm_per_step": STEP_MM, "sources": facts}
    (out / "sources.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def from_labels(name: str, labels: sitk.Image) -> tuple[Bones, dict]:
    """A knee from its label map: distance by bone, and facts."""
    (atlas,) = (a for a in atlases() if a.name == name)
    frames = {bone: JointFrame(*atlas.frames[bone], mirrored=False) for bone in ("femur", "tibia")}
    frames["fibula"] = frames["tibia"]
    present = set(np.unique(sitk.GetArrayViewFromImage(labels)).tolist())
    frames["patella"] = patella_frame(_label_points(labels, LABELS["patella"]))
    found, changes, real = {}, {}, {}
    for bone, label in LABELS.items():
        if label not in present:
            continue
        points = frames[bone].to_anatomical(_label_points(labels, label))
        low, high = _box(points, bone)
        level, changes[bone] = level_of_label(labels, label, frames[bone], low, high)
        distance = true_distance(level)
        if bone in SHAFT_END_MM:
            real[bone] = _last_whole(labels, label, frames[bone], bone)
            distance = true_distance(with_shaft(distance, bone, real[bone]))
        found[bone] = distance
    return found, {"pose": frames, "real_to_mm": real, "smoothing_volume_change": _rounded(changes)}


def from_meshes(parts: dict[str, Mesh], known: dict[str, Bones]) -> tuple[Bones, dict]:
    """A knee from its meshes; its frames come from the knees that have some."""
    meshes = {"femur": joined([m for n, m in parts.items() if not any(w in n for w in NOT_FEMUR)])}
    for bone in ("tibia", "patella", "fibula"):
        meshes[bone] = joined([m for n, m in parts.items() if f"_{bone}_R" in n])
    frames = {bone: _fitted_frame(meshes[bone], bone, known) for bone in ("femur", "tibia")}
    frames["fibula"] = frames["tibia"]
    frames["patella"] = patella_frame(dense_points(meshes["patella"]))
    found, changes = {}, {}
    for bone in LABELS:
        low, high = _box(frames[bone].to_anatomical(dense_points(meshes[bone])), bone)
        level, changes[bone] = level_of_mesh(meshes[bone], frames[bone], low, high)
        found[bone] = true_distance(level)
    return found, {"pose": frames, "real_to_mm": SHAFT_END_MM, "smoothing_volume_change": _rounded(changes)}


def _fitted_frame(mesh: Mesh, bone: str, known: dict[str, Bones]) -> JointFrame:
    """Mean of the frames taken along when the same bone of other knees is fitted to a mesh."""
    target = dense_points(mesh)
    distal = target[:, 2].min() + 40 if bone == "femur" else target[:, 2].max() - 40
    near = target[np.abs(target[:, 2] - distal) < 40]
    origins, axes = [], []
    for source in ("knee1", "knee2"):
        points = surface_points(known[source][bone])
        points = points[points[:, 2] < 70] if bone == "femur" else points[points[:, 2] > -45]
        moving = points * [-1, -1, 1]  # lateral, anterior, proximal of a right knee, seen as LPS
        middle = (near.min(axis=0) + near.max(axis=0) - moving.min(axis=0) - moving.max(axis=0)) / 2
        middle[2] = near[:, 2].min() - moving[:, 2].min() if bone == "femur" else near[:, 2].max() - moving[:, 2].max()
        scale, rotation, shift = similarity(moving, mesh, middle)
        print(f"  {source} {bone} fits at scale {scale:.3f}")
        origins.append(shift)
        axes.append(np.diag([-1.0, -1.0, 1.0]) @ rotation.T)
    print("  frames differ by", np.round(origins[0] - origins[1], 1), "mm", np.round(axes[0] @ axes[1].T, 3)[0:2, 2])
    left, _, right = np.linalg.svd(axes[0] + axes[1])
    frame = JointFrame((origins[0] + origins[1]) / 2, left @ right, mirrored=False)
    return (
        frame if bone == "femur" else _level_with(frame, target, [surface_points(k["tibia"]) for k in known.values()])
    )


def _level_with(frame: JointFrame, points: Array, others: list[Array]) -> JointFrame:
    """Tilt and lift the frame of a tibia until its plateaus lie in it as those of the atlases do."""
    wanted = np.mean([_plateau_plane(p) for p in others[:2]], axis=0)
    for _ in range(4):
        slope_x, slope_y, height = _plateau_plane(frame.to_anatomical(points)) - wanted
        proximal = frame.axes[2] - slope_x * frame.axes[0] - slope_y * frame.axes[1]
        proximal /= np.linalg.norm(proximal)
        lateral = frame.axes[0] - (frame.axes[0] @ proximal) * proximal
        lateral /= np.linalg.norm(lateral)
        axes = np.stack([lateral, np.cross(proximal, lateral), proximal])
        frame = JointFrame(frame.origin_mm + height * proximal, axes, mirrored=False)
        print("  plateau off by", np.degrees([slope_x, slope_y]).round(1), "degrees and", round(height, 1), "mm")
    return frame


def _plateau_plane(points: Array) -> Array:
    """Slopes along lateral and anterior, and height (mm), of the middles of both plateaus of a tibia, in its frame."""
    sides = []
    for side in (-1, 1):
        near = points[(np.abs(side * points[:, 0] - 22) < 8) & (np.abs(points[:, 1]) < 13) & (points[:, 2] > -9)]
        sides.append(
            np.linalg.lstsq(np.c_[near - [22 * side, 0, 0], np.ones(len(near))][:, [0, 1, 3]], near[:, 2], rcond=None)[
                0
            ]
        )
    (_, back_m, medial), (_, back_l, lateral) = sides
    return np.array([(lateral - medial) / 44, (back_m + back_l) / 2, (medial + lateral) / 2])


def _box(points: Array, bone: str) -> tuple[Array, Array]:
    """Corners of the lattice around a bone; where it has a shaft, the lattice ends with that."""
    end = SHAFT_END_MM.get(bone)
    if end is not None:
        points = points[points[:, 2] < end if end > 0 else points[:, 2] > end]
    low, high = np.floor(points.min(axis=0) - MARGIN_MM), np.ceil(points.max(axis=0) + MARGIN_MM)
    if end is not None:
        (high if end > 0 else low)[2] = end
    return low, high


def _last_whole(labels: sitk.Image, label: int, frame: JointFrame, bone: str) -> float:
    """Height in the frame up to which no part of the bone is cut by the edge of the image."""
    mask = sitk.GetArrayViewFromImage(labels) == label
    edge = np.zeros_like(mask)
    for axis in range(3):
        for end in (0, -1):
            edge[tuple(end if a == axis else slice(None) for a in range(3))] = True
    index = np.argwhere(mask & edge)[:, ::-1]
    if len(index) == 0:  # the labels end before the image does
        return float(np.ceil(frame.to_anatomical(_label_points(labels, label))[:, 2].min() + 6))
    points = np.array([labels.TransformIndexToPhysicalPoint([int(v) for v in i]) for i in index])
    heights = frame.to_anatomical(points)[:, 2]
    return float(np.floor(heights.min() - 1.5) if SHAFT_END_MM[bone] > 0 else np.ceil(heights.max() + 1.5))


def with_shaft(distance: Field, bone: str, real: float) -> Field:
    """Continue the shaft beyond its last whole section: that outline, drifting on, narrowing ever more slowly."""
    up = 1.0 if SHAFT_END_MM[bone] > 0 else -1.0
    z, y, x = distance.axes_mm
    at = lambda height: int(np.argmin(np.abs(z - height)))  # noqa: E731
    far, near = (_section(distance, at(real - up * back)) for back in (14.0, 1.0))
    last = distance.values[at(real - up * 2)]
    sections = [_blurred(last, sigma) for sigma in SHAFT_BLUR_MM]
    middle, width = near
    drift, narrowing = (middle - far[0]) / 13.0, np.maximum((far[1] - width) / 13.0, 0.05)
    final = np.minimum(SHAFT_WIDTH[bone] * _widest(distance), width - 1.0)
    length = np.clip((width - final) / narrowing, 8.0, 60.0)
    middle = middle + drift
    values = distance.values.copy()
    begin = 14.0
    for k, height in enumerate(z):
        beyond = up * (height - real)
        if beyond < -begin:
            continue
        share = min((beyond + begin) / begin, 1.0)
        share = share * share * (3 - 2 * share)
        size = (final + (width - final) * np.exp(-beyond / length)) / width
        moved = middle + drift * 12.0 * (1 - np.exp(-max(beyond, 0) / 12.0)) + drift * min(beyond, 0)
        rows = np.interp((y - moved[1]) / size[1] + middle[1], y, np.arange(len(y)))
        columns = np.interp((x - moved[0]) / size[0] + middle[0], x, np.arange(len(x)))
        far_share = np.clip(beyond / 30.0, 0.0, 1.0)
        outline = sections[0] * (1 - far_share) + sections[1] * far_share
        section = _sampled(outline, rows, columns) * size.mean()
        values[k] = values[k] * (1 - share) + section * share
    return distance.like(values)


def _blurred(section: NDArray, sigma_mm: float) -> NDArray:
    """A smoother outline of the same area."""
    smooth = ndimage.gaussian_filter(section, sigma_mm / FINE_MM, mode="nearest")
    return smooth - np.quantile(smooth, 1 - (section > 0).mean())


def _section(distance: Field, index: int) -> tuple[Array, Array]:
    """Middle and width (lateral, anterior) of a cross section."""
    _, y, x = distance.axes_mm
    rows, columns = np.nonzero(distance.values[index] > 0)
    low, high = np.array([x[columns.min()], y[rows.min()]]), np.array([x[columns.max()], y[rows.max()]])
    return (low + high) / 2, high - low


def _widest(distance: Field) -> float:
    *_, columns = np.nonzero(distance.values > 0)
    return float((columns.max() - columns.min()) * distance.spacing_mm)


def _sampled(section: NDArray, rows: Array, columns: Array) -> NDArray:
    i, j = np.minimum(rows.astype(int), len(section) - 2), np.minimum(columns.astype(int), section.shape[1] - 2)
    v, u = (rows - i)[:, None], (columns - j)[None, :]
    low = section[i][:, j] * (1 - u) + section[i][:, j + 1] * u
    return low * (1 - v) + (section[i + 1][:, j] * (1 - u) + section[i + 1][:, j + 1] * u) * v


def borrowed_fibula(levels: dict[str, Bones]) -> tuple[Field, float]:
    """The fibula of ``knee2`` for ``knee1``, in proportion to the tibias, and how much larger it became."""
    scale = _widest(levels["knee1"]["tibia"]) / _widest(levels["knee2"]["tibia"])
    fibula = levels["knee2"]["fibula"]
    low = np.floor(np.array(fibula.first_mm) * scale)
    size = [int(n * scale) for n in fibula.values.shape]
    low[0], size[0] = fibula.first_mm[0], fibula.values.shape[0]
    empty = Field(np.zeros(size, np.float32), tuple(low.tolist()), FINE_MM)
    scaled = empty.like((fibula.at(empty.points_mm() / scale) * scale).astype(np.float32))
    return true_distance(scaled), round(scale, 4)


def _label_points(labels: sitk.Image, value: int) -> Array:
    index = np.argwhere(sitk.GetArrayViewFromImage(labels) == value)[:, ::-1]
    matrix = np.array(labels.GetDirection()).reshape(3, 3) * np.array(labels.GetSpacing())
    points: Array = index @ matrix.T + np.array(labels.GetOrigin())
    return points


def _frame_facts(frames: dict[str, JointFrame]) -> dict[str, dict]:
    return {
        bone: {"origin_mm": frame.origin_mm.round(3).tolist(), "axes": frame.axes.round(6).tolist()}
        for bone, frame in frames.items()
    }


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in values.items()}


def _write(path: Path, distance: Field) -> None:
    every = round(SPACING_MM / distance.spacing_mm)
    stored = np.clip(np.rint(distance.values[::every, ::every, ::every] / STEP_MM), -STEPS, STEPS).astype(np.int8)
    image = sitk.GetImageFromArray(stored)
    image.SetSpacing([SPACING_MM] * 3)
    image.SetOrigin(distance.first_mm[::-1])
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(path))
    writer.UseCompressionOn()
    writer.SetCompressionLevel(9)
    writer.Execute(image)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
