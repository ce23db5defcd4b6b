"""The tube voltage of a CT: what its header states, or a user where it states none, as NIfTI files do not."""

from __future__ import annotations

from dataclasses import replace

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.scan import Scan

LEAST_KVP, MOST_KVP = 40, 160  # of CT scanners, those for extremities and samples included


def possible_voltage(kvp: float | None) -> float | None:
    """A voltage in kV, but ``None`` where no CT is taken at it."""
    return kvp if kvp is not None and LEAST_KVP <= kvp <= MOST_KVP else None


def voltage_of(text: str) -> float:
    """A voltage that a user wrote.

    Args:
        text: in kV.

    Raises:
        ValueError: no CT is taken at it.
    """
    try:
        value = possible_voltage(float(text))
    except ValueError:
        value = None
    if value is None:
        raise ValueError(f"a CT is not taken at {text!r} kV; give {LEAST_KVP} to {MOST_KVP}")
    return value


def voltage_notices(stated: float | None) -> tuple[Notice, ...]:
    """Tell that the voltage of a header, in kV, is left out because no CT is taken at it."""
    if stated is None or possible_voltage(stated) is not None:
        return ()
    text = (
        f"The scan states a tube voltage of {stated:g} kV, at which no CT is taken; 120 kV is assumed unless the "
        "voltage is given."
    )
    return (Notice("impossible-voltage", text, Severity.CAUTION),)


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
    stated = possible_voltage(scan.header.kvp)
    if stated not in (None, kvp):
        raise InputError(
            f"The scan was taken at {stated:g} kV, as it states, and not at {kvp:g} kV.",
            "Give no tube voltage; that of the scan counts.",
        )
    return replace(scan, header=replace(scan.header, kvp=kvp))
