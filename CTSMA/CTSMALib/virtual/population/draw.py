"""Draw the specification of a virtual knee. Values and their sources: :mod:`.values`."""

from __future__ import annotations

import numpy as np

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.errors import InputError
from CTSMALib.virtual.population import values
from CTSMALib.virtual.population.values import Normal, region_values
from CTSMALib.virtual.spec import GRADES, LATERAL, MEDIAL, KneeSpec

SOURCES = tuple(values.SEX_OF_SOURCE)
KEYS = tuple(c.key for c in COMPARTMENTS)
LEAST_FRACTION, MOST_FRACTION = 0.06, 0.62
LEAST_PLATE_MM, LEAST_NUMBER = 0.15, 0.7

# Streams of random numbers of their own, so that a new draw in one place leaves the others as they were.
_GRADE, _PERSON, _JOINT, _BONE, _STRUCTURE = 201, 202, 203, 204, 205


def draw_grade(seed: int) -> int:
    """A Kellgren-Lawrence grade as in people whose knee gets a CT: two thirds without osteoarthritis.

    Args:
        seed: of the knee.
    """
    return int(_stream(seed, _GRADE).choice(GRADES, p=values.GRADE_SHARES))


def draw_spec(
    seed: int, grade: int | None = None, side: str | None = None, sources: tuple[str, ...] = SOURCES
) -> KneeSpec:
    """Draw one knee.

    Args:
        seed: of everything about it.
        grade: Kellgren-Lawrence grade; drawn by :func:`draw_grade` without it.
        side: ``"right"`` or ``"left"``; drawn without it.
        sources: names of the source anatomies to choose from, of :data:`SOURCES`. Of these, the ones that are
            arthritic themselves serve for arthritic knees only.

    Returns:
        The specification, the same for the same arguments.

    Raises:
        InputError: a grade, side or source that does not exist, or no source that suits the grade.
    """
    _check(grade, side, sources)
    grade = draw_grade(seed) if grade is None else grade
    person = _stream(seed, _PERSON)
    sex = "F" if person.random() < values.FEMALE_BY_GRADE[grade] else "M"
    age = float(np.clip(_normal(person, values.AGE_BY_GRADE[grade]), *values.AGE_LIMITS))
    drawn_side = ("right", "left")[int(person.integers(2))]
    fat = _normal(person, values.BODY_FAT_MM[sex]) * values.FAT_GAINED[grade]
    source, scale = _anatomy(person, sex, _sources_for(grade, sources))
    worse = MEDIAL if person.random() < values.MEDIAL_SHARE else LATERAL
    joint = _stream(seed, _JOINT)
    plate, fraction, number = _bone(_stream(seed, _BONE), grade, worse, age)
    return KneeSpec(
        seed=seed,
        side=drawn_side if side is None else side,
        sex=sex,
        age_years=round(age, 1),
        grade=grade,
        worse=worse,
        source=source,
        scale=scale,
        varus_deg=_normal(joint, values.VARUS_BY_GRADE[worse][grade]),
        joint_space_mm=_joint_space(joint, grade, worse),
        osteophyte_mm=_osteophyte(joint, grade, source),
        plate_mm=plate,
        bone_fraction=fraction,
        number_per_mm=number,
        cysts=min(int(joint.poisson(values.CYSTS[grade])), values.MOST_CYSTS),
        edema=min(int(joint.poisson(values.EDEMA[grade])), values.MOST_EDEMA),
        family=_family(_stream(seed, _STRUCTURE)),
        body_fat_mm=float(np.clip(fat, *values.BODY_FAT_LIMITS)),
    )


def _check(grade: int | None, side: str | None, sources: tuple[str, ...]) -> None:
    if grade is not None and grade not in GRADES:
        raise InputError(f"There is no Kellgren-Lawrence grade {grade}.", "Give a grade from 0 to 4.")
    if side not in (None, "right", "left"):
        raise InputError(f"There is no side {side!r}.", 'Give "right" or "left".')
    unknown = [name for name in sources if name not in SOURCES]
    if unknown or not sources:
        raise InputError(f"There is no source anatomy {unknown}.", f"Choose from {', '.join(SOURCES)}.")


def _sources_for(grade: int, sources: tuple[str, ...]) -> tuple[str, ...]:
    """Without those that have more osteoarthritis than the grade allows."""
    suited = tuple(name for name in sources if grade >= values.LEAST_GRADE.get(name, 0))
    if not suited:
        raise InputError(
            f"The source anatomy {', '.join(sources)} is arthritic itself, too much for grade {grade}.",
            "Give another source too, or a grade from 2.",
        )
    return suited


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, number])


