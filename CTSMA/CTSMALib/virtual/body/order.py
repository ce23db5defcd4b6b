"""What is wanted of one virtual knee, beside what the knee is."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE, PATCHES, REGISTRATION = "whole", "patches", "registration"
MODES = (WHOLE, PATCHES, REGISTRATION)
STANDARD, TINY = "standard", "tiny"
PRESETS = (STANDARD, TINY)
BFFE, RESCAN = "bffe", "bffe_rescan"  # names of series
OTHER_SERIES = ("t1", "pd_fs")  # MR series beside BFFE
FULL, THICKNESS, FAST, NO_TRUTH = "full", "thickness", "fast", "none"
TRUTHS = (FULL, THICKNESS, FAST, NO_TRUTH)


@dataclass(frozen=True)
class KneeOrder:
    """How one knee is to be scanned and measured.

    Attributes:
        mode: ``"whole"`` for whole scans, ``"patches"`` for the boxes of the learning grid cut out of both scans,
            ``"registration"`` for whole scans without microstructure.
        preset: ``"standard"``, or ``"tiny"`` for small, coarse scans that tests can afford.
        series: MR series made beside BFFE, of :data:`OTHER_SERIES`.
        rescan: whether BFFE is taken once more in a new session.
        patches: most boxes to make or measure; ``None`` for all 96.
        truth: ``"full"``, the trabecular catalogue; ``"thickness"``, of it the bone volume fraction, thickness, spacing
            and number; ``"fast"``, the fraction alone, in a small part of the time; or ``"none"``.
        scan_seed: of what differs from scan to scan: noise, position, posture, protocol.
        registration_error_mm: standard deviation along each axis by which MR boxes are displaced in patches mode.
    """

    mode: str = WHOLE
    preset: str = STANDARD
    series: tuple[str, ...] = ()
    rescan: bool = False
    patches: int | None = None
    truth: str = FAST
    scan_seed: int = 0
    registration_error_mm: float = 0.0
