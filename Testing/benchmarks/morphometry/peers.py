"""Peers, each in a process of its own that runs in an environment of its own.

``--peers-python`` names the interpreter of an environment with as many as there are of: itk-bonemorphometry,
localthickness, porespy, bone-microarchitecture, ormir-xct, scikit-image, pykarambola, edt.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PROGRAM = Path(__file__).with_name("peer_programs.py")
PACKAGES = {
    "itk-bonemorphometry": "itk-bonemorphometry", "localthickness": "localthickness",
    "localthickness 0.5": "localthickness", "porespy": "porespy",
    "bone-microarchitecture": "bone-microarchitecture", "bone-microarchitecture Tb.N": "bone-microarchitecture",
    "ormir-xct": "ormir-xct", "scikit-image": "scikit-image", "pykarambola": "pykarambola", "edt": "edt",
    "scipy EDT": "scipy",
}  # fmt: skip
REFERENCES = ("edt", "scipy EDT")  # what two distance maps cost; no peers
PEERS = tuple(name for name in PACKAGES if name not in REFERENCES)
ONE_THREAD = {name: "1" for name in (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")}  # fmt: skip
LAST_WORDS = 160


@dataclass(frozen=True)
class Given:
    """A volume for peers.

    Attributes:
        fraction: (z, y, x), bone above one half.
        inner: same shape, where thickness counts.
        spacing_mm: (z, y, x).
    """

    fraction: NDArray[np.float32]
    inner: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True)
class PeerResult:
    """What came of a peer.

    Attributes:
        values: catalogue key to value; empty if it failed.
        cpu_s: CPU seconds of the measured call.
        first_call_s: CPU seconds of the call before it on a small volume, with imports and compilers.
        peak_mib: largest memory of the process, the interpreter and the packages included.
        failure: why there is nothing; empty if all went well.
    """

    values: dict[str, float] = field(default_factory=dict)
    cpu_s: float = float("nan")
    first_call_s: float = float("nan")
    peak_mib: float = float("nan")
    failure: str = ""


class Peers:
    """The peers of one environment.

    Args:
        python: its interpreter, or None for no peers.
    """

    def __init__(self, python: Path | None) -> None:
        self._python = python
        self.versions = _versions(python) if python else {}

    def __contains__(self, name: str) -> bool:
        return PACKAGES[name] in self.versions

    def run(self, name: str, volumes: Sequence[Given], limit_s: float = 300.0) -> list[PeerResult]:
        """Run one peer on volumes, one after the other in one process.

        Args:
            name: of the peer.
            volumes: what to measure.
            limit_s: wall seconds for each after which the process is stopped.
        """
        if name not in self:
            return [PeerResult(failure="not installed") for _ in volumes]
        with tempfile.TemporaryDirectory() as folder:
            for i, given in enumerate(volumes):
                np.savez(Path(folder) / f"{i:03d}.npz", fraction=given.fraction, inner=given.inner,
                         spacing=np.array(given.spacing_mm))  # fmt: skip
            failure = self._process(name, folder, limit_s * len(volumes))
            return [_result(Path(folder) / f"{i:03d}.json", failure) for i in range(len(volumes))]

    def _process(self, name: str, folder: str, limit_s: float) -> str:
        """Run the process; why it failed, or nothing."""
        try:
            done = subprocess.run(
                [str(self._python), str(PROGRAM), name, folder], env={**os.environ, **ONE_THREAD, "PYTHONPATH": ""},
                capture_output=True, text=True, timeout=limit_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"stopped after {limit_s:.0f} s"
        return "" if done.returncode == 0 else _last_words(done)


def _result(path: Path, failure: str) -> PeerResult:
    if not path.exists():
        return PeerResult(failure=failure or "no result")
    found = json.loads(path.read_text(encoding="utf-8"))
    return PeerResult(**{**found, "failure": _portable(found.get("failure", ""))})


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return f"exit {done.returncode}: {_portable(lines[-1] if lines else '')}"


def _portable(message: str) -> str:
    """On one line, and without paths: those of one machine mean nothing elsewhere."""
    return " ".join(word for word in message.split() if "/" not in word)[:LAST_WORDS]


def _versions(python: Path) -> dict[str, str]:
    code = "import json; from importlib.metadata import distributions as d; " \
           "print(json.dumps({i.metadata['Name'].lower(): i.version for i in d()}))"  # fmt: skip
    found = json.loads(subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout)
    return {name: found[name] for name in dict.fromkeys(PACKAGES.values()) if name in found}