def _normal(rng: np.random.Generator, values_of: Normal) -> float:
    """A draw that is not extreme."""
    return float(values_of.mean + values_of.sd * _mild(rng.standard_normal()))


def _mild(deviates: float | np.ndarray) -> np.ndarray:
    return np.clip(deviates, -values.FARTHEST_SD, values.FARTHEST_SD)


def _anatomy(rng: np.random.Generator, sex: str, sources: tuple[str, ...]) -> tuple[str, float]:
    """Source anatomy, mostly one of the person's sex, and the size relative to it."""
    own = np.array([values.SEX_OF_SOURCE[name] == sex for name in sources])
    # each sex's share is divided among its sources
    weights = np.where(own, (1.0 - values.OTHER_SEX) / max(own.sum(), 1), values.OTHER_SEX / max((~own).sum(), 1))
    source = sources[int(rng.choice(len(sources), p=weights / weights.sum()))]
    scale = 1.0 + values.SCALE_SD * float(_mild(rng.standard_normal()))
    if values.SEX_OF_SOURCE[source] != sex:
        scale *= values.FEMALE_SIZE if sex == "F" else 1.0 / values.FEMALE_SIZE
    return source, scale


def _joint_space(rng: np.random.Generator, grade: int, worse: str) -> tuple[float, float]:
    healthy = {side: _normal(rng, values.HEALTHY_SPACE_MM[side]) for side in (MEDIAL, LATERAL)}
    left_over = 0.0 if rng.random() < values.BONE_ON_BONE else float(rng.uniform(0.2, 1.0))
    other = LATERAL if worse == MEDIAL else MEDIAL
    space = {other: healthy[other] + values.SPACE_GAINED_MM[grade]}
    space[worse] = left_over if grade == 4 else max(healthy[worse] - values.SPACE_LOST_MM[grade], 0.5)
    return space[MEDIAL], space[LATERAL]


def _osteophyte(rng: np.random.Generator, grade: int, source: str) -> float:
    """Height of what is added to the osteophytes of the source."""
    height = values.OSTEOPHYTE_MM[grade] * (1 + _normal(rng, Normal(0, values.OSTEOPHYTE_SPREAD)))
    return min(height, values.MOST_OSTEOPHYTE_MM) * values.OSTEOPHYTES_ADDED.get(source, 1.0)


def _bone(
    rng: np.random.Generator, grade: int, worse: str, age: float
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Plate thickness, bone fraction and trabecular number by compartment, correlated as in people."""
    dense, fine, thick = (_shared(rng) for _ in range(3))
    fine = _correlated(dense, fine, values.FRACTION_AND_NUMBER)
    thick = _correlated(dense, thick, values.FRACTION_AND_PLATE)
    years = age - values.AGE_OF_VALUES
    plate, fraction, number = {}, {}, {}
    for index, key in enumerate(KEYS):
        row = region_values(key, grade, worse)
        wanted = _at(row.bone_fraction, dense[index]) * (1 + values.FRACTION_A_YEAR * years)
        fraction[key] = float(np.clip(wanted, LEAST_FRACTION, MOST_FRACTION))
        number[key] = max(_at(row.number_per_mm, fine[index]) * (1 + values.NUMBER_A_YEAR * years), LEAST_NUMBER)
        plate[key] = max(_at(row.plate_mm, thick[index]), LEAST_PLATE_MM)
    return plate, fraction, number


def _shared(rng: np.random.Generator) -> np.ndarray:
    """One standard normal deviate per compartment, with a part that the compartments share."""
    common, own = rng.standard_normal(), rng.standard_normal(len(KEYS))
    return np.sqrt(values.SHARED) * common + np.sqrt(1.0 - values.SHARED) * own


def _correlated(first: np.ndarray, second: np.ndarray, correlation: float) -> np.ndarray:
    return correlation * first + np.sqrt(1.0 - correlation**2) * second


def _at(values_of: Normal, deviate: float) -> float:
    return float(values_of.mean + values_of.sd * _mild(deviate))


def _family(rng: np.random.Generator) -> str:
    if rng.random() < values.FIELD_SHARE:
        return "field"
    return values.LARGE_SPECIMENS[int(rng.integers(len(values.LARGE_SPECIMENS)))]
