"""Results as MRML nodes: what the Slicer modules stand on. No Qt, no torch, no widget.

MRML is RAS; the conversion from LPS happens in :mod:`CTSMALib.scene.geometry` and nowhere else.
"""
