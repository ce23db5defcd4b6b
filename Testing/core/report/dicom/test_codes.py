"""Every quantity of the catalogue has a code and a unit of its own."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from CTSMALib.anatomy.labels import BONES
from CTSMALib.catalogue import QUANTITIES, quantities, quantity
from CTSMALib.report.dicom import codes
from CTSMALib.report.dicom.study import LONGEST_DESCRIPTION, RESEARCH, VIRTUAL, decimal_string


def test_codes_are_short_and_tell_quantities_apart() -> None:
    found = [codes.quantity_code(entry) for entry in QUANTITIES]
    assert len({(code.scheme_designator, code.value) for code in found}) == len(QUANTITIES)
    assert all("CodeValue" in code and len(code.CodeMeaning) <= 64 for code in found)
    assert all(codes.quantity_of(code) is entry for code, entry in zip(found, QUANTITIES, strict=True))


def test_a_code_of_something_else_is_no_quantity() -> None:
    other = Dataset()
    other.CodeValue, other.CodingSchemeDesignator, other.CodeMeaning = "ct_bvf", "99OTHER", "Something else"
    assert codes.quantity_of(other) is None


@pytest.mark.parametrize(
    ("key", "code", "scheme", "unit"),
    [
        ("ct_hu_mean", "Q4LE", "IBSI", "[hnsf'U]"),
        ("ct_gradient_lateral", "ct_grad_lat", "99CTSMA", "[hnsf'U]/mm"),
        ("app_tb_n_per_mm", "app_tb_n_per_mm", "99CTSMA", "/mm"),
        ("app_bv_tv", "app_bv_tv", "99CTSMA", "1"),
    ],
)
def test_some_codes(key: str, code: str, scheme: str, unit: str) -> None:
    found = codes.quantity_code(quantity(key))
    assert (found.value, found.scheme_designator) == (code, scheme)
    assert codes.unit_code(quantity(key)).value == unit


def test_every_unit_has_a_code() -> None:
    for entry in QUANTITIES:
        code = codes.unit_code(entry)
        assert code.scheme_designator == "UCUM" and len(code.value) <= 16


def test_bones_have_the_codes_of_label_maps() -> None:
    assert [codes.bone_code(bone).value for bone in BONES] == [bone.snomed for bone in BONES]


def test_descriptions_of_maps_are_never_cut() -> None:
    for entry in quantities(mapped=True):
        words = f"{VIRTUAL}, CTSMA {entry.symbol} map, right knee, {RESEARCH}"
        assert len(words) <= LONGEST_DESCRIPTION, words


@pytest.mark.parametrize(
    "value", [0.1 + 0.2, -161.13285799999, 1e-17, 3.269999999999982, -1 / 3, 535.649999999997, 1e6]
)
def test_decimal_strings_are_short_and_exact(value: float) -> None:
    written = decimal_string(value)
    assert len(written) <= 16
    assert float(written) == pytest.approx(value, rel=1e-9, abs=1e-12)
