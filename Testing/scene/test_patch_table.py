"""Tables of patches as a result folder holds them, with uncertainties and flags."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.analysis.tables import FLAGS_COLUMN
from CTSMALib.analysis.tables import UNCERTAINTY as OF_RESULTS
from CTSMALib.scene.patch_table import FEATURE, FLAGS, UNCERTAINTY, read_patches
from CTSMALib.student.summary import FEATURE as FEATURE_OF_RESULTS

HEAD = (
    "id,bone,compartment,row,column,layer,x_lps_mm,y_lps_mm,z_lps_mm,lateral_mm,anterior_mm,proximal_mm,valid_fraction"
)


def test_flags_uncertainties_and_features_are_no_quantities() -> None:
    text = (
        f"{HEAD},app_bv_tv,u:app_bv_tv,f:1,f:2,flags\n"
        "TM-r1-c1-d1,tibia,TM,1,1,1,1,2,3,0,0,0,0.9,0.31,0.02,-0.5,1.25,unlike-training dim-marrow\n"
        "TM-r1-c2-d1,tibia,TM,1,2,1,1,2,3,0,0,0,0.2,,,,,\n"
    )
    table = read_patches(text)
    assert (FLAGS, UNCERTAINTY, FEATURE) == (FLAGS_COLUMN, OF_RESULTS, FEATURE_OF_RESULTS)
    assert set(table.values) == {"app_bv_tv"}
    assert table.values["app_bv_tv"][0] == 0.31 and np.isnan(table.values["app_bv_tv"][1])


def test_flags_and_uncertainties_are_kept() -> None:
    table = read_patches(
        f"{HEAD},app_bv_tv,u:app_bv_tv,flags\n"
        "TM-r1-c1-d1,tibia,TM,1,1,1,1,2,3,0,0,0,0.9,0.31,0.02,unlike-training dim-marrow\n"
        "TM-r1-c2-d1,tibia,TM,1,2,1,1,2,3,0,0,0,0.2,,,\n"
    )
    assert table.widths_of("app_bv_tv")[0] == pytest.approx(2 * 1.96 * 0.02)
    assert np.isnan(table.widths_of("app_bv_tv")[1]) and np.isnan(table.widths_of("ct_bvf")).all()
    assert table.flagged.tolist() == [True, False]
    assert table.chosen(np.array([False, True])).flags.tolist() == [""]
    bare = table.without(np.array([True, False]))
    assert np.isnan(bare.values["app_bv_tv"]).all() and not bare.flagged.any()
    assert table.values["app_bv_tv"][0] == 0.31


def test_tables_without_these_columns_have_none() -> None:
    table = read_patches(f"{HEAD},ct_bvf\nTM-r1-c1-d1,tibia,TM,1,1,1,1,2,3,0,0,0,0.9,0.31\n")
    assert not table.flagged.any() and table.uncertainties == {}


def test_other_text_is_no_number() -> None:
    with pytest.raises(ValueError):
        read_patches(f"{HEAD},app_bv_tv\nTM-r1-c1-d1,tibia,TM,1,1,1,1,2,3,0,0,0,0.9,much\n")
