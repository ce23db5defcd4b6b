"""Virtual CT and MR scanners: from a fine volume of bone and tissue to images on a scanner's grid."""

from __future__ import annotations

from CTSMALib.virtual.scanners.ct import scan_ct
from CTSMALib.virtual.scanners.ct_kernel import CTKernel
from CTSMALib.virtual.scanners.ct_protocol import CT_PROTOCOLS, CTProtocol
from CTSMALib.virtual.scanners.distortion import GradientDistortion
from CTSMALib.virtual.scanners.mr import scan_mr
from CTSMALib.virtual.scanners.mr_protocol import MR_PROTOCOLS, MRProtocol
from CTSMALib.virtual.scanners.mr_signal import Relaxation, Sequence
from CTSMALib.virtual.scanners.scan_grid import AXIAL, SAGITTAL, centered_grid, covering_box
from CTSMALib.virtual.scanners.tissue import Tissue, TissueVolume, tissue_volume

__all__ = [
    "AXIAL",
    "CT_PROTOCOLS",
    "MR_PROTOCOLS",
    "SAGITTAL",
    "CTKernel",
    "CTProtocol",
    "GradientDistortion",
    "MRProtocol",
    "Relaxation",
    "Sequence",
    "Tissue",
    "TissueVolume",
    "centered_grid",
    "covering_box",
    "scan_ct",
    "scan_mr",
    "tissue_volume",
]
