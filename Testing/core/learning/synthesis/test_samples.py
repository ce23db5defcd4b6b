"""Samples: CT and MR of the same tissue, drawn in the same way again, as random scanners would show it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from scipy import ndimage

from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.errors import InputError
from CTSMALib.learning.synthesis import contrast, degrade, draw_sample, masses
from CTSMALib.learning.synthesis.case import FULL, TissueCase, coarser, read_case, write_case
from CTSMALib.learning.synthesis.coarse_guess import guessed
from CTSMALib.learning.synthesis.contrast import draw_contrast
from CTSMALib.learning.synthesis.draw_sample import Sample
from CTSMALib.learning.synthesis.label_case import CARTILAGE_LABEL, label_case
from CTSMALib.learning.synthesis.samples import check_batches, for_kind, training_batches
from CTSMALib.learning.synthesis.standard_ct import BONE_HU, TISSUE_HU
from CTSMALib.synthesis.network import CLASSES, COARSE, FINE
from CTSMALib.virtual.scanners.tissue import Tissue
from Testing.core.small_networks import a_tissue_case, small_training
from Testing.full_disk import full_disk

MARROW, FAT = 1.0, 0.5


@pytest.fixture(scope="module")
def a_case() -> TissueCase:
    return a_tissue_case()


def drawn(case: TissueCase, seed: int, edge: int = 32, kind: str = FINE) -> Sample:
    return draw_sample.draw_sample(case, edge, 0.8, np.random.default_rng(seed), kind)


@pytest.fixture
def a_plain_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals tell the tissue: marrow is the brightest, and nothing blurs, varies or is hidden."""
    table = np.zeros(len(Tissue), dtype=np.float32)
    table[Tissue.MARROW], table[Tissue.FAT], table[Tissue.MUSCLE] = MARROW, FAT, 0.2
    monkeypatch.setattr(draw_sample, "draw_contrast", lambda rng: table)
    monkeypatch.setattr(draw_sample, "as_scanned", lambda signal, *others: signal)
    monkeypatch.setattr(draw_sample, "blurred", lambda values, sds: values)
    monkeypatch.setattr(draw_sample, "smooth_field", lambda shape, *others: torch.zeros(shape))
    monkeypatch.setattr(draw_sample, "PART_KNOWN", 0.0)


@pytest.mark.usefixtures("a_plain_scanner")
@pytest.mark.parametrize("seed", range(4))
def test_ct_and_mr_come_from_the_same_tissue(a_case: TissueCase, seed: int) -> None:
    """However a sample is turned, scaled and mirrored, signal, CT numbers and labels are of the same voxel."""
    sample = drawn(a_case, seed)
    hu, mr, bone = sample.hu[0], sample.mr[0], sample.bones > 0
    deep, far = shrunk(bone, 3), shrunk(~bone, 3)
    spongy = TISSUE_HU[Tissue.MARROW] + 64 / FULL * (BONE_HU - TISSUE_HU[Tissue.MARROW])
    assert min(int(deep.sum()), int(far.sum())) > 20
    assert float((hu[deep] - spongy).abs().max()) < 2.0
    assert float(hu[far].max()) <= float(TISSUE_HU[Tissue.MUSCLE]) + 0.1
    shell = hu > 0.8 * BONE_HU
    assert shell.any() and float(mr[deep].min()) > float(mr[shell].max())
    fat, muscle = ((hu - TISSUE_HU[kind]).abs() < 0.1 for kind in (Tissue.FAT, Tissue.MUSCLE))
    assert (fat & far).any() and (muscle & far).any()
    assert float(mr[fat & far].min()) > float(mr[muscle & far].max())


def shrunk(where: torch.Tensor, voxels: int) -> torch.Tensor:
    """The voxels that lie farther than that from where it is not so."""
    outside = torch.nn.functional.max_pool3d((~where)[None].float(), 2 * voxels + 1, 1, voxels)
    return outside[0] == 0


def test_the_same_seed_gives_the_same_sample(a_case: TissueCase) -> None:
    first, again, other = drawn(a_case, 5), drawn(a_case, 5), drawn(a_case, 6)
    assert all(torch.equal(getattr(first, name), getattr(again, name)) for name in ("mr", "hu", "known", "bones"))
    assert first.guess is not None and again.guess is not None and torch.equal(first.guess, again.guess)
    assert not torch.equal(first.mr, other.mr)


