"""Values of trabecular bone 0 to 5 mm under the subchondral plate that virtual knees are held against.

Design values set for the project before any virtual knee was made: between the published ones named in
``CTSMALib/virtual/population/values.py``, with gaps filled in and standard deviations from memory. The thickness,
spacing and number of trabeculae are not those of one and the same study.
"""

from __future__ import annotations

from dataclasses import dataclass

QUANTITIES = ("bv_tv", "tb_th_mm", "tb_sp_mm", "tb_n_per_mm", "plate_mm")


@dataclass(frozen=True)
class Published:
    """Mean and standard deviation between subjects.

    Attributes:
        mean: of the stage.
        sd: of the stage, or of the nearest stage for which there is one.
        sd_given: whether it is that of the stage itself.
    """

    mean: float
    sd: float
    sd_given: bool


def _row(means: tuple[float, ...], sds: tuple[float | None, ...]) -> dict[str, Published]:
    usual = (0.05, 0.03, 0.10, 0.20, 0.09)
    return {
        name: Published(mean, other if sd is None else sd, sd is not None)
        for name, mean, sd, other in zip(QUANTITIES, means, sds, usual, strict=True)
    }


_FEMUR_SD, _LATE_FEMUR_SD = (0.05, None, None, None, None), (0.07, None, None, None, None)
_TL_LATE_SD = (0.06, None, None, None, None)
# Compartment and stage to the values of QUANTITIES.
PUBLISHED: dict[tuple[str, str], dict[str, Published]] = {
    ("TM", "KL0-1"): _row((0.29, 0.19, 0.58, 1.45, 0.40), (0.06, 0.03, 0.09, 0.2, 0.10)),
    ("TM", "KL2 medial"): _row((0.28, 0.19, 0.60, 1.40, 0.45), (0.07, 0.03, 0.10, 0.2, 0.12)),
    ("TM", "KL3 medial"): _row((0.33, 0.22, 0.55, 1.45, 0.55), (0.07, 0.03, 0.10, 0.2, 0.13)),
    ("TM", "KL4 medial"): _row((0.40, 0.26, 0.50, 1.50, 0.65), (0.07, 0.04, 0.10, 0.2, 0.15)),
    ("TL", "KL0-1"): _row((0.22, 0.17, 0.68, 1.25, 0.32), (0.05, 0.02, 0.10, 0.2, 0.08)),
    ("TL", "KL2 medial"): _row((0.21, 0.17, 0.70, 1.20, 0.34), (0.05, 0.02, 0.11, 0.2, 0.08)),
    ("TL", "KL3 medial"): _row((0.21, 0.17, 0.70, 1.20, 0.34), (0.05, 0.02, 0.11, 0.2, 0.08)),
    ("TL", "KL4 medial"): _row((0.21, 0.18, 0.72, 1.15, 0.35), _TL_LATE_SD),
    ("TL", "KL4 lateral"): _row((0.35, 0.24, 0.52, 1.45, 0.60), _TL_LATE_SD),
    ("FM", "KL0-1"): _row((0.26, 0.18, 0.62, 1.35, 0.35), _FEMUR_SD),
    ("FM", "KL2 medial"): _row((0.25, 0.175, 0.64, 1.35, 0.38), _FEMUR_SD),
    ("FM", "KL3 medial"): _row((0.28, 0.20, 0.60, 1.35, 0.50), _LATE_FEMUR_SD),
    ("FM", "KL4 medial"): _row((0.28, 0.20, 0.60, 1.35, 0.50), _LATE_FEMUR_SD),
    ("FL", "KL0-1"): _row((0.24, 0.17, 0.66, 1.30, 0.32), _FEMUR_SD),
    ("FL", "KL2 medial"): _row((0.23, 0.17, 0.66, 1.30, 0.33), _FEMUR_SD),
    ("FL", "KL3 medial"): _row((0.23, 0.17, 0.66, 1.30, 0.36), _TL_LATE_SD),
    ("FL", "KL4 medial"): _row((0.23, 0.17, 0.66, 1.30, 0.36), _TL_LATE_SD),
}

# Of the bone volume fraction with these, between people of one stage.
CORRELATIONS = {"tb_th_mm": 0.6, "tb_sp_mm": -0.7, "tb_n_per_mm": 0.5}
