"""Tables of students and what they are compared with, from the committed results."""

from __future__ import annotations

from statistics import mean, stdev

from CTSMALib.catalogue import quantity
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.structure import STRUCTURE_KEYS
from Testing.benchmarks.markdown import NotMeasured, Row, rows_of, table_of
from Testing.benchmarks.student.agreement_rows import MEAN
from Testing.benchmarks.student.arms import RESULTS

FACTORS = {
    "baseline": "Baselines", "way": "Ways of distilling", "patients": "Paired patients", "size": "Smaller student",
    "misregistration": "Misregistration", "maps": "Maps that are distilled",
}  # fmt: skip
AGAINST = {"mr": "MR values", "truth-calibrated": "truth, on its scale"}
TITLES = {"field": "family of fields", "bonebox_0": "built on a micro-CT, 1", "bonebox_1": "built on a micro-CT, 2"}


def arms() -> str:
    """ICC(2,1) of every arm on the split ``test``."""
    rows = _read("arms.csv")
    head = ["Factor", "Arm", "Seeds", *(quantity(key).symbol for key in KEYS), "Mean of four", "Less none"]
    less, body = _less(), []
    for factor, title in FACTORS.items():
        for name in dict.fromkeys(row["arm"] for row in rows if row["factor"] == factor):
            own = [row for row in rows if row["arm"] == name]
            cells = [_cell(own, f"test_{key}") for key in (*KEYS, "mean")]
            body.append([title, f"`{name}`", str(len(own)), *cells, less.get(name, "—")])
    return table_of(head, body)


def _less() -> dict[str, str]:
    """Mean of the four, by arm, less that of the student without distillation on the same patients."""
    rows = [row for row in _read("paired.csv") if float(row["mean_low"]) < float(row["mean_high"])]
    ends = ("mean_less", "mean_low", "mean_high")
    return {row["arm"]: "{:+.3f} ({:+.3f} to {:+.3f})".format(*(float(row[end]) for end in ends)) for row in rows}


def reference() -> str:
    """The published recipe at the size that was trained, beside ours at the center of the arms."""
    rows = _read("reference.csv")
    head = ["Arm", *(quantity(key).symbol for key in KEYS), "Mean of four", "Less ours", "Multiply-adds of ours"]
    less, body = _less(), []
    for row in rows:
        times = f"{float(row['gmac']) / float(row['our_gmac']):.0f} times"
        cells = [_cell([row], key) for key in (*KEYS, "mean")]
        body.append([f"`{row['arm']}`", *cells, less.get(row["arm"], "—"), times])
    return table_of(head, body)


def reference_untouched() -> str:
    """The shipped student and the published recipe on patients that neither knows."""
    found = {(row["arm"], row["parameter"]): row for row in _read("reference_untouched.csv")}
    body = []
    for arm in dict.fromkeys(key[0] for key in found):
        each = [found[arm, key] for key in (*KEYS, MEAN)]
        body.append([f"`{arm}`", *(f"{r['icc']} ({r['low']} to {r['high']})" for r in each)])
    return table_of(["Arm", *(quantity(key).symbol for key in KEYS), "Mean of four"], body)


def unseen() -> str:
    """Agreement on kernels and families that the training never showed, beside one that did."""
    found = {(row["group"], row["arm"], row["trained"]): row for row in _read("unseen.csv")}
    head = ["Held out", "Arm", "Test patients", "Not seen in training", "Seen", "Scans outside the training"]
    body = []
    for group, arm in dict.fromkeys(key[:2] for key in found):
        without, seen = (found.get((group, arm, trained)) for trained in ("unseen", "seen"))
        if without and seen:
            means = [f"{r['mean']} ({r['low']} to {r['high']})" for r in (without, seen)]
            outside = f"{float(without['outside']):.0%}"
            body.append([group, f"`{arm}`", without["patients"], *means, outside])
    return table_of(head, body)


def unseen_structure() -> str:
    """The structure itself on groups that the training never showed: each parameter, and the mean with its interval."""
    rows = {(r["group"], r["arm"], r["trained"], r["parameter"]): r for r in _read("unseen_structure.csv")}
    body = []
    for group, arm in dict.fromkeys(key[:2] for key in rows):
        unseen = [rows[group, arm, "unseen", key] for key in (*STRUCTURE_KEYS, MEAN)]
        seen = rows[group, arm, "seen", MEAN]
        means = [f"{r['icc']} ({r['low']} to {r['high']})" for r in (unseen[-1], seen)]
        counts = f"{seen['patches']} ({seen['knees']})"
        body.append([TITLES.get(group, group), f"`{arm}`", counts, *(r["icc"] for r in unseen[:-1]), *means])
    symbols = [quantity(key).symbol for key in STRUCTURE_KEYS]
    return table_of(["Held out", "Arm", "Patches (knees)", *symbols, "Mean, not seen in training", "Mean, seen"], body)


def test_split() -> str:
    """Agreement of patches of the split ``test`` with the MR, by arm and parameter."""
    rows = _test_rows(target="mr", level="patch", grouping="all")
    head = ["Arm", *(quantity(key).symbol for key in KEYS), "Mean of four", "Mean ICC(3,1)"]
    wanted = [(key, "icc_agreement") for key in (*KEYS, "mean")] + [("mean", "icc_consistency")]
    found = {(row["arm"], row["key"], row["statistic"]): row for row in rows}
    arms = {row["arm"] for row in rows if row["kind"] in ("arm", "ceiling")}
    order = sorted(arms, key=lambda arm: -_value(found, arm))
    body = [[f"`{arm}`", *(_interval(found.get((arm, *name))) for name in wanted)] for arm in order]
    return table_of(head, body)


