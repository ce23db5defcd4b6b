"""What the kinds of objects and their files are called."""

from __future__ import annotations

SEG, PM, SR, PDF = KINDS = ("seg", "pm", "sr", "pdf")


def file_name(kind: str, key: str = "", stem: str = "") -> str:
    """The name of an object's file.

    Args:
        kind: of :data:`KINDS`.
        key: catalogue key of a parametric map.
        stem: what names of files of the knee end in, for example ``"-left"``.
    """
    name = {PM: f"pm-{key}", PDF: "report"}.get(kind, kind)
    return f"{name}{stem}.dcm"
