"""A worker process whose analysis is made up and slow, so that tests can stop it at any moment.

``python slow_worker.py OUT [--overwrite] [--stuck]``; with ``--stuck`` one step spends ten seconds in
compiled code that no signal handler can interrupt.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from CTSMALib.jobs.analyze import Steps, run
from CTSMALib.jobs.execute import execute
from CTSMALib.jobs.reporters import JsonLines, protocol_stream
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.progress import Progress

FILES = [f"file{index}.txt" for index in range(20)]
PAUSE_S = 0.01


def slow_steps(marker: str, stuck: bool = False) -> Steps:
    """Steps that write :data:`FILES` and then ``analysis.json``, each with the text ``marker``."""
    from Testing.core.made_up_knee import made_up_knee

    def analyze(scan: object, side: str, progress: Progress) -> list:
        for step in range(10):
            progress("Finding the bones", step / 10)
            time.sleep(PAUSE_S)
        if stuck:
            import numpy as np

            progress("Sorting", 0.99)
            np.random.default_rng(0).random(100_000_000).sort()
        return [made_up_knee("left"), made_up_knee("right")] if side == "both" else [made_up_knee()]

    def write(knee: object, folder: Path, progress: Progress) -> None:
        for name in [*FILES, "analysis.json"]:
            (folder / name).write_text(marker)
            time.sleep(PAUSE_S / 4)
            progress("Writing", 0.5, name)

    return Steps(
        read_scan=lambda path, series, progress: None,
        analyze_scan=analyze,
        write_folder=write,
        write_reports=lambda analysis, folder, formats, pseudonymise: (folder / "report.html").write_text(marker),
        without_identifiers=lambda analysis: analysis,
    )


if __name__ == "__main__":
    out, *flags = sys.argv[1:]
    request = AnalyzeRequest(Path("none"), Path(out), side="both", overwrite="--overwrite" in flags)
    steps = slow_steps("new", "--stuck" in flags)
    sys.exit(execute("analyze", lambda progress: run(request, progress, steps), JsonLines(protocol_stream())))
