"""What the static tests know of Qt, CTK, Slicer and VTK, and the rules for code that runs in Slicer."""
