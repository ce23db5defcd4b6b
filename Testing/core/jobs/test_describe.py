"""What ``ctsma info`` says."""

from __future__ import annotations

from dataclasses import asdict

from CTSMALib.jobs.describe import can_be_analyzed, description_lines
from CTSMALib.volumes import SeriesInfo

SIZE_MM = (180.0, 180.0, 120.0)
A_KNEE = SeriesInfo("1.2.3", "4", "4", "Knee", "CT", "B60s", "KNEE", 200, (0.35, 0.35), 0.6, SIZE_MM, True, "")
A_SCOUT = SeriesInfo("1.2.4", "1", "1", "", "CT", "", "", 1, None, None, None, False, "It is a localizer.")


def test_a_folder_lists_its_series_the_one_taken_first() -> None:
    another = SeriesInfo(**{**asdict(A_KNEE), "choice": "5"})
    lines = description_lines({"series": [asdict(A_KNEE), asdict(another), asdict(A_SCOUT)]})
    assert lines[:3] == [
        "Series 4: Knee (CT)",
        "  200 images, pixels of 0.35 × 0.35 mm, slices every 0.6 mm, kernel B60s",
        "  can be analyzed",
    ]
    assert "  cannot be analyzed: It is a localizer." in lines
    assert lines[-1] == "Series 4 is taken unless another one is chosen with --series."


def test_a_series_is_named_once() -> None:
    mask = SeriesInfo(**{**asdict(A_SCOUT), "choice": "1.2.4", "description": "Mask", "modality": "RTSTRUCT",
                         "reason": "Series 1.2.4 'Mask' is a set of contours, not a CT."})  # fmt: skip
    lines = description_lines({"series": [asdict(mask)]})
    assert lines[0] == "Series 1.2.4: Mask (RTSTRUCT)"
    assert lines[2] == "  cannot be analyzed: it is a set of contours, not a CT."


def test_whether_anything_can_be_analyzed() -> None:
    assert can_be_analyzed({"image": {}})
    assert can_be_analyzed({"series": [asdict(A_SCOUT), asdict(A_KNEE)]})
    assert not can_be_analyzed({"series": [asdict(A_SCOUT)]})


def test_one_usable_series_leaves_no_choice() -> None:
    lines = description_lines({"series": [asdict(A_KNEE), asdict(A_SCOUT)]})
    assert not [line for line in lines if "--series" in line]


def test_an_image_tells_its_size_and_notices() -> None:
    notices = [{"code": "no-side", "text": "The side is unknown.", "severity": "caution"}]
    image = {"format": "NRRD", "size_voxels": [512, 512, 100], "spacing_mm": [0.4, 0.4, 2.0], "notices": notices}
    assert description_lines({"image": image}) == [
        "NRRD image",
        "  512 × 512 × 100 voxels of 0.4 × 0.4 × 2 mm",
        "  205 × 205 × 200 mm in all",
        "  can be analyzed",
        "  note: The side is unknown.",
    ]
