"""What the kinds of objects and their files are called, for arguments and panels; light to import."""

from __future__ import annotations

from collections.abc import Collection, Iterable

SEG, PM, SR, PDF = KINDS = ("seg", "pm", "sr", "pdf")
TITLES = {
    SEG: "Segmentation",
    PM: "Parametric Map",
    SR: "Comprehensive 3D SR",
    PDF: "Encapsulated PDF",
}


def file_name(kind: str, key: str = "", stem: str = "") -> str:
    """The name of an object's file.

    Args:
        kind: of :data:`KINDS`.
        key: catalogue key of a parametric map.
        stem: what names of files of the knee end in, for example ``"-left"``.
    """
    name = {PM: f"pm-{key}", PDF: "report"}.get(kind, kind)
    return f"{name}{stem}.dcm"


def file_names(kinds: Collection[str], maps: Iterable[str]) -> list[str]:
    """The files of one knee with maps of these catalogue keys."""
    names = []
    for kind in KINDS:
        if kind in kinds:
            names += [file_name(kind, key) for key in maps] if kind == PM else [file_name(kind)]
    return names
