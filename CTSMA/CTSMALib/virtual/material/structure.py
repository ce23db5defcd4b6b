"""The trabecular structure of one bone of one person."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.compartments import OUTLINES
from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA, Bone
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.lattice import Axes, spanned
from CTSMALib.virtual.material.noise import smooth_line
from CTSMALib.virtual.material.thresholds import thresholds_of
from CTSMALib.virtual.material.two_sided import Side, TwoSidedFamily
from CTSMALib.virtual.microstructure.families import (
    Family,
    FieldFamily,
    Floats,
    SpecimenFamily,
    field_family,
)
from CTSMALib.virtual.microstructure.specimens import load_specimen
from CTSMALib.virtual.microstructure.structure import Microstructure
from CTSMALib.virtual.population.values import FARTHEST_SD
from CTSMALib.virtual.spec import KneeSpec

FIELD = "field"
# Bandwidth and stretch as came nearest to micro-CT (Testing/benchmarks/virtual/results/agreement.csv). There, rodness
# of 0.2 to 0.5 did so; of these the low end gives thickness and spacing nearest to what is published for the knee.
# Rods are lost with osteoarthritis (Chen 2018), trabeculae turn upright (Kamibayashi 1995): how much is from memory.
RODNESS_BY_GRADE, RODNESS_SPREAD = (0.25, 0.24, 0.20, 0.17, 0.14), 0.2  # spread relative to the mean
BANDWIDTH, BANDWIDTH_SD = 0.55, 0.03
STRETCH_BY_GRADE, STRETCH_SD = (1.30, 1.30, 1.33, 1.37, 1.40), 0.08
WAVELENGTHS = 24

# Trabecular number times the unit of length, measured on boxes of 5 mm at 0.06 mm, at these bone fractions; the
# wavelength of the field family counts as the geometric mean over its axes.
FRACTIONS = (0.12, 0.20, 0.30, 0.42)
UNITS = {
    "lhdl_3155": (0.90, 0.96, 0.96, 0.92),
    "bonebox_0": (0.97, 1.03, 1.01, 0.99),
    "bonebox_1": (0.97, 1.00, 0.99, 0.97),
}
FIELD_RODNESS = (0.1, 0.3, 0.5)
FIELD_UNITS = ((1.605, 1.739, 1.810, 1.802), (1.514, 1.613, 1.668, 1.679), (1.490, 1.574, 1.619, 1.620))

LONGEST_MM = 7.5  # of a specimen; more of it would only take memory, as it repeats anyway

DEEPER_A_MM = 0.006  # along the load, trabeculae grow longer by this share of themselves per millimeter of depth
DEEPEST_MM = 25.0
UNEVEN, UNEVEN_MM = 0.04, 12.0  # random variation of the unit along each axis
HALF_CHANGE_MM = 7.0  # the medial unit gives way to the lateral one over twice this distance, between compartments
REACH_MM = 130.0  # coordinates are listed this far to either side of the frame's origin
STEP_MM = 0.5
COARSE_UNIT_MM = 0.1  # thresholds are found for units rounded to this
_PATIENT, _PLACE = 301, 302


def family_of(spec: KneeSpec) -> Family:
    """The structure of a person's bones, in units of its own; kept for the next bone of the same person."""
    if spec.family != FIELD:
        return _specimen(spec.family)
    return _field(spec.seed, *_field_parameters(spec), WAVELENGTHS)


def _field_parameters(spec: KneeSpec) -> tuple[float, float, float]:
    """Rodness, bandwidth and stretch of a person."""
    a, b, c = np.clip(np.random.default_rng([spec.seed, _PATIENT]).standard_normal(3), -FARTHEST_SD, FARTHEST_SD)
    rodness = RODNESS_BY_GRADE[spec.grade] * (1.0 + RODNESS_SPREAD * a)
    return float(rodness), BANDWIDTH + BANDWIDTH_SD * float(b), STRETCH_BY_GRADE[spec.grade] + STRETCH_SD * float(c)


@functools.lru_cache(maxsize=2)
def _field(seed: int, rodness: float, bandwidth: float, stretch: float, wavelengths: int) -> FieldFamily:
    return field_family(seed, rodness, bandwidth, stretch, wavelengths)


@functools.lru_cache(maxsize=1)
def _specimen(name: str) -> SpecimenFamily:
    return load_specimen(name, LONGEST_MM)