def test_samples_have_one_size_and_hide_what_is_not_known(a_case: TissueCase) -> None:
    samples = [drawn(a_case, seed) for seed in range(12)]
    for sample in samples:
        assert sample.mr.shape == sample.hu.shape == sample.known.shape == (1, 32, 32, 32)
        assert sample.bones.shape == (32, 32, 32) and set(sample.bones.unique().tolist()) <= {0, 1, 2}
        assert torch.isfinite(sample.mr).all() and not sample.mr[~sample.known].any()
        assert float(sample.hu.min()) >= -1025 and float(sample.hu.max()) <= BONE_HU + 1
    hidden = [sample for sample in samples if not sample.known.all()]
    assert 0 < len(hidden) < len(samples)


@pytest.mark.parametrize("spacing_mm", [1.0, 2.0])
def test_bending_moves_no_farther_than_it_may_and_never_folds(spacing_mm: float) -> None:
    torch_rng, rng = torch.Generator().manual_seed(3), np.random.default_rng(3)
    cut, own_mm, edge = torch.Size((90, 100, 110)), 0.6, 48
    off = draw_sample._bent(edge, spacing_mm, draw_sample.MOST_BENT_MM / own_mm, cut, torch_rng, rng)[0]
    last = torch.tensor(cut[::-1], dtype=torch.float32) - 1.0
    moved_mm = off * last / 2.0 * own_mm  # from -1 to 1 to mm
    assert (
        draw_sample.MOST_BENT_MM < float(moved_mm.abs().max()) <= draw_sample.MOST_SD * draw_sample.MOST_BENT_MM + 1e-4
    )
    for axis, component in enumerate((2, 1, 0)):
        stretched = torch.diff(moved_mm[..., component], dim=axis) / spacing_mm
        assert float(stretched.abs().max()) < 1.0


@pytest.mark.parametrize(("kind", "channels"), [(COARSE, 1), (FINE, 1 + CLASSES)])
def test_batches_follow_from_their_step_alone(a_case: TissueCase, kind: str, channels: int) -> None:
    config = small_training(edge=32, batch=2)
    cases = for_kind([a_case], kind)
    every = list(training_batches(cases, config, kind, 0, 3, 0))
    late = list(training_batches(cases, config, kind, 1, 3, 0))
    assert len(every) == 3 and every[0].image.shape == (2, channels, 32, 32, 32)
    for first, again in zip(every[1:], late, strict=True):
        assert all(torch.equal(getattr(first, n), getattr(again, n)) for n in ("image", "hu", "known", "bones"))
    checks = [check_batches(cases, config, kind, 1)[0].image for _ in range(2)]
    assert torch.equal(*checks)


def test_the_last_samples_of_the_fine_network_are_larger(a_case: TissueCase) -> None:
    config = small_training(edge=32, steps=1, wide_steps=1, wide_edge=64)
    edges = [batch.hu.shape[-1] for batch in training_batches([a_case], config, FINE, 0, 2, 0)]
    assert edges == [32, 64]
    edges = [batch.hu.shape[-1] for batch in training_batches(for_kind([a_case], COARSE), config, COARSE, 0, 2, 0)]
    assert edges == [32, 32]


def test_a_guess_is_near_the_truth_and_sums_to_one() -> None:
    bones = torch.zeros(32, 32, 32, dtype=torch.long)
    bones[4:28, 4:28, 4:28] = 2
    right = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        found = guessed(bones, 1.0, torch.Generator().manual_seed(seed), rng)
        assert found.shape == (CLASSES, 32, 32, 32)
        assert torch.allclose(found.sum(dim=0), torch.ones(32, 32, 32), atol=1e-4)
        right += int(found[2, 16, 16, 16] > 0.6 and found[0, 0, 0, 0] > 0.6)
    assert 22 <= right < 30  # now and then a bone is missed or taken for another


def test_a_coarser_knee_lies_where_it_lay(a_case: TissueCase) -> None:
    found = coarser(a_case)
    assert found.grid.spacing_mm == (1.2, 1.2, 1.2) and found.bones.shape == (24, 24, 24)
    own, other = (index_to_lps(case.grid.image(case.fraction), center_of(case.fraction)) for case in (a_case, found))
    assert np.linalg.norm(own - other) < 0.05
    own, other = (index_to_lps(case.grid.image(case.bones), center_of(case.bones == 1)) for case in (a_case, found))
    assert np.linalg.norm(own - other) < 0.15
    assert float(found.fraction.mean()) == pytest.approx(float(a_case.fraction.mean()), rel=0.01)


