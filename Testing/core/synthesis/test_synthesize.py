"""MR to CT numbers and bones with made-up networks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.errors import AnatomyError, CancelledError
from CTSMALib.synthesis import windows
from CTSMALib.synthesis.network import CLASSES, HU_SCALE, LEAST_SCALE_HU, finer, read_out
from CTSMALib.synthesis.synthesize import AIR_ERROR_HU, AIR_HU, synthesize
from CTSMALib.synthesis.synthetic_knee import NOT_LIKE_TRAINING, UNKNOWN_HU
from CTSMALib.synthesis.working_image import working_image
from Testing.core.small_networks import FEATURES, a_model, a_network

BRIGHT = 0.5  # what the voxel-by-voxel network takes for bone


class VoxelByVoxel:
    """Says of each voxel what its own signal says: windows cannot disagree.

    Args:
        guess: bone that the coarse network sees everywhere, and that the fine one takes on where it is bright.
    """

    def __init__(self, guess: int = FEMUR.label) -> None:
        self.windows = 0
        self.bone = guess
        self.coarse = SimpleNamespace(with_summary=self._with_summary)

    def _with_summary(self, mr: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = torch.zeros((1, CLASSES, *mr.shape[2:]))
        logits[:, self.bone] = 30.0
        return logits, torch.zeros(1, FEATURES[4])

    def fine(self, image: torch.Tensor) -> torch.Tensor:
        self.windows += 1
        mr, guess = image[:, :1], image[:, 1:]
        raw = torch.zeros((1, 2 + CLASSES, *image.shape[2:]))
        raw[:, :1] = mr
        raw[:, 3:] = 20.0 * (mr - BRIGHT) * guess[:, 1:]
        return raw


def an_mr() -> sitk.Image:
    """A turned block: dark, with a large bright ball, and a small one apart from it."""
    z, y, x = np.mgrid[:36, :34, :56].astype(float)
    large = np.hypot(np.hypot(z - 18, y - 17), x - 35) < 14
    small = np.hypot(np.hypot(z - 18, y - 17), x - 8) < 5
    signal = np.where(large | small, 500.0, 100.0)
    image = sitk.GetImageFromArray(signal.astype(np.float32))
    image.SetSpacing((1.0, 1.1, 1.0))
    image.SetDirection(Rotation.from_euler("z", 20.0, degrees=True).as_matrix().ravel().tolist())
    return image


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "FINE_WINDOW", 64)


def test_the_networks_give_what_they_should_for_each_voxel() -> None:
    net = a_network()
    with torch.inference_mode():
        logits, summary = net.coarse.with_summary(torch.rand(2, 1, 32, 64, 32))
        likelihood = finer(logits)
        found = read_out(net.fine(torch.cat([torch.rand(2, 1, 64, 128, 64), likelihood], dim=1)))
    assert logits.shape == (2, CLASSES, 32, 64, 32) and summary.shape == (2, FEATURES[4])
    assert likelihood.shape == (2, CLASSES, 64, 128, 64)
    assert torch.allclose(likelihood.sum(dim=1), torch.ones(2, 64, 128, 64), atol=1e-4)
    assert (found.hu.shape, found.logits.shape) == ((2, 1, 64, 128, 64), (2, CLASSES, 64, 128, 64))
    assert float(found.scale_hu.min()) >= LEAST_SCALE_HU


def test_the_scale_of_the_mr_plays_no_part_in_the_coarse_network() -> None:
    mr = torch.rand(1, 1, 64, 64, 64)
    net = a_network()
    with torch.inference_mode():
        assert torch.allclose(net.coarse(mr), net.coarse(30.0 * mr), atol=2e-2)


def test_windows_are_put_together_without_a_seam(small_windows: None) -> None:
    net = VoxelByVoxel()
    mr = an_mr()
    knee, image = synthesize(mr, a_model(net)), working_image(mr, 0.8)
    assert net.windows == 2 * 4  # the mirror image is looked at, too
    assert knee.grid == image.grid and knee.hu.dtype == np.int16
    expected = np.rint(np.clip(image.signal * HU_SCALE, -1000, 3071))
    assert np.abs(knee.hu - expected)[image.known].max() <= 1


def test_an_mr_and_its_mirror_image_become_mirror_images() -> None:
    signal = np.random.default_rng(0).random((64, 64, 96), np.float32)
    known = np.ones(signal.shape, bool)
    known[:, :, :20] = False
    net = a_network()
    seen = windows.seen_by(net, signal, known)
    mirrored = windows.seen_by(net, signal[..., ::-1].copy(), known[..., ::-1].copy())
    assert torch.allclose(seen.prediction.hu, mirrored.prediction.hu.flip(-1), atol=0.05)
    assert float(seen.prediction.hu.std()) > 1.0


def test_of_each_bone_the_largest_piece_is_kept(small_windows: None) -> None:
    knee = synthesize(an_mr(), a_model(VoxelByVoxel()))
    volume = np.count_nonzero(knee.bones == FEMUR.label) * 0.8**3
    assert volume == pytest.approx(1.1 * 4 / 3 * np.pi * 14**3, rel=0.035)  # the small ball would add 5 %
    assert set(np.unique(knee.bones)) == {0, FEMUR.label}
    on_mr = sitk.GetArrayFromImage(knee.bones_on(an_mr()))
    assert on_mr.shape == (36, 34, 56) and on_mr[18, 17, 35] == FEMUR.label and on_mr[18, 17, 8] == 0


def test_voxels_that_the_mr_does_not_show_stay_unknown() -> None:
    knee = synthesize(an_mr(), a_model(a_network(TIBIA.label)))
    assert 0.1 < knee.known.mean() < 0.9
    assert np.all(knee.hu[~knee.known] == UNKNOWN_HU) and not knee.bones[~knee.known].any()
    assert not knee.error_hu[~knee.known].any() and np.all(knee.error_hu[knee.known] > 0)
    assert knee.likelihood.shape == (CLASSES, *knee.hu.shape)
    assert np.all(knee.bones[knee.known] == TIBIA.label)


def test_air_beside_the_leg_is_air_whatever_the_network_says(small_windows: None) -> None:
    _, y, x = np.mgrid[:40, :60, :60].astype(float)
    leg = np.hypot(y - 30, x - 30) < 20
    hole = np.hypot(y - 30, x - 30) < 5
    mr = sitk.GetImageFromArray(np.where(leg & ~hole, 500.0, 5.0).astype(np.float32))
    model = a_model(VoxelByVoxel())
    model.net.bone = TIBIA.label  # and no bone
    knee = synthesize(mr, model)
    hu, error = (sitk.GetArrayFromImage(sitk.Resample(knee.grid.image(part), mr)) for part in (knee.hu, knee.error_hu))
    assert np.all(hu[:, 5, 5:55] == AIR_HU) and np.all(error[:, 5, 5:55] >= AIR_ERROR_HU)
    inside = np.hypot(y - 30, x - 30) < 18
    assert hu[inside].min() > -50  # what is dark inside the leg is no air


def test_the_calibration_widens_the_interval(small_windows: None) -> None:
    knee = synthesize(an_mr(), a_model(VoxelByVoxel()))
    scale = float(read_out(torch.zeros(1, 7, 1, 1, 1)).scale_hu)
    assert knee.error_hu[knee.known] == pytest.approx(scale * 1.5 * np.log(10.0), rel=1e-4)


def test_an_mr_unlike_the_training_is_flagged(small_windows: None) -> None:
    model = a_model(VoxelByVoxel(), limit=0.5)
    assert synthesize(an_mr(), model).notices == ()
    model.familiarity.mean[:] = 3.0
    knee = synthesize(an_mr(), model)
    assert knee.distance == pytest.approx(3.0)
    assert [notice.code for notice in knee.notices] == [NOT_LIKE_TRAINING]


def test_the_fine_network_is_told_what_the_coarse_one_saw(small_windows: None) -> None:
    knee = synthesize(an_mr(), a_model(VoxelByVoxel(TIBIA.label)))
    assert set(np.unique(knee.bones)) == {0, TIBIA.label}


def test_an_image_without_bone_is_refused(small_windows: None) -> None:
    with pytest.raises(AnatomyError, match="No bone"):
        synthesize(an_mr(), a_model(VoxelByVoxel(0)))


def test_a_synthesis_can_be_cancelled_between_windows(small_windows: None) -> None:
    net = VoxelByVoxel()

    def told(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith("part 3 "):
            raise CancelledError

    with pytest.raises(CancelledError):
        synthesize(an_mr(), a_model(net), told)
    assert net.windows == 2
