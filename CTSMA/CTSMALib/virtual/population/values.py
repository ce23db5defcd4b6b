"""Published values that virtual knees are drawn after. Set before any result was seen; tuned to none.

What is marked [memory] was written from memory and has no source that was looked up; [between] lies between sourced
values. Bone values hold 0 to 5 mm under the subchondral plate.
"""

from __future__ import annotations

from dataclasses import dataclass

from CTSMALib.virtual.spec import LATERAL, MEDIAL


@dataclass(frozen=True)
class Normal:
    """Mean and standard deviation between subjects."""

    mean: float
    sd: float


@dataclass(frozen=True)
class RegionValues:
    """Bone of one compartment at one stage.

    Attributes:
        bone_fraction: bone volume fraction, BV/TV.
        number_per_mm: trabecular number, Tb.N.
        plate_mm: thickness of the subchondral plate.
    """

    bone_fraction: Normal
    number_per_mm: Normal
    plate_mm: Normal


def _row(fraction: tuple[float, float], number: float, plate: tuple[float, float]) -> RegionValues:
    return RegionValues(Normal(*fraction), Normal(number, NUMBER_SD), Normal(*plate))


NUMBER_SD = 0.2  # [memory]; relative to the mean about what in vivo MR finds between people

# Compartment, stage (0 stands for grades 0 and 1) and worse compartment to bone values. The range of BV/TV and plate
# of controls, varus and valgus osteoarthritis follows Rapagna 2021 (micro-CT of tibial plateaus: BV/TV of controls
# 0.18 to 0.37, varus medial 0.37 to 0.44, valgus lateral 0.32 to 0.37; plates 0.26 to 0.47, 0.58 to 0.72 and 0.60 to
# 0.61 mm); the loss before the gain follows Patel 2003 and studies by MR; tibia above femur and medial above lateral
# follow Patel 2003, Shiraishi 2019 and Holzer 2020. Standard deviations and the rest: [between], [memory].
_TM0, _TL0 = _row((0.29, 0.06), 1.45, (0.40, 0.10)), _row((0.22, 0.05), 1.25, (0.32, 0.08))
_FM0, _FL0 = _row((0.26, 0.05), 1.35, (0.35, 0.09)), _row((0.24, 0.05), 1.30, (0.32, 0.08))
REGIONS: dict[tuple[str, int, str], RegionValues] = {
    **{("TM", 0, worse): _TM0 for worse in (MEDIAL, LATERAL)},
    **{("TL", 0, worse): _TL0 for worse in (MEDIAL, LATERAL)},
    **{("FM", 0, worse): _FM0 for worse in (MEDIAL, LATERAL)},
    **{("FL", 0, worse): _FL0 for worse in (MEDIAL, LATERAL)},
    ("TM", 2, MEDIAL): _row((0.28, 0.07), 1.40, (0.45, 0.12)),
    ("TM", 3, MEDIAL): _row((0.33, 0.07), 1.45, (0.55, 0.13)),
    ("TM", 4, MEDIAL): _row((0.40, 0.07), 1.50, (0.65, 0.15)),
    ("TL", 2, MEDIAL): _row((0.21, 0.05), 1.20, (0.34, 0.08)),
    ("TL", 3, MEDIAL): _row((0.21, 0.05), 1.20, (0.34, 0.08)),
    ("TL", 4, MEDIAL): _row((0.21, 0.06), 1.15, (0.35, 0.08)),
    ("FM", 2, MEDIAL): _row((0.25, 0.05), 1.35, (0.38, 0.10)),
    ("FM", 3, MEDIAL): _row((0.28, 0.07), 1.35, (0.50, 0.12)),
    ("FM", 4, MEDIAL): _row((0.28, 0.07), 1.35, (0.50, 0.12)),
    ("FL", 2, MEDIAL): _row((0.23, 0.05), 1.30, (0.33, 0.08)),
    ("FL", 3, MEDIAL): _row((0.23, 0.06), 1.30, (0.36, 0.08)),
    ("FL", 4, MEDIAL): _row((0.23, 0.06), 1.30, (0.36, 0.08)),
    # Lateral disease: the lateral plateau of grade 4 and the ratio of medial to lateral of 0.8 to 1.1 (Rapagna 2021)
    # are given; the stages that lead there are [between], the femur is taken as the medial one mirrored [memory].
    ("TM", 2, LATERAL): _row((0.28, 0.06), 1.42, (0.40, 0.10)),
    ("TM", 3, LATERAL): _row((0.29, 0.06), 1.42, (0.43, 0.10)),
    ("TM", 4, LATERAL): _row((0.30, 0.06), 1.40, (0.48, 0.11)),
    ("TL", 2, LATERAL): _row((0.23, 0.05), 1.25, (0.36, 0.09)),
    ("TL", 3, LATERAL): _row((0.29, 0.06), 1.35, (0.48, 0.11)),
    ("TL", 4, LATERAL): _row((0.35, 0.06), 1.45, (0.60, 0.13)),
    ("FM", 2, LATERAL): _row((0.25, 0.05), 1.35, (0.36, 0.09)),
    ("FM", 3, LATERAL): _row((0.25, 0.06), 1.35, (0.39, 0.09)),
    ("FM", 4, LATERAL): _row((0.25, 0.06), 1.35, (0.39, 0.09)),
    ("FL", 2, LATERAL): _row((0.23, 0.05), 1.30, (0.35, 0.09)),
    ("FL", 3, LATERAL): _row((0.26, 0.06), 1.32, (0.46, 0.11)),
    ("FL", 4, LATERAL): _row((0.26, 0.06), 1.32, (0.46, 0.11)),
}


