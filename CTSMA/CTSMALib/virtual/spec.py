"""What makes one virtual knee different from another. Everything of a knee follows from its specification."""

from __future__ import annotations

from dataclasses import dataclass

GRADES = (0, 1, 2, 3, 4)  # Kellgren and Lawrence
MEDIAL, LATERAL = "medial", "lateral"


@dataclass(frozen=True)
class KneeSpec:
    """One knee of one person.

    Attributes:
        seed: of everything random about the knee, but for the noise of its scans.
        side: ``"right"`` or ``"left"``.
        sex: ``"F"`` or ``"M"``.
        age_years: of the person.
        grade: Kellgren-Lawrence grade, 0 to 4.
        worse: the compartment with more osteoarthritis, ``"medial"`` or ``"lateral"``; also set without any.
        source: name of the source anatomy.
        scale: size relative to the source anatomy.
        varus_deg: how far the leg bends outward at the knee (genu varum); negative for valgus.
        joint_space_mm: smallest distance of the bones in the (medial, lateral) compartment; 0 is bone on bone.
        osteophyte_mm: height of the largest osteophyte; 0 for none.
        plate_mm: mean thickness of the subchondral plate, by compartment key (FM, FL, TM, TL).
        bone_fraction: mean bone volume fraction wanted 0 to 5 mm under the plate, by compartment key.
        number_per_mm: trabecular number wanted, by compartment key.
        cysts: number of subchondral cysts.
        edema: number of marrow edema regions.
        family: of trabecular structure: ``"field"``, or the name of a specimen.
        body_fat_mm: thickness of the fat under the skin.
    """

    seed: int
    side: str
    sex: str
    age_years: float
    grade: int
    worse: str
    source: str
    scale: float
    varus_deg: float
    joint_space_mm: tuple[float, float]
    osteophyte_mm: float
    plate_mm: dict[str, float]
    bone_fraction: dict[str, float]
    number_per_mm: dict[str, float]
    cysts: int
    edema: int
    family: str
    body_fat_mm: float
