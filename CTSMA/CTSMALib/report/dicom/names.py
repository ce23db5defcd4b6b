"""What the kinds of objects are called, for arguments and panels; light to import."""

from __future__ import annotations

SEG, PM, SR, PDF = KINDS = ("seg", "pm", "sr", "pdf")
TITLES = {
    SEG: "Segmentation",
    PM: "Parametric Map",
    SR: "Comprehensive 3D SR",
    PDF: "Encapsulated PDF",
}
