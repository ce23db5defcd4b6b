"""A worker process whose analysis is made up and slow, so that tests can stop it at any moment.

``python slow_worker.py OUT [--attached] [--overwrite] [--stuck | --deaf] [--children] [--fault NAME]``, where
runners say ``--out OUT``. With ``--stuck`` one step spends ten seconds in compiled code that no signal handler can
interrupt, with ``--deaf`` in code that keeps every thread of Python waiting. With ``--children`` it starts a process
that starts another one, both of which sleep and ignore SIGTERM; their numbers are told on standard error before the
stage "Children". ``--fault`` makes it fail in the way of that name.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from CTSMALib.jobs.analyze import Steps, run
from CTSMALib.jobs.attached import Attachment
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.jobs.worker import run_worker
from CTSMALib.progress import Progress

FILES = [f"file{index}.txt" for index in range(20)]
PAUSE_S = 0.01

_CHILD = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
generations = int(sys.argv[1])
if generations:
    own = [sys.executable, "-c", sys.argv[2], str(generations - 1), sys.argv[2]]
    subprocess.Popen(own)
print(os.getpid(), flush=True)
time.sleep(60)
"""


def start_children() -> list[int]:
    """A child and a grandchild, which inherit the worker's standard error and outlive it."""
    command = [sys.executable, "-c", _CHILD, "1", _CHILD]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return [int(child.stdout.readline()) for _ in range(2)]


def fail(fault: str) -> None:
    """Fail in the way of that name."""
    if fault == "abort":
        os.abort()
    if fault == "exit":
        os._exit(3)
    if fault == "garbage":  # on the protocol's own stream, which prints of the worker cannot reach
        for descriptor in range(3, 10):
            try:
                os.write(descriptor, b'hello\n{"event": "party"}\n{"event": "progress", "stage": 3}\n\xff\xfe\n[[[\n')
            except OSError:
                continue
    if fault == "flood":
        for number in range(50_000):
            print(f"line {number} {'x' * 90}", file=sys.stderr)
        os._exit(4)


def slow_steps(marker: str, stuck: bool = False, deaf: bool = False, children: bool = False, fault: str = "") -> Steps:
    """Steps that write :data:`FILES` and then ``analysis.json``, each with the text ``marker``."""

    def analyze(scan: object, side: str, progress: Progress) -> list:
        if children:
            print("children", *start_children(), file=sys.stderr, flush=True)
            progress("Children", 0.0)
        for step in range(10):
            progress("Finding the bones", step / 10)
            time.sleep(PAUSE_S)
        progress("Computing", 0.99)
        if stuck:
            hashlib.pbkdf2_hmac("sha256", b"a", b"b", 30_000_000)
        if deaf:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # they would end the sleep
            ctypes.PyDLL(None).sleep(10)
        fail(fault)
        from Testing.core.made_up_knee import made_up_knee  # half a second, which most workers do not live to see

        return [made_up_knee("left"), made_up_knee("right")] if side == "both" else [made_up_knee()]

    def write(knee: object, folder: Path, progress: Progress) -> None:
        for name in [*FILES, "analysis.json"]:
            (folder / name).write_text(marker)
            time.sleep(2 * PAUSE_S if children else PAUSE_S / 4)  # the end of a program may take a tenth of a second
            progress("Writing", 0.5, name)

    return Steps(
        read_scan=lambda path, series, progress: None,
        analyze_scan=analyze,
        write_folder=write,
        write_reports=lambda analysis, folder, formats, pseudonymise: (folder / "report.html").write_text(marker),
        without_identifiers=lambda analysis: analysis,
    )


def main() -> int:
    """Run the made-up analysis as the worker runs the real one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("given", nargs="?")
    parser.add_argument("--out")
    parser.add_argument("--fault", default="")
    for flag in ("--attached", "--overwrite", "--stuck", "--deaf", "--children"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    attachment = Attachment() if options.attached else None
    if options.fault == "silent":
        print("no greeting", flush=True)
        return 0
    out = Path(options.out or options.given)
    request = AnalyzeRequest(Path("none"), out, side="both", overwrite=options.overwrite)
    steps = slow_steps("new", options.stuck, options.deaf, options.children, options.fault)
    return run_worker("analyze", lambda progress: run(request, progress, steps), attachment)


if __name__ == "__main__":
    sys.exit(main())
