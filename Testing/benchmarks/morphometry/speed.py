"""CPU time and memory of thickness and separation maps, of CTSMA and of peers, and of CTSMA on many patches.

Each run is a process of its own, on one thread. The volumes are smoothed noise (sigma 4 voxels, BV/TV 0.2). Calls on a
small volume come first, so that imports and compilers are told on their own. Memory is that of the whole process, the
interpreter and all packages included.

Usage::

    python -m Testing.benchmarks.morphometry.speed [--peers-python PYTHON] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from Testing.benchmarks.morphometry import ours
from Testing.benchmarks.morphometry.peers import ONE_THREAD, PEERS, REFERENCES, Given, Peers
from Testing.benchmarks.morphometry.phantoms import occupied
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/trabecular",)
EDGES = (128, 256, 512)
SPACING_MM = (0.1, 0.1, 0.1)
SIGMA, LEVEL, SEED = 4.0, 0.8416, 7
PATCHES_EDGE = 256
LIMIT_S = 900.0
# Largest volume that is tried: the rest would take too long.
LARGEST = {"bone-microarchitecture": 128, "ormir-xct": 128, "pykarambola": 128, "bone-microarchitecture Tb.N": 128}
FIRST_USE = "first use"  # nothing compiled before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", type=Path, help="interpreter of an environment with the peers")
    parser.add_argument("--quick", action="store_true", help="64 voxels only; kept apart from the full results")
    options = parser.parse_args()
    name = "quick_speed" if options.quick else "speed"
    peers = Peers(options.peers_python)
    own = ResultTable(RESULTS / f"{name}.csv", ("method", "task", "edge"), CODE, seed=SEED)
    others = ResultTable(RESULTS / f"{name}_peers.csv", ("method", "task", "edge"), (), seed=SEED, peers=peers.versions)
    with tempfile.TemporaryDirectory() as folder:
        for edge in (64,) if options.quick else EDGES:
            volume = Path(folder) / f"{edge}.npz"
            fraction = random_field(edge)
            np.savez(volume, fraction=fraction, spacing=np.array(SPACING_MM))
            _own(own, volume, edge, Path(folder) / "compiled", options.quick)
            _others(others, peers, fraction)
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def random_field(edge: int) -> NDArray[np.float32]:
    """(edge, edge, edge) partial volumes of smoothed noise above a level."""
    noise = np.random.default_rng(SEED).standard_normal((edge + 2,) * 3, dtype=np.float32)
    field = gaussian_filter(noise, SIGMA, mode="wrap")
    return occupied(field / np.float32(field.std()) - np.float32(LEVEL))


def _own(table: ResultTable, volume: Path, edge: int, compiled: Path, quick: bool) -> None:
    tasks = ["maps", "everything"] if edge <= PATCHES_EDGE else ["maps"]
    if quick or edge == PATCHES_EDGE:
        tasks += ["patches apart", "patches together"]
    for task in tasks:
        if table.holds(method=ours.NAME, task=task, edge=edge):
            continue
        if not compiled.exists():
            first = run_own("everything", volume, compiled)
            if not table.holds(task=FIRST_USE):
                table.add([_row(ours.NAME, FIRST_USE, edge, {**first, "cpu_s": first["first_call_s"]})])
            for each in ("maps", "everything"):
                run_own(each, volume, compiled)
        table.add([_row(ours.NAME, task, edge, run_own(task, volume, compiled))])


def run_own(task: str, volume: Path, compiled: Path) -> dict[str, float]:
    """Run one task of :mod:`own_program` and return what it reports.

    Args:
        task: name in ``own_program.TASKS``.
        volume: its input.
        compiled: folder that keeps compiled code between runs.
    """
    target = volume.with_suffix(".json")
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": f"{ROOT / 'CTSMA'}{os.pathsep}{ROOT}",
                   "NUMBA_CACHE_DIR": str(compiled)}  # fmt: skip
    module = "Testing.benchmarks.morphometry.own_program"
    subprocess.run([sys.executable, "-m", module, task, str(volume), str(target)], env=environment, check=True)
    return json.loads(target.read_text(encoding="utf-8"))


def _others(table: ResultTable, peers: Peers, fraction: NDArray[np.float32]) -> None:
    edge = len(fraction)
    for name in [p for p in (*REFERENCES, *PEERS) if p in peers]:
        if edge > LARGEST.get(name, edge) or table.holds(method=name, edge=edge):
            continue
        (found,) = peers.run(name, [Given(fraction, np.ones(fraction.shape, bool), SPACING_MM)], LIMIT_S)
        report = {"cpu_s": found.cpu_s, "first_call_s": found.first_call_s, "peak_mib": found.peak_mib}
        table.add([_row(name, "maps", edge, report, found.failure)])


def _row(method: str, task: str, edge: int, report: dict[str, float], note: str = "") -> dict[str, object]:
    row = {"method": method, "task": task, "edge": edge, "cpu_s": f"{report['cpu_s']:.2f}",
           "first_call_s": f"{report['first_call_s']:.2f}", "peak_mib": f"{report['peak_mib']:.0f}",
           "load": f"{os.getloadavg()[0]:.1f}", "note": note}  # fmt: skip
    print(*row.values(), flush=True)
    return row


if __name__ == "__main__":
    main()
