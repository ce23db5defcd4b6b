"""The arguments of the jobs, the same for the ``ctsma`` command and for worker processes."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path
from typing import Any

from CTSMALib.errors import InputError
from CTSMALib.jobs.request import (
    AUTO,
    BONE_METHODS,
    FORMATS,
    KINDS,
    PAPERS,
    SCENE_FORMAT,
    SIDES,
    AnalyzeMRRequest,
    AnalyzeRequest,
    DiagnosisOrder,
    ExportRequest,
    MorphometryRequest,
    RegisterCohortRequest,
    RegisterRequest,
    SynthesizeRequest,
    VirtualRequest,
)

_MODEL = "model bundle that makes the synthetic CT (default: the one that comes with CTSMA)"
NO_MODEL = "none"
_NAME = re.compile(r"\w[^=,\x00-\x1f\x7f]*")  # nothing that a spreadsheet would take for a formula


def add_analyze_arguments(parser: argparse.ArgumentParser, scan: str = "CT") -> None:
    """Add what :func:`analyze_request` reads; ``scan`` is what the scan is called."""
    about = "DICOM folder or file, NIfTI, NRRD or MetaImage file"
    parser.add_argument("scan", metavar=scan, type=given_path, help=about)
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the result to")
    parser.add_argument(
        "--side", choices=SIDES, default="auto", help="which knee; 'auto' takes every complete one (default)"
    )
    parser.add_argument("--series", metavar="X", help="DICOM series: its number or UID as listed by 'ctsma info'")
    parser.add_argument(
        "--header-from",
        metavar="FILE",
        type=given_path,
        help=f"DICOM file that describes the scan, where {scan} has no header of its own",
    )
    parser.add_argument("--name", metavar="TEXT", default="", help="what to call the scan (default: its file name)")
    if scan == "CT":
        about = "tube voltage in kV, where the scan does not state it (default: 120 is assumed)"
        parser.add_argument("--kvp", metavar="KV", type=_voltage, help=about)
        about = (
            f"model bundle that estimates apparent parameters, or '{NO_MODEL}' (default: the one that comes with CTSMA)"
        )
        parser.add_argument("--model", metavar="NAME|DIR", type=given_model, help=about)
        about = "also estimate vcal_*: BV/TV, Tb.Th, Tb.Sp, Tb.N on the scale of the true structure of simulated knees"
        parser.add_argument("--vcal", dest="structure", action="store_true", help=about)
    about = "label map of the bones: 1 femur, 2 tibia, 3 patella, 4 fibula (default: found)"
    parser.add_argument("--labels", metavar="FILE", type=given_path, help=about)
    _add_diagnosis_arguments(parser)
    add_report_arguments(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a result that is in DIR")


def _add_diagnosis_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`_diagnosis` reads."""
    from CTSMALib.diagnosis.names import AGGREGATORS

    about = "also say how likely osteoarthritis is, as 'ctsma diagnose' does"
    parser.add_argument("--diagnose", action="store_true", help=about)
    about = "model for that, which --diagnose need not be given with (default: the one that comes with CTSMA)"
    parser.add_argument("--diagnosis-model", metavar="NAME|DIR", type=given_model, help=about)
    add_answer_arguments(parser, AGGREGATORS)


def add_answer_arguments(parser: argparse.ArgumentParser, aggregators: tuple[str, ...]) -> None:
    """Add the options that say how a model of the diagnosis is to answer."""
    about = "which part of the model of the diagnosis answers (default: the one that the model names)"
    parser.add_argument("--aggregator", choices=aggregators, help=about)
    about = "show what a model that was trained on simulated knees says of a real person, marked as that"
    parser.add_argument("--research", action="store_true", help=about)


def add_analyze_mr_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`analyze_mr_request` reads."""
    add_analyze_arguments(parser, "MR")
    about = (
        "what finds the bones where no labels are given: 'network', as 'ctsma synthesize' does, 'simple', which needs "
        "no PyTorch, or 'auto': the network where it is installed, with an unfamiliar MR checked by the other (default)"
    )
    parser.add_argument("--bones", choices=BONE_METHODS, default=AUTO, help=about)
    about = "model bundle of that network (default: the one that comes with CTSMA)"
    parser.add_argument("--bone-model", metavar="NAME|DIR", type=given_model, help=about)


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`export_request` reads."""
    parser.add_argument("result", metavar="RESULT", type=given_path, help="a result folder")
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the reports to")
    about = "leave name, identifiers and exact dates out of the reports (the year of study stays)"
    add_report_arguments(parser, about, scene=False)
    parser.add_argument("--overwrite", action="store_true", help="replace reports that are in DIR")


