"""The arguments of a registration, and of a synthetic CT alone."""

from __future__ import annotations

import argparse

from CTSMALib.errors import InputError
from CTSMALib.jobs.arguments.values import given_model, given_names, given_path
from CTSMALib.jobs.request import RegisterCohortRequest, RegisterRequest, SynthesizeRequest

_MODEL = "model bundle that makes the synthetic CT (default: the one that comes with CTSMA)"


def add_register_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`register_request` reads."""
    from CTSMALib.registration.names import DEFAULT_ENGINE, ENGINES, GUIDES, MR, STAGES

    add = parser.add_argument
    about = "the CT, or the result folder of 'ctsma analyze', which saves its time"
    add("ct", metavar="CT", type=given_path, nargs="?", help=about)
    add("mr", metavar="MR", type=given_path, nargs="?", help="DICOM folder or file, NIfTI, NRRD or MetaImage file")
    about = "register every pair of a manifest: a CSV file with the columns subject, side, ct, mr"
    add("--cohort", metavar="FILE", type=given_path, help=about)
    add("--out", metavar="DIR", type=given_path, required=True, help="folder to write to; a cohort is gone on with")
    add("--side", choices=("auto", "left", "right"), default="auto", help="which knee of a CT that shows both")
    about = "label map of the bones of the CT: 1 femur, 2 tibia, 3 patella, 4 fibula (default: found)"
    add("--labels", metavar="FILE", type=given_path, help=about)
    about = (
        "where to start from: a transform file of ITK from the CT to the MR, a CSV file of landmarks (bone or 'knee', "
        "ct_x_mm to mr_z_mm), or the folder of a registration"
    )
    add("--initial", metavar="PATH", type=given_path, help=about)
    about = "first stage to run (default: the first that --initial does not settle)"
    add("--from-stage", choices=STAGES, default="", help=about)
    about = "bones to find anew in the registration of --initial, separated by commas; the others stay as they are"
    add("--bones", metavar="LIST", type=_bone_names, default=(), help=about)
    about = f"what refines the bones (default: {DEFAULT_ENGINE}); greedy needs: pip install picsl-greedy"
    add("--engine", choices=ENGINES, default=DEFAULT_ENGINE, help=about)
    about = "what is compared with the CT: the MR, a synthetic CT that is made of it first, or both (default: mr)"
    add("--with", dest="guide", choices=GUIDES, default=MR, help=about)
    add("--model", metavar="NAME|DIR", type=given_model, help=_MODEL)
    add("--local", action="store_true", help="also look for a small smooth displacement that rigid bones leave")
    add("--no-images", action="store_true", help="write transforms and tables only")
    add("--ct-series", metavar="X", help="DICOM series of the CT: its number or UID")
    add("--mr-series", metavar="X", help="DICOM series of the MR: its number or UID")
    add("--overwrite", action="store_true", help="replace a registration that is in DIR")


def register_request(options: argparse.Namespace) -> RegisterRequest | RegisterCohortRequest:
    """The request that the parsed arguments describe.

    Raises:
        InputError: neither a pair nor a cohort is given, or both are.
    """
    if options.cohort is not None:
        if options.ct is not None or options.labels is not None or options.initial is not None:
            raise InputError("A cohort and a single pair are given.", "Give either CT and MR, or --cohort.")
        of_one = (("side", "auto"), ("from_stage", ""), ("bones", ()), ("ct_series", None), ("mr_series", None))
        for name, usual in of_one:
            if getattr(options, name) != usual:
                raise InputError(f"--{name.replace('_', '-')} is for a single pair.", "Leave it out with --cohort.")
        if options.overwrite:
            raise InputError(
                "A cohort is gone on with, never replaced.", "Leave out --overwrite, or name a new folder."
            )
        return RegisterCohortRequest(
            options.cohort, options.out, options.engine, options.local, not options.no_images, options.guide,
            options.model,
        )  # fmt: skip
    if options.ct is None or options.mr is None:
        raise InputError("CT and MR are needed.", "Give both: ctsma register CT MR --out DIR.")
    return RegisterRequest(
        ct=options.ct, mr=options.mr, out=options.out, side=options.side, labels=options.labels,
        initial=options.initial, from_stage=options.from_stage, engine=options.engine, local=options.local,
        images=not options.no_images, ct_series=options.ct_series, mr_series=options.mr_series,
        overwrite=options.overwrite, guide=options.guide, model=options.model, bones=options.bones,
    )  # fmt: skip


def _bone_names(text: str) -> tuple[str, ...]:
    from CTSMALib.anatomy.labels import BONES

    return given_names(text, tuple(bone.name for bone in BONES))


def add_synthesize_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`synthesize_request` reads."""
    about = "DICOM folder or file, NIfTI, NRRD or MetaImage file"
    parser.add_argument("mr", metavar="MR", type=given_path, help=about)
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write to")
    parser.add_argument("--model", metavar="NAME|DIR", type=given_model, help=_MODEL)
    parser.add_argument("--series", metavar="X", help="DICOM series: its number or UID")
    parser.add_argument("--overwrite", action="store_true", help="replace a synthetic CT that is in DIR")


def synthesize_request(options: argparse.Namespace) -> SynthesizeRequest:
    """The request that the parsed arguments describe."""
    return SynthesizeRequest(options.mr, options.out, options.model, options.series, options.overwrite)
