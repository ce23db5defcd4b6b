"""The job that diagnoses the knees of a result folder."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.analyze import add_answer_arguments
from CTSMALib.jobs.arguments.values import given_model, given_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.knee_folders import knee_folders
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.staging import output_error, resolved
from CTSMALib.progress import Progress, silent

if TYPE_CHECKING:
    from CTSMALib.analysis.result import KneeAnalysis
    from CTSMALib.diagnosis.model import DiagnosisModel

_REMEDY = "Ask for permission to write there, or copy the result folder to another place."


@dataclass(frozen=True)
class DiagnoseRequest:
    """A diagnosis.

    Attributes:
        result: a result folder, of one knee or of both.
        model: folder of a bundle; ``None`` for the one that comes with the software.
        research: show of real people what a model from simulated knees says.
        aggregator: which part of the model answers; ``None`` for its default.
    """

    result: Path
    model: Path | None = None
    research: bool = False
    aggregator: str | None = None


def add_diagnose_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`diagnose_request` reads."""
    from CTSMALib.diagnosis.names import AGGREGATORS

    add = parser.add_argument
    add("result", metavar="RESULT", type=given_path, help="a result folder with apparent parameters of patches")
    about = "name or folder of the model (default: the one that comes with CTSMA)"
    add("--model", metavar="NAME|DIR", type=given_model, help=about)
    add_answer_arguments(parser, AGGREGATORS)


def diagnose_request(options: argparse.Namespace) -> DiagnoseRequest:
    """The request that arguments stand for."""
    return DiagnoseRequest(options.result, options.model, options.research, options.aggregator)


def run(request: DiagnoseRequest, progress: Progress = silent) -> Path:
    """Diagnose each knee and write ``diagnosis.json`` beside its findings.

    Args:
        request: what to do.
        progress: told of every knee; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The result folder, absolute.

    Raises:
        InputError: the folder is no result, its patches have no apparent parameters, or the model cannot be used.
        MissingDependencyError: a package or the model is missing.
        OutputError: the file cannot be written.
    """
    folder = resolved(existing_path(request.result))
    if request.model is not None:
        existing_path(request.model)
    need_learning_packages()
    progress("Starting", 0.0)
    with held():
        from CTSMALib.analysis.folder import load_analysis
    knees = knee_folders(folder) or [folder]  # load_analysis() says what is wrong with a folder that is no result
    read = [(knee, load_analysis(knee)) for knee in knees]
    for knee, analysis in read:  # all knees or none
        refuse_unread(analysis, knee)
    diagnoser = Diagnoser.of(request.model, request.aggregator, request.research)
    for number, (knee, analysis) in enumerate(read):
        progress("Diagnosing", number / len(read))
        try:
            diagnoser.write(analysis, knee)
        except OSError as error:
            raise output_error(error, knee, _REMEDY) from error
    progress("Finishing", 1.0)
    return folder


@dataclass(frozen=True)
class Diagnoser:
    """A model that is read, and how it is to answer."""

    model: DiagnosisModel
    aggregator: str | None
    research: bool

    @classmethod
    def of(cls, model: Path | None, aggregator: str | None, research: bool) -> Diagnoser:
        """Read a model; arguments as of :class:`DiagnoseRequest`.

        Raises:
            InputError: the model cannot be used.
            MissingDependencyError: a package or the model is missing.
        """
        need_learning_packages()
        with held():
            from CTSMALib.bundles.bundle import read_bundle
            from CTSMALib.diagnosis.model import load_model
            from CTSMALib.diagnosis.names import TASK
        return cls(load_model(None if model is None else read_bundle(model, TASK)), aggregator, research)

    def write(self, analysis: KneeAnalysis, folder: Path) -> None:
        """Diagnose a knee and write ``diagnosis.json`` into its folder.

        Raises:
            OSError: it could not be written.
        """
        from CTSMALib.analysis.patient_tokens import origin_of, patient_tokens
        from CTSMALib.diagnosis.record import Subject, without_time, write_diagnosis
        from CTSMALib.volumes.virtual_mark import NOTICE

        virtual = any(notice.code == NOTICE.code for notice in analysis.notices)
        subject = Subject(virtual, self.research, self.model.simulated, analysis.method)
        tokens = patient_tokens(analysis, self.model.features)
        write_diagnosis(self.model.predict(tokens, self.aggregator, origin_of(analysis)), subject, folder)
        if not analysis.identity.sha256:  # the folder is pseudonymised
            without_time(folder)


def refuse_unread(analysis: KneeAnalysis, folder: Path) -> None:
    """Refuse a result whose patches nobody has read.

    Raises:
        InputError: no patch has all apparent parameters.
    """
    from CTSMALib.morphometry.apparent.recipe import KEYS

    if not any(set(KEYS) <= set(one.values) for one in analysis.patches):
        raise InputError(
            f"The result in {folder} has no apparent parameters of patches, which a diagnosis is made from.",
            "Analyze the scan again with a model for them.",
        )


def diagnosis_summary(folder: Path) -> list[str]:
    """What was found, in a few lines for a terminal."""
    from CTSMALib.diagnosis.record import FILE, read_diagnosis

    lines = [f"Result       {folder}"]
    for knee in knee_folders(folder):
        found = read_diagnosis(knee)
        lines.append(f"Model        {found['model']}, {found['aggregator']}")
        lines += [f"Checked      {sentence}" for sentence in found["checked"]]
        lines += answer_lines(found)
        lines.append(f"Table        {knee / FILE}")
    return lines


def answer_lines(found: dict[str, Any]) -> list[str]:
    """What a diagnosis says, and what must be read beside it."""
    from CTSMALib.diagnosis.names import SIMULATED
    from CTSMALib.diagnosis.record import WITHHELD
    from CTSMALib.diagnosis.wording import signed, start_text

    lines = []
    if found["shown"]:
        inside = f"{found['low']:.2f} to {found['high']:.2f}"
        lines.append(f"Probability  {found['probability']:.2f} (95 % interval {inside}) of osteoarthritis")
        likely = ", ".join(f"{grade} {p:.2f}" for grade, p in enumerate(found["grades"]))
        lines.append(f"Grades       {likely}")
        parts = ", ".join(f"{key} {signed(part)}" for key, part in found["compartments"].items())
        start = f"{found['usual_probability']:.2f} {start_text(found['aggregator'])}"
        lines.append(f"Log odds     {parts}, from {start}")
    notes = [note for note in found["notes"] if note != SIMULATED]  # the statement says that
    lines += [f"Note         {note}" for note in (*notes, found["statement"])]
    return lines + (["To show it   Add --research"] if found["statement"] == WITHHELD else [])
