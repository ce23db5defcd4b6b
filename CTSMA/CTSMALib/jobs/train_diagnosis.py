"""The job that trains the diagnosis; finished folds stay, and the same command goes on."""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.config_file import converted, read_document
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.leftovers import holds_only_leftovers
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.progress import Progress, silent

if TYPE_CHECKING:
    from CTSMALib.learning.diagnosis.config import DiagnosisConfig

MEASURED = ("mr", "truth")  # values of the patch set itself, in place of predictions
_FORMAT = (
    "Give a TOML or JSON file with some of: aggregators, splits, outer_folds, inner_folds, budget, seed, features, "
    "network."
)


@dataclass(frozen=True)
class TrainDiagnosisRequest:
    """A training.

    Attributes:
        patches: folder of the patch set.
        predictions: CSV file with predicted values, or ``"mr"`` or ``"truth"``.
        out: the folder to train in, or to go on in.
        config: file with its configuration; ``None`` for the usual one.
    """

    patches: Path
    predictions: str
    out: Path
    config: Path | None = None


def add_train_diagnosis_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`train_diagnosis_request` reads."""
    add = parser.add_argument
    add("--patches", metavar="SET", type=given_path, required=True, help="folder that 'ctsma patches' wrote")
    about = "CSV file with the values that a student predicts; 'mr' or 'truth' for those of the patch set"
    add("--predictions", metavar="FILE", type=lambda text: str(given_path(text)), required=True, help=about)
    add("--out", metavar="DIR", type=given_path, required=True, help="folder to train in, or to go on in")
    add("--config", metavar="FILE", type=given_path, help="TOML or JSON file with the configuration")


def train_diagnosis_request(options: argparse.Namespace) -> TrainDiagnosisRequest:
    """The request that arguments stand for."""
    return TrainDiagnosisRequest(options.patches, options.predictions, options.out, options.config)


def run(request: TrainDiagnosisRequest, progress: Progress = silent) -> Path:
    """Train, or go on with what was begun, and write tables and bundle.

    Args:
        request: what to do.
        progress: told of every fit; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder of the training.

    Raises:
        CTSMAError: the request cannot be met. Finished folds stay.
    """
    predictions = request.predictions
    if predictions not in MEASURED:
        predictions = str(existing_path(predictions))
    if request.config is not None:
        existing_path(request.config)
    existing_path(request.patches)
    need_learning_packages(training=True)
    folder = Target(resolved(request.out), overwrite=True, is_result=_is_training).check()
    progress("Starting", 0.0)
    with held():
        from CTSMALib.learning.diagnosis.dataset import read_data
        from CTSMALib.learning.diagnosis.train import train
        from CTSMALib.learning.patches.patch_set import read_facts
        from CTSMALib.virtual.cohort.lock import locked
    simulated = read_facts(request.patches).virtual
    config = _read_config(request.config)
    data = read_data(request.patches, predictions, config.splits, config.features)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            train(config, data, simulated, folder, progress)
    except OSError as error:
        raise output_error(error, folder) from error
    progress("Finishing", 1.0)
    return folder


def training_summary(folder: Path) -> list[str]:
    """How good the aggregators are, where the model is, and how to use it, in a few lines for a terminal."""
    from CTSMALib.bundles.bundle import read_bundle
    from CTSMALib.diagnosis.names import SETTINGS
    from CTSMALib.learning.diagnosis.tables import MEASURED_FILE
    from CTSMALib.learning.diagnosis.train import BUNDLE

    with (folder / MEASURED_FILE).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["measure"] == "auc by patient"]
    bundle = read_bundle(folder / BUNDLE)
    areas = (f"{r['aggregator']} {float(r['value']):.3f} [{float(r['low']):.3f}, {float(r['high']):.3f}]" for r in rows)
    return [
        f"Training     {folder}",
        *(f"AUC          {area}" for area in areas),
        f"Default      {bundle.config[SETTINGS]['default']}",
        f"Table        {folder / MEASURED_FILE}",
        f"Model        {folder / BUNDLE}, {bundle.identity}",
        f"To use it    ctsma diagnose RESULT --model {folder / BUNDLE}",
    ]


def _is_training(folder: Path) -> bool:
    """Whether a training is there, or only the first beginnings of one that was stopped."""
    from CTSMALib.learning.diagnosis.record import holds_training

    return holds_training(folder) or holds_only_leftovers(folder)


def _read_config(path: Path | None) -> DiagnosisConfig:
    from CTSMALib.learning.diagnosis.config import DiagnosisConfig

    if path is None:
        return DiagnosisConfig()
    return converted(read_document(path, _FORMAT), DiagnosisConfig, f"The file '{path.name}'", _FORMAT)
