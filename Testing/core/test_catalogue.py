"""The catalogue is complete and consistent."""

from __future__ import annotations

import pytest

from CTSMALib.catalogue import QUANTITIES, quantities, quantity


def test_keys_and_symbols_are_unique() -> None:
    assert len({entry.key for entry in QUANTITIES}) == len(QUANTITIES)
    assert len({entry.symbol for entry in QUANTITIES}) == len(QUANTITIES)


@pytest.mark.parametrize("entry", QUANTITIES, ids=lambda entry: entry.key)
def test_every_entry_says_what_a_reader_needs(entry) -> None:
    assert entry.key.startswith("ct_")
    assert entry.title and entry.unit and entry.reference
    assert entry.definition.endswith(".")
    low, high = entry.display_range
    assert low < high
    assert entry.scope in ("patch", "scan")
    assert 0 <= entry.decimals <= 3


def test_an_entry_is_found_by_its_key() -> None:
    assert quantity("ct_bvf").unit == "1"
    with pytest.raises(KeyError):
        quantity("tb_th_mm")


def test_quantities_are_selected() -> None:
    assert [entry.key for entry in quantities(mapped=True)] == [
        "ct_hu_mean",
        "ct_hu_sd",
        "ct_bvf",
        "ct_plate_thickness_mm",
    ]
    assert [entry.key for entry in quantities(scope="scan")] == [
        "ct_psf_fwhm_inplane_mm",
        "ct_psf_fwhm_through_plane_mm",
        "ct_noise_sd_hu",
    ]
    assert quantities() == QUANTITIES
    assert quantities(prefix="app_") == ()
    assert all(not entry.mapped for entry in quantities(scope="patch", mapped=False))


def test_the_page_of_quantities_is_up_to_date() -> None:
    from scripts.write_quantities import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page()
