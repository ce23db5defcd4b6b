"""Real CT-MR pairs from displaced starts: does every bone come back to one place, and is that place a good one?

Pairs of the collection Soft-tissue-Sarcoma (CC BY 3.0): ``sts_047`` shows a knee (the femur and the upper rim of the
tibia in the MR), ``sts_010`` and ``sts_035`` a tibia. Slices are 3.3 mm thick, the MR is T1, resampled to the CT, and
the authors of the collection aligned both. There is no truth: what counts is that all starts lead to the same place,
and that another measure, the distance of the CT's outline from the edges of the MR, is not worse there than in their
alignment. Bones of ``sts_035``, which shows no joint, are labelled by a threshold.

Starts are turned by up to 15 degrees and moved by up to 20 mm, about the middle of the bones; no header is used.

Usage::

    python -m Testing.benchmarks.registration.real_pairs --data DIR [--starts N] [--pictures DIR]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.analysis.registration_input import knee_of_scan
from CTSMALib.anatomy.given_bones import aligned_labels
from CTSMALib.anatomy.labels import FIBULA, TIBIA
from CTSMALib.errors import AnatomyError
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.record import BoneRecord
from CTSMALib.registration.register import Registration, register
from CTSMALib.registration.witnesses import outline_and_similarity
from CTSMALib.report.figures.registration import registration_figure
from CTSMALib.volumes import read_mr, read_scan
from CTSMALib.volumes.rigid import Matrix, applied, turned
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.registration.summary import registration_real

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/registration",)
PAIRS = {
    "sts_047": ("sts_047_knee_full/CT_image.nii.gz", "sts_047_knee_full/MR_T1_image.nii.gz"),
    "sts_010": ("sts_010_knee_prox_tibia/CT_image.nii.gz", "sts_010_knee_prox_tibia/MR_T1_image.nii.gz"),
    "sts_035": ("sts_035_prox_tibia/dicom/CT/image", "sts_035_prox_tibia/dicom/MR_T1/image"),
}
BY_THRESHOLD = ("sts_035",)
BONE_HU, CLOSING_VOXELS = 220.0, 3
MOST_DEG, MOST_MM = 15.0, 20.0
SEED = 4711


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the three pairs")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--pictures", type=Path, help="where to write a picture of each pair")
    options = parser.parse_args()
    table = ResultTable(RESULTS / "real_pairs.csv", ("pair", "start"), CODE, seed=SEED, deg=MOST_DEG, mm=MOST_MM)
    for pair in PAIRS:
        if not all(table.holds(pair=pair, start=number) for number in range(-1, options.starts)):
            _run(pair, options, table)
    print(registration_real(table.rows))


def _run(pair: str, options: argparse.Namespace, table: ResultTable) -> None:
    ct = read_scan(options.data / PAIRS[pair][0])
    mr = read_mr(options.data / PAIRS[pair][1])
    labels = by_threshold(ct.image) if pair in BY_THRESHOLD else knee_of_scan(ct).labels
    fixed = FixedKnee(ct.image, labels)
    if not table.holds(pair=pair, start=-1):
        table.add(_rows(pair, -1, fixed, MovingKnee(mr.image), np.eye(4), None, 0.0))
    for number in range(options.starts):
        if table.holds(pair=pair, start=number):
            continue
        displacement = _displacement(pair, number, fixed)
        moving = MovingKnee(_displaced(mr.image, displacement))
        begun = time.process_time()
        try:
            found = register(fixed, moving)
        except AnatomyError as error:
            print(pair, number, error, flush=True)
            found = None
        table.add(_rows(pair, number, fixed, moving, displacement, found, time.process_time() - begun))
        print(pair, number, flush=True)
        if number == 0 and options.pictures is not None and found is not None:
            options.pictures.mkdir(parents=True, exist_ok=True)
            (options.pictures / f"{pair}.png").write_bytes(registration_figure(fixed, moving, found).png)


def by_threshold(ct: sitk.Image) -> sitk.Image:
    """Tibia and fibula as the two largest pieces of dense tissue, filled slice by slice."""
    dense = ndimage.binary_closing(sitk.GetArrayFromImage(ct) > BONE_HU, iterations=CLOSING_VOXELS)
    pieces, _ = ndimage.label(dense)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    labels = np.zeros(dense.shape, np.uint8)
    for piece, bone in zip(np.argsort(sizes)[::-1][:2], (TIBIA, FIBULA), strict=True):
        filled = np.stack([ndimage.binary_fill_holes(plane) for plane in pieces == piece])
        labels[filled & (labels == 0)] = bone.label
    image = sitk.GetImageFromArray(labels)
    image.CopyInformation(ct)
    return aligned_labels(image)


def _displacement(pair: str, number: int, fixed: FixedKnee) -> Matrix:
    rng = np.random.default_rng([SEED, list(PAIRS).index(pair), number])
    axis = rng.normal(size=3)
    turn = axis / np.linalg.norm(axis) * rng.uniform(0.0, MOST_DEG)
    shift = rng.normal(size=3)
    shift *= rng.uniform(0.0, MOST_MM) / np.linalg.norm(shift)
    return turned(turn, fixed.whole.center_mm, shift)


def _displaced(image: sitk.Image, matrix: Matrix) -> sitk.Image:
    """The image with another header; its own values."""
    moved = sitk.Image(image)
    moved.SetOrigin(applied(matrix, np.array(image.GetOrigin())).tolist())
    moved.SetDirection((matrix[:3, :3] @ np.array(image.GetDirection()).reshape(3, 3)).ravel().tolist())
    return moved


def _rows(
    pair: str, number: int, fixed: FixedKnee, moving: MovingKnee, displacement: Matrix, found: Registration | None,
    cpu_s: float,
) -> list[dict[str, object]]:  # fmt: skip
    """A row for each bone: where its surface lies against the alignment of the collection, and how good that is."""
    rows: list[dict[str, object]] = []
    for name in fixed.bones:
        bone = next((b for b in found.bones if b.name == name), None) if found else None
        matrix = displacement if number < 0 else (bone.fixed_to_moving_lps if bone else None)
        rows.append(_row(pair, number, fixed, moving, displacement, name, matrix, bone) | {"cpu_s": round(cpu_s, 1)})
    return rows


def _row(
    pair: str, number: int, fixed: FixedKnee, moving: MovingKnee, displacement: Matrix, name: str,
    matrix: Matrix | None, bone: BoneRecord | None,
) -> dict[str, object]:  # fmt: skip
    row: dict[str, object] = {"pair": pair, "start": number, "bone": name}
    empty = dict.fromkeys(("x", "y", "z", "turn_x", "turn_y", "turn_z", "contour_mm", "inside", "similarity"), "")
    if matrix is None:
        return {**row, **empty, "verdict": "refused", "estimated_mm": "", "reasons": ""}
    contour, seen = outline_and_similarity(fixed, name, moving, matrix)
    center = fixed.center_mm(name)
    back = np.linalg.inv(displacement) @ matrix
    moved = applied(back, center) - center
    arms = [applied(back, center + 30.0 * axis) - applied(back, center) - 30.0 * axis for axis in np.eye(3)]
    return {
        **row,
        **{k: round(float(v), 4) for k, v in zip("xyz", moved, strict=True)},
        "turn_x": round(float(np.linalg.norm(arms[0])), 4), "turn_y": round(float(np.linalg.norm(arms[1])), 4),
        "turn_z": round(float(np.linalg.norm(arms[2])), 4), "contour_mm": round(contour.distance_mm, 4),
        "inside": round(seen.inside, 3), "similarity": round(seen.value, 4),
        "verdict": bone.verdict if bone else "as distributed",
        "estimated_mm": round(bone.quality.estimated_mm, 3) if bone else "",
        "reasons": " ".join(bone.reasons) if bone else "",
    }  # fmt: skip


if __name__ == "__main__":
    main()
