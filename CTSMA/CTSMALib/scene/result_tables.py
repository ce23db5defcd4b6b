"""The tables of a result, kept as its patches count now."""

from __future__ import annotations

from CTSMALib.scene.exclusions import counted, counted_compartments, excluded
from CTSMALib.scene.result_nodes import PATCH_TABLE, SUMMARY_TABLE, ResultNodes
from CTSMALib.scene.table_nodes import fill_patch_table, fill_summary_table


def refresh_tables(result: ResultNodes) -> None:
    """Fill the tables of patches and compartments again, without what a reader has excluded; deleted ones stay so."""
    patches, summary = result.get(PATCH_TABLE), result.get(SUMMARY_TABLE)
    if patches is not None:
        fill_patch_table(patches, counted(result), excluded(result))
    if summary is not None:
        fill_summary_table(summary, counted_compartments(result))