def add_morphometry_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`morphometry_request` reads."""
    parser.add_argument("image", metavar="IMAGE", type=given_path, help="NIfTI, NRRD or MetaImage file")
    parser.add_argument(
        "--mask", metavar="FILE", type=given_path, help="labels; each but 0 is a region (default: the whole image)"
    )
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the result to")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="auto",
        help="what the values are: bone volume fractions from 0 to 1, gray values, or bone as 1 (default: told from "
        "the values)",
    )
    parser.add_argument("--bone", metavar="V", type=_number, help="gray value of pure bone, given with --marrow")
    parser.add_argument("--marrow", metavar="V", type=_number, help="gray value of pure marrow")
    parser.add_argument("--threshold", metavar="V", type=_number, help="gray value above which there is bone")
    parser.add_argument(
        "--labels",
        metavar="LIST",
        type=_region_names,
        default=(),
        help="names of regions: NAME=VALUE, separated by commas, for example medial=1,lateral=2",
    )
    parser.add_argument("--no-denoise", action="store_true", help="measure noisy images as they are")
    parser.add_argument("--no-maps", action="store_true", help="write no maps of thickness and separation")
    parser.add_argument("--overwrite", action="store_true", help="replace a result that is in DIR")


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


def add_synthesize_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`synthesize_request` reads."""
    about = "DICOM folder or file, NIfTI, NRRD or MetaImage file"
    parser.add_argument("mr", metavar="MR", type=given_path, help=about)
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write to")
    parser.add_argument("--model", metavar="NAME|DIR", type=given_model, help=_MODEL)
    parser.add_argument("--series", metavar="X", help="DICOM series: its number or UID")
    parser.add_argument("--overwrite", action="store_true", help="replace a synthetic CT that is in DIR")


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
    add("--registration-error", metavar="MM", type=_number, default=0.0, help=about)
    add("--dicom", action="store_true", help="write the scans as DICOM too")
    add("--jobs", metavar="J", type=int, default=1, help="make J knees at a time, each with one core (default: 1)")


def add_report_arguments(
    parser: argparse.ArgumentParser,
    pseudonymise_help: str = "leave name, identifiers and exact dates out of the whole result folder "
    "(the year of study stays)",
    scene: bool = True,
) -> None:
    """Add the options that say what is written, and how.

    Args:
        parser: where they go.
        pseudonymise_help: what that option does here.
        scene: whether a scene for 3D Slicer may be among the formats.
    """
    possible = (*FORMATS, SCENE_FORMAT) if scene else FORMATS
    parser.add_argument(
        "--format",
        dest="formats",
        metavar="LIST",
        type=lambda text: _formats(text, possible),
        default=FORMATS,
        help=f"what to write, separated by commas, of {', '.join(possible)} (default: {','.join(FORMATS)}"
        f"{'; mrb is a scene for 3D Slicer' if scene else ''})",
    )
    parser.add_argument(
        "--pseudonymise",
        "--pseudonymize",
        dest="pseudonymise",
        action="store_true",
        help=pseudonymise_help,
    )
    add_paper(parser)


