"""One analyzed knee in memory: the findings and the arrays that belong to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import SimpleITK as sitk

from CTSMALib.analysis.result import KneeAnalysis


@dataclass(frozen=True)
class KneeResult:
    """Findings plus volumes and surfaces, ready to be written to a result folder.

    Attributes:
        analysis: the findings; its ``files`` and ``maps`` name the relative paths to write to.
        images: role (as in ``analysis.files``, or ``"map:<catalogue key>"``) to volume, LPS.
        surfaces: bone name, or ``plate_<bone name>``, to ``vtkPolyData`` in LPS, mm.
    """

    analysis: KneeAnalysis
    images: dict[str, sitk.Image] = field(default_factory=dict)
    surfaces: dict[str, Any] = field(default_factory=dict)
