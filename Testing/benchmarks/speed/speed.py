"""Time and memory of whole processes: ``ctsma analyze`` on a large scan, with the model that comes with CTSMA, then
with the diagnosis too, and ``ctsma demo``.

The scan has 512 x 512 x 300 voxels of 0.4 x 0.4 x 0.6 mm: the bundled CT, B-spline interpolated, padded with air, with
noise added. It is large, not sharp.

Usage::

    python -m Testing.benchmarks.speed.speed [--quick]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.resources import resource
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/analysis", "CTSMA/CTSMALib/anatomy", "CTSMA/CTSMALib/morphometry/direct_ct",
        "CTSMA/CTSMALib/report", "CTSMA/CTSMALib/volumes")  # fmt: skip
SIZE, SPACING_MM = (512, 512, 300), (0.4, 0.4, 0.6)
NOISE_HU, SEED = 30.0, 7
AIR_HU = -1000.0
RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run each; kept apart from the full results")
    options = parser.parse_args()
    name = "quick_speed" if options.quick else "speed"
    (RESULTS / f"{name}.csv").unlink(missing_ok=True)  # runs of different days are not mixed
    cores = len(os.sched_getaffinity(0))
    table = ResultTable(RESULTS / f"{name}.csv", ("job", "run"), CODE, seed=SEED, cores=cores)
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "large.nii.gz"
        # In a process of its own: the peak memory that the system tells of a child counts what its parent held.
        with ProcessPoolExecutor(1, get_context("spawn")) as other:
            other.submit(write_large_scan, scan).result()
        for run in range(1, 2 if options.quick else RUNS + 1):
            for job, arguments in (
                ("analyze", ["analyze", str(scan)]),
                ("diagnose", ["analyze", str(scan), "--diagnose"]),
                ("demo", ["demo"]),
            ):
                out = Path(folder) / f"{job}{run}"
                row = {"job": job, "run": run, **measured([*arguments, "--out", str(out)])}
                table.add([row])
                print(*(f"{key} {value}" for key, value in row.items()), flush=True)
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def write_large_scan(path: Path) -> None:
    """Write the bundled CT on the large grid, in its middle."""
    source = sitk.ReadImage(str(resource("SampleData/knee_ct_sts047.nii.gz")), sitk.sitkFloat32)
    center = source.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in source.GetSize()])
    origin = [c - (n - 1) / 2 * s for c, n, s in zip(center, SIZE, SPACING_MM, strict=True)]
    large = sitk.Resample(
        source, SIZE, sitk.Transform(), sitk.sitkBSpline, origin, SPACING_MM, source.GetDirection(), AIR_HU,
        sitk.sitkFloat32,
    )  # fmt: skip
    noise = np.random.default_rng(SEED).normal(0.0, NOISE_HU, SIZE[::-1])
    values = np.clip(np.rint(sitk.GetArrayFromImage(large) + noise), -1024, 3071).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.CopyInformation(large)
    sitk.WriteImage(image, str(path), useCompression=True)


def measured(arguments: list[str]) -> dict[str, object]:
    """Run ``ctsma`` as a process of its own.

    Args:
        arguments: after the name of the command.

    Returns:
        Wall and CPU seconds, largest resident memory (MiB), and the load of the machine before the run.
    """
    load = os.getloadavg()[0]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "CTSMA")}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "CTSMALib.cli", *arguments], stdout=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"ctsma {arguments[0]} ended with exit code {process.returncode}")
    peak_mib = usage.ru_maxrss / 1024  # Linux counts in KiB
    return {"wall_s": round(wall, 1), "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
            "peak_mib": round(peak_mib), "load_before": round(load, 1)}  # fmt: skip


if __name__ == "__main__":
    main()
