"""Loading a module in a new process, in which the packages that are missing at first cannot be imported."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from Testing.benchmarks.record import ROOT

MISSING = ("torch", "monai", "skimage", "msgspec", "matplotlib", "reportlab", "jinja2", "threadpoolctl", "tqdm")
_CHILD = """
import sys, time
sys.path[:0] = [{root!r}, {core!r}]
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from Testing.panels.bench import install
bench = install()
start = time.perf_counter()
bench.load_module({script!r})
elapsed = time.perf_counter() - start
print("elapsed", elapsed, flush=True)
import os
os._exit(0)
"""
_EMPTY_MODULE = """
import qt
from slicer.ScriptedLoadableModule import *

class Empty(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = "Empty"

class EmptyWidget(ScriptedLoadableModuleWidget):
    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        self.layout.addWidget(qt.QLabel("empty"))
"""


def loading_times(runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds to load CTSMA and to load an empty module, in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "Empty.py"
        empty.write_text(_EMPTY_MODULE, encoding="utf-8")
        for _ in range(runs):
            for script, kept in zip((ROOT / "CTSMA" / "CTSMA.py", empty), times, strict=True):
                kept.append(_load(script))
    return times


def _load(script: Path) -> float:
    code = _CHILD.format(root=str(ROOT), core=str(ROOT / "CTSMA"), missing=MISSING, script=str(script))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("elapsed")]
    if not lines:
        raise SystemExit(f"{script.name} could not be loaded:\n{done.stderr[-2000:]}")
    return 1000.0 * float(lines[-1].split()[1])
