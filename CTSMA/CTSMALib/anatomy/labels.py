"""Bones and compartments: their numbers, names and SNOMED CT codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bone:
    """One bone of the knee, as labelled in every label map of the project."""

    label: int
    name: str
    snomed: str


FEMUR = Bone(1, "femur", "71341001")
TIBIA = Bone(2, "tibia", "12611008")
PATELLA = Bone(3, "patella", "64234005")
FIBULA = Bone(4, "fibula", "87342007")
BONES = (FEMUR, TIBIA, PATELLA, FIBULA)


@dataclass(frozen=True)
class Compartment:
    """One weight-bearing half of femur or tibia.

    Attributes:
        key: ``"FM"``, ``"FL"``, ``"TM"`` or ``"TL"``.
        title: what a reader sees.
        bone: the bone it belongs to.
        lateral: ``True`` on the fibular side.
    """

    key: str
    title: str
    bone: Bone
    lateral: bool


COMPARTMENTS = (
    Compartment("FM", "Medial femoral condyle", FEMUR, lateral=False),
    Compartment("FL", "Lateral femoral condyle", FEMUR, lateral=True),
    Compartment("TM", "Medial tibial plateau", TIBIA, lateral=False),
    Compartment("TL", "Lateral tibial plateau", TIBIA, lateral=True),
)
