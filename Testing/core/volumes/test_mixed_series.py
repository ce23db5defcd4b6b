"""Series with foreign files, mixed settings, and identifiers that are missing or given twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from CTSMALib.errors import InputError
from CTSMALib.notices import Severity
from CTSMALib.volumes import list_series, read_scan
from Testing.core.volumes.bad_inputs import attribute
from Testing.core.volumes.dicom_writer import Geometry, write_enhanced, write_series
from Testing.core.volumes.same_scan import assert_same, codes


def for_some(these: range, **changes: object):
    """An edit of some slices; ``None`` deletes an element."""

    def edit(ds: Dataset, i: int) -> None:
        for keyword, value in changes.items():
            if i in these:
                attribute(keyword, value)(ds, i)

    return edit


def colored(ds: Dataset) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = bytes(ds.Rows * ds.Columns * 3)


FOREIGN = {
    "a colored capture": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
    "another class": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
    "another modality": {"Modality": "SR"},
    "color": {},
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("place", [0, 40], ids=["first", "last"])
def test_foreign_files_are_left_out(tmp_path: Path, a_phantom: np.ndarray, kind: str, place: int) -> None:
    def edit(ds: Dataset, i: int) -> None:
        if i == place:
            if "color" in kind:
                colored(ds)
            for keyword, value in FOREIGN[kind].items():
                setattr(ds, keyword, value)
            ds.SeriesDescription, ds.KVP = "Screen", "80"

    hu = np.insert(a_phantom, place, a_phantom[0], axis=0)
    positions = [*range(place), 3, *range(place, 40)]
    write_series(tmp_path, hu, positions=positions, edit=edit)
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    (notice,) = scan.notices
    assert (notice.code, notice.severity) == ("images-left-out", Severity.INFO) and "1 " in notice.text
    assert (scan.header.series_description, scan.header.kvp) == ("Knee bone 0.6", 120.0)


@pytest.mark.parametrize("keywords", [("RescaleSlope", "RescaleIntercept"), ("RescaleIntercept",)])
def test_a_rescale_of_some_slices_only_is_refused(
    tmp_path: Path, a_phantom: np.ndarray, keywords: tuple[str, ...]
) -> None:
    write_series(tmp_path, a_phantom, edit=for_some(range(25, 40), **dict.fromkeys(keywords)))
    with pytest.raises(InputError, match="for only 25 of its 40 slices") as caught:
        read_scan(tmp_path)
    assert not list_series(tmp_path)[0].usable and caught.value.remedy.startswith("Export")


@pytest.mark.parametrize(
    ("deleted", "said"),
    [({"RescaleIntercept": range(40), "RescaleSlope": range(25, 40)}, "none of its 40 .* 25 state a slope without"),
     ({"RescaleIntercept": range(25), "RescaleSlope": range(25, 40)}, "none of its 40 .* 40 state a slope without")],
)  # fmt: skip
def test_a_part_of_a_rescale_of_some_slices_is_refused(
    tmp_path: Path, a_phantom: np.ndarray, deleted: dict[str, range], said: str
) -> None:
    def edit(ds: Dataset, i: int) -> None:
        for keyword, these in deleted.items():
            for_some(these, **{keyword: None})(ds, i)

    write_series(tmp_path, a_phantom, edit=edit)
    with pytest.raises(InputError, match=said):
        read_scan(tmp_path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"ConvolutionKernel": "SOFT"}, "BONE and SOFT"), ({"KVP": "80"}, "80 and 120 kV")],
)
def test_mixed_settings_are_refused(
    tmp_path: Path, a_phantom: np.ndarray, changes: dict[str, object], named: str
) -> None:
    write_series(tmp_path, a_phantom, edit=for_some(range(20, 40), **changes))
    with pytest.raises(InputError, match=named):
        read_scan(tmp_path)


@pytest.mark.parametrize("changes", [{"ConvolutionKernel": ""}, {"KVP": None}, {"KVP": "0"}, {"KVP": "120.0"}])
def test_settings_that_some_slices_do_not_state_are_no_mixture(
    tmp_path: Path, a_phantom: np.ndarray, changes: dict[str, object]
) -> None:
    write_series(tmp_path, a_phantom, edit=for_some(range(20, 40), **changes))
    scan = read_scan(tmp_path)
    assert scan.notices == () and (scan.header.kvp, scan.header.convolution_kernel) == (120.0, "BONE")


@pytest.mark.parametrize(("keyword", "values"), [("ConvolutionKernel", ("SOFT", "BONE")), ("KVP", ("80", "120"))])
def test_two_sets_over_each_other_are_told_apart_and_the_header_is_of_the_one_read(
    tmp_path: Path, a_phantom: np.ndarray, keyword: str, values: tuple[str, str]
) -> None:
    def edit(ds: Dataset, i: int) -> None:
        setattr(ds, keyword, values[i >= 30])
        ds.SliceThickness = 1.5 if i >= 30 else 4.0

    both = np.concatenate([a_phantom[:30] + 3, a_phantom])
    write_series(tmp_path, both, positions=[*range(30), *range(40)], edit=edit)
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert codes(scan) == {"several-acquisitions"}
    header = scan.header
    assert (header.convolution_kernel, header.kvp, header.slice_thickness_mm) == ("BONE", 120.0, 1.5)
    assert list_series(tmp_path)[0].kernel == "BONE"


def test_the_size_is_that_of_the_slices_read(tmp_path: Path, a_phantom: np.ndarray) -> None:
    """And not of a first image that is left out."""

    def edit(ds: Dataset, i: int) -> None:
        if i == 0:
            ds.Rows, ds.Columns, ds.KVP = 8, 8, "80"
            ds.PixelData = bytes(128)

    write_series(tmp_path, np.concatenate([a_phantom[:1], a_phantom]), positions=[0, *range(40)], edit=edit)
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert list_series(tmp_path)[0].extent_mm == pytest.approx((64 * 0.8, 56 * 0.7, 60.0))
    assert scan.header.kvp == 120.0


def test_the_header_is_of_a_frame_that_is_read(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def edit(ds: Dataset) -> None:
        shared = ds.SharedFunctionalGroupsSequence[0]
        details = shared.CTXRayDetailsSequence
        del shared.CTXRayDetailsSequence
        for i, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
            groups.CTXRayDetailsSequence = details
            if i == 0:
                groups.PlanePositionSequence[0].ImagePositionPatient = None
                groups.CTXRayDetailsSequence = [Dataset()]
                groups.CTXRayDetailsSequence[0].KVP = 80.0

    write_enhanced(tmp_path / "e.dcm", np.concatenate([a_phantom[:1], a_phantom]), edit=edit,
                   order=[0, *range(1, 41)])  # fmt: skip
    assert read_scan(tmp_path / "e.dcm").header.kvp == 120.0


@pytest.mark.parametrize("kvp", ["0", "1000", "120000"])
def test_a_voltage_that_cannot_be_is_taken_for_none(tmp_path: Path, a_phantom: np.ndarray, kvp: str) -> None:
    from CTSMALib.volumes.tube_voltage import at_voltage

    write_series(tmp_path, a_phantom, edit=attribute("KVP", kvp))
    scan = read_scan(tmp_path)
    (notice,) = scan.notices
    assert (notice.code, notice.severity) == ("impossible-voltage", Severity.CAUTION)
    assert f"{float(kvp):g} kV" in notice.text and "120 kV is assumed" in notice.text
    assert scan.header.kvp is None and at_voltage(scan, 120.0).header.kvp == 120.0


def copy_of(folder: Path, name: str, value: int | None = None, **changes: object) -> None:
    """Put a copy of a file beside the series; one of its pixels, or elements of its header, may be altered."""
    import pydicom

    ds = pydicom.dcmread(folder / "a" / name)
    if value is not None:
        stored = bytearray(ds.PixelData)
        stored[1000:1002] = value.to_bytes(2, "little")
        ds.PixelData = bytes(stored)
    for keyword, changed in changes.items():
        setattr(ds, keyword, changed)
    (folder / "b").mkdir(exist_ok=True)
    ds.save_as(folder / "b" / name)


def test_an_altered_copy_is_refused(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path / "a", a_phantom)
    copy_of(tmp_path, "0003.dcm")
    copy_of(tmp_path, "0004.dcm", value=77)
    with pytest.raises(InputError, match=r"two different images under one identifier \('0004.dcm'\)"):
        read_scan(tmp_path)
    assert not list_series(tmp_path)[0].usable


def test_a_copy_with_another_header_is_a_copy(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path / "a", a_phantom)
    copy_of(tmp_path, "0003.dcm", PatientName="Somebody^Else")
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert codes(scan) == {"doubled-slices"}


def test_copies_of_enhanced_files_are_compared_soon(
    tmp_path: Path, a_phantom: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is decoded once and not once for every frame."""
    import pydicom

    from CTSMALib.volumes import dicom_pixels

    write_enhanced(tmp_path / "e.dcm", a_phantom)
    ds = pydicom.dcmread(tmp_path / "e.dcm")
    ds.PatientName = "Somebody^Else"
    ds.save_as(tmp_path / "f.dcm")
    decoded: list[Path] = []
    read = dicom_pixels._decoded
    monkeypatch.setattr(dicom_pixels, "_decoded", lambda path: (decoded.append(path), read(path))[1])
    assert list_series(tmp_path)[0].usable
    assert len(decoded) == 2
    assert codes(read_scan(tmp_path)) == {"doubled-slices"}


@pytest.mark.parametrize("uid", [None, "1.2.3"], ids=["none", "one for all"])
def test_slices_without_identifiers_of_their_own_are_read(
    tmp_path: Path, a_phantom: np.ndarray, uid: str | None
) -> None:
    import pydicom

    write_series(tmp_path, a_phantom)
    for path in tmp_path.iterdir():
        ds = pydicom.dcmread(path)
        ds.SOPInstanceUID = uid or ""
        if uid is None:
            del ds.SOPInstanceUID
        ds.save_as(path)
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert scan.notices == ()
