"""Do the virtual scanners do what their protocols say? Sharpness from slanted edges, noise and SNR from even tissue.

Tolerances were set before: 3 % for the MTF, 5 % for noise and SNR. ``scanners.csv`` has a row for each check.

Usage::

    python -m Testing.benchmarks.virtual.scanners
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from CTSMALib.virtual.scanners import CT_PROTOCOLS, MR_PROTOCOLS, CTKernel, CTProtocol
from CTSMALib.virtual.scanners.line_response import WindowMTF
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.record import ResultTable
from Testing.core.virtual.scanners import phantoms

RESULTS = Path(__file__).parent / "results"
CODE = ()
WIDTHS_MM, ENHANCEMENT = (0.4, 0.6, 0.8, 1.0, 1.2), 0.3
ACQUIRED_MM = (0.25, 0.30, 0.35, 0.45)
SNRS = (10.0, 15.0, 20.0)
SLICES = 60
MTF_TOLERANCE, NOISE_TOLERANCE = 0.03, 0.05
Row = dict[str, object]


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    table = ResultTable(RESULTS / "scanners.csv", ("scanner", "protocol", "quantity"), CODE, generator=GENERATOR)
    if not table.rows:
        for row in (*_ct(), *_mr()):
            table.add([row])
    for name, tolerance in (("MTF", MTF_TOLERANCE), ("noise", NOISE_TOLERANCE), ("SNR", NOISE_TOLERANCE)):
        rows = [row for row in table.rows if row["quantity"].startswith(name)]
        worst = max(abs(float(row["off"])) for row in rows)
        print(f"{name}: {len(rows)} checks, farthest off {100 * worst:.1f} %, tolerance {100 * tolerance:.0f} %")


def _ct() -> Iterator[Row]:
    kernels = {f"{width:g} mm": CTKernel(width, ENHANCEMENT) for width in WIDTHS_MM}
    kernels |= {name: protocol.kernel for name, protocol in CT_PROTOCOLS.items()}
    for name, kernel in kernels.items():
        protocol = CTProtocol(psf_fwhm_mm=kernel.fwhm_mm, edge_enhancement=kernel.edge_enhancement)
        half, tenth = phantoms.ct_mtf(protocol)
        yield _checked("CT", name, "MTF 0.5, per mm", kernel.mtf50_per_mm, half, MTF_TOLERANCE)
        yield _checked("CT", name, "MTF 0.1, per mm", kernel.mtf10_per_mm, tenth, MTF_TOLERANCE)
    for name, protocol in CT_PROTOCOLS.items():
        noise = phantoms.ct_noise(protocol, SLICES)
        yield _checked("CT", name, "noise, HU", protocol.noise_hu, float(noise.std()), NOISE_TOLERANCE)


def _mr() -> Iterator[Row]:
    per_mm = phantoms.PER_MM
    for acquired in ACQUIRED_MM:
        protocol = replace(MR_PROTOCOLS["bffe"], acquired_mm=acquired)
        wanted = WindowMTF(acquired, protocol.window_fade)(per_mm)
        for level, found in zip((0.5, 0.1), phantoms.mr_mtf(protocol), strict=True):
            expected = phantoms.frequency_at(np.asarray(wanted), per_mm, level)
            yield _checked("MR", f"{acquired:g} mm", f"MTF {level}, per mm", expected, found, MTF_TOLERANCE)
    for name, base in MR_PROTOCOLS.items():
        for snr in SNRS:
            image = phantoms.mr_image(replace(base, snr=snr), base.reference)
            yield _checked("MR", name, f"SNR {snr:g}", snr, float(image.mean() / image.std()), NOISE_TOLERANCE)


def _checked(scanner: str, protocol: str, quantity: str, wanted: float, found: float, tolerance: float) -> Row:
    off = found / wanted - 1.0
    return {
        "scanner": scanner,
        "protocol": protocol,
        "quantity": quantity,
        "wanted": float(wanted),
        "found": found,
        "off": off,
        "within": "yes" if abs(off) <= tolerance else "no",
    }


if __name__ == "__main__":
    main()
