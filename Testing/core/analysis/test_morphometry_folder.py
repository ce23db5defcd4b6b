"""The folder of a morphometry reads back equal; what is damaged is refused in one sentence."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from CTSMALib.analysis.bone_input import Wanted, bone_image_of
from CTSMALib.analysis.morphometry_folder import (
    MORPHOMETRY_SCHEMA_FILE,
    holds_morphometry,
    load_morphometry,
    morphometry_files,
    morphometry_schema,
    write_morphometry,
)
from CTSMALib.analysis.morphometry_result import (
    Distribution,
    Meaning,
    MeasuredValue,
    MorphometryFindings,
    MorphometryResult,
    RegionFindings,
    VolumeFacts,
)
from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity
from CTSMALib.report.figures.distributions import distribution_figure
from CTSMALib.report.morphometry_text import morphometry_lines
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.scan import InputIdentity

GRID = Grid((4, 3, 2), (0.1, 0.1, 0.3), (1.0, 2.0, 3.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
SPACING_ZYX = (0.3, 0.1, 0.1)


@pytest.fixture
def a_result() -> MorphometryResult:
    values = {"bv_tv": MeasuredValue(0.25, 0.01, "1"), "tb_th_mm": MeasuredValue(0.17, None, "mm")}
    flag = Notice("not-resolvable", "A trabecula is under two voxels.")
    regions = (
        RegionFindings("medial", 1, 0.02, values, (0.0, 0.6, 0.8), False, (flag,)),
        RegionFindings("all, of it", None, 0.07, {}, None, True),
    )
    image = VolumeFacts(InputIdentity("bvf.nii.gz", "NIfTI", "ab" * 32), GRID.size, GRID.spacing_mm)
    findings = MorphometryFindings(
        software_version="0.0.0", created="2026-01-01T00:00:00+00:00", image=image, mask=None,
        meaning=Meaning("gray", True, threshold=400.0, threshold_method="Otsu"), denoised=True, regions=regions,
        files=morphometry_files(["tb_th_mm"], figure=False),
        notices=(Notice("kind-assumed", "Read as gray values.", Severity.INFO),),
    )  # fmt: skip
    spread = Distribution("medial", 1, "tb_th_mm", np.array([0.0, 0.1, 0.3]), np.array([0.25, 0.75]))
    return MorphometryResult(findings, (spread,), {"tb_th_mm": np.full((2, 3, 4), np.nan, np.float32)}, GRID)


@pytest.fixture
def a_folder(tmp_path: Path, a_result: MorphometryResult) -> Path:
    write_morphometry(a_result, tmp_path)
    return tmp_path


def test_a_folder_reads_back_equal(a_folder: Path, a_result: MorphometryResult) -> None:
    assert load_morphometry(a_folder) == a_result.findings
    assert holds_morphometry(a_folder)
    assert {path.name for path in a_folder.iterdir()} == {
        "morphometry.json", *morphometry_files(["tb_th_mm"], figure=False).values()
    }  # fmt: skip


def test_the_json_follows_the_schema(a_folder: Path) -> None:
    document = json.loads((a_folder / "morphometry.json").read_text())
    jsonschema.validate(document, morphometry_schema())
    del document["regions"][0]["values"]["bv_tv"]["unit"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, morphometry_schema())


def test_the_schema_file_is_that_of_the_dataclasses() -> None:
    assert json.loads(MORPHOMETRY_SCHEMA_FILE.read_text()) == morphometry_schema()


def test_the_tables_hold_exact_numbers_and_empty_cells(a_folder: Path) -> None:
    with (a_folder / "morphometry.csv").open() as file:
        first, second = csv.DictReader(file)
    assert (first["bv_tv"], first["bv_tv_uncertainty"], first["tb_th_mm_uncertainty"]) == ("0.25", "0.01", "")
    assert (second["region"], second["label"], second["bv_tv"], second["flags"]) == ("all, of it", "", "", "")
    with (a_folder / "histograms.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["key"], row["lower_mm"], row["upper_mm"], row["volume_fraction"]) for row in rows] == [
        ("tb_th_mm", "0.0", "0.1", "0.25"),
        ("tb_th_mm", "0.1", "0.3", "0.75"),
    ]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("", "is damaged"),
        ("[]", "is damaged"),
        ('{"schema_version": "1.0"}', "is damaged"),
        ('{"schema_version": "2.0"}', "has format version 2.0"),
    ],
)
def test_a_damaged_folder_is_refused(a_folder: Path, damage: str, sentence: str) -> None:
    (a_folder / "morphometry.json").write_text(damage)
    with pytest.raises(InputError, match=sentence):
        load_morphometry(a_folder)
    (a_folder / "morphometry.json").unlink()
    with pytest.raises(InputError, match="holds no morphometry"):
        load_morphometry(a_folder)


def test_numbers_that_json_cannot_hold_are_no_result(tmp_path: Path, a_result: MorphometryResult) -> None:
    region = replace(a_result.findings.regions[0], volume_mm3=math.inf)
    with pytest.raises(ValueError, match="JSON"):
        write_morphometry(replace(a_result, findings=replace(a_result.findings, regions=(region,))), tmp_path)
    assert not holds_morphometry(tmp_path)


def test_the_figure_says_what_it_leaves_out(a_result: MorphometryResult, monkeypatch: pytest.MonkeyPatch) -> None:
    from CTSMALib.report.figures import canvas

    said: list[str] = []
    monkeypatch.setattr(canvas, "title", lambda figure, text, below="": said.append(below))
    drawn = distribution_figure(a_result.findings, a_result.distributions)
    assert drawn.png.startswith(b"\x89PNG")
    many = replace(a_result.findings, regions=a_result.findings.regions * 5)
    distribution_figure(many, a_result.distributions)
    assert said[1] == "The first 6 of 10 regions"


def test_ten_regions_at_most_are_listed(a_result: MorphometryResult) -> None:
    lines = morphometry_lines(replace(a_result.findings, regions=a_result.findings.regions[:1] * 12))
    assert lines[0] == "Values       gray, bone above 400 (Otsu), noise removed"
    assert len([line for line in lines if line.startswith("Region ")]) == 10
    assert "             and 2 more regions in the table" in lines
    assert "Flag         12 regions: A trabecula is under two voxels." in lines


@pytest.mark.parametrize(
    ("values", "wanted", "kind", "bone"),
    [
        ([0, 1, 0, 1], Wanted(), "binary", [0, 1, 0, 1]),
        ([0, 255, 0, 0], Wanted(), "binary", [0, 1, 0, 0]),
        ([1, 2, 1, 2], Wanted(), "binary", [0, 1, 0, 1]),
        ([0, 0, 0, 0], Wanted(), "binary", [0, 0, 0, 0]),
        ([1, 1, 1, 1], Wanted(), "binary", [1, 1, 1, 1]),
        ([0, 1, np.nan, 1], Wanted(), "binary", [0, 1, 0, 1]),
        ([0.0, 0.25, 0.75, 1.1], Wanted(), "fraction", [0, 0, 1, 1]),
        ([-200, 100, 900, 1000], Wanted(), "gray", [0, 0, 1, 1]),
        ([0, 1, 2, 3], Wanted(), "gray", [0, 0, 1, 1]),
        ([0.0, 0.25, 0.75, 1.1], Wanted(threshold=0.2), "gray", [0, 1, 1, 1]),
        ([-200, 100, 900, 1000], Wanted(bone=-200.0, marrow=1000.0), "gray", [1, 1, 0, 0]),
        ([0, 1, 2, 3], Wanted("binary"), "binary", [0, 1, 1, 1]),
    ],
)
def test_what_the_values_mean(values: list[float], wanted: Wanted, kind: str, bone: list[int]) -> None:
    array = np.tile(np.array(values, np.float32), (2, 3, 1))
    image, meaning, notices = bone_image_of(array, SPACING_ZYX, None, wanted)
    assert meaning.kind == kind
    np.testing.assert_array_equal(image.bone[0, 0] & image.mask[0, 0], np.array(bone, bool))
    assert np.array_equal(image.mask, np.isfinite(array))
    assert ("kind-assumed" in {notice.code for notice in notices}) == (wanted == Wanted())


def test_a_region_without_any_value_is_refused() -> None:
    array = np.array([[[np.nan, 0.0, 1.0]] * 2] * 2, np.float32)
    with pytest.raises(InputError, match="No voxel of the region has a value"):
        bone_image_of(array, SPACING_ZYX, np.isnan(array), Wanted())
