"""The numbers of a training of the diagnosis that the documentation quotes, and tables of them.

Usage::

    python -m Testing.benchmarks.diagnosis.quoted TRAINING --as shipped
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from CTSMALib import __version__
from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.learning.diagnosis.tables import DIFFERENCES_FILE, MEASURED_FILE
from CTSMALib.learning.diagnosis.train import BUNDLE
from CTSMALib.outputs import replace_file
from Testing.benchmarks.markdown import rows_of, table_of

RESULTS = Path(__file__).parent / "results"
QUOTED = {
    "auc by patient": "AUC", "brier": "Brier score", "calibration slope": "Calibration slope",
    "ranked probability score": "Ranked probability score", "weighted kappa": "Weighted kappa of grades",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("training", type=Path, help="folder that 'ctsma train diagnosis' wrote")
    parser.add_argument("--as", dest="name", required=True, help="name of the table")
    options = parser.parse_args()
    bundle = read_bundle(options.training / BUNDLE)
    facts = {"ctsma": __version__, "model": bundle.identity, "data_source": bundle.metadata["data_source"]}
    facts["training"] = bundle.metadata["training"]
    replace_file(RESULTS / f"{options.name}.csv", (options.training / MEASURED_FILE).read_bytes())
    replace_file(RESULTS / f"{options.name}_differences.csv", (options.training / DIFFERENCES_FILE).read_bytes())
    replace_file(RESULTS / f"{options.name}.json", (json.dumps(facts, indent=1) + "\n").encode())


def table(name: str) -> str:
    """Each aggregator with its numbers, as Markdown."""
    rows = {(row["aggregator"], row["measure"]): row for row in rows_of(RESULTS / f"{name}.csv")}
    body = []
    for aggregator in dict.fromkeys(name for name, _ in rows):
        body.append([f"`{aggregator}`", *(_cell(rows[aggregator, measure]) for measure in QUOTED)])
    return table_of(["Aggregator", *QUOTED.values()], body)


def _cell(row: dict[str, str]) -> str:
    value, low, high = (float(row[key]) for key in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
