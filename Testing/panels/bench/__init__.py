"""Slicer without its desktop: PySide6 that behaves like PythonQt, on the MRML scene of slicer-core.

:func:`install` makes ``qt``, ``ctk`` and ``slicer`` importable as they are inside the application.
"""

from __future__ import annotations

import os

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

from Testing.panels.bench.install import Bench, install

__all__ = ["Bench", "install"]
