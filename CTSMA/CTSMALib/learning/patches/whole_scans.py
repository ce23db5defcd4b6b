"""The patches of one knee out of a whole CT and MR, once bones, levels and values of both are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.grids import labels_on
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.patch import LEAST_VALID, Patch
from CTSMALib.learning.patches.check import MIRRORED
from CTSMALib.learning.patches.columns import columns_of
from CTSMALib.learning.patches.knee_part import NOT_ACCEPTED, KneePart, Value
from CTSMALib.learning.patches.pair_manifest import PairRow
from CTSMALib.learning.patches.scan_cubes import mask_cubes, value_cubes
from CTSMALib.learning.patches.virtual_part import (
    LITTLE_BONE,
    NO_TARGET,
    as_hu,
    chosen,
    filled_up,
    knee_key,
)
from CTSMALib.morphometry.apparent.marrow_surface import MarrowSurface
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.direct_ct.ct_features import patch_features
from CTSMALib.morphometry.direct_ct.noise import estimate_noise_sd
from CTSMALib.morphometry.direct_ct.patch_sampling import STEP_MM, Steps
from CTSMALib.morphometry.direct_ct.sharpness import estimate_sharpness
from CTSMALib.morphometry.direct_ct.tissue_references import estimate_tissue_references
from CTSMALib.registration.patch_pairs import COMPARTMENT, OUTSIDE
from CTSMALib.registration.record import PairedPatch, RegistrationRecord
from CTSMALib.registration.review.decisions import accepted_bones
from CTSMALib.student.cubes import CT_SHAPE, CT_STEPS_MM, MR_SHAPE, MR_STEPS_MM
from CTSMALib.student.linear import FEATURES
from CTSMALib.student.scan_facts import scan_facts
from CTSMALib.volumes.metal import metal_mask
from CTSMALib.volumes.scan import Scan

Array = NDArray[np.float64]
DOUBTFUL = "outside the MR or in a doubtful compartment"
UNUSABLE = (OUTSIDE, COMPARTMENT)  # flags of a registration


@dataclass(frozen=True, eq=False)
class CTOfKnee:
    """What the CT gives.

    Attributes:
        features: (n,) by catalogue key.
        filled: (n,) share of each cube that is trabecular bone.
        facts: covariates and levels, for ``knees.csv``.
        cubes, valid: (n, 16, 20, 20) HU, and 1 where they are trabecular bone.
    """

    features: dict[str, Array]
    filled: Array
    facts: dict[str, Value]
    cubes: NDArray[np.int16]
    valid: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class MROfKnee:
    """What the MR gives.

    Attributes:
        targets, uncertainties: (n, 4) of :data:`~CTSMALib.morphometry.apparent.recipe.KEYS`, NaN where there are none.
        dim: (n,) flag ``dim-marrow``.
        filled: (n,) share of each cube that is trabecular bone.
        noise: standard deviation in one channel.
    """

    targets: Array
    uncertainties: Array
    dim: NDArray[np.bool_]
    filled: Array
    noise: float


def usable_bones(record: RegistrationRecord) -> tuple[str, ...]:
    """Bones with patches whose last decision is accepted or automatic."""
    with_patches = {patch.bone for patch in record.patches}
    return tuple(bone for bone in accepted_bones(record) if bone in with_patches)


def usable_patches(anatomy: KneeAnatomy, record: RegistrationRecord) -> list[Patch]:
    """The patches of a CT that the registration leads to in the MR, without those it cannot be relied on in.

    Args:
        anatomy: of the CT.
        record: the registration.
    """
    return [
        patch
        for patch in _registered(anatomy, record)
        if not set(_known(record)[patch.id].flags).intersection(UNUSABLE)
    ]


def of_ct(ct: Scan, anatomy: KneeAnatomy, patches: Sequence[Patch]) -> CTOfKnee:
    """Measure the CT as an analysis of it alone does.

    Args:
        ct: the whole scan.
        anatomy: of its knee.
        patches: n.
    """
    labels = labels_on(anatomy.labels, anatomy.scan)
    sharpness = estimate_sharpness(anatomy.scan, labels)
    references = estimate_tissue_references(anatomy.scan, labels, ct.header.kvp, sharpness.inplane_fwhm_mm)
    noise = estimate_noise_sd(anatomy.scan, references, labels)
    metal = metal_mask(anatomy.scan)
    fine, fine_valid = _ct_cubes(anatomy, metal, patches, STEP_MM)
    hu, valid = _ct_cubes(anatomy, metal, patches, CT_STEPS_MM)
    told = {
        **scan_facts(anatomy.scan, sharpness, noise),
        "mirrored": int(all(frame.mirrored for frame in anatomy.frames.values())),
        "ct_marrow_hu": references.marrow.hu, "ct_bone_tissue_hu": references.bone_tissue_hu,
    }  # fmt: skip
    return CTOfKnee(
        features=patch_features(fine, fine_valid, STEP_MM, references),
        filled=fine_valid.mean(axis=(1, 2, 3)),
        facts={name: "" if value is None else value for name, value in told.items()},
        cubes=as_hu(filled_up(hu)),
        valid=valid.astype(np.uint8),
    )


def put_together(
    row: PairRow, record: RegistrationRecord, anatomy: KneeAnatomy, patches: Sequence[Patch], on_ct: CTOfKnee,
    on_mr: MROfKnee, cubes: NDArray[np.float16], valid: NDArray[np.uint8],
) -> KneePart:  # fmt: skip
    """The patches that show enough bone in both scans and have targets.

    Args:
        row: of the manifest.
        record: the registration.
        anatomy: of the CT.
        patches: n of it.
        on_ct, on_mr: what was measured of them.
        cubes, valid: of the MR, from :func:`mr_cubes`.
    """
    key, known = knee_key(row.subject, row.side), _known(record)
    errors = np.array([known[p.id].estimated_mm for p in patches], dtype=float)
    columns = columns_of(
        key, [p.id for p in patches], [p.bone for p in patches], np.column_stack([on_ct.filled, errors]),
        on_mr.targets, on_mr.uncertainties, on_mr.dim, np.full((len(patches), len(KEYS)), np.nan), on_ct.features,
    )  # fmt: skip
    enough = (on_ct.filled >= LEAST_VALID) & (on_mr.filled >= LEAST_VALID)
    seen = np.isfinite(on_mr.targets).all(axis=1)
    bones = usable_bones(record)
    left_out = {
        NOT_ACCEPTED: sum(p.bone not in bones for p in record.patches),
        DOUBTFUL: len(_registered(anatomy, record)) - len(patches),
        LITTLE_BONE: int(np.count_nonzero(~enough)),
        NO_TARGET: int(np.count_nonzero(enough & ~seen)),
    }
    told = {**row.knee_row(key), **on_ct.facts, "mr_noise": on_mr.noise}
    told |= {name: value for name, value in row.facts.items() if name not in told}
    return chosen(KneePart(told, columns, on_ct.cubes, on_ct.valid, cubes, valid, left_out), enough & seen)


def mr_cubes(
    anatomy: KneeAnatomy, placed: Sequence[Patch], marrow: MarrowSurface
) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    """Apparent bone fraction in cubes of the MR, and 1 where they are trabecular bone.

    Args:
        anatomy: in the MR.
        placed: patches there.
        marrow: signal of pure marrow.
    """
    signal = value_cubes(anatomy.scan, anatomy.frames, placed, MR_STEPS_MM)
    bone = mask_cubes(anatomy.trabecular, anatomy.frames, placed, MR_STEPS_MM)
    level = marrow.at(np.array([p.center_lps_mm for p in placed]).reshape(-1, 3)).astype(np.float32)
    fraction = 1.0 - filled_up(signal) / level[:, None, None, None]
    return fraction.astype(np.float16), (bone & np.isfinite(signal)).astype(np.uint8)


def without_patches(row: PairRow, record: RegistrationRecord) -> KneePart:
    """A knee of which no bone was accepted."""
    key = knee_key(row.subject, row.side)
    nothing, none = np.empty((0, len(KEYS))), np.empty(0)
    columns = columns_of(
        key, [], [], np.empty((0, 2)), nothing, nothing, none.astype(bool), nothing, dict.fromkeys(FEATURES, none)
    )
    return KneePart(
        {**row.knee_row(key), **{k: v for k, v in row.facts.items() if k != MIRRORED}}, columns,
        np.empty((0, *CT_SHAPE), np.int16), np.empty((0, *CT_SHAPE), np.uint8),
        np.empty((0, *MR_SHAPE), np.float16), np.empty((0, *MR_SHAPE), np.uint8),
        {NOT_ACCEPTED: len(record.patches)},
    )  # fmt: skip


def _known(record: RegistrationRecord) -> dict[str, PairedPatch]:
    return {patch.id: patch for patch in record.patches}


def _registered(anatomy: KneeAnatomy, record: RegistrationRecord) -> list[Patch]:
    """The patches of accepted bones that the registration knows."""
    bones, known = usable_bones(record), _known(record)
    return [patch for patch in anatomy.learning if patch.bone in bones and patch.id in known]


def _ct_cubes(
    anatomy: KneeAnatomy, metal: sitk.Image, patches: Sequence[Patch], steps: Steps
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """HU, and where they are trabecular bone free of metal."""
    hu = value_cubes(anatomy.scan, anatomy.frames, patches, steps)
    bone, spoiled = (mask_cubes(mask, anatomy.frames, patches, steps) for mask in (anatomy.trabecular, metal))
    return hu, bone & ~spoiled & np.isfinite(hu)
