"""The result folder: what is written reads back equal, and what is damaged is refused in one sentence."""

from __future__ import annotations

import csv
import gzip
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.folder import SCHEMA_FILE, analysis_schema, load_analysis, write_findings, write_folder
from CTSMALib.analysis.result import Summary
from CTSMALib.errors import InputError
from CTSMALib.volumes.media import write_image
from Testing.core.made_up_knee import KEYS, made_up_knee


@pytest.fixture
def a_folder(tmp_path: Path) -> Path:
    write_folder(made_up_knee(), tmp_path)
    return tmp_path


def test_a_folder_reads_back_equal(a_folder: Path) -> None:
    assert load_analysis(a_folder) == made_up_knee().analysis


def test_features_read_back_in_their_places(tmp_path: Path) -> None:
    knee = made_up_knee()
    told = ((0.5, -1.25), (), (2.0,), (math.nan, 1.0))
    patches = [replace(one, features=told[n % len(told)]) for n, one in enumerate(knee.analysis.patches)]
    write_folder(replace(knee, analysis=replace(knee.analysis, patches=tuple(patches))), tmp_path)
    read = [one.features for one in load_analysis(tmp_path).patches]
    assert read[:4] == [(0.5, -1.25), (), (2.0,), ()]  # one that is no number takes the others along
    path = tmp_path / "patches.csv"
    path.write_text(path.read_text().replace(",0.5,-1.25", ",,-1.25", 1))
    first, second = load_analysis(tmp_path).patches[0].features
    assert math.isnan(first) and second == -1.25


def test_the_json_follows_the_schema(a_folder: Path) -> None:
    document = json.loads((a_folder / "analysis.json").read_text())
    jsonschema.validate(document, analysis_schema())
    del document["tables"]["patches"]["rows"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, analysis_schema())


def test_the_schema_file_is_that_of_the_dataclasses() -> None:
    assert json.loads(SCHEMA_FILE.read_text()) == analysis_schema()


def test_the_table_has_a_row_per_patch_and_a_column_per_quantity(a_folder: Path) -> None:
    with (a_folder / "patches.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 96
    assert rows[0]["id"] == "FM-r1-c1-d1"
    assert [row["label"] for row in rows] == [str(number) for number in range(1, 97)]
    assert float(rows[0]["x_lps_mm"]) == 0.0
    assert set(KEYS) < set(rows[0])
    assert rows[1][KEYS[1]] == ""  # not measured


def test_volumes_keep_values_and_geometry_but_not_the_header(a_folder: Path) -> None:
    written, original = sitk.ReadImage(str(a_folder / "ct.nii.gz")), made_up_knee().images["ct"]
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(written), sitk.GetArrayViewFromImage(original))
    np.testing.assert_allclose(written.GetDirection(), original.GetDirection(), atol=1e-6)
    np.testing.assert_allclose(written.GetOrigin(), original.GetOrigin(), atol=1e-4)
    assert b"Doe" not in gzip.decompress((a_folder / "ct.nii.gz").read_bytes())


def test_surfaces_can_be_read(a_folder: Path) -> None:
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(a_folder / "surfaces" / "tibia.vtp"))
    reader.Update()
    assert reader.GetOutput().GetNumberOfPoints() == made_up_knee().surfaces["tibia"].GetNumberOfPoints()


def test_nothing_but_the_result_is_in_the_folder(a_folder: Path) -> None:
    names = {str(path.relative_to(a_folder)) for path in a_folder.rglob("*") if path.is_file()}
    tables = {"analysis.json", "patches.csv", "display_patches.csv"}
    assert names == tables | {"ct.nii.gz", "labels.nii.gz", "map_ct_mean_hu.nii.gz", "surfaces/tibia.vtp"}


def test_numbers_that_are_not_finite_are_absent(tmp_path: Path) -> None:
    knee = made_up_knee()
    first, *others = knee.analysis.patches
    medial, *rest = knee.analysis.compartments
    analysis = replace(
        knee.analysis,
        image=replace(knee.analysis.image, noise_sd_hu=math.nan),
        scan_values={"ct_noise_hu": math.inf},
        compartments=(replace(medial, values={KEYS[0]: Summary(math.nan, 0.0, 0)}), *rest),
        patches=(replace(first, values={KEYS[0]: math.nan, KEYS[1]: np.float32(2.5)}), *others),
    )
    write_folder(replace(knee, analysis=analysis), tmp_path)
    loaded = load_analysis(tmp_path)
    assert loaded.image.noise_sd_hu is None
    assert loaded.scan_values == {}
    assert loaded.compartments[0].values == {}
    assert loaded.patches[0].values == {KEYS[1]: 2.5}
    assert "nan" not in (tmp_path / "patches.csv").read_text().lower()


def test_a_required_number_that_is_not_finite_is_a_mistake(tmp_path: Path) -> None:
    knee = made_up_knee()
    femur, tibia = knee.analysis.bones
    broken = replace(knee.analysis, bones=(replace(femur, volume_ml=math.nan), tibia))
    with pytest.raises(ValueError, match="JSON"):
        write_folder(replace(knee, analysis=broken), tmp_path)


