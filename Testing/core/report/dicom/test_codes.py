"""Every quantity of the catalogue has a code and a unit of its own."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from CTSMALib.anatomy.labels import BONES
from CTSMALib.catalogue import QUANTITIES, quantities, quantity
from CTSMALib.report.dicom import codes
from CTSMALib.report.dicom.study import LONGEST_DESCRIPTION, RESEARCH, VIRTUAL, decimal_string
from Testing.core.report.dicom.code_reading import quantity_of


def test_codes_are_short_and_tell_quantities_apart() -> None:
    found = [codes.quantity_code(entry) for entry in QUANTITIES]
    assert len({(code.scheme_designator, code.value) for code in found}) == len(QUANTITIES)
    assert all("CodeValue" in code and len(code.CodeMeaning) <= 64 for code in found)
    assert all(quantity_of(code) is entry for code, entry in zip(found, QUANTITIES, strict=True))


def test_a_code_of_something_else_is_no_quantity() -> None:
    other = Dataset()
    other.CodeValue, other.CodingSchemeDesignator, other.CodeMeaning = "ct_bvf", "99OTHER", "Something else"
    assert quantity_of(other) is None


@pytest.mark.parametrize(
    ("key", "code", "scheme", "unit"),
    [
        ("ct_hu_mean", "Q4LE", "IBSI", "[hnsf'U]"),
        ("ct_hu_p10", "QG58", "IBSI", "[hnsf'U]"),
        ("ct_hu_p90", "8DWT", "IBSI", "[hnsf'U]"),
        ("ct_hu_entropy", "TLU2", "IBSI", "bit"),
        ("ct_hu_kurtosis", "ct_hu_kurtosis", "99CTSMA", "1"),
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


STANDARD = [
    *(codes.KNEE, codes.MEDIAL, codes.LATERAL, *codes.SIDES.values(), codes.MEAN, codes.STANDARD_DEVIATION),
    *(codes.COMMENT, *codes.PROCEDURES.values()),
]


@pytest.mark.parametrize("code", STANDARD)
def test_standard_codes_are_those_of_the_standard(code: tuple[str, str, str]) -> None:
    """As the dictionary of PS3.16 that comes with pydicom has them."""
    value, scheme, meaning = code
    known = [each[value][0] for each in concepts[scheme].values() if value in each]
    assert meaning in known


def test_categories_of_segments_are_those_of_slicer() -> None:
    """In PS3.16 this SNOMED code stands for what its predecessor T-D000A, "Anatomical Structure", stood for."""
    value, scheme, _ = codes.ANATOMICAL_STRUCTURE
    assert mapping[scheme][value] == "T-D000A"


def test_bones_have_the_codes_of_label_maps() -> None:
    assert [codes.bone_code(bone).value for bone in BONES] == [bone.snomed for bone in BONES]
    for bone in BONES:
        assert concepts["SCT"][bone.name.capitalize()][bone.snomed][0] == bone.name.capitalize()


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
