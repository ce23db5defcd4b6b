"""The tube voltage of a CT that does not state its own, as NIfTI files do not."""

from __future__ import annotations

from dataclasses import replace

from CTSMALib.errors import InputError
from CTSMALib.volumes.scan import Scan

LEAST_KVP, MOST_KVP = 70, 150  # for which the CT number of bone is known


def voltage_of(text: str) -> float:
    """A voltage that a user wrote.

    Args:
        text: in kV.

    Raises:
        ValueError: no CT is taken at it.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not LEAST_KVP <= value <= MOST_KVP:
        raise ValueError(f"a CT is not taken at {text!r} kV; give {LEAST_KVP} to {MOST_KVP}")
    return value


def at_voltage(scan: Scan, kvp: float | None) -> Scan:
    """The scan with the voltage that a user gives.

    Args:
        scan: a CT.
        kvp: in kV; ``None`` leaves the scan as it is.

    Raises:
        InputError: the scan states another one.
    """
    if kvp is None:
        return scan
    stated = scan.header.kvp
    if stated not in (None, kvp):
        raise InputError(
            f"The scan was taken at {stated:g} kV, as it states, and not at {kvp:g} kV.",
            "Give no tube voltage; that of the scan counts.",
        )
    return replace(scan, header=replace(scan.header, kvp=kvp))
