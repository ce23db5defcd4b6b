"""The training of the diagnosis from tables to a bundle; what is finished stays."""

from __future__ import annotations

from pathlib import Path

import torch

from CTSMALib.bundles.bundle import Bundle, read_bundle
from CTSMALib.diagnosis.names import TASK
from CTSMALib.errors import CTSMAError
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import DiagnosisData
from CTSMALib.learning.diagnosis.evaluate import evaluate
from CTSMALib.learning.diagnosis.finish import finish, made_with
from CTSMALib.learning.diagnosis.nested import cross_validate
from CTSMALib.learning.diagnosis.record import begin
from CTSMALib.learning.diagnosis.tables import write_evaluation, write_predicted
from CTSMALib.progress import Progress, part_of, silent

FOLDS, BUNDLE = "folds", "bundle"
_VALIDATED, _EVALUATED = 0.88, 0.92  # parts of the whole work


def train(
    config: DiagnosisConfig, data: DiagnosisData, simulated: bool, folder: Path, progress: Progress = silent
) -> Bundle:
    """Cross-validate, evaluate, and write tables and bundle.

    Args:
        config: of the training.
        data: the knees.
        simulated: they are virtual.
        folder: of the training; one that was stopped is gone on with.
        progress: told of every fit; may raise to stop.

    Raises:
        InputError: the folder holds a training of other knees or with another configuration.
        OSError: it cannot be written.
    """
    begin(config, data, simulated, folder)
    finished = _finished(config, data, simulated, folder)
    if finished is not None:
        return finished
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks are too small to share
    try:
        results = cross_validate(config, data.cases, folder / FOLDS, part_of(progress, 0.0, _VALIDATED))
        write_predicted(data, results, folder)
        evaluation = evaluate(config, data.cases, results, part_of(progress, _VALIDATED, _EVALUATED))
        write_evaluation(evaluation, folder)
        told = part_of(progress, _EVALUATED, 1.0)
        return finish(config, data, simulated, results, evaluation, folder / BUNDLE, told)
    finally:
        torch.set_num_threads(threads)


def _finished(config: DiagnosisConfig, data: DiagnosisData, simulated: bool, folder: Path) -> Bundle | None:
    """The bundle, where this training has ended already."""
    try:
        bundle = read_bundle(folder / BUNDLE, TASK)
    except CTSMAError:
        return None
    return bundle if bundle.metadata.get("training") == made_with(config, data, simulated) else None