@functools.lru_cache(maxsize=8)
def _thresholds(key: tuple[Any, ...], unit_mm: float) -> Floats:
    """Kept by what the family was made of."""
    family = _field(*key) if len(key) > 1 else _specimen(*key)
    if isinstance(family, FieldFamily):
        return thresholds_of(family, family.tiles[0].period, unit_mm)
    z, y, x = family.tile.period
    return thresholds_of(family, (z / 2, y / 2, x / 2), unit_mm)  # the other half is its mirror image


def unit_mm(spec: KneeSpec, number_per_mm: float, bone_fraction: float) -> tuple[float, float, float]:
    """(z, y, x) lengths that stand for one unit of the person's family, so that it has a trabecular number.

    Args:
        spec: the person.
        number_per_mm: trabecular number wanted.
        bone_fraction: at which.
    """
    if spec.family != FIELD:
        unit = float(np.interp(bone_fraction, FRACTIONS, UNITS[spec.family])) / number_per_mm
        return unit, unit, unit
    rodness, _, stretch = _field_parameters(spec)
    by_rodness = [np.interp(bone_fraction, FRACTIONS, units) for units in FIELD_UNITS]
    # The family stretches z itself: its wave along x and y shrinks, so that the number stays.
    unit = float(np.interp(rodness, FIELD_RODNESS, by_rodness)) / number_per_mm / stretch ** (1.0 / 3.0)
    return unit, unit, unit


def structure_of(bone: Bone, spec: KneeSpec, fraction: Field, extent: Extent | None) -> Microstructure:
    """The trabeculae of a bone, along the axes of its frame.

    Args:
        bone: any of the knee.
        spec: the person.
        fraction: bone volume fraction wanted.
        extent: of femur or tibia; ``None`` for the others.
    """
    family = family_of(spec)
    key = (spec.seed, *_field_parameters(spec), WAVELENGTHS) if spec.family == FIELD else (spec.family,)
    rng = np.random.default_rng([spec.seed, _PLACE, bone.label])
    upward = -1.0 if bone == FEMUR else 1.0  # towards the joint
    units = _units(bone, spec)
    medial, lateral = (_side(rng, unit, upward) for unit in units)
    thresholds = _thresholds(key, round(float(np.mean(units)) / COARSE_UNIT_MM) * COARSE_UNIT_MM)
    middle = 0.0 if extent is None else extent.position_mm(0.0, 0.0)[0]
    two = TwoSidedFamily(family, medial, lateral, float(middle), _half_change_mm(bone, extent), thresholds)
    return Microstructure(two, _as_they_are, functools.partial(spanned, fraction))


def _as_they_are(axes: Axes) -> Axes:
    """The family takes millimeters."""
    return axes


def _half_change_mm(bone: Bone, extent: Extent | None) -> float:
    if extent is None:
        return HALF_CHANGE_MM
    inner = min(OUTLINES[key].inner[1] for key in (("FM", "FL") if bone == FEMUR else ("TM", "TL")))
    return min(HALF_CHANGE_MM, inner * extent.half[0])


def _units(bone: Bone, spec: KneeSpec) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Medial and lateral unit of length of a bone."""
    number, fraction = spec.number_per_mm, spec.bone_fraction
    if bone in (FEMUR, TIBIA):
        keys = ("FM", "FL") if bone == FEMUR else ("TM", "TL")
        medial, lateral = (unit_mm(spec, number[key], fraction[key]) for key in keys)
        return medial, lateral
    near = ("FM", "FL") if bone == PATELLA else ("TL", "TL")
    mean = float(np.mean([number[key] for key in near])) * (0.9 if bone is FIBULA else 1.05)
    unit = unit_mm(spec, mean, float(np.mean([fraction[key] for key in near])))
    return unit, unit


def _side(rng: np.random.Generator, unit: tuple[float, float, float], upward: float) -> Side:
    """Coordinates that advance by one per local unit of length, from a random place on."""
    places = np.arange(-REACH_MM, REACH_MM + STEP_MM / 2, STEP_MM)
    coordinates: list[NDArray[np.float64]] = []
    for axis, length in enumerate(unit):
        local = length * np.exp(UNEVEN * smooth_line(rng, places, UNEVEN_MM))
        if axis == 0:
            local = local * (1.0 + DEEPER_A_MM * np.clip(-upward * places, 0.0, DEEPEST_MM))
        coordinates.append(np.cumsum(STEP_MM / local) + rng.uniform(0.0, 1000.0))
    return Side((places,) * 3, tuple(coordinates))
