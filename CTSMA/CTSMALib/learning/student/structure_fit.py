"""Learning to read the structure itself: patches of simulated knees whose true values were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.agreement import icc_agreement
from CTSMALib.learning.patches.patch_set import PatchSet
from CTSMALib.learning.student.baselines import FOLDS, fit_columns
from CTSMALib.learning.student.data import patches_of, table_of
from CTSMALib.learning.student.train import read_in_parts
from CTSMALib.student.linear import design
from CTSMALib.student.network import PatchNet
from CTSMALib.student.structure import StructureReading, on_scale, structure_design
from CTSMALib.student.tied_values import together

FEWEST = 100  # patches with all true values: 33 columns are to be weighed
COVERED, NORMAL = 0.95, 1.96

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StructureFit:
    """What was learned.

    Attributes:
        reading: ready to use.
        learned_from: patches.
        icc: (4,) ICC(2,1) with the truth of patches that only served the uncertainties, NaN where there were too few.
        judged_on: how many these were.
    """

    reading: StructureReading
    learned_from: int
    icc: Floats
    judged_on: int


def fit_structure(nets: Sequence[PatchNet], unseen: PatchSet, calibrate: PatchSet) -> StructureFit | None:
    """Learn to read the structure.

    Args:
        nets: of the student.
        unseen: of patients that the networks have not learned from; what they say of others looks better than it is.
        calibrate: of still others, for uncertainties; where too few true values are known, cross-validation serves.

    Returns:
        ``None`` where fewer than :data:`FEWEST` patches have all true values, or too few patients do.
    """
    train, other = _with_truth(unseen), _with_truth(calibrate)
    if _is_too_little(train):
        return None
    reading = _fitted(structure_columns(nets, train), train)
    if len(other) < FEWEST:
        return StructureFit(reading, len(train), np.full(other.truth.shape[1], np.nan), 0)
    columns = structure_columns(nets, other)
    errors = np.abs(reading.linear.read(columns) - on_scale(other.truth))
    reading = replace(reading, sds=np.quantile(errors, COVERED, axis=0) / NORMAL)
    values = reading.of_columns(columns).values
    iccs = [icc_agreement(np.column_stack(pair)) for pair in zip(values.T, other.truth.T, strict=True)]
    return StructureFit(reading, len(train), np.array(iccs), len(other))


def fit_without_networks(unseen: PatchSet) -> StructureReading | None:
    """What direct CT quantities alone tell, of the same patches: what networks must beat. It reads
    :func:`~CTSMALib.student.linear.design`."""
    train = _with_truth(unseen)
    if _is_too_little(train):
        return None
    table = table_of(train)
    return _fitted(design(table.features, table.covariates), train)


def _is_too_little(found: PatchSet) -> bool:
    return len(found) < FEWEST or len(np.unique(found.of_knee("subject"))) < FOLDS


def _fitted(columns: Floats, found: PatchSet) -> StructureReading:
    return StructureReading(*fit_columns(columns, on_scale(found.truth), found.of_knee("subject").astype(np.str_)))


def structure_columns(nets: Sequence[PatchNet], found: PatchSet) -> Floats:
    """(n, m) what the reading of the structure sees of patches that have all targets."""
    patches, table = patches_of(found), table_of(found)
    outputs = together(torch.stack([read_in_parts(net, patches) for net in nets]))
    return structure_design(table.features, table.covariates, outputs.numpy().astype(float))


def _with_truth(found: PatchSet) -> PatchSet:
    known = np.isfinite(found.truth).all(axis=1) & np.isfinite(found.targets).all(axis=1)
    return found.select(np.asarray(known))
