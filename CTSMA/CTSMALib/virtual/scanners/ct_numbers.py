"""CT numbers of tissues by tube voltage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners.tissue import Tissue

BONE_HU = 1500.0  # mineralized tissue without pores, 1300 to 1900 in reference-method f.3 (uncertain there)

# HU at 120 kVp. Ranges of reference-method f.3, the ones marked * from memory there; the middle is taken.
HU_AT_120 = {
    Tissue.AIR: -1000.0,  # by definition
    Tissue.FAT: -100.0,  # -100 to -50 (stethoprep); -115 to -90 is usual for subcutaneous fat
    Tissue.MUSCLE: 60.0,  # 40 to 80
    Tissue.CARTILAGE: 95.0,  # 70 to 120 *
    Tissue.MENISCUS: 95.0,  # 70 to 120 *
    Tissue.FLUID: 10.0,  # 0 to 20 *
    Tissue.TENDON: 90.0,  # 70 to 110 *
    Tissue.MARROW: -50.0,  # yellow, -80 to -20 *
    Tissue.RED_MARROW: 20.0,  # mixed, up to 40 *
    Tissue.EDEMA: 5.0,  # 30 to 80 above yellow marrow (f.2 *)
    Tissue.SKIN: 60.0,  # uncertain: taken as muscle
    Tissue.METAL: 12000.0,  # titanium about 8000, cobalt-chromium and steel beyond 15000: saturated in every scan
}

# Mass attenuation (cm2/g) at 50, 60, 80 keV and densities (g/cm3) of ICRU-44 tissues: NIST XCOM tables (Hubbell and
# Seltzer, physics.nist.gov/PhysRefData/XrayMassCoef), from memory. Only ratios of CT numbers are taken from them.
ENERGY_KEV = (50.0, 60.0, 80.0)
WATER = (0.2269, 0.2059, 0.1837)
CORTICAL_BONE, BONE_DENSITY = (0.4242, 0.3148, 0.2229), 1.92
ADIPOSE, ADIPOSE_DENSITY = (0.2123, 0.1974, 0.1800), 0.95
# Mean energy of the filtered beam behind a knee; uncertain by some keV.
EFFECTIVE_KEV = {70: 50.0, 80: 53.0, 90: 57.0, 100: 60.0, 110: 63.0, 120: 66.0, 130: 68.5, 140: 71.0}
FATTY = (Tissue.FAT, Tissue.MARROW)  # red marrow and edema, half fat, are taken as watery


def _hu(mass_attenuation: tuple[float, float, float], density: float, kev: float) -> float:
    """CT number of a material for photons of one energy, by interpolation of logarithms."""
    ours, water = (
        np.exp(np.interp(np.log(kev), np.log(ENERGY_KEV), np.log(values))) for values in (mass_attenuation, WATER)
    )
    return float(1000.0 * (density * ours / water - 1.0))


def _ratio(mass_attenuation: tuple[float, float, float], density: float, kvp: int) -> float:
    kev, usual = EFFECTIVE_KEV[kvp], EFFECTIVE_KEV[120]
    return _hu(mass_attenuation, density, kev) / _hu(mass_attenuation, density, usual)


def bone_hu(at_120: float, kvp: int) -> float:
    """CT number of mineralized bone at a tube voltage, from that at 120 kVp."""
    check_kvp(kvp)
    return at_120 * _ratio(CORTICAL_BONE, BONE_DENSITY, kvp)


def tissue_hu(kvp: int, changed_at_120: Mapping[Tissue, float]) -> NDArray[np.float32]:
    """CT numbers of all tissues, by number.

    Args:
        kvp: tube voltage. Fat and yellow marrow change with it as adipose tissue does, others are watery and stay.
        changed_at_120: CT numbers that differ from the usual ones.

    Raises:
        InputError: a tube voltage that is not known.
    """
    check_kvp(kvp)
    ratio = _ratio(ADIPOSE, ADIPOSE_DENSITY, kvp)
    numbers = HU_AT_120 | dict(changed_at_120)
    return np.array([numbers[t] * (ratio if t in FATTY else 1.0) for t in Tissue], dtype=np.float32)


def check_kvp(kvp: int) -> None:
    """Refuse tube voltages without an entry.

    Raises:
        InputError: see above.
    """
    if kvp not in EFFECTIVE_KEV:
        known = ", ".join(str(v) for v in EFFECTIVE_KEV)
        raise InputError(f"A tube voltage of {kvp} kV is not known.", f"Use one of {known}.")
