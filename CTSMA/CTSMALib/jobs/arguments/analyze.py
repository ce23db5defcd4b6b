"""The arguments of the analysis of a CT or an MR."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from CTSMALib.errors import InputError
from CTSMALib.jobs.arguments.report import add_report_arguments
from CTSMALib.jobs.arguments.values import NO_MODEL, given_model, given_path
from CTSMALib.jobs.request import AUTO, BONE_METHODS, SIDES, AnalyzeMRRequest, AnalyzeRequest, DiagnosisOrder


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


def _voltage(text: str) -> float:
    from CTSMALib.volumes.tube_voltage import voltage_of

    try:
        return voltage_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
