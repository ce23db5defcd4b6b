"""The ``ctsma`` command.

Everything is imported inside functions: Ctrl-C ends in a sentence only once :func:`main` runs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

_EXAMPLES = """\
examples:
  ctsma demo --out demo-report                    analyze the CT that comes with CTSMA
  ctsma info scans/knee                           list what a DICOM folder holds
  ctsma analyze knee.nii.gz --out result          analyze a knee CT
  ctsma analyze scans/knee --out result --series 4 --side left
  ctsma analyze legs.nrrd --out result --side both --format pdf,csv
  ctsma analyze-mr bffe.nii.gz --out result       read apparent parameters off a high-resolution MR
  ctsma report result --format pdf --pseudonymise write the reports again
  ctsma dicom result --series scans/knee --out objects
                                                  write a result as DICOM objects into the study of its series
  ctsma morphometry bvf.nii.gz --mask regions.nii.gz --out result
                                                  measure trabecular structure in each region
  ctsma register knee.nii.gz bffe.nii.gz --out registration
                                                  register an MR to a CT, bone by bone
  ctsma registration-report registration          write the quality report of a registration
  ctsma synthesize bffe.nii.gz --out synthetic    make a CT to register with, and bone labels, of an MR
  ctsma train synthesis --out training            train the network that does so, or go on with it
  ctsma virtual make --knees 20 --out cohort      make virtual knees: CT and MR scans with exact truth
  ctsma pairs scans --out manifest.csv            find the pairs of CT and MR of a cohort
  ctsma patches cohort --out patches              make paired patches of CT and MR to learn from
  ctsma train student --patches patches --out training
                                                  train teacher and students, which read the CT
  ctsma evaluate patches predictions --out found  compare predictions of students with MR and truth
  ctsma models verify                             check that the models are whole
  ctsma train diagnosis --patches patches --predictions student.csv --out training
                                                  train what diagnoses a knee from its patches
  ctsma diagnose result --model training/bundle   diagnose the knees of a result
  ctsma reproduce --out chain                     all of this on virtual knees, and the paper's table

exit codes: 0 done, 2 the input or the output is at fault (the message says what to do; for info: it
holds nothing that can be analyzed), 1 unexpected problem, 130 stopped with Ctrl-C, 143 stopped by SIGTERM.

Research use only: not a medical device."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; ``None`` takes those of the process.

    Returns:
        The exit code: 0 done, 2 user error, 1 unexpected problem, 130 or 143 stopped.
    """
    try:
        from CTSMALib.errors import CTSMAError

        _make_streams_safe()
        try:
            return _run(arguments)
        except CTSMAError as error:
            print(f"Error: {error.message}\n{error.remedy}", file=sys.stderr)
            return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as "head", has gone
        return 141


def _make_streams_safe() -> None:
    """Never fail on a character that the terminal lacks, nor on a stream that is closed."""
    import io
    import os

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # open until the process ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _run(arguments: Sequence[str] | None) -> int:
    import logging
    import warnings

    from CTSMALib.subcommands.running import say, writing

    try:
        with writing():
            options = _parser().parse_args(arguments)
    except SystemExit:  # after --help, for example
        say("")
        raise
    if not options.debug:
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _parser() -> argparse.ArgumentParser:
    import argparse

    from CTSMALib import __version__
    from CTSMALib.subcommands.analyzing import add_analyzing, add_demo
    from CTSMALib.subcommands.learning import add_learning
    from CTSMALib.subcommands.registering import add_registering

    parser = argparse.ArgumentParser(
        prog="ctsma",
        description="Measures and reports subchondral bone from a routine knee CT.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ctsma {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (add_analyzing, add_registering, add_learning, add_demo):
        add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