def region_values(compartment: str, grade: int, worse: str) -> RegionValues:
    """Bone of a compartment.

    Args:
        compartment: ``"FM"``, ``"FL"``, ``"TM"`` or ``"TL"``.
        grade: Kellgren-Lawrence grade.
        worse: the worse compartment, ``"medial"`` or ``"lateral"``.
    """
    return REGIONS[compartment, grade if grade >= 2 else 0, worse]


SHARED = 0.65  # correlation of the compartments of one person [memory]
FRACTION_AND_NUMBER = 0.5  # correlation between people [memory]
FRACTION_AND_PLATE = 0.3  # [memory]
FARTHEST_SD = 2.3  # draws end here, so that no knee is a monster

# Bone is lost with age, about 0.3 % of itself a year in BV/TV and half as much in number [memory]; the values above
# come from people of about 60. This is why osteoarthritic knees, being older, do not stand out by more bone before
# age is accounted for (Kang: unadjusted, lower CT numbers).
AGE_OF_VALUES = 60.0
FRACTION_A_YEAR, NUMBER_A_YEAR = -0.003, -0.0015

# Of 753 knees with CT, 238 had osteoarthritis (Kang), taken as grade 2 and more; shares within both halves [memory].
GRADE_SHARES = (0.40, 0.28, 0.14, 0.11, 0.07)
AGE_BY_GRADE = (Normal(50, 14), Normal(54, 13), Normal(60, 11), Normal(64, 10), Normal(68, 9))  # [memory]
AGE_LIMITS = (20.0, 90.0)
FEMALE_BY_GRADE = (0.50, 0.52, 0.58, 0.60, 0.60)  # [memory]
MEDIAL_SHARE = 0.75  # of osteoarthritis; 18 of 25 end-stage knees were varus (Rapagna 2021)

# Bent outward (varus) with medial disease, inward with lateral [memory].
VARUS_BY_GRADE = {
    MEDIAL: (Normal(1.0, 2.2), Normal(1.2, 2.2), Normal(2.5, 2.4), Normal(4.5, 2.8), Normal(8.0, 3.2)),
    LATERAL: (Normal(0.6, 2.2), Normal(0.4, 2.2), Normal(-1.5, 2.4), Normal(-4.0, 2.8), Normal(-7.5, 3.5)),
}

# Joint space of knees that bear no weight: 3.7 mm without and 2.1 mm with osteoarthritis (PMC4891813), the narrowest
# place of radiographs; bone to bone in CT healthy compartments measure a little more, lateral ones most [memory].
HEALTHY_SPACE_MM = {MEDIAL: Normal(4.2, 0.6), LATERAL: Normal(5.0, 0.7)}
SPACE_LOST_MM = (0.0, 0.15, 1.0, 2.3)  # in the worse compartment, grades 0 to 3
SPACE_GAINED_MM = (0.0, 0.0, 0.1, 0.3, 0.6)  # in the other one, which opens [memory]
BONE_ON_BONE = 0.5  # share of grade 4; the others keep less than a millimeter
OSTEOPHYTE_MM = (0.0, 1.0, 2.0, 4.0, 6.0)  # by grade, give or take 30 % [memory]
OSTEOPHYTE_SPREAD = 0.3
MOST_OSTEOPHYTE_MM = 7.0
# Sources that are arthritic themselves: from which grade on they serve, and the share of osteophytes added to theirs.
LEAST_GRADE = {"knee2": 2}
OSTEOPHYTES_ADDED = {"knee2": 0.5}
CYSTS = (0.0, 0.02, 0.3, 1.2, 2.5)  # mean number by grade [memory]
EDEMA = (0.02, 0.1, 0.5, 1.2, 1.8)  # mean number by grade [memory]
MOST_CYSTS, MOST_EDEMA = 6, 4

FIELD_SHARE = 0.7  # of knees with structure of the family of random fields; the others share the larger specimens
LARGE_SPECIMENS = ("bonebox_0", "bonebox_1")  # the third is so small that its repetition is seen
SCALE_SD = 0.05
FEMALE_SIZE = 0.90  # of a male knee [memory: tibial plateaus about 69 and 77 mm wide]
OTHER_SEX = 0.2  # share of knees whose source has the size of the other sex
# Of the two volunteers' knees the sex is not told; theirs is that whose usual size they have (74 and 64 mm wide).
SEX_OF_SOURCE = {"knee1": "M", "knee2": "F", "visible_female": "F", "visible_male": "M"}
# Around the knee, of people without osteoarthritis; those with it are heavier [memory].
BODY_FAT_MM = {"F": Normal(10.0, 2.3), "M": Normal(5.5, 1.5)}
FAT_GAINED = (1.0, 1.05, 1.12, 1.2, 1.25)  # by grade, relative
BODY_FAT_LIMITS = (3.0, 20.0)
