"""One knee as it goes to disk: every mode gives what it promises, again and again, and can be stopped."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import CancelledError
from CTSMALib.virtual.body.make_knee import make_knee
from CTSMALib.virtual.body.order import KneeOrder


class Watch:
    """Records progress; raises after some steps if told to."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.most, self.fractions, self.stages = most, [], []

    def __call__(self, stage: str, fraction: float, message: str = "") -> None:
        self.fractions.append(fraction)
        self.stages.append(stage)
        if len(self.fractions) >= self.most:
            raise CancelledError


@pytest.fixture(scope="module")
def made(spec):
    watch = Watch()
    order = KneeOrder(preset="tiny", rescan=True, patches=2, truth="fast")
    return make_knee(spec, order, watch), watch


def test_whole_mode_gives_scans_labels_transforms_and_truth(made):
    data, _ = made
    assert list(data.mr) == ["bffe", "bffe_rescan"] == list(data.mr_protocols)
    assert data.patches is None and len(data.truth) == 2
    assert data.ct.GetSize() == data.ct_labels.GetSize() and data.mr["bffe"].GetSize() == data.mr_labels.GetSize()
    assert data.ct.GetOrigin() == data.ct_labels.GetOrigin()
    assert list(data.transforms) == list(data.rescan_transforms) == ["femur", "tibia", "patella", "fibula"]
    assert np.array_equal(data.transforms["tibia"], data.transforms["fibula"])
    assert not np.allclose(data.transforms["femur"], data.rescan_transforms["femur"])
    assert all(mirrored for *_, mirrored in data.frames.values())


@pytest.mark.parametrize("name", ["ct", "mr"])
def test_landmarks_lie_on_the_surface_of_their_label(made, name):
    data, _ = made
    labels = data.ct_labels if name == "ct" else data.mr_labels
    array, number = sitk.GetArrayFromImage(labels), {"femur": 1, "tibia": 2, "patella": 3, "fibula": 4}
    for bone, marks in data.landmarks.items():
        assert len(marks.names) >= (12 if bone == "fibula" else 40)
        seen = []
        for point in marks.ct_mm if name == "ct" else marks.mr_mm:
            x, y, z = np.rint(labels.TransformPhysicalPointToContinuousIndex(point.tolist())).astype(int)
            around = array[max(z - 1, 0) : z + 2, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] == number[bone]
            if min(z, y, x) >= 1 and around.shape == (3, 3, 3):
                seen.append(around.any() and not around.all())
        assert len(seen) >= 2 and np.mean(seen) > 0.97, bone


def test_landmarks_move_as_the_transform_says_but_for_distortion(made):
    data, _ = made
    for bone, marks in data.landmarks.items():
        matrix = data.transforms[bone]
        away = np.linalg.norm(marks.ct_mm @ matrix[:3, :3].T + matrix[:3, 3] - marks.mr_mm, axis=1)
        distortion = data.mr_protocols["bffe"].distortion
        carried = marks.ct_mm @ matrix[:3, :3].T + matrix[:3, 3]
        assert distortion.shown_at(carried) == pytest.approx(marks.mr_mm, abs=1e-6)
        assert 0.001 < away.max() < 5.0


def test_truth_says_where_its_box_is(made):
    data, _ = made
    for row in data.truth:
        origin, axes, _ = data.frames[row["bone"]]
        center = np.array([row[f"ct_{axis}_mm"] for axis in "xyz"])
        index = data.ct_labels.TransformPhysicalPointToIndex(center.tolist())
        assert data.ct_labels[index] == {"femur": 1, "tibia": 2}[row["bone"]]
        local = (center - origin) @ axes.T * [-1, 1, 1]
        assert (local[0] > 0) == row["compartment"].endswith("L")
        assert 0.03 < row["bv_tv"] < 0.7


def test_progress_rises_to_the_end(made):
    _, watch = made
    assert np.all(np.diff(watch.fractions) >= 0) and watch.fractions[0] < 0.1 and watch.fractions[-1] > 0.8
    assert len(set(watch.stages)) >= 4


@pytest.mark.parametrize("after", [1, 2])
def test_work_can_be_cancelled(spec, after):
    watch = Watch(after)
    with pytest.raises(CancelledError):
        make_knee(spec, KneeOrder(preset="tiny", truth="none"), watch)
    assert len(watch.fractions) == after


def test_a_seed_gives_the_same_bytes_again(made, ct, mr):
    data, _ = made
    assert sitk.GetArrayFromImage(data.ct).tobytes() == ct.tobytes()
    assert sitk.GetArrayFromImage(data.mr["bffe"]).tobytes() == mr.tobytes()


def test_patches_mode_gives_boxes_alone(knee, monkeypatch):
    monkeypatch.setattr("CTSMALib.virtual.body.make_knee.virtual_knee", lambda *_: knee)
    data = make_knee(knee.spec, KneeOrder("patches", "tiny", patches=1, truth="none", registration_error_mm=0.5))
    assert data.ct is None and data.mr == {} and data.ct_labels is None and data.mr_labels is None
    found = data.patches
    assert len(found.ids) == len(found.ct) == len(found.mr) == len(found.shift_mm) == 1
    assert found.ct.dtype == found.mr.dtype == np.int16
    assert all(np.array(n) * s >= 12.0 for n, s in zip(found.ct.shape[1:], found.ct_spacing_mm, strict=True))
    assert len(data.landmarks["femur"].names) >= 40 and len(data.transforms) == 4
