"""Of several series the likely knee CT is read, and every other one can be named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from CTSMALib.errors import InputError
from CTSMALib.notices import Severity
from CTSMALib.volumes import list_series, read_scan
from CTSMALib.volumes.likelihood import kernel_sharpness
from Testing.core.volumes.bad_inputs import attribute
from Testing.core.volumes.dicom_writer import Geometry, write_series


@pytest.fixture
def a_study(tmp_path: Path, a_phantom: np.ndarray) -> Path:
    """Soft and sharp thin series, a thick one, a coronal reformat, a localizer and an MR."""
    thin, thick = Geometry(), Geometry(spacing=(0.8, 0.7, 3.0))

    def kernel(name: str, *kinds: str) -> object:
        def edit(ds: Dataset, _: int) -> None:
            ds.ConvolutionKernel = name
            ds.ImageType = list(kinds or ("ORIGINAL", "PRIMARY", "AXIAL"))

        return edit

    coronal = Geometry(direction=np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float))
    write_series(tmp_path / "a", a_phantom[:2], series_number=1, description="Topogram",
                 edit=attribute("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))  # fmt: skip
    write_series(tmp_path / "b", a_phantom, thin, series_number=2, description="soft", edit=kernel("B30f"))
    write_series(tmp_path / "c", a_phantom, thin, series_number=3, description="sharp", edit=kernel("Br64"))
    write_series(tmp_path / "d", a_phantom[::2], thick, series_number=4, description="thick", edit=kernel("Br64"))
    write_series(tmp_path / "e", a_phantom, coronal, series_number=5, description="coronal",
                 edit=kernel("Br64", "DERIVED", "SECONDARY", "MPR"))  # fmt: skip
    write_series(tmp_path / "f", a_phantom, thin, series_number=6, description="T1", edit=attribute("Modality", "MR"))
    return tmp_path


def test_the_list_begins_with_the_likely_knee_ct(a_study: Path) -> None:
    listed = list_series(a_study)
    assert [s.description for s in listed] == ["sharp", "soft", "thick", "coronal", "Topogram", "T1"]
    first, thick, mr = listed[0], listed[2], listed[5]
    assert (first.number, first.choice, first.kernel, first.n_images, first.usable) == ("3", "3", "Br64", 40, True)
    assert (thick.slice_spacing_mm, thick.spacing_mm, thick.extent_mm[2]) == (3.0, (0.8, 0.7), 60.0)
    assert (mr.usable, mr.extent_mm) == (False, None)
    assert "MR series" in mr.reason


@pytest.mark.parametrize("name", ["MonoE 60 bone", "knee mono+ 140", "Knee 70 keV"])
def test_images_of_one_energy_come_after_those_of_a_tube_voltage(
    name: str, tmp_path: Path, a_phantom: np.ndarray
) -> None:
    write_series(tmp_path / "a", a_phantom, series_number=1, description=name,
                 edit=attribute("ConvolutionKernel", "Br64"))  # fmt: skip
    write_series(tmp_path / "b", a_phantom, series_number=2, description="knee monitor soft",
                 edit=attribute("ConvolutionKernel", "Br36"))  # fmt: skip
    assert [s.number for s in list_series(tmp_path)] == ["2", "1"]


def test_images_of_one_energy_are_told_by_their_type(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def sharp(ds: Dataset, _: int) -> None:
        ds.ConvolutionKernel, ds.ImageType = "Br64", ["ORIGINAL", "PRIMARY", "AXIAL", "VMI"]

    write_series(tmp_path / "a", a_phantom, series_number=1, edit=sharp)
    write_series(tmp_path / "b", a_phantom, series_number=2, edit=attribute("ConvolutionKernel", "Br36"))
    assert [s.number for s in list_series(tmp_path)] == ["2", "1"]


def test_a_name_that_is_split_at_its_capitals_tells_one_energy(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path / "a", a_phantom, series_number=1, description="KneeMonoE",
                 edit=attribute("ConvolutionKernel", "Br64"))  # fmt: skip
    write_series(tmp_path / "b", a_phantom, series_number=2, edit=attribute("ConvolutionKernel", "Br36"))
    assert [s.number for s in list_series(tmp_path)] == ["2", "1"]


@pytest.mark.parametrize(("name", "order"), [("knee MIP thin", ["2", "1"]), ("knee thin for MIP", ["1", "2"])])
def test_a_name_that_speaks_of_a_computed_image_comes_later(
    name: str, order: list[str], tmp_path: Path, a_phantom: np.ndarray
) -> None:
    write_series(tmp_path / "a", a_phantom, series_number=1, description=name,
                 edit=attribute("ConvolutionKernel", "Br64"))  # fmt: skip
    write_series(tmp_path / "b", a_phantom, series_number=2, edit=attribute("ConvolutionKernel", "Br36"))
    assert [s.number for s in list_series(tmp_path)] == order


def test_the_first_is_read_and_the_others_are_named(a_study: Path) -> None:
    scan = read_scan(a_study)
    assert scan.header.series_description == "sharp"
    (notice,) = scan.notices
    assert (notice.code, notice.severity) == ("other-series", Severity.CAUTION)
    for words in ("6 series", "2 (soft, CT, 40 images, B30f)", "5 (coronal", "Not usable: 2"):
        assert words in notice.text


@pytest.mark.parametrize(("series", "description"), [("4", "thick"), ("2", "soft"), ("5", "coronal")])
def test_a_series_is_named_by_its_number(a_study: Path, series: str, description: str) -> None:
    assert read_scan(a_study, series).header.series_description == description


def test_a_series_is_named_by_its_uid(a_study: Path) -> None:
    uid = list_series(a_study)[1].uid
    assert read_scan(a_study, uid).header.series_uid == uid


def test_a_series_is_named_by_its_place(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path / "a", a_phantom, series_number=301, description="Knee")
    write_series(tmp_path / "b", a_phantom, series_number=302, description="Chest")
    assert read_scan(tmp_path, "2").header.series_description == "Chest"


def test_an_unknown_series_lists_the_choices(a_study: Path) -> None:
    with pytest.raises(InputError, match="no series '77'") as caught:
        read_scan(a_study, "77")
    assert caught.value.remedy == "Choose 3 (sharp) or 2 (soft) or 4 (thick) or 5 (coronal)."


def test_an_unknown_series_among_none_that_can_be_used(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, a_phantom, series_number=6, edit=attribute("Modality", "MR"))
    with pytest.raises(InputError, match="no series '7'") as caught:
        read_scan(tmp_path, "7")
    assert caught.value.remedy.startswith("None of the 1 series here can be used")


def test_a_series_has_one_name(tmp_path: Path, a_phantom: np.ndarray) -> None:
    for name in "ab":
        write_series(tmp_path / name, a_phantom, series_number=8, description=name, edit=attribute("Modality", "MR"))
    for info in list_series(tmp_path):
        assert info.choice == info.uid
        assert info.reason.startswith(f"Series {info.uid} '{info.description}' is an MR series")


def test_places_are_those_of_the_list(tmp_path: Path, a_phantom: np.ndarray) -> None:
    for number, kernel in ((301, "B30f"), (302, "Br64"), (303, "B50f")):
        write_series(tmp_path / kernel, a_phantom, series_number=number, edit=attribute("ConvolutionKernel", kernel))
    listed = list_series(tmp_path)
    assert [info.number for info in listed] != ["301", "302", "303"]
    read = [read_scan(tmp_path, str(place)).header.series_uid for place in (1, 2, 3)]
    assert read == [info.uid for info in listed]


def test_a_file_that_stands_for_its_series_is_told(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, a_phantom)
    file = sorted(tmp_path.iterdir())[3]
    (notice,) = read_scan(file).notices
    assert (notice.code, notice.severity) == ("series-of-file", Severity.INFO)
    assert notice.text.startswith(f"'{file.name}' is one of the 40 files of its series")
    assert read_scan(tmp_path).notices == ()


def test_an_unusable_series_says_why(a_study: Path) -> None:
    with pytest.raises(InputError, match="is an MR series"):
        read_scan(a_study, "6")


def test_a_number_given_twice_asks_for_the_uid(tmp_path: Path, a_phantom: np.ndarray) -> None:
    uids = [write_series(tmp_path / name, a_phantom, series_number=8, description=name) for name in "ab"]
    assert {s.choice for s in list_series(tmp_path)} == set(uids)
    with pytest.raises(InputError, match="2 series have the number 8") as caught:
        read_scan(tmp_path, "8")
    assert all(uid in caught.value.remedy for uid in uids)


def test_words_outweigh_sharpness(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def elsewhere(ds: Dataset, _: int) -> None:
        ds.BodyPartExamined, ds.StudyDescription = "CHEST", "CT chest"

    def smooth(ds: Dataset, _: int) -> None:
        ds.ConvolutionKernel, ds.PatientID = "STANDARD", "P2"

    write_series(tmp_path / "a", a_phantom, series_number=1, description="lung", edit=elsewhere)
    write_series(tmp_path / "b", a_phantom, series_number=2, description="Knie links", edit=smooth)
    scan = read_scan(tmp_path)
    assert scan.header.series_number == "2"
    assert "of 2 patients" in scan.notices[0].text


@pytest.mark.parametrize(
    ("kernel", "sharp"),
    [("B70f", True), ("Br64d", True), ("BONEPLUS", True), ("EDGE", True), ("FC30", True), ("FC81", True), ("YE", True),
     ("B20s", False), ("I30f", False), ("STANDARD", False), ("SOFT", False), ("FC08", False), ("B", False)],
)  # fmt: skip
def test_kernel_names(kernel: str, sharp: bool) -> None:
    assert (kernel_sharpness(kernel) > 0.5) is sharp
