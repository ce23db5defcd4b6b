"""What the kinds of DICOM objects and their files are called, for arguments and panels; light to import."""

from __future__ import annotations

from collections.abc import Collection, Iterable

SEG, PM, SR, PDF = KINDS = ("seg", "pm", "sr", "pdf")  # as in CTSMALib.report.dicom.names
TITLES = {
    SEG: "Segmentation",
    PM: "Parametric Map",
    SR: "Comprehensive 3D SR",
    PDF: "Encapsulated PDF",
}


def file_names(kinds: Collection[str], maps: Iterable[str]) -> list[str]:
    """The files of one knee, in the order in which they are written.

    Args:
        kinds: of :data:`KINDS`.
        maps: catalogue keys of its parameter maps.
    """
    names = {SEG: ["seg"], PM: [f"pm-{key}" for key in maps], SR: ["sr"], PDF: ["report"]}
    return [f"{name}.dcm" for kind in KINDS if kind in kinds for name in names[kind]]
