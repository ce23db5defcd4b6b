"""The arguments of a virtual cohort."""

from __future__ import annotations

import argparse

from CTSMALib.jobs.arguments.values import given_names, given_number, given_path
from CTSMALib.jobs.request import VirtualRequest


def add_virtual_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`virtual_request` reads."""
    from CTSMALib.virtual.body.order import FULL, MODES, NO_TRUTH, PRESETS, STANDARD, THICKNESS, WHOLE
    from CTSMALib.virtual.cohort.cohort_order import GRADES_OF, POPULATION

    add = parser.add_argument
    add("--out", metavar="DIR", type=given_path, required=True, help="folder to make the cohort in, or to go on with")
    add("--knees", metavar="N", type=int, required=True, help="how many; more than before adds to a cohort")
    add("--seed", metavar="S", type=int, default=0, help="whole number that all follows from (default: 0)")
    about = "whole scans, boxes cut out of both scans, or whole scans without microstructure (default: whole)"
    add("--mode", choices=MODES, default=WHOLE, help=about)
    add("--preset", choices=PRESETS, default=STANDARD, help="'tiny' makes small, coarse scans for tests")
    about = "Kellgren-Lawrence grades as they occur, or 0 to 4 equally often (default: population)"
    add("--grades", choices=GRADES_OF, default=POPULATION, help=about)
    about = "MR series, separated by commas, of bffe, t1, pd_fs; bffe is always made (default: bffe)"
    add("--series", metavar="LIST", type=_other_series, default=(), help=about)
    add("--rescan", action="store_true", help="take BFFE once more in a new session")
    add("--patches", metavar="K", type=int, help="make or measure at most K of the 96 boxes of a knee")
    truth = parser.add_mutually_exclusive_group()
    about = "measure thickness, spacing and number too, not only BV/TV; some seconds for each box"
    truth.add_argument("--thickness-truth", dest="truth", action="store_const", const=THICKNESS, help=about)
    about = "measure every trabecular quantity; some seconds more for each box"
    truth.add_argument("--full-truth", dest="truth", action="store_const", const=FULL, help=about)
    truth.add_argument("--no-truth", dest="truth", action="store_const", const=NO_TRUTH, help="measure nothing")
    about = "in the mode patches, standard deviation by which MR boxes are displaced (default: 0)"
    add("--registration-error", metavar="MM", type=given_number, default=0.0, help=about)
    add("--dicom", action="store_true", help="write the scans as DICOM too")
    add("--jobs", metavar="J", type=int, default=1, help="make J knees at a time, each with one core (default: 1)")


def virtual_request(options: argparse.Namespace) -> VirtualRequest:
    """The request that the parsed arguments describe.

    Raises:
        InputError: they describe a cohort that cannot be made.
    """
    from CTSMALib.virtual.cohort.cohort_order import CohortOrder

    order = CohortOrder(
        knees=options.knees,
        seed=options.seed,
        mode=options.mode,
        preset=options.preset,
        grades=options.grades,
        series=options.series,
        rescan=options.rescan,
        patches=options.patches,
        truth=options.truth,
        registration_error_mm=options.registration_error,
        dicom=options.dicom,
    )
    return VirtualRequest(options.out, order, options.jobs)


def _other_series(text: str) -> tuple[str, ...]:
    """The series beside BFFE, in a fixed order."""
    from CTSMALib.virtual.body.order import BFFE, OTHER_SERIES

    wanted = given_names(text, (BFFE, *OTHER_SERIES))
    return tuple(series for series in OTHER_SERIES if series in wanted)
