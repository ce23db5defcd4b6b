"""Apparent parameters of the patches of a CT, as a student reads them, and the structure where it is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from CTSMALib.analysis.patch_voxels import patch_voxels
from CTSMALib.analysis.result import KneeAnalysis, PatchMeasurement
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.direct_ct.ct_features import patch_features
from CTSMALib.morphometry.direct_ct.patch_sampling import STEP_MM
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReferences
from CTSMALib.notices import Notice
from CTSMALib.progress import Progress, silent
from CTSMALib.student.covariates import covariates_of
from CTSMALib.student.cubes import CT_STEPS_MM, Cubes
from CTSMALib.student.estimate import Estimate, PatchReader
from CTSMALib.student.linear import FEATURES
from CTSMALib.student.reference_scale import on_reference_scale
from CTSMALib.student.structure import STRUCTURE_KEYS

UNLIKE = "unlike-training"  # flag of a patch
UNLIKE_SCAN = "apparent-unlike-scan"  # notice of a scan all of whose patches are flagged
MOST_UNLIKE = 0.25  # share of the patches above which the scan as a whole is called unlike the training
PATCHES_AT_ONCE = 128
_OF_STRUCTURE = (
    "Calibrated parameters (cal. BV/TV, Tb.Th, Tb.Sp, Tb.N) are on the scale of the true structure of simulated knees, "
    "the only ones whose structure is known. How well they hold on patients is not known: compare them with nothing "
    "else."
)


class StudentReading:
    """Reads the patches of one knee.

    Args:
        reader: the student.
        anatomy: of the knee.
        references: tissue references of the scan.
        metal: mask on any grid; its voxels do not count.
        facts: of the scan by name, see :data:`~CTSMALib.student.covariates.COVARIATES`.

    Attributes:
        outside: what of the scan is unlike those of the training, in words; then every patch is.
    """

    def __init__(
        self, reader: PatchReader, anatomy: KneeAnatomy, references: TissueReferences, metal: sitk.Image,
        facts: Mapping[str, float | None],
    ) -> None:  # fmt: skip
        self._reader, self._anatomy, self._references, self._metal = reader, anatomy, references, metal
        self._covariates = covariates_of(facts)
        self.outside = reader.outside(self._covariates)

    def read(
        self, patches: list[PatchMeasurement], quick: bool = False, progress: Progress = silent
    ) -> list[PatchMeasurement]:
        """Add what the student reads to patches that have values.

        Args:
            patches: of either bone.
            quick: for maps.
            progress: told after every batch; cancels by raising.

        Returns:
            The patches in the same order, with values, uncertainties and flags.
        """
        found = list(patches)
        valid = [k for k, item in enumerate(patches) if item.values]
        for bone in self._anatomy.frames:
            own = [k for k in valid if patches[k].patch.bone == bone]
            for start in range(0, len(own), PATCHES_AT_ONCE):
                rows = own[start : start + PATCHES_AT_ONCE]
                progress("Estimating apparent parameters", rows[0] / max(len(patches), 1))
                estimate = self._estimate([patches[k] for k in rows], bone, quick)
                for place, k in enumerate(rows):
                    found[k] = _with_estimate(patches[k], estimate, place)
        return found

    def _estimate(self, patches: list[PatchMeasurement], bone: str, quick: bool) -> Estimate:
        centers = np.array([item.patch.center_anatomical_mm for item in patches])
        hu, valid = patch_voxels(self._anatomy, bone, centers, self._metal, CT_STEPS_MM)
        marrow, tissue = self._references.marrow.hu, self._references.bone_tissue_hu
        seen = on_reference_scale(np.nan_to_num(hu, nan=marrow), marrow, tissue)
        cubes = Cubes(seen, valid.astype(np.uint8))
        finer = patch_voxels(self._anatomy, bone, centers, self._metal, STEP_MM)
        measured = patch_features(*finer, STEP_MM, self._references)
        features = np.column_stack([measured[key] for key in FEATURES])
        return self._reader.estimate(cubes, self._covariates, features, quick)


def with_reading(analysis: KneeAnalysis, reader: PatchReader, outside: Sequence[str] = ()) -> KneeAnalysis:
    """A result that says who estimated apparent parameters, and what is to be known of them.

    Args:
        analysis: with what was estimated.
        reader: the student.
        outside: what of the scan is unlike those of the training, in words.
    """
    return replace(
        analysis, method=f"{analysis.method}; apparent parameters estimated by {reader.identity}",
        model_sha256=reader.sha256, notices=(*analysis.notices, *reading_notices(reader, analysis.patches, outside)),
    )  # fmt: skip


def reading_notices(
    reader: PatchReader, patches: Sequence[PatchMeasurement], outside: Sequence[str] = ()
) -> list[Notice]:
    """What a reader must know of the estimates; arguments as of :func:`with_reading`."""
    found = []
    if reader.simulated:
        text = (
            "Apparent parameters are estimates of a model that was trained on simulated knees; how well they hold on "
            "patients is not known."
        )
        found.append(Notice("apparent-simulated", text))
    also = any(STRUCTURE_KEYS[0] in item.values for item in patches)
    what = "apparent and calibrated parameters" if also else "apparent parameters"
    if also:
        found.append(Notice("structure-simulated", _OF_STRUCTURE))
    read = [item for item in patches if item.uncertainties]
    unlike = sum(UNLIKE in item.flags for item in read)
    if read and outside:
        text = (
            f"This scan is unlike those that the model was trained on: {'; '.join(outside)}. Do not rely on its "
            f"{what}, nor on their uncertainty."
        )
        found.append(Notice(UNLIKE_SCAN, text))
    elif read and unlike > MOST_UNLIKE * len(read):
        text = (
            f"{unlike} of {len(read)} patches look unlike those that the model was trained on: {what} may be "
            "wrong, and their uncertainty too small."
        )
        found.append(Notice("apparent-unlike-training", text))
    return found


def _with_estimate(item: PatchMeasurement, estimate: Estimate, row: int) -> PatchMeasurement:
    values = dict(zip(KEYS, estimate.values[row].tolist(), strict=True))
    sds = dict(zip(KEYS, estimate.uncertainties[row].tolist(), strict=True))
    if estimate.structure is not None:
        values |= dict(zip(STRUCTURE_KEYS, estimate.structure.values[row].tolist(), strict=True))
        sds |= dict(zip(STRUCTURE_KEYS, estimate.structure.uncertainties[row].tolist(), strict=True))
    flags = (UNLIKE,) if estimate.distances[row] > 1.0 else ()
    features = () if estimate.features is None else tuple(estimate.features[row].tolist())
    return replace(
        item, values={**item.values, **values}, uncertainties={**item.uncertainties, **sds},
        flags=(*item.flags, *flags), features=features,
    )  # fmt: skip
