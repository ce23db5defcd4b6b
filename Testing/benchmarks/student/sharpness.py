"""How sharp whole virtual CTs are found to be, beside what a fit of an edge finds of their protocols.

Patch sets of virtual boxes have no surroundings to measure sharpness on: they state what the protocol gives, across
slices as :func:`CTSMALib.learning.patches.virtual_part.seen_through_mm` has it. That line was fitted to the rows
without trabeculae of the first ten knees; nothing else is done with these knees.
Surfaces are all that sharpness is measured on, so scans are made without trabeculae unless ``--trabeculae`` is given.

Usage (goes on where it was stopped)::

    python -m Testing.benchmarks.student.sharpness [--knees 20] [--trabeculae]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from CTSMALib.jobs.virtual import real_makers
from CTSMALib.learning.patches.edge_width import edge_width_mm
from CTSMALib.morphometry.direct_ct.sharpness import estimate_sharpness
from CTSMALib.virtual.body.acquisition import AS_MADE, draw_acquisition
from CTSMALib.virtual.body.knee import STANDARD, virtual_knee
from CTSMALib.virtual.body.scans import image_of, labels_of, tissue_of
from CTSMALib.virtual.body.trabeculae import NO_TRABECULAE, grow_trabeculae
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.knee_plan import plan_knee
from CTSMALib.virtual.scanners import CTProtocol
from CTSMALib.virtual.scanners.ct_kernel import CTKernel
from CTSMALib.virtual.scanners.line_response import SliceMTF
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/direct_ct", "CTSMA/CTSMALib/virtual/scanners")
SEED = 44  # no cohort to learn from or to test on has it
WITH_STRUCTURE = ("femur", "tibia", "patella")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knees", type=int, default=20)
    parser.add_argument("--trabeculae", action="store_true", help="scans with trabeculae, which take longer")
    options = parser.parse_args()
    table = ResultTable(RESULTS / "sharpness.csv", ("knee", "trabeculae"), CODE, seed=SEED)
    for number in range(1, options.knees + 1):
        if not table.holds(knee=number, trabeculae=options.trabeculae):
            table.add([{"knee": number, "trabeculae": options.trabeculae, **_measured(number, options.trabeculae)}])
            print(table.rows[-1], flush=True)


def _measured(number: int, trabeculae: bool) -> dict[str, object]:
    plan = plan_knee(CohortOrder(number, SEED, truth="none"), number, real_makers())
    knee = virtual_knee(plan.spec, STANDARD)
    scan = draw_acquisition(knee, plan.order.scan_seed, (), False, AS_MADE).ct
    protocol = scan.protocol
    assert isinstance(protocol, CTProtocol)
    grown = grow_trabeculae(knee, WITH_STRUCTURE) if trabeculae else NO_TRABECULAE
    found = estimate_sharpness(image_of(tissue_of(knee, scan, grown), scan), labels_of(knee, scan))
    stated = {
        "inplane": edge_width_mm(CTKernel(protocol.psf_fwhm_mm, protocol.edge_enhancement)),
        "through": edge_width_mm(SliceMTF(protocol.slice_mm, protocol.focal_blur_mm)),
    }
    seen = {"inplane": found.inplane_fwhm_mm, "through": found.through_plane_fwhm_mm}
    row: dict[str, object] = {"kernel": protocol.name, "slice_mm": protocol.slice_mm}
    for axis, width in stated.items():
        measured = seen[axis]
        row |= {f"{axis}_stated_mm": width, f"{axis}_measured_mm": "" if measured is None else measured}
        row[f"{axis}_ratio"] = "" if measured is None else measured / width
    return row


if __name__ == "__main__":
    main()
