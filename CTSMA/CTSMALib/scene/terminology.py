"""What nodes show, in SNOMED CT codes, written as Slicer's Terminologies module reads them."""

from __future__ import annotations

from typing import Any

ATTRIBUTE = "TerminologyEntry"  # the name of Slicer's own tag
_CONTEXT = "Segmentation category and type - 3D Slicer General Anatomy list"
_REGIONS = "Anatomic codes - DICOM master list"
_CATEGORY = ("SCT", "123037004", "Anatomical Structure")


def entry(code: str, meaning: str) -> str:
    """A terminology entry.

    Args:
        code: SNOMED CT code of an anatomical structure.
        meaning: its name.
    """
    kind = "^".join(("SCT", code, meaning))
    return "~".join((_CONTEXT, "^".join(_CATEGORY), kind, "^^", _REGIONS, "^^", "^^"))


def tag_node(node: Any, code: str, meaning: str) -> None:
    """Say of a node which anatomical structure it shows."""
    node.SetAttribute(ATTRIBUTE, entry(code, meaning))


def tag_colors(table: Any, codes: dict[int, tuple[str, str]]) -> None:
    """Say of the labels of a color table which structures they are.

    Args:
        table: ``vtkMRMLColorTableNode``.
        codes: label to code and name.
    """
    if not hasattr(table, "SetTerminologyFromString"):  # Slicer before 5.10
        return
    table.SetAttribute(table.GetContainsTerminologyAttributeName(), "true")
    for label, (code, meaning) in codes.items():
        table.SetTerminologyFromString(label, entry(code, meaning))
