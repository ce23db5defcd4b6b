"""Slicer's translation of texts that panels show, where it is there.

``tr`` takes the file that calls it as the context, so it is imported by name: ``from … import tr as _``.
"""

from __future__ import annotations

try:
    from slicer.i18n import tr
except ImportError:  # scenes without the application, from the package slicer-core, are not translated

    def tr(text: str) -> str:
        """The text itself."""
        return text


__all__ = ["tr"]
