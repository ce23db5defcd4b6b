"""Landmarks of a person: the motion that they tell, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.registration.landmarks import check_pairs, far_off_notices, fitted, motions, read_landmarks, residual_mm
from CTSMALib.volumes.rigid import applied, turned

MOTION = turned(np.array([20.0, -10.0, 35.0]), np.array([5.0, 6.0, 7.0]), np.array([30.0, -20.0, 10.0]))
POINTS = np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 5.0], [0.0, 25.0, 0.0], [10.0, 5.0, 40.0], [-20.0, 15.0, 12.0]])
COLUMNS = "bone,ct_x_mm,ct_y_mm,ct_z_mm,mr_x_mm,mr_y_mm,mr_z_mm"


def a_table(path: Path, ct: np.ndarray, bone: str = "femur", columns: str = COLUMNS) -> Path:
    rows = [",".join([bone, *map(repr, map(float, row))]) for row in np.hstack([ct, applied(MOTION, ct)])]
    path.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    return path


def test_exact_points_give_the_exact_motion(tmp_path: Path) -> None:
    found = motions(read_landmarks(a_table(tmp_path / "l.csv", POINTS, " Femur ")))
    assert list(found) == ["femur"]
    assert found["femur"] == pytest.approx(MOTION, abs=1e-9)


def test_three_points_in_a_plane_are_enough_and_nothing_is_mirrored() -> None:
    assert fitted((POINTS[:3], applied(MOTION, POINTS[:3]))) == pytest.approx(MOTION, abs=1e-9)
    mirrored = fitted((POINTS, POINTS * [-1.0, 1.0, 1.0]))
    assert np.linalg.det(mirrored[:3, :3]) == pytest.approx(1.0)


def test_noise_of_points_averages_out() -> None:
    rng = np.random.default_rng(0)
    many = rng.uniform(-30.0, 30.0, (40, 3))
    found = fitted((many, applied(MOTION, many) + rng.normal(0.0, 1.0, many.shape)))
    apart = np.linalg.norm(applied(found, many) - applied(MOTION, many), axis=1)
    assert 0.0 < apart.mean() < 0.7


def test_points_on_a_line_are_refused(tmp_path: Path) -> None:
    line = np.outer(np.arange(5.0), [10.0, 5.0, 2.0])
    with pytest.raises(InputError, match="lie on a line"):
        read_landmarks(a_table(tmp_path / "l.csv", line))


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_points_are_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(InputError, match=f"{count} landmarks of the femur"):
        read_landmarks(a_table(tmp_path / "l.csv", POINTS[:count]))


def test_points_of_a_mirror_image_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mirror image"):
        check_pairs("femur", POINTS, applied(MOTION, POINTS) * [-1.0, 1.0, 1.0])
    flat = POINTS * [1.0, 1.0, 0.0]  # its mirror image is the same, turned
    check_pairs("femur", flat, flat * [-1.0, 1.0, 1.0])


def test_a_misplaced_point_is_told_and_rough_ones_are_not() -> None:
    there = applied(MOTION, POINTS)
    rough = there + np.random.default_rng(1).normal(0.0, 1.5, there.shape)
    wrong = there.copy()
    wrong[4] += [0.0, 25.0, 0.0]
    pairs = {"femur": (POINTS, rough), "tibia": (POINTS, wrong)}
    (told,) = far_off_notices(pairs, motions(pairs))
    assert "tibia" in told.text and " mm " in told.text
    assert residual_mm((POINTS, there), MOTION) == pytest.approx(0.0, abs=1e-9)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="A landmark of the femur has a place that is no number"):
        read_landmarks(a_table(tmp_path / "l.csv", np.vstack([POINTS, np.full(3, np.nan)])))


def test_a_table_of_a_spreadsheet_with_semicolons_is_read(tmp_path: Path) -> None:
    path = a_table(tmp_path / "l.csv", POINTS)
    path.write_text("\ufeff" + path.read_text().replace(",", ";"), encoding="utf-8")
    assert motions(read_landmarks(path))["femur"] == pytest.approx(MOTION, abs=1e-9)


def test_an_unknown_bone_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'elbow'"):
        read_landmarks(a_table(tmp_path / "l.csv", POINTS, "elbow"))


@pytest.mark.parametrize(
    "text",
    [
        "bone,x,y,z\nfemur,1,2,3\n",
        COLUMNS + "\nfemur,1,2,3\n",
        COLUMNS + "\nfemur,1,2,3,4,5,far\n",
        COLUMNS + "\n",
        "",
        "\0\1\2",
    ],
    ids=["columns", "short row", "words", "no rows", "empty", "no text"],
)
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "l.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="landmarks") as refused:
        read_landmarks(path)
    assert "ct_x_mm" in refused.value.remedy


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes(b"bone,ct_x_mm\n\xff\xfe\xfa,1\n")
    with pytest.raises(InputError, match="landmarks"):
        read_landmarks(tmp_path / "l.csv")