def center_of(values: np.ndarray) -> np.ndarray:
    return np.array(ndimage.center_of_mass(values))


def test_contrasts_vary_and_the_brightest_is_one() -> None:
    tables = np.array([draw_contrast(np.random.default_rng(seed)) for seed in range(200)])
    assert tables.shape == (200, len(Tissue)) and np.isfinite(tables).all()
    assert tables.min() >= 0 and np.allclose(tables.max(axis=1), 1.0)
    assert np.mean(tables[:, Tissue.AIR] > 0.05) < 0.2
    brighter = np.mean(tables[:, Tissue.MARROW] > tables[:, Tissue.MUSCLE])
    assert 0.3 < brighter < 0.95  # fat-suppressed ones too


def test_sequences_of_every_kind_are_drawn() -> None:
    drawn_ones = [contrast.draw_sequence(np.random.default_rng(seed)) for seed in range(120)]
    kinds = [sequence.kind for sequence in drawn_ones]
    assert len(set(kinds)) == 3 and 0.25 < kinds.count(contrast.BFFE) / len(kinds) < 0.55


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("thickness", [2.0, 3.7, 6.0])
def test_slices_keep_the_mean_and_the_place(axis: int, thickness: float) -> None:
    place = 23.0
    x = torch.arange(48, dtype=torch.float32)
    profile = torch.exp(-0.5 * ((x - place) / 5.0) ** 2)
    shape = [1, 1, 1]
    shape[axis] = 48
    values = profile.reshape(shape).expand(*[48 if a == axis else 5 for a in range(3)]).contiguous()
    centers = []
    for phase in (0.0, 0.3, 0.6, 0.9):
        found = degrade._sliced(values, axis, thickness, phase)
        assert found.shape == values.shape
        along = torch.movedim(found, axis, 0).reshape(48, -1)
        assert torch.equal(along, along[:, :1].expand_as(along))
        centers.append(float((along[:, 0] * x).sum() / along[:, 0].sum()))
        assert float(found.mean()) == pytest.approx(float(values.mean()), rel=0.02)
    assert centers == pytest.approx([place] * 4, abs=0.35)


def test_a_blur_keeps_the_mean_and_noise_is_never_negative() -> None:
    values = torch.zeros(20, 20, 20)
    values[10, 10, 10] = 1.0
    blurred = degrade.blurred(values, [1.0, 1.5, 0.1])
    assert float(blurred.sum()) == pytest.approx(1.0, abs=1e-4)
    assert float(blurred[10, 10, 9]) == 0.0 < float(blurred[10, 9, 10]) < float(blurred[10, 10, 10]) < 0.2
    rng = np.random.default_rng(1)
    scanned = degrade.as_scanned(torch.full((16, 16, 16), 0.5), 0.6, torch.Generator().manual_seed(1), rng)
    assert float(scanned.min()) >= 0 and float(scanned.mean()) == pytest.approx(0.5, abs=0.05)


def test_a_case_comes_back_as_it_was_written(a_case: TissueCase, tmp_path: Path) -> None:
    write_case(a_case, tmp_path / "c.npz")
    found = read_case(tmp_path / "c.npz")
    assert (found.name, found.source, found.grid) == (a_case.name, a_case.source, a_case.grid)
    assert all(np.array_equal(getattr(found, n), getattr(a_case, n)) for n in ("fraction", "tissue", "bones"))
    assert [path.name for path in tmp_path.iterdir()] == ["c.npz"]
    (tmp_path / "c.npz").write_bytes(b"no knee")
    with pytest.raises(InputError, match="not a training knee"):
        read_case(tmp_path / "c.npz")


