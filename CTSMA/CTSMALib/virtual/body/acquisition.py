"""How one virtual knee is scanned: protocols, postures, fields of view, and the seeds of the noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.virtual.body.knee import VirtualKnee
from CTSMALib.virtual.body.pose import KneePose
from CTSMALib.virtual.bones.flexion import Posture, placements
from CTSMALib.virtual.scanners import (
    CT_PROTOCOLS,
    MR_PROTOCOLS,
    SAGITTAL,
    CTProtocol,
    GradientDistortion,
    MRProtocol,
)
from CTSMALib.virtual.spec import KneeSpec
from CTSMALib.volumes.grid import Grid

STREAM = 41  # of random numbers, beside those of other parts
KERNELS = {"bone": 0.6, "soft": 0.2, "sharp": 0.2}  # how often
STANDING = np.array([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])  # rows: a body's right, front and top, LPS
CT_EXTENT_MM = (170.0, 170.0, 130.0)
LEGS_APART_MM = (150.0, 200.0)


@dataclass(frozen=True)
class Coverage:
    """How much of the knee is scanned, and how coarsely at least.

    Attributes:
        ct_mm, mr_mm: extent along the scan's x, y, z.
        ct_changes, mr_changes: of the protocols; nothing for scans as they are made.
    """

    ct_mm: tuple[float, float, float] = CT_EXTENT_MM
    mr_mm: tuple[float, float, float] = (140.0, 140.0, 105.0)
    ct_changes: Mapping[str, Any] = field(default_factory=dict)
    mr_changes: Mapping[str, Any] = field(default_factory=dict)


AS_MADE = Coverage()
# Scans to register: whole bones and sharp edges, without voxels that only structure needs.
TO_REGISTER = Coverage(
    (150.0, 150.0, 120.0),
    (130.0, 130.0, 100.0),
    {"pixel_mm": 0.6, "slice_mm": 1.0, "increment_mm": 0.8, "psf_fwhm_mm": 1.1, "edge_enhancement": 0.0},
    {"pixel_mm": 0.5, "acquired_mm": 0.7, "slice_mm": 1.0, "increment_mm": 1.0},
)
TINY = Coverage(
    (130.0, 130.0, 70.0),
    (110.0, 100.0, 90.0),
    {"pixel_mm": 0.9, "slice_mm": 1.5, "increment_mm": 1.5, "psf_fwhm_mm": 1.4, "edge_enhancement": 0.0},
    {"pixel_mm": 0.9, "acquired_mm": 1.2, "slice_mm": 3.0, "increment_mm": 3.0},
)


@dataclass(frozen=True, eq=False)
class Scan:
    """One series.

    Attributes:
        protocol: how it is taken.
        pose: how the knee lies.
        grid: voxels of the scan.
        seed: of its noise.
    """

    protocol: CTProtocol | MRProtocol
    pose: KneePose
    grid: Grid
    seed: int


@dataclass(frozen=True, eq=False)
class Acquisition:
    """Attributes: the CT, and MR series by name; ``bffe`` is always there, ``bffe_rescan`` may be."""

    ct: Scan
    mr: dict[str, Scan]


def draw_acquisition(
    knee: VirtualKnee,
    scan_seed: int = 0,
    series: tuple[str, ...] = (),
    rescan: bool = False,
    coverage: Coverage = AS_MADE,
) -> Acquisition:
    """Draw how a knee is scanned.

    Ranges follow reference-method f.3 to f.5, most of them from memory there.

    Args:
        knee: what is scanned.
        scan_seed: another one gives another session with the same knee.
        series: MR series beside ``bffe``: ``t1``, ``pd_fs``.
        rescan: also a BFFE of a second session, with another posture and other noise.
        coverage: how much and how coarsely.
    """
    rng = np.random.default_rng([knee.spec.seed, STREAM, scan_seed])
    ct = _ct(knee, rng, coverage)
    first = _mr_session(knee, rng, ("bffe", *series), coverage)
    second = np.random.default_rng([knee.spec.seed, STREAM + 1, scan_seed])
    if rescan:
        first["bffe_rescan"] = _mr_session(knee, second, ("bffe",), coverage)["bffe"]
    return Acquisition(ct, first)


def _ct(knee: VirtualKnee, rng: np.random.Generator, coverage: Coverage) -> Scan:
    posture = Posture(float(np.clip(rng.normal(1.0, 2.0), -2.0, 6.0)))
    leg = _leg(knee.spec, rng, turn_sd=(4.0, 3.0, 7.0), shift_sd=6.0)
    protocol = replace(_ct_protocol(rng), **coverage.ct_changes)
    grid = protocol.grid(leg.to_lps(np.zeros(3)) + rng.normal(0.0, 3.0, 3), coverage.ct_mm)
    pose = KneePose(placements(knee.shape, knee.soft.cartilage_mm, posture), leg)
    return Scan(protocol, pose, grid, int(rng.integers(2**31)))


def _ct_protocol(rng: np.random.Generator) -> CTProtocol:
    base = CT_PROTOCOLS[str(rng.choice(list(KERNELS), p=list(KERNELS.values())))]
    increment = float(rng.choice([0.4, 0.5, 0.6, 0.8]))
    return replace(
        base,
        pixel_mm=float(rng.uniform(0.27, 0.45)),
        slice_mm=float(max(base.slice_mm, rng.choice([0.5, 0.6, 0.8, 1.0]))),
        increment_mm=increment,
        psf_fwhm_mm=float(np.clip(base.psf_fwhm_mm * rng.normal(1.0, 0.08), 0.4, 1.2)),
        noise_hu=float(base.noise_hu * rng.uniform(0.75, 1.3)),
        kvp=int(rng.choice([100, 120, 140], p=[0.2, 0.7, 0.1])),
        slope=float(rng.normal(1.0, 0.008)),
        offset_hu=float(np.clip(rng.normal(0.0, 4.0), -10.0, 10.0)),
        cupping=float(rng.uniform(-0.015, 0.015)),
        tilt=(float(rng.uniform(-0.01, 0.01)), float(rng.uniform(-0.01, 0.01))),
    )


def _mr_session(
    knee: VirtualKnee, rng: np.random.Generator, series: tuple[str, ...], coverage: Coverage
) -> dict[str, Scan]:
    """Series of one session: the knee lies still, in a coil that bends it a little."""
    posture = Posture(
        float(np.clip(rng.normal(10.0, 6.0), 0.0, 25.0)),
        float(np.clip(rng.normal(0.0, 2.5), -6.0, 6.0)),
        float(np.clip(rng.normal(0.0, 1.5), -4.0, 4.0)),
        float(np.clip(rng.normal(0.0, 0.8), -2.0, 2.0)),
    )
    leg = _leg(knee.spec, rng, turn_sd=(4.0, 3.0, 6.0), shift_sd=8.0)
    pose = KneePose(placements(knee.shape, knee.soft.cartilage_mm, posture), leg)
    center = leg.to_lps(np.zeros(3)) + rng.normal(0.0, 3.0, 3)
    edge = rng.uniform(0.1, 0.6, 3) * rng.choice([-1.0, 1.0], 3)
    distortion = GradientDistortion((float(edge[0]), float(edge[1]), float(edge[2])), 80.0)
    direction = Rotation.from_euler("z", float(rng.normal(0.0, 5.0)), degrees=True).as_matrix() @ np.reshape(
        SAGITTAL, (3, 3)
    )
    snr, scans = float(rng.uniform(0.7, 1.35)), {}
    for name in series:
        base = MR_PROTOCOLS[name]
        protocol = replace(base, snr=base.snr * snr, bias_range=float(rng.uniform(0.2, 0.4)), distortion=distortion)
        protocol = replace(protocol, **coverage.mr_changes)
        grid = protocol.grid(center, coverage.mr_mm, tuple(float(v) for v in direction.ravel()))
        scans[name] = Scan(protocol, pose, grid, int(rng.integers(2**31)))
    return scans


def _leg(spec: KneeSpec, rng: np.random.Generator, turn_sd: tuple[float, float, float], shift_sd: float) -> JointFrame:
    """Where the leg lies: turned (about x, y, z of the patient, degrees), and the knee off the isocenter."""
    mirrored = spec.side == "left"
    angles = np.clip(rng.normal(0.0, turn_sd), -15.0, 15.0)
    angles[2] += 8.0 if mirrored else -8.0  # feet fall outward: the front of a left leg turns to the left
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    axes: NDArray[np.float64] = STANDING @ turn.T
    return JointFrame(np.clip(rng.normal(0.0, shift_sd, 3), -20.0, 20.0), axes, mirrored)