def levels() -> str:
    """Agreement of the student with MR and truth at every level."""
    rows = [row for row in _test_rows(grouping="all", statistic="icc_agreement") if row["arm"] == "student"]
    found = {(row["target"], row["level"], row["key"]): row for row in rows}
    head = ["Against", "Level", *(quantity(key).symbol for key in KEYS)]
    body = [
        [AGAINST[target], level, *(_interval(found.get((target, level, key))) for key in KEYS)]
        for target, level in dict.fromkeys((row["target"], row["level"]) for row in rows)
        if target in AGAINST
    ]
    return table_of(head, body)


def groups() -> str:
    """Agreement of the student with the MR in groups of patches."""
    rows = [row for row in _test_rows(target="mr", level="patch", arm="student") if row["grouping"] != "all"]
    body = [[row["grouping"], row["group"], _interval(row), row["patients"]] for row in rows]
    return table_of(["Grouped by", "Group", "Mean ICC(2,1)", "Patients"], body)


def structure() -> str:
    """Agreement with the truth of single patches: of what reads the structure itself, and of others after a line."""
    rows = _test_rows(target="truth-calibrated", level="patch", statistic="icc_agreement")
    if not any(row["arm"] == "structure" for row in rows):
        raise NotMeasured("structure")
    found = {(row["arm"], row["group"], row["key"]): row for row in rows if row["grouping"] in ("all", "family")}
    covered = _test_rows(
        target="truth-calibrated", level="patch", statistic="coverage", arm="structure", grouping="all"
    )
    head = ["Arm", "Knees", *(quantity(key).symbol for key in STRUCTURE_KEYS), "Mean of four"]
    body = [
        [f"`{arm}`", TITLES.get(group, group), *(_interval(found.get((arm, group, key))) for key in (*KEYS, "mean"))]
        for arm, group in dict.fromkeys(key[:2] for key in found)
        if group == "all" or arm.startswith("structure")
    ]
    shares = {row["key"]: f"{float(row['value']):.0%}" for row in covered}
    body.append(["`structure`, in the 95 % interval", "all", *(shares.get(key, "—") for key in KEYS), "—"])
    return table_of(head, body)


def _test_rows(**wanted: str) -> list[Row]:
    return [row for row in _read("test_split.csv") if all(row[name] == value for name, value in wanted.items())]


def _value(found: dict[tuple[str, str, str], Row], arm: str) -> float:
    row = found.get((arm, "mean", "icc_agreement"))
    return float(row["value"]) if row else -2.0


def _interval(row: Row | None) -> str:
    if row is None:
        return "—"
    inside = f" ({float(row['low']):.3f} to {float(row['high']):.3f})" if row["low"] else ""
    return f"{float(row['value']):.3f}{inside}"


def whole(name: str = "whole.csv") -> str:
    """Agreement on whole virtual scans: with the MR, or (``whole_structure.csv``) with the structure."""
    rows = _read(name)
    head = ["Arm", "Parameter", "Patches (knees)", "ICC(2,1)", "ICC(3,1)", "Bias", "RMSE", "In the 95 % interval"]
    body = []
    for r in rows:
        counts, icc = f"{r['patches']} ({r['knees']})", f"{r['icc']} ({r['low']} to {r['high']})"
        if r["parameter"] == MEAN:
            body.append([f"`{r['arm']}`", "mean of four", counts, icc, "", "", "", ""])
            continue
        others = [r["consistency"], r["bias"], r["rmse"], f"{float(r['covered']):.0%}" if r["covered"] else "—"]
        body.append([f"`{r['arm']}`", quantity(r["parameter"]).symbol, counts, icc, *others])
    return table_of(head, body)


def untouched() -> str:
    """Agreement of the shipped student on patients that nobody looked at, with values of the MR and with truth."""
    found = {(r["arm"], r["group"], r["parameter"]): r for r in _read("untouched.csv")}
    body = []
    for arm, group in dict.fromkeys(key[:2] for key in found):
        keys = STRUCTURE_KEYS if (arm, group, STRUCTURE_KEYS[0]) in found else KEYS
        of_arm = [found[arm, group, key] for key in (*keys, MEAN)]
        against = "truth" if keys is STRUCTURE_KEYS else "MR values"
        counts = f"{of_arm[0]['patches']} ({of_arm[0]['knees']})"
        values = [f"{r['icc']} ({r['low']} to {r['high']})" for r in of_arm]
        body.append([f"`{arm}`", against, TITLES.get(group, group), counts, *values])
    return table_of(
        ["Arm", "Against", "Knees", "Patches (knees)", "BV/TV", "Tb.Th", "Tb.Sp", "Tb.N", "Mean of four"], body
    )


def _cell(rows: list[Row], key: str) -> str:
    values = [float(row[key]) for row in rows]
    return f"{mean(values):.3f}" + (f" (SD {stdev(values):.3f})" if len(values) > 1 else "")


def _read(name: str) -> list[Row]:
    return rows_of(RESULTS / name)
