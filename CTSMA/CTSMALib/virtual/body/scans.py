"""Scans of a virtual knee, as a whole or only boxes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.virtual.body.acquisition import Scan
from CTSMALib.virtual.body.body_tissue import NO_METAL, BodyTissue
from CTSMALib.virtual.body.knee import VirtualKnee
from CTSMALib.virtual.body.trabeculae import NO_TRABECULAE, Trabeculae
from CTSMALib.virtual.scanners import CTProtocol, MRProtocol, centered_grid, scan_ct, scan_mr
from CTSMALib.virtual.scanners.scan_grid import Box, center_of
from CTSMALib.virtual.scanners.source import NOT_WARPED
from CTSMALib.virtual.scanners.tissue import TissueSource
from CTSMALib.volumes.grid import Grid

FINEST_MM, COARSEST_MM = 0.2, 0.8
OF_FWHM = 0.36  # fine voxels against the point spread; half is the most that sampling bears
OF_ACQUIRED, OF_SLICE = 0.6, 0.5  # the same for MR, in plane and across
MARGIN_MM = 6.0


def tissue_of(
    knee: VirtualKnee,
    scan: Scan,
    trabeculae: Trabeculae = NO_TRABECULAE,
    metal: NDArray[np.float64] = NO_METAL,
) -> BodyTissue:
    """The tissue that a scan needs, on a fine grid along the axes of the scan.

    Args:
        knee: what is scanned.
        scan: how.
        trabeculae: of the knee; without, bones have the mean fraction.
        metal: see :class:`~CTSMALib.virtual.body.body_tissue.BodyTissue`.
    """
    distortion, broadening = NOT_WARPED, 0.0
    if isinstance(scan.protocol, MRProtocol):
        distortion, broadening = scan.protocol.distortion, scan.protocol.broadening_mm
    return BodyTissue(fine_grid(scan), knee, scan.pose, trabeculae, distortion, metal, broadening)


def fine_grid(scan: Scan) -> Grid:
    """Fine voxels around all of a scan, along its axes."""
    protocol = scan.protocol
    if isinstance(protocol, CTProtocol):
        in_plane = OF_FWHM * protocol.psf_fwhm_mm
    else:
        in_plane = OF_ACQUIRED * protocol.acquired_mm
    in_plane, across = (
        float(np.clip(edge, FINEST_MM, COARSEST_MM)) for edge in (in_plane, OF_SLICE * protocol.slice_mm)
    )
    extent = np.array(scan.grid.size) * scan.grid.spacing_mm + 2.0 * MARGIN_MM
    return centered_grid(
        center_of(scan.grid), tuple(extent.tolist()), (in_plane, in_plane, across), scan.grid.direction
    )


def scanned(tissue: TissueSource, scan: Scan, box: Box | None = None) -> NDArray[np.int16]:
    """Values of a scan, or of a box (z, y, x) of it.

    Args:
        tissue: see :func:`tissue_of`.
        scan: how.
        box: the part; all without.

    Returns:
        (z, y, x) HU, or MR signal. Tissue is evaluated where and as thick as the MR shows it, so the scanner does
        neither once more.
    """
    if isinstance(scan.protocol, CTProtocol):
        return scan_ct(tissue, scan.protocol, scan.grid, scan.seed, box)
    return scan_mr(tissue, replace(scan.protocol, distortion=NOT_WARPED, broadening_mm=0.0), scan.grid, scan.seed, box)


def image_of(tissue: TissueSource, scan: Scan) -> sitk.Image:
    """A whole scan as an image in LPS."""
    return scan.grid.image(scanned(tissue, scan))


def labels_of(knee: VirtualKnee, scan: Scan) -> sitk.Image:
    """True bone labels (uint8, see :mod:`CTSMALib.anatomy.labels`) at the voxel centers of a scan."""
    distortion = scan.protocol.distortion if isinstance(scan.protocol, MRProtocol) else NOT_WARPED
    return scan.grid.image(BodyTissue(scan.grid, knee, scan.pose, distortion=distortion).owners())
