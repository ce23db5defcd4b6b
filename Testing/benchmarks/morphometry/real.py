"""Real micro-CT: CTSMA beside peers, and whether coarser voxels change its values by more than it says they may.

There is no truth here. The volumes (see README.md) are measured as they are and after averaging blocks of voxels; the
finest voxels serve as the reference of each method.

Usage::

    python -m Testing.benchmarks.morphometry.real --data FOLDER [--peers-python PYTHON] [--quick]
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.morphometry.trabecular.bone_image import from_binary, from_fraction, from_gray
from Testing.benchmarks.morphometry import ours
from Testing.benchmarks.morphometry.accuracy import QUANTITIES
from Testing.benchmarks.morphometry.peers import PEERS, Given, Peers
from Testing.benchmarks.morphometry.sources import digest
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/trabecular",)
KEYS = ("method", "volume", "factor")
RIM_OF_EDGE = 6  # thickness counts this part of the edge away from the faces, and no more than the rim in mm
RIM_MM = 1.0
# Coarser voxels than half of the thinnest structures are not measured but guessed.
FACTORS = {"lhdl": (1, 2, 4), "roi_0": (1, 2), "roi_1": (1, 2)}
THRESHOLD = 63.0  # of LHDL, by its source


@dataclass(frozen=True)
class Volume:
    """A real volume, coarsened.

    Attributes:
        name: of the volume.
        kind: ``"gray"`` (threshold), ``"binary"``, or ``"fraction"``.
        values: (z, y, x).
        spacing_mm: (z, y, x).
    """

    name: str
    kind: str
    values: NDArray[np.float32]
    spacing_mm: tuple[float, float, float]

    @property
    def above_half(self) -> NDArray[np.float32]:
        """For peers: bone above one half."""
        return self.values - np.float32(THRESHOLD) + np.float32(0.5) if self.kind == "gray" else self.values

    @property
    def inner(self) -> NDArray[np.bool_]:
        """(z, y, x) where thickness counts."""
        inner = np.zeros(self.values.shape, bool)
        rims = [round(min(RIM_MM / s, n / RIM_OF_EDGE)) for n, s in zip(inner.shape, self.spacing_mm, strict=True)]
        inner[tuple(slice(r, n - r) for r, n in zip(rims, inner.shape, strict=True))] = True
        return inner

    def measured(self) -> ours.OwnResult:
        """What CTSMA says."""
        if self.kind == "gray":
            image = from_gray(self.values, self.spacing_mm, threshold=THRESHOLD)
        else:
            image = (from_binary if self.kind == "binary" else from_fraction)(self.values, self.spacing_mm)
        return ours.run(image, self.inner)

    def coarser(self, factor: int) -> Volume:
        """Means over blocks of voxels; those of a segmentation are bone volume fractions."""
        if factor == 1:
            return self
        z, y, x = (n // factor for n in self.values.shape)
        cut = self.values[: z * factor, : y * factor, : x * factor]
        means = cut.reshape(z, factor, y, factor, x, factor).mean(axis=(1, 3, 5))
        kind = "fraction" if self.kind == "binary" else self.kind
        return Volume(self.name, kind, means, tuple(factor * s for s in self.spacing_mm))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the real volumes")
    parser.add_argument("--peers-python", type=Path, help="interpreter of an environment with the peers")
    parser.add_argument("--quick", action="store_true", help="one volume; kept apart from the full results")
    options = parser.parse_args()
    prefix = "quick_" if options.quick else ""
    peers = Peers(options.peers_python)
    own = ResultTable(RESULTS / f"{prefix}real.csv", KEYS, CODE, real_sha256=digest("real", "ours"))
    others = ResultTable(RESULTS / f"{prefix}real_peers.csv", KEYS, (), peers=peers.versions,
                         peers_sha256=digest("real", "peers", "peer_programs"))  # fmt: skip
    for volume in load(options.data)[: 1 if options.quick else None]:
        finest: dict[str, ours.OwnResult] = {}
        for factor in FACTORS[volume.name]:
            coarse = volume.coarser(factor)
            _own_rows(own, coarse, factor, finest)
            for name in [p for p in PEERS if p in peers]:
                _peer_rows(others, peers, name, coarse, factor)
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def load(folder: Path) -> list[Volume]:
    """The volumes in a folder of data sets."""
    volumes = []
    for path in sorted(folder.glob("trab_*/*.nii.gz")):
        image = sitk.ReadImage(str(path), sitk.sitkFloat32)
        name = next((known for known in FACTORS if known in path.name.lower()), "")
        if not name:
            continue
        spacing = tuple(round(s, 5) for s in image.GetSpacing()[::-1])
        volumes.append(Volume(name, "gray" if name == "lhdl" else "binary", sitk.GetArrayFromImage(image), spacing))
    return volumes


def _own_rows(table: ResultTable, volume: Volume, factor: int, finest: dict[str, ours.OwnResult]) -> None:
    """Values, and how far they are from those of the finest voxels, in units of their own standard uncertainty."""
    key = {"method": ours.NAME, "volume": volume.name, "factor": factor}
    if table.holds(**key):
        return
    found = volume.measured()
    if factor == 1:
        finest["fine"] = found
    fine = finest.get("fine") or found
    rows = []
    for quantity in [q for q in QUANTITIES if q in found.values]:
        difference = found.values[quantity] - fine.values.get(quantity, math.nan)
        u = found.uncertainties[quantity]
        rows.append(key | {
            "quantity": quantity, "value": f"{found.values[quantity]:.4f}",
            "uncertainty": f"{found.uncertainties[quantity]:.4f}",
            "difference": "" if factor == 1 else f"{difference:.4f}",
            "in_u": "" if factor == 1 else f"{abs(difference) / u:.2f}",
            "note": " ".join(found.flags)})  # fmt: skip
    table.add(rows)
    print(*key.values(), f"{found.cpu_s:.1f} s", flush=True)


def _peer_rows(table: ResultTable, peers: Peers, name: str, volume: Volume, factor: int) -> None:
    key = {"method": name, "volume": volume.name, "factor": factor}
    if table.holds(**key):
        return
    (found,) = peers.run(name, [Given(volume.above_half, volume.inner, volume.spacing_mm)])
    rows = [key | {"quantity": q, "value": f"{v:.4f}", "note": found.failure} for q, v in found.values.items()]
    table.add(rows or [key | {"quantity": "", "value": "", "note": found.failure}])
    print(*key.values(), f"{found.cpu_s:.1f} s", found.failure, flush=True)


if __name__ == "__main__":
    main()
