"""Compare the morphometry of this project and of peers with the truth of phantoms.

Thickness, separation and number are means over the part 1.3 mm from the faces, for every method; all else is of the
whole volume. Rows of peers and of CTSMA lie in separate tables, so that a change of CTSMA costs its own rows only.

Usage::

    python -m Testing.benchmarks.morphometry.accuracy [--peers-python PYTHON] [--quick]
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from Testing.benchmarks.morphometry import ours
from Testing.benchmarks.morphometry.conditions import CONDITIONS, QUICK, Case, cases
from Testing.benchmarks.morphometry.peers import PEERS, Given, Peers
from Testing.benchmarks.morphometry.sources import digest
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/trabecular",)
KEYS = ("method", "condition", "phantom", "seed")
NOISY = "0.1 mm, noise"
CLEANED = "0.1 mm, noise, cleaned by CTSMA"
# What the tables tell; the other keys of the catalogue follow from these or are not truth of anything.
QUANTITIES = (
    "bv_tv", "bs_tv_per_mm", "tb_th_mm", "tb_th_sd_mm", "tb_sp_mm", "tb_sp_sd_mm", "tb_n_per_mm", "tb_n_mil_per_mm",
    "da", "da_norm", "da_surface", "smi", "conn_d_per_mm3", "tb_pf_per_mm",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", type=Path, help="interpreter of an environment with the peers")
    parser.add_argument("--quick", action="store_true", help="two phantoms; kept apart from the full results")
    options = parser.parse_args()
    prefix = "quick_" if options.quick else ""
    chosen = cases(QUICK if options.quick else CONDITIONS)
    phantoms = digest("phantoms", "shapes", "closed_form", "realized", "conditions")
    own = ResultTable(RESULTS / f"{prefix}accuracy.csv", KEYS, CODE, phantoms_sha256=phantoms)
    for case in chosen:
        own_rows(case, own)
    refresh(own, chosen)
    peers = Peers(options.peers_python)
    if options.peers_python:
        adapters = digest("peers", "peer_programs")
        settings = {"phantoms_sha256": phantoms, "peers_sha256": adapters, "peers": peers.versions}
        table = ResultTable(RESULTS / f"{prefix}accuracy_peers.csv", KEYS, (), **settings)
        clean = ResultTable(RESULTS / f"{prefix}accuracy_peers_cleaned.csv", KEYS,
                            ("CTSMA/CTSMALib/morphometry/trabecular",), **settings)  # fmt: skip
        for condition in QUICK if options.quick else CONDITIONS:
            among = [case for case in chosen if case.condition == condition]
            for name in [p for p in PEERS if p in peers]:
                peer_rows(name, among, peers, table)
                if condition.noise:
                    peer_rows(name, among, peers, clean, cleaned=True)
        refresh(table, chosen)
        refresh(clean, chosen)
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def own_rows(case: Case, table: ResultTable) -> None:
    """Add what CTSMA says of a case."""
    if table.holds(method=ours.NAME, **case.key):
        return
    image = ours.bone_image(case.fraction, case.condition.spacing_mm, case.condition.binary)
    found = ours.run(image, case.inner)
    table.add(_rows(ours.NAME, case.key, found.values, case.truth, found.uncertainties, " ".join(found.flags)))
    print(ours.NAME, *case.key.values(), f"{found.cpu_s:.1f} s", flush=True)


def peer_rows(name: str, among: list[Case], peers: Peers, table: ResultTable, cleaned: bool = False) -> None:
    """Add what a peer says of cases, as they are or cleaned by CTSMA."""
    keys = [case.key | ({"condition": CLEANED} if cleaned else {}) for case in among]
    left = [(case, key) for case, key in zip(among, keys, strict=True) if not table.holds(method=name, **key)]
    if not left:
        return
    given = []
    for case, _ in left:
        spacing = case.condition.spacing_mm
        given.append(Given(ours.cleaned(case.fraction, spacing) if cleaned else case.fraction, case.inner, spacing))
    for (case, key), found in zip(left, peers.run(name, given), strict=True):
        table.add(_rows(name, key, found.values, case.truth, {}, found.failure))
        print(name, *key.values(), f"{found.cpu_s:.1f} s", found.failure, flush=True)


def refresh(table: ResultTable, among: list[Case]) -> None:
    """Enter numeric truths, which may have been found or improved after the values."""
    numeric = {(case.phantom.name, str(case.seed), case.condition.name): case.numeric for case in among}
    for row in table.rows:
        condition = NOISY if row["condition"] == CLEANED else row["condition"]
        truth = numeric.get((row["phantom"], row["seed"], condition), {})
        if row["quantity"] in truth and row["value"]:
            row |= _against({row["quantity"]: float(row["value"])}, truth, row["quantity"])
    table.add([])


def _rows(
    method: str, key: dict[str, object], values: dict[str, float], truth: dict[str, float],
    uncertainties: dict[str, float], note: str,
) -> list[dict[str, object]]:  # fmt: skip
    """One row per quantity; a single row without one where there are no values."""
    return [
        {"method": method, **key, "quantity": quantity, "value": _text(values.get(quantity)),
         "uncertainty": _text(uncertainties.get(quantity)), **_against(values, truth, quantity), "note": note}
        for quantity in [q for q in QUANTITIES if q in values] or [""]
    ]  # fmt: skip


def _against(values: dict[str, float], truth: dict[str, float], quantity: str) -> dict[str, str]:
    return {"truth": _text(truth.get(quantity)), "error": _text(_difference(values, truth, quantity)),
            "error_pct": _text(_percent(values, truth, quantity))}  # fmt: skip


def _difference(values: dict[str, float], truth: dict[str, float], quantity: str) -> float | None:
    return values[quantity] - truth[quantity] if quantity in values and quantity in truth else None


def _percent(values: dict[str, float], truth: dict[str, float], quantity: str) -> float | None:
    if quantity not in values or truth.get(quantity, 0.0) == 0.0:
        return None
    return 100 * (values[quantity] / truth[quantity] - 1)


def _text(value: float | None) -> str:
    if value is None:
        return ""
    if not math.isfinite(value):
        return str(float(value))
    # Four digits, but nothing beyond the sixth decimal.
    digits = 6 if abs(value) < 1e-3 else max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


if __name__ == "__main__":
    main()