def test_a_cut_or_altered_case_is_refused_in_words(a_case: TissueCase, tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    write_case(a_case, path)
    whole = path.read_bytes()
    altered = bytearray(whole)
    altered[len(whole) // 2 : len(whole) // 2 + 64] = bytes(64)
    for damaged in (b"", whole[:-100], whole[: len(whole) // 2], bytes(altered)):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="not a training knee"):
            read_case(path)


def test_half_a_case_is_not_left(a_case: TissueCase, tmp_path: Path) -> None:
    with full_disk(4096), pytest.raises(OSError):
        write_case(a_case, tmp_path / "c.npz")
    assert not any(tmp_path.iterdir())


def a_label_map(case: TissueCase) -> sitk.Image:
    """The bones of a case with a layer of cartilage between them."""
    labels = case.bones.copy()
    labels[22:25, 10:30, 14:34] = CARTILAGE_LABEL
    return case.grid.image(labels)


def test_a_knee_of_a_label_map_keeps_its_outlines(a_case: TissueCase) -> None:
    labels = a_label_map(a_case)
    first, second = (label_case(labels, "k", "s", np.random.default_rng(seed)) for seed in (1, 2))
    assert np.array_equal(first.bones, second.bones) and not np.array_equal(first.tissue, second.tissue)
    given = sitk.GetArrayFromImage(labels)
    bones, tissue = (
        sitk.GetArrayFromImage(
            sitk.Resample(first.grid.image(array), labels, sitk.Transform(), sitk.sitkNearestNeighbor)
        )
        for array in (first.bones, first.tissue)
    )
    assert np.array_equal(bones, np.where(given <= 4, given, 0))
    assert np.all((tissue == Tissue.CARTILAGE) == (given == CARTILAGE_LABEL))
    assert set(np.unique(first.tissue[first.bones > 0])) <= {Tissue.MARROW, Tissue.RED_MARROW}
    assert not first.fraction[first.bones == 0].any() and first.fraction[first.bones > 0].mean() > 0.1 * FULL


def test_a_label_map_without_bone_is_refused(a_case: TissueCase) -> None:
    empty = a_case.grid.image(np.full(a_case.bones.shape, CARTILAGE_LABEL, dtype=np.uint8))
    with pytest.raises(InputError, match="no bone"):
        label_case(empty, "k", "s", np.random.default_rng(1))


def test_labels_of_a_coarser_knee_are_the_most_frequent_ones(a_case: TissueCase) -> None:
    bones = np.zeros_like(a_case.bones)
    bones[1::2, :, :] = 2  # half of each voxel, so that the lower label wins
    bones[0, 0, 0] = 2  # and here it does not
    found = coarser(replace(a_case, bones=bones)).bones
    assert found[0, 0, 0] == 2 and np.count_nonzero(found) == 1
    tissue = coarser(a_case).tissue
    assert set(np.unique(tissue)) <= set(np.unique(a_case.tissue))


def test_a_mass_is_no_bone_and_leaves_bones_alone(a_case: TissueCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masses, "SHARE", 1.0)
    tissue, fraction = torch.from_numpy(a_case.tissue), torch.from_numpy(a_case.fraction).float() / FULL
    found = [masses.draw_mass(tissue, fraction, 0.6, np.random.default_rng(seed)) for seed in range(8)]
    drawn_masses = [mass for mass in found if mass is not None]
    assert len(drawn_masses) == 8
    for mass in drawn_masses:
        inside = tissue[mass.where]
        assert mass.where.any() and float(fraction[mass.where].max()) == 0.0
        assert not any((inside == int(kind)).any() for kind in masses.FREE_OF)
        assert mass.hu < 100.0 and 0.0 < mass.signal <= 1.0


@pytest.mark.usefixtures("a_plain_scanner")
def test_a_mass_shows_in_mr_and_ct_alike(a_case: TissueCase, monkeypatch: pytest.MonkeyPatch) -> None:
    where = torch.from_numpy((a_case.tissue == Tissue.MUSCLE) & (a_case.fraction == 0))

    def mass(tissue: torch.Tensor, *others: object) -> masses.Mass:
        return masses.Mass(tissue == int(Tissue.MUSCLE), 0.9, 45.0)

    monkeypatch.setattr(draw_sample, "draw_mass", mass)
    sample = drawn(a_case, 1)
    bright = (sample.hu[0] - 45.0).abs() < 0.1
    assert where.any() and bright.any() and not (sample.bones[bright] > 0).any()
    fat = (sample.hu[0] - TISSUE_HU[Tissue.FAT]).abs() < 0.1
    assert float(sample.mr[0][bright].min()) > float(sample.mr[0][fat & shrunk(sample.bones == 0, 3)].max())
