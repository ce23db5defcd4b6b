"""Painting patches on surfaces."""

from __future__ import annotations

import numpy as np

from CTSMALib.scene.enface import nearest_patch, smooth_values, stepped_values, surface_points
from CTSMALib.scene.patch_table import PatchTable
from CTSMALib.scene.result_nodes import ResultNodes


def a_table(centers: np.ndarray, layers: list[int], cells: list[tuple[int, int]]) -> PatchTable:
    n = len(layers)
    return PatchTable(
        tuple(f"p{k}" for k in range(n)), np.array(["tibia"] * n), np.array(["TM"] * n), np.array(cells),
        np.array(layers), centers, np.ones(n), {}, {}, np.array([""] * n),
    )  # fmt: skip


def test_two_layers_point_back_to_the_surface() -> None:
    inward = np.array([0.0, 0.6, -0.8])
    surface = np.array([10.0, 20.0, 30.0])
    table = a_table(np.array([surface + 5 * inward, surface + 9 * inward]), [1, 2], [(1, 1), (1, 1)])
    np.testing.assert_allclose(surface_points(table), [surface, surface], atol=1e-9)


def test_a_patch_without_partner_stands_for_itself() -> None:
    table = a_table(np.array([[1.0, 2.0, 3.0]]), [1], [(1, 1)])
    np.testing.assert_array_equal(surface_points(table), [[1.0, 2.0, 3.0]])


def test_smooth_values_reach_four_millimeters() -> None:
    places = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [50.0, 0.0, 0.0]])
    values = np.array([1.0, 2.0, np.nan])
    found = smooth_values(np.array([[0.0, 0, 0], [1.5, 0, 0], [7.1, 0, 0], [50.0, 0, 0]]), places, values)
    assert 1.0 < found[0] < 1.3
    np.testing.assert_allclose(found[1], 1.5)
    assert np.isnan(found[2:]).all()


def test_boxes_are_squares_in_the_frame_of_the_bone() -> None:
    turn = np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])  # rows are axes
    places = np.array([[0.0, 0.0, 0.0], [8.0, 0.0, 0.0]]) @ turn
    probes = np.array([[3.9, 3.9, 0.0], [4.1, 0.0, 0.0], [0.0, 4.1, 0.0], [12.1, 0.0, 0.0]]) @ turn
    np.testing.assert_array_equal(nearest_patch(probes, places, turn), [0, 1, -1, -1])
    found = stepped_values(probes, places, turn, np.array([5.0, 6.0]))
    np.testing.assert_array_equal(found, [5.0, 6.0, np.nan, np.nan])


def test_nothing_measured_is_nothing_painted() -> None:
    assert np.isnan(smooth_values(np.zeros((3, 3)), np.zeros((2, 3)), np.full(2, np.nan))).all()
    assert (nearest_patch(np.zeros((3, 3)), np.zeros((0, 3)), np.eye(3)) == -1).all()


def test_the_places_lie_on_the_bones(a_result: ResultNodes) -> None:
    """The plate is found up to a millimeter outside the bone on coarse slices, no more."""
    from scipy.spatial import cKDTree

    from CTSMALib.scene.model_nodes import points_of

    table = a_result.patches
    places = surface_points(table)
    for bone in ("femur", "tibia"):
        distance, _ = cKDTree(points_of(a_result.get(f"surface_{bone}"))).query(places[table.bones == bone])
        assert np.median(distance) < 2.5
        assert np.percentile(distance, 95) < 4.5
