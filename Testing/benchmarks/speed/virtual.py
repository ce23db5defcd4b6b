"""Time and memory of ``ctsma virtual make``: one knee of each kind, each in a process of its own with one core.

A tiny knee is made first, so that nothing is compiled in what is measured.

Usage (about 8 minutes)::

    python -m Testing.benchmarks.speed.virtual
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ROOT, ResultTable
from Testing.benchmarks.speed.speed import RESULTS, measured

CODE = ("CTSMA/CTSMALib/virtual", "CTSMA/CTSMALib/morphometry/trabecular")
SEED = 3
JOBS = {
    "tiny": ["--preset", "tiny", "--no-truth"],
    "registration": ["--mode", "registration"],
    "patches": ["--mode", "patches"],
    "patches, thickness": ["--mode", "patches", "--thickness-truth"],
    "whole": ["--no-truth"],
}
ONE_CORE = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    (RESULTS / "virtual.csv").unlink(missing_ok=True)  # runs of different days are not mixed
    table = ResultTable(RESULTS / "virtual.csv", ("job",), CODE, generator=GENERATOR, seed=SEED)
    os.environ |= ONE_CORE
    with tempfile.TemporaryDirectory() as folder:
        for number, (job, options) in enumerate([("tiny", JOBS["tiny"]), *JOBS.items()]):
            out = str(Path(folder) / str(number))
            found = measured(["virtual", "make", "--knees", "1", "--seed", str(SEED), *options, "--out", out])
            if number:
                table.add([{"job": job, **found}])
                print(table.rows[-1], flush=True)
    print(f"Results: {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