def add_paper(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the paper that a PDF is made for."""
    about = f"of the PDF (default: {PAPERS[0]})"
    parser.add_argument("--paper", "--page", dest="paper", choices=PAPERS, default=PAPERS[0], help=about)


def given_path(text: str) -> Path:
    """A path as an argument; an empty one, such as an unset variable of a script, is refused."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def given_model(text: str) -> Path:
    """The folder of a model as an argument: a name of :mod:`CTSMALib.bundles.library`, a path, or :data:`NO_MODEL`."""
    if text == NO_MODEL:
        return Path(NO_MODEL)
    from CTSMALib.bundles.library import places

    path = given_path(text)
    return next((place.folder for place in places() if place.name == text), path)


def analyze_request(options: argparse.Namespace) -> AnalyzeRequest:
    """The request that the parsed arguments describe."""
    if options.model == Path(NO_MODEL):
        if _diagnosis(options) is not None:
            raise InputError("A diagnosis is made from apparent parameters.", f"Leave out '--model {NO_MODEL}'.")
        if options.structure:
            raise InputError("Without a model there are no vcal_* quantities.", f"Leave out '--model {NO_MODEL}'.")
        return AnalyzeRequest(**_analysis(options), apparent=False, kvp=options.kvp)
    return AnalyzeRequest(**_analysis(options), model=options.model, structure=options.structure, kvp=options.kvp)


def analyze_mr_request(options: argparse.Namespace) -> AnalyzeMRRequest:
    """The request that the parsed arguments describe.

    Raises:
        InputError: bones are given, and something that finds them.
    """
    if options.labels is not None and (options.bones != AUTO or options.bone_model is not None):
        raise InputError("Bone labels are given, and what should find bones.", "Leave out --labels, or the others.")
    return AnalyzeMRRequest(**_analysis(options), bones=options.bones, bone_model=options.bone_model)


def _analysis(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "input_path": options.scan,
        "out": options.out,
        "side": options.side,
        "series": options.series,
        "formats": options.formats,
        "pseudonymise": options.pseudonymise,
        "overwrite": options.overwrite,
        "header_from": options.header_from,
        "name": options.name.strip(),
        "labels": options.labels,
        "diagnosis": _diagnosis(options),
        "paper": options.paper,
    }


def _diagnosis(options: argparse.Namespace) -> DiagnosisOrder | None:
    if options.diagnose or options.diagnosis_model is not None:
        return DiagnosisOrder(options.diagnosis_model, options.aggregator, options.research)
    if options.research or options.aggregator is not None:
        raise InputError("No diagnosis is asked for.", "Add --diagnose, or leave out --research and --aggregator.")
    return None


def export_request(options: argparse.Namespace) -> ExportRequest:
    """The request that the parsed arguments describe."""
    return ExportRequest(
        result=options.result,
        out=options.out,
        formats=options.formats,
        pseudonymise=options.pseudonymise,
        overwrite=options.overwrite,
        paper=options.paper,
    )


def morphometry_request(options: argparse.Namespace) -> MorphometryRequest:
    """The request that the parsed arguments describe."""
    return MorphometryRequest(
        image=options.image,
        out=options.out,
        mask=options.mask,
        kind=options.kind,
        bone=options.bone,
        marrow=options.marrow,
        threshold=options.threshold,
        names=options.labels,
        denoise=not options.no_denoise,
        maps=not options.no_maps,
        overwrite=options.overwrite,
    )


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


def synthesize_request(options: argparse.Namespace) -> SynthesizeRequest:
    """The request that the parsed arguments describe."""
    return SynthesizeRequest(options.mr, options.out, options.model, options.series, options.overwrite)


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

    wanted = _formats(text, (BFFE, *OTHER_SERIES))
    return tuple(series for series in OTHER_SERIES if series in wanted)


def _bone_names(text: str) -> tuple[str, ...]:
    from CTSMALib.anatomy.labels import BONES

    return _formats(text, tuple(bone.name for bone in BONES))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def _voltage(text: str) -> float:
    from CTSMALib.volumes.tube_voltage import voltage_of

    try:
        return voltage_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _region_names(text: str) -> tuple[tuple[str, int], ...]:
    pairs = []
    for part in text.split(","):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or not _NAME.fullmatch(name) or not re.fullmatch(r"-?\d{1,8}", value) or int(value) == 0:
            raise argparse.ArgumentTypeError(f"{part!r} is not NAME=VALUE with a label other than 0")
        pairs.append((name, int(value)))
    if len({name for name, _ in pairs}) < len(pairs) or len({label for _, label in pairs}) < len(pairs):
        raise argparse.ArgumentTypeError(f"{text!r} names a region or a label twice")
    return tuple(pairs)


def _formats(text: str, possible: tuple[str, ...]) -> tuple[str, ...]:
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in possible]
    if unknown or not wanted:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of {', '.join(possible)}")
    return tuple(dict.fromkeys(wanted))
