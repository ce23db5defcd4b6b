"""The catalogue is complete and consistent."""

from __future__ import annotations

import pytest

from CTSMALib.catalogue import QUANTITIES, Quantity, quantities, quantity
from CTSMALib.morphometry.apparent.recipe import KEYS


def test_keys_and_symbols_are_unique() -> None:
    assert len({entry.key for entry in QUANTITIES}) == len(QUANTITIES)
    assert len({entry.symbol for entry in QUANTITIES}) == len(QUANTITIES)


@pytest.mark.parametrize("entry", QUANTITIES, ids=lambda entry: entry.key)
def test_every_entry_says_what_a_reader_needs(entry) -> None:
    assert entry.key.startswith(("ct_", "app_", "vcal_", "mr_")) == (entry.scope in ("patch", "scan"))
    assert entry.title and entry.unit and entry.reference
    assert entry.definition.endswith(".")
    low, high = entry.display_range
    assert low < high
    assert entry.scope in ("patch", "scan", "region")
    assert entry.lowest <= low
    assert 0 <= entry.decimals <= 3


def test_an_entry_is_found_by_its_key() -> None:
    assert quantity("ct_bvf").unit == "1"
    with pytest.raises(KeyError):
        quantity("tb_th")


def test_quantities_are_selected() -> None:
    assert [entry.key for entry in quantities("ct_", mapped=True)] == [
        "ct_hu_mean",
        "ct_hu_sd",
        "ct_bvf",
        "ct_plate_thickness_mm",
    ]
    assert [entry.key for entry in quantities("ct_", scope="scan")] == [
        "ct_psf_fwhm_inplane_mm",
        "ct_psf_fwhm_through_plane_mm",
        "ct_noise_sd_hu",
    ]
    assert [entry.symbol for entry in quantities("tb_", scope="region")][:4] == [
        "Tb.Th",
        "Tb.Th SD",
        "Tb.Sp",
        "Tb.Sp SD",
    ]
    assert all(not entry.mapped for entry in quantities(scope="region"))
    assert quantities() == QUANTITIES
    assert [entry.key for entry in quantities("app_", mapped=True)] == list(KEYS)
    assert all(entry.scope in ("patch", "scan") for entry in quantities("mr_"))
    assert all(not entry.mapped for entry in quantities(scope="patch", mapped=False))


@pytest.mark.parametrize("entry", quantities(scope="region"), ids=lambda entry: entry.key)
def test_keys_of_regions_end_in_their_unit(entry: Quantity) -> None:
    endings = {"mm": "_mm", "1/mm": "_per_mm", "1/mm³": "_per_mm3"}
    assert [end for end in endings.values() if entry.key.endswith(end)][-1:] == (
        [] if entry.unit == "1" else [endings[entry.unit]]
    )


def test_the_page_of_quantities_is_up_to_date() -> None:
    from scripts.write_quantities import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page()
