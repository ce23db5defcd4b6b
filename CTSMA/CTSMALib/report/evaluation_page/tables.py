"""The tables of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CTSMALib.catalogue import quantity
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.report.evaluation_page.wording import GROUPINGS, LEVELS, name, plain, symbol, with_interval
from CTSMALib.report.model import Column, Table
from CTSMALib.report.wording import MISSING, clean, number_text, unit_text

if TYPE_CHECKING:
    from CTSMALib.learning.evaluation.result import Evaluation

_INTERVAL = "In parentheses: 95 % interval by resampling patients."
_MEAN = "Mean ICC(2,1)"


def arm_table(found: Evaluation) -> Table:
    """Every arm against the MR, the references first."""
    rows = []
    for arm in (*found.arms("ceiling"), *found.arms()):
        mean = found.find(arm)
        if mean is None:
            continue
        ratio = found.difference(arm, "ceiling_true_parameters", "icc_agreement_ratio")
        rows.append(
            (
                name(arm) if mean.runs == 1 else f"{name(arm)} (mean of {mean.runs} runs)",
                with_interval(mean),
                with_interval(ratio),
                *(plain(found.find(arm, key=key)) for key in KEYS),
                str(mean.pairs),
            )
        )
    heads = (
        Column("Arm"),
        Column(_MEAN),
        Column("Share of ridge on true parameters"),
        *(Column(symbol(k)) for k in KEYS),
    )
    note = f"Patches, against the MR. {_INTERVAL} References are no upper bounds."
    return Table("Arms", (*heads, Column("Patches")), tuple(rows), note)


def difference_table(found: Evaluation) -> Table | None:
    """Every arm less each reference arm; ``None`` where there is none."""
    beside = found.arms("ceiling")
    others = [d.reference for d in found.differences if d.reference not in beside]
    references = tuple(dict.fromkeys(others))
    if not references:
        return None
    rows = [
        (name(arm), *(with_interval(found.difference(arm, other), signed=True) for other in references))
        for arm in found.arms()
    ]
    note = f"Arm less reference: mean ICC(2,1) against the MR, on patches that both predicted. {_INTERVAL}"
    heads = (Column("Arm"), *(Column(f"less {name(other)}") for other in references))
    return Table("Differences between arms", heads, tuple(rows), note)


def shown_table(found: Evaluation) -> Table:
    """All statistics of the arm that is shown, by parameter."""
    arm = found.shown.arm
    rows = []
    for key in KEYS:
        entry = quantity(key)
        unit, decimals = unit_text(entry), entry.decimals + 1
        rows.append(
            (
                f"{entry.symbol} [{unit}]" if unit else entry.symbol,
                with_interval(found.find(arm, key=key)),
                with_interval(found.find(arm, "icc_consistency", key)),
                with_interval(found.find(arm, "rmse", key), decimals),
                with_interval(found.find(arm, "bias", key), decimals, signed=True),
                _limits(found, arm, key, decimals),
                plain(found.find(arm, "correlation", key)),
                plain(found.find(arm, "reference_sd", key), decimals),
                with_interval(found.find(arm, "coverage", key), 2),
            )
        )
    heads = ("Parameter", "ICC(2,1)", "ICC(3,1)", "RMSE", "Bias", "Limits of agreement", "r", "SD of MR")
    note = f"Patches, against the MR. {_INTERVAL} Coverage: share of MR values within 1.96 stated uncertainties, "
    note += "which should be 0.95."
    return Table(f"{name(arm)} in detail", tuple(map(Column, (*heads, "Coverage"))), tuple(rows), note)


def _limits(found: Evaluation, arm: str, key: str, decimals: int) -> str:
    ends = [found.find(arm, which, key) for which in ("lower_limit", "upper_limit")]
    return " to ".join(MISSING if end is None else number_text(end.value, decimals) for end in ends)


def level_table(found: Evaluation) -> Table:
    """Mean ICC of every arm at every level."""
    rows = [
        (name(arm), *(with_interval(found.find(arm, level=level)) for level in LEVELS))
        for arm in (*found.arms("ceiling"), *found.arms())
    ]
    note = (
        f"{_MEAN} against the MR. {_INTERVAL} Compartments and patients: means over patches. Within a compartment: the "
        "mean of each patient's compartment taken off. Middle half: patches whose MR value lies between the quartiles."
    )
    return Table("Levels", (Column("Arm"), *map(Column, LEVELS.values())), tuple(rows), note)


def truth_table(found: Evaluation) -> Table | None:
    """ICC with truth; ``None`` where it is not known."""
    rows = []
    for arm in (*found.arms("label"), *found.arms()):
        raw, line = (found.find(arm, target=target) for target in ("truth", "truth-calibrated"))
        if raw is not None:
            parts = (plain(found.find(arm, key=key, target="truth-calibrated")) for key in KEYS)
            rows.append((name(arm), with_interval(raw), with_interval(line), *parts))
    heads = (Column("Arm"), Column("Mean, as it is"), Column("Mean, calibrated"), *(Column(symbol(k)) for k in KEYS))
    note = (
        f"ICC(2,1) of patches with true values. {_INTERVAL} Calibrated: by a line for each parameter, fitted on the "
        "split 'calibrate'; so are those of single parameters."
    )
    return Table("Against truth", heads, tuple(rows), note) if rows else None


def group_table(found: Evaluation) -> Table:
    """The arm that is shown by group."""
    arm, rows = found.shown.arm, []
    for grouping, groups in found.groups().items():
        for group in groups:
            mean = found.find(arm, grouping=grouping, group=group)
            true = found.find(arm, target="truth-calibrated", grouping=grouping, group=group)
            covered = [found.find(arm, "coverage", key, grouping=grouping, group=group) for key in KEYS]
            known = [one.value for one in covered if one is not None]
            rows.append(
                (
                    f"{GROUPINGS[grouping]}: {clean(group)}",
                    with_interval(mean),
                    with_interval(true),
                    number_text(sum(known) / len(known), 2) if known else MISSING,
                    MISSING if mean is None else str(mean.pairs),
                    MISSING if mean is None else str(mean.patients),
                )
            )
    heads = ("Group", "Mean ICC(2,1), MR", "Mean ICC(2,1), truth", "Coverage", "Patches", "Patients")
    note = f"Patches. {_INTERVAL} Truth: after calibration. Coverage: mean over the four parameters."
    return Table(f"{name(arm)} by group", tuple(map(Column, heads)), tuple(rows), note)
