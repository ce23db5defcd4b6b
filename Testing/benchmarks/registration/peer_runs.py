"""Registration peers, each on one pair in a process of its own that runs in an environment of its own.

``--peers-python`` names the interpreter of an environment with antspyx, itk-elastix, picsl-greedy, convexAdam (with
torch) and SimpleITK; ``peer_programs.py`` is what it runs.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

PROGRAM = Path(__file__).with_name("peer_programs.py")
METHODS = ("ants-rigid", "ants-dense", "elastix", "greedy", "greedy-global", "convexadam")
LAST_WORDS = 200


@dataclass(frozen=True)
class PeerResult:
    """What came of a peer on a pair.

    Attributes:
        matrices: bone to (4, 4), LPS points of the CT in mm to LPS points of the MR; bones that failed are missing.
        cpu_s: CPU seconds of registration with the peer's own preprocessing, without imports and files.
        wall_s: the same on the clock.
        rss_mb: largest memory of the process in MiB, the interpreter and the packages included.
        version: package and version.
        error: what failed; empty if all went well.
    """

    matrices: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    cpu_s: float = float("nan")
    wall_s: float = float("nan")
    rss_mb: float = float("nan")
    version: str = ""
    error: str = ""


def run_peer(
    python: Path, method: str, fixed: sitk.Image, moving: sitk.Image, labels: sitk.Image, folder: Path,
    timeout_s: float = 900, threads: int = 1,
) -> PeerResult:  # fmt: skip
    """Run one peer on one pair.

    Args:
        python: interpreter of the peers' environment.
        method: one of ``METHODS``.
        fixed: CT in HU.
        moving: MR.
        labels: bones of the CT, on a grid of their own: 1 femur, 2 tibia, 3 patella, 4 fibula.
        folder: for this pair alone; images found there are taken to be these and not written again.
        timeout_s: wall seconds after which the process is stopped.
        threads: one or two.
    """
    if method not in METHODS:
        raise ValueError(f"no peer {method}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in (("fixed", fixed), ("moving", moving), ("labels", labels)):
        if not (folder / f"{name}.nii.gz").exists():
            sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))
    answer = folder / f"{method}.json"
    answer.unlink(missing_ok=True)  # that of an earlier run says nothing about this one
    failure = _process(python, method, folder, timeout_s, threads)
    if not answer.exists():
        return PeerResult(error=failure or "no result")
    found = json.loads(answer.read_text(encoding="utf-8"))
    matrices = {name: np.array(matrix) for name, matrix in found.pop("matrices").items()}
    return PeerResult(matrices, **{**found, "error": _portable(found.get("error", "") or failure)})


def _process(python: Path, method: str, folder: Path, timeout_s: float, threads: int) -> str:
    """Run the process; why it failed, or nothing."""
    environment = {**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": str(threads)}
    try:
        done = subprocess.run(
            [str(python), str(PROGRAM), method, str(folder)], env=environment, capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"stopped after {timeout_s:.0f} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return f"exit {done.returncode}: {_portable(lines[-1] if lines else '')}"


def _portable(message: str) -> str:
    """On one line, and without paths: those of one machine mean nothing elsewhere."""
    return " ".join(word for word in message.split() if "/" not in word)[:LAST_WORDS]
