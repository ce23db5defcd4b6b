"""The morphometry job: what it reads, what it writes, what it refuses."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib import cli
from CTSMALib.analysis.morphometry_folder import load_morphometry
from CTSMALib.catalogue import quantities
from CTSMALib.errors import CancelledError, InputError, OutputError
from CTSMALib.jobs import morphometry
from CTSMALib.jobs.__main__ import _parser
from CTSMALib.jobs.arguments.morphometry import morphometry_request
from CTSMALib.jobs.commands import morphometry_arguments
from CTSMALib.jobs.request import MorphometryRequest
from CTSMALib.volumes.scalar_image import read_scalar_image
from Testing.core.made_up_morphometry import made_up_measure

ORIGIN = (10.0, -20.0, 30.0)
DIRECTION = (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)  # left-handed: x and y are swapped
Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(name: str, array: NDArray, spacing: float = 0.05, origin: tuple[float, ...] = ORIGIN) -> Path:
        image = sitk.GetImageFromArray(array)
        image.SetSpacing([spacing] * 3)
        image.SetOrigin(origin)
        image.SetDirection(DIRECTION)
        sitk.WriteImage(image, str(tmp_path / name))
        return tmp_path / name

    return write


@pytest.fixture
def fractions() -> NDArray[np.float32]:
    """Plates 0.2 mm thick every 0.5 mm, with partial volumes."""
    z = np.arange(20)[:, None, None] * np.ones((20, 16, 12))
    distance = np.abs((z % 10) - 4.7)
    return np.clip(2.5 - distance, 0, 1).astype(np.float32)


@pytest.fixture
def labels() -> NDArray[np.uint8]:
    array = np.zeros((20, 16, 12), dtype=np.uint8)
    array[2:10, 2:14], array[10:18, 2:14] = 1, 4
    return array


def run(request: MorphometryRequest) -> Path:
    return morphometry.run(request, measure=made_up_measure)


def codes(folder: Path) -> set[str]:
    return {notice.code for notice in load_morphometry(folder).notices}


def test_every_label_is_a_row(
    tmp_path: Path, save: Save, fractions: NDArray[np.float32], labels: NDArray[np.uint8]
) -> None:
    image, mask = save("bvf.nii.gz", fractions), save("mask.nrrd", labels)
    folder = run(MorphometryRequest(image, tmp_path / "out", mask, names=(("medial", 1),)))
    assert sorted(path.name for path in folder.iterdir()) == [
        *("histogram.png", "histograms.csv", "morphometry.csv", "morphometry.json", "tb_sp_mm.nii.gz"),
        "tb_th_mm.nii.gz",
    ]
    with (folder / "morphometry.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["region"], row["label"]) for row in rows] == [("medial", "1"), ("label 4", "4")]
    for entry in quantities(scope="region"):
        assert {entry.key, f"{entry.key}_uncertainty"} <= set(rows[0])
    assert float(rows[0]["bv_tv"]) == float(np.mean(fractions[labels == 1] > 0.5))
    assert rows[0]["tb_th_mm_uncertainty"] == rows[0]["fd"] == rows[0]["smi"] == ""
    assert (rows[0]["resolvable"], rows[0]["flags"]) == ("no", "not-resolvable")
    findings = load_morphometry(folder)
    assert findings.meaning.kind == "fraction"
    assert findings.regions[0].volume_mm3 == pytest.approx(np.count_nonzero(labels == 1) * 0.05**3)
    assert findings.regions[0].principal_lps == pytest.approx((0.0, 0.8, 0.6))  # from (z, y, x) = (0.6, 0, 0.8)
    assert findings.image.identity.name == "bvf.nii.gz"


def test_maps_lie_on_the_image(tmp_path: Path, save: Save, fractions: NDArray[np.float32]) -> None:
    source = save("bvf.nrrd", fractions)
    folder = run(MorphometryRequest(source, tmp_path / "out"))
    made, image = sitk.ReadImage(str(folder / "tb_th_mm.nii.gz")), sitk.ReadImage(str(source))
    for index in ((0, 0, 0), (11, 15, 19)):
        np.testing.assert_allclose(
            made.TransformIndexToPhysicalPoint(index), image.TransformIndexToPhysicalPoint(index), atol=1e-4
        )
    assert made.GetPixelID() == sitk.sitkFloat32
    without = run(MorphometryRequest(source, tmp_path / "other", maps=False))
    assert not list(without.glob("*.nii.gz"))
    assert not [role for role in load_morphometry(without).files if role.startswith("map:")]


def test_labels_may_be_any_whole_numbers(
    tmp_path: Path, save: Save, fractions: NDArray[np.float32], labels: NDArray[np.uint8]
) -> None:
    odd = np.where(labels == 1, 700_000, np.where(labels == 4, -2, 0)).astype(np.int32)
    request = MorphometryRequest(save("bvf.nrrd", fractions), tmp_path / "out", save("mask.nrrd", odd))
    regions = load_morphometry(run(request)).regions
    assert [(region.name, region.label) for region in regions] == [("label -2", -2), ("label 700000", 700_000)]
    assert regions[1].values["bv_tv"].value == float(np.mean(fractions[labels == 1] > 0.5))


def test_only_the_surroundings_of_the_mask_are_measured(tmp_path: Path, save: Save) -> None:
    bone = np.zeros((70, 4, 50), np.uint8)
    bone[40:44] = 1
    mask = np.zeros_like(bone)
    mask[42:46, :, 10:12] = 3
    seen: list[tuple[int, ...]] = []

    def measure(image, *others):  # type: ignore[no-untyped-def]
        seen.append(image.fraction.shape)
        return made_up_measure(image, *others)

    request = MorphometryRequest(save("bone.nrrd", bone, 0.5), tmp_path / "out", save("mask.nrrd", mask, 0.5))
    folder = morphometry.run(request, measure=measure)
    assert seen == [(36, 4, 28)]  # the mask and 16 voxels around it
    thickness = read_scalar_image(folder / "tb_th_mm.nii.gz").array
    np.testing.assert_array_equal(np.isfinite(thickness), (bone > 0) & (mask > 0))


def test_rods_from_file_to_table(tmp_path: Path, save: Save) -> None:
    z, y, _ = np.mgrid[:48, :48, :48] * 0.05
    distance = np.hypot((z % 0.8) - 0.41, (y % 0.8) - 0.39)
    rods = np.clip((0.15 - distance) / 0.05 + 0.5, 0, 1).astype(np.float32)  # along x, 0.3 mm thick, 0.8 mm apart
    mask = np.zeros(rods.shape, np.uint8)
    mask[:32, :32], mask[32:] = 2, 1
    source = save("rods.mha", (1000 * rods + 200).astype(np.int16))
    names = (("upper", 2),)
    request = MorphometryRequest(
        source, tmp_path / "out", save("mask.nrrd", mask), bone=1200.0, marrow=200.0, names=names
    )
    findings = load_morphometry(morphometry.run(request))
    assert [region.name for region in findings.regions] == ["label 1", "upper"]
    for region in findings.regions:
        values = {key: measured.value for key, measured in region.values.items()}
        assert values["bv_tv"] == pytest.approx(np.pi * 0.15**2 / 0.8**2, rel=0.02)
        assert values["tb_th_mm"] == pytest.approx(0.3, rel=0.05)
        assert values["da_norm"] > 0.95
        assert region.resolvable
        assert region.principal_lps == pytest.approx((0.0, 1.0, 0.0), abs=0.02)  # x of the image is y of the patient
    thickness = read_scalar_image(tmp_path / "out" / "tb_th_mm.nii.gz").array
    assert np.isnan(thickness[:32, 32:]).all()
    assert np.nanmean(thickness[mask == 2]) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(("value", "flag"), [(0, "no-bone"), (1, "no-marrow")])
def test_a_region_of_one_phase(tmp_path: Path, save: Save, value: int, flag: str) -> None:
    folder = morphometry.run(MorphometryRequest(save("x.nrrd", np.full((8, 9, 10), value, np.uint8)), tmp_path / "out"))
    region = load_morphometry(folder).regions[0]
    assert region.values["bv_tv"].value == value
    assert "tb_th_mm" not in region.values and not region.resolvable
    assert [found.code for found in region.flags] == [flag]


def test_a_mask_on_another_grid_is_resampled(
    tmp_path: Path, save: Save, fractions: NDArray[np.float32], labels: NDArray[np.uint8]
) -> None:
    image = save("bvf.nrrd", fractions)
    same = run(MorphometryRequest(image, tmp_path / "a", save("near.nrrd", labels, origin=(10.001, -20.0, 30.0))))
    assert "mask-resampled" not in codes(same)
    coarse = run(MorphometryRequest(image, tmp_path / "b", save("coarse.nrrd", labels[::2, ::2, ::2], 0.1)))
    assert "mask-resampled" in codes(coarse)
    volumes = [region.volume_mm3 for region in load_morphometry(coarse).regions]
    assert volumes == pytest.approx([np.count_nonzero(labels == 1) * 0.05**3] * 2, rel=0.25)
    moved = run(MorphometryRequest(image, tmp_path / "c", save("moved.nrrd", labels, origin=(10.0, -20.0, 30.5))))
    assert {"mask-resampled", "mask-partly-outside"} <= codes(moved)
    with pytest.raises(InputError, match="The mask lies outside the image"):
        run(MorphometryRequest(image, tmp_path / "d", save("far.nrrd", labels, origin=(90.0, 0.0, 0.0))))
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("name", ["nan.nii.gz", "nan.nrrd", "nan.mha"])
def test_voxels_without_a_value_do_not_count(
    tmp_path: Path, save: Save, fractions: NDArray[np.float32], labels: NDArray[np.uint8], name: str
) -> None:
    holes = fractions.copy()
    holes[:6] = np.nan
    mask = save("mask.nrrd", labels)
    folder = run(MorphometryRequest(save(name, holes), tmp_path / "out", mask))
    region = load_morphometry(folder).regions[0]
    assert region.volume_mm3 == pytest.approx(0.5 * np.count_nonzero(labels == 1) * 0.05**3)
    assert region.values["bv_tv"].value == float(np.mean(fractions[6:10, 2:14] > 0.5))
    assert "voxels-without-value" in codes(folder)
    holes[:10] = np.nan
    folder = run(MorphometryRequest(save(name, holes), tmp_path / "other", mask))
    assert [region.name for region in load_morphometry(folder).regions] == ["label 4"]
    assert "regions-without-value" in codes(folder)
    with pytest.raises(InputError, match="no finite number"):
        run(MorphometryRequest(save(name, holes * np.nan), tmp_path / "third"))


@pytest.mark.parametrize(
    ("make", "changes", "sentence"),
    [
        (lambda a: a[:1], {}, "is a single slice"),
        (lambda a: a[:1, :1, :1], {}, "is a single slice"),
        (lambda a: np.full(a.shape, 7, np.int16), {}, "has one gray value only"),
        (lambda a: a * 1000, {"kind": "fraction"}, "bone volume fractions lie between 0 and 1"),
        (lambda a: a, {"kind": "fraction", "threshold": 0.5}, "for an image of kind fraction"),
        (lambda a: a, {"names": (("medial", 1),)}, "there is no mask"),
        (lambda a: a * 1000, {"bone": 900.0}, "Only one of the gray values"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    tmp_path: Path, save: Save, fractions: NDArray[np.float32], make: Callable, changes: dict, sentence: str
) -> None:
    request = replace(MorphometryRequest(save("image.nrrd", make(fractions)), tmp_path / "deep" / "out"), **changes)
    with pytest.raises(InputError, match=sentence):
        run(request)
    assert os.listdir(tmp_path) == ["image.nrrd"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda a: a * 0, "is empty"),
        (lambda a: a + np.float32(0.25), "no whole numbers"),
        (lambda a: np.arange(a.size, dtype=np.int32).reshape(a.shape), "more than 500 different values"),
        (lambda a: np.where(a, a, np.nan).astype(np.float32), "no whole numbers"),
        (lambda a: a, "has no label 7"),
    ],
)
def test_masks_that_are_none(
    tmp_path: Path,
    save: Save,
    fractions: NDArray[np.float32],
    labels: NDArray[np.uint8],
    make: Callable,
    sentence: str,
) -> None:
    mask = save("mask.nrrd", make(labels))
    with pytest.raises(InputError, match=sentence):
        run(MorphometryRequest(save("bvf.nrrd", fractions), tmp_path / "out", mask, names=(("lateral", 7),)))
    assert not (tmp_path / "out").exists()


def test_vectors_and_series_are_refused(tmp_path: Path, fractions: NDArray[np.float32]) -> None:
    pair = sitk.GetImageFromArray(np.stack([fractions, fractions], axis=-1), isVector=True)
    series = sitk.JoinSeries([sitk.GetImageFromArray(fractions)] * 2)
    for image, sentence in ((pair, "several values per voxel"), (series, "holds 2 volumes")):
        sitk.WriteImage(image, str(tmp_path / "image.nii.gz"))
        with pytest.raises(InputError, match=sentence):
            run(MorphometryRequest(tmp_path / "image.nii.gz", tmp_path / "out"))


def test_more_memory_than_there_is(
    tmp_path: Path, save: Save, fractions: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = save("bvf.nrrd", fractions)
    monkeypatch.setattr("CTSMALib.volumes.memory.memory_limit_bytes", lambda: 1000.0)
    with pytest.raises(InputError, match=r"about .* GB of memory are needed"):
        run(MorphometryRequest(image, tmp_path / "out"))
    monkeypatch.setattr("CTSMALib.volumes.memory.memory_limit_bytes", lambda: None)
    run(MorphometryRequest(image, tmp_path / "out"))


def test_a_cancelled_job_leaves_nothing(tmp_path: Path, save: Save, fractions: NDArray[np.float32]) -> None:
    image = save("bvf.nrrd", fractions)
    for stage in ("Reading the image", "Measuring", "Writing the maps", "Drawing the distributions"):

        def stop(told: str, fraction: float, message: str = "", stage: str = stage) -> None:
            if told == stage:
                raise CancelledError

        with pytest.raises(CancelledError):
            morphometry.run(MorphometryRequest(image, tmp_path / "out"), stop, made_up_measure)
        assert os.listdir(tmp_path) == ["bvf.nrrd"]


def test_only_a_morphometry_is_replaced(tmp_path: Path, save: Save, fractions: NDArray[np.float32]) -> None:
    image = save("bvf.nrrd", fractions)
    request = MorphometryRequest(image, tmp_path / "out")
    run(request)
    with pytest.raises(OutputError, match="already exists"):
        run(request)
    run(replace(request, overwrite=True, maps=False))
    assert not (tmp_path / "out" / "tb_th_mm.nii.gz").exists()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "letter.txt").touch()
    with pytest.raises(OutputError, match="is kept"):
        run(replace(request, out=tmp_path / "kept", overwrite=True))


def test_the_command_sums_it_up(
    tmp_path: Path,
    save: Save,
    fractions: NDArray[np.float32],
    labels: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(morphometry, "_real_measure", lambda: made_up_measure)
    image, mask, out = save("bvf.nrrd", fractions), save("mask.nrrd", labels), tmp_path / "out"
    assert cli.main(["morphometry", str(image), "--mask", str(mask), "--out", str(out), "--labels", "medial=1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Result       {out}"
    bone = float(np.mean(fractions[labels == 1] > 0.5))
    assert lines[2] == (
        f"Region       medial: BV/TV {bone:.3f} ± 0.010, Tb.Th 0.200 mm, Tb.Sp 0.700 ± 0.020 mm, "
        "Tb.N not measured [not-resolvable]"
    )
    assert lines[-1] == "Research use only: not a medical device."
    assert cli.main(["morphometry", str(tmp_path / "absent.nii"), "--out", str(tmp_path / "other")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_arguments_say_what_the_request_says() -> None:
    plain = MorphometryRequest(Path("-x"), Path("--out"))
    names = (("medial plateau", 1), ("b", -3))
    full = MorphometryRequest(
        Path("a"), Path("b"), Path("-m"), "gray", -1.5, 1e-7, 3.0, names, denoise=False, maps=False, overwrite=True
    )
    for request in (plain, full):
        assert morphometry_request(_parser().parse_args(morphometry_arguments(request))) == request


@pytest.mark.parametrize(
    "wrong", [["--labels", "a"], ["--labels", "a=0"], ["--labels", "=1"], ["--labels", "a=1,a=2"],
              ["--labels", "a=1,b=1"], ["--labels", "=x()=1"], ["--bone", "nan"], ["--kind", "color"]]
)  # fmt: skip
def test_wrong_arguments(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["morphometry", "a", "--out", "b", *wrong])
    assert "usage" in capsys.readouterr().err