def test_text_that_no_encoding_holds_is_written(tmp_path: Path) -> None:
    knee = made_up_knee()
    header = replace(knee.analysis.header, patient_name="\udcff\x00 Müller")
    write_folder(replace(knee, analysis=replace(knee.analysis, header=header)), tmp_path)
    assert load_analysis(tmp_path).header.patient_name == "?\x00 Müller"


def _edit(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        document = json.loads((folder / "analysis.json").read_text())
        change(document)
        (folder / "analysis.json").write_text(json.dumps(document))

    return edit


def _rewrite(file: str, old: str, new: str) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return rewrite


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda f: (f / "analysis.json").unlink(), "is not a CTSMA result"),
        (lambda f: (f / "patches.csv").unlink(), "patches.csv is missing"),
        (lambda f: (f / "ct.nii.gz").unlink(), "ct.nii.gz is missing"),
        (lambda f: (f / "surfaces" / "tibia.vtp").unlink(), "tibia.vtp is missing"),
        (lambda f: (f / "analysis.json").write_bytes(b'{"schema_version": '), "not valid JSON"),
        (lambda f: (f / "analysis.json").write_bytes(b"\xff\xfe\x00"), "not valid JSON"),
        (lambda f: (f / "analysis.json").write_text("[" * 100_000), "not valid JSON"),
        (lambda f: (f / "analysis.json").write_text("[]"), "is not valid"),
        (_edit(lambda d: d.update(schema_version="9.0")), "format version 9.0"),
        (_edit(lambda d: d.pop("schema_version")), "format version None"),
        (_edit(lambda d: d.pop("side")), "side"),
        (_edit(lambda d: d.pop("tables")), "damaged"),
        (_edit(lambda d: d["image"].update(spacing_mm="wide")), "spacing_mm"),
        (_edit(lambda d: d["files"].update(ct="../../etc/passwd")), "not a file of the result folder"),
        (_edit(lambda d: d["files"].update(ct="/etc/passwd")), "not a file of the result folder"),
        (_rewrite("patches.csv", "FM-r1-c1-d2,femur,FM,1,", "FM-r1-c1-d2,femur,FM,one,"), "row 3 of patches.csv"),
        (_rewrite("patches.csv", "\n3,", "\n4,"), "not in the order of their labels"),
        (_rewrite("patches.csv", "x_lps_mm", "x"), "other columns"),
        (_rewrite("patches.csv", "TL-r3-c4-d2", '"TL-r3-c4-d2'), "damaged"),
        (lambda f: (f / "patches.csv").write_text(""), "other columns"),
        (lambda f: (f / "patches.csv").write_text((f / "patches.csv").read_text()[:2000]), "row"),
    ],
)
def test_a_damaged_folder_is_refused(a_folder: Path, damage: Callable[[Path], object], sentence: str) -> None:
    damage(a_folder)
    with pytest.raises(InputError, match=sentence) as caught:
        load_analysis(a_folder)
    assert caught.value.remedy
    assert "\n" not in caught.value.message


def test_a_file_or_nothing_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "absent"):
        with pytest.raises(InputError, match="is not a CTSMA result"):
            load_analysis(path)


def test_a_newer_minor_version_is_read(a_folder: Path) -> None:
    _edit(lambda d: d.update(schema_version="1.9", something_new=[1, 2]))(a_folder)
    assert load_analysis(a_folder).side.side == "left"


def test_a_file_name_that_leaves_the_folder_is_not_written(tmp_path: Path) -> None:
    knee = made_up_knee()
    outside = replace(knee.analysis, files={**knee.analysis.files, "ct": "../ct.nii.gz"})
    with pytest.raises(ValueError, match="not a file of the result folder"):
        write_folder(replace(knee, analysis=outside), tmp_path)


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from CTSMALib.analysis.folder import write_folder
from Testing.core.made_up_knee import made_up_knee
knee = made_up_knee(voxels=64)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    write_folder(knee, Path(sys.argv[1]))
except OSError:
    sys.exit(7)
"""


@pytest.mark.parametrize("limit", [100_000, 2_000])
def test_a_write_that_stops_halfway_is_noticed(tmp_path: Path, limit: int) -> None:
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path), str(limit)],
        env={"PYTHONPATH": f"{root / 'CTSMA'}:{root}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=60,
    )
    assert run.returncode == 7, run.stderr.decode()
    assert not (tmp_path / "analysis.json").exists()


def test_findings_are_written_again_alone(a_folder: Path) -> None:
    before = {path: path.read_bytes() for path in a_folder.rglob("*") if path.is_file()}
    changed = replace(made_up_knee().analysis, method="another")
    write_findings(changed, a_folder)
    assert load_analysis(a_folder) == changed
    after = {path: path.read_bytes() for path in a_folder.rglob("*") if path.is_file()}
    assert {path.name for path in after if after[path] != before.get(path)} == {"analysis.json"}


def test_findings_that_cannot_be_written_leave_the_old_ones(a_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    names = sorted(os.listdir(a_folder))
    with pytest.raises(OSError, match="No space"):
        write_findings(replace(made_up_knee().analysis, method="another"), a_folder)
    assert load_analysis(a_folder) == made_up_knee().analysis
    assert sorted(os.listdir(a_folder)) == names


def test_a_volume_that_cannot_be_written_is_told_by_an_error_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OSError):
        write_image(made_up_knee().images["ct"], tmp_path / "absent" / "ct.nii.gz")
    assert capfd.readouterr() == ("", "")
