"""Cancelling real analyses at random moments, from Qt as the panel does."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from CTSMALib.jobs.commands import analyze_arguments
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.resources import resource

LONGEST_S = 9.0  # a little less than the analysis of the bundled CT takes


def cancel_times(times: int, seed: int) -> list[float]:
    """Milliseconds from cancelling to the end of the worker; stops if anything is left behind."""
    from CTSMAPanels.process import QtJobRunner
    from Testing.panels.bench import install

    bench = install()
    found = []
    for moment in np.random.default_rng(seed).uniform(0.05, LONGEST_S, times):
        with tempfile.TemporaryDirectory() as folder:
            runner = QtJobRunner(lambda monitor: None)
            request = AnalyzeRequest(resource("SampleData/knee_ct_sts047.nii.gz"), Path(folder) / "result")
            runner.start(analyze_arguments(request))
            begun = time.perf_counter()
            while time.perf_counter() - begun < moment:
                bench.process_events(20)
            worker = runner.monitor.worker_pid
            start = time.perf_counter()
            runner.cancel()
            while runner.is_busy():
                bench.process_events(5)
            found.append(1000.0 * (time.perf_counter() - start))
            if os.listdir(folder) or (worker and Path(f"/proc/{worker}").exists()):
                raise SystemExit(f"cancelled after {moment:.2f} s, and something is left")
    return found
