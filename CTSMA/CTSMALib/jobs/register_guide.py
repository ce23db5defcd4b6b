"""What leads a registration: the MR, or a synthetic CT of it, which a model makes first; and how records say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.progress import Progress

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTSMALib.bundles.bundle import Bundle
    from CTSMALib.notices import Notice
    from CTSMALib.registration.moving_knee import MovingKnee
    from CTSMALib.registration.record import StageRecord

BOTH_TOLD = "MR and "
GIVEN = ("earlier run", "user")  # what made a stage that nothing led


@dataclass(frozen=True, eq=False)
class Guide:
    """What leads a registration.

    Attributes:
        knee: what the stages compare with the CT; ``None`` for the MR itself.
        notices: of the synthesis.
        told: what stages are said to have been led by; empty for the MR alone.
        bones: on the voxels of the MR, where they were labeled.
    """

    knee: MovingKnee | None
    notices: tuple[Notice, ...]
    told: str
    bones: sitk.Image | None = None


def guide_bundle(guide: str, model: Path | None) -> Bundle | None:
    """The model that makes the synthetic CT; ``None`` where none is needed.

    Args:
        guide: one of :data:`~CTSMALib.registration.names.GUIDES`.
        model: folder of a bundle; ``None`` takes the one that comes with the software.

    Raises:
        InputError: there is no such guide, a model is given for the MR alone, or it cannot be used.
        MissingDependencyError: a package for networks is not installed, or no model is.
    """
    from CTSMALib.registration.names import GUIDES, MR

    if guide not in GUIDES:
        raise InputError(f"There is nothing called '{guide}' to register with.", f"Take one of {', '.join(GUIDES)}.")
    if guide == MR:
        if model is not None:
            raise InputError("A model is given, but no synthetic CT is made.", "Add --with synthetic or --with both.")
        return None
    need_learning_packages()
    return synthesis_bundle(model)


def synthesis_bundle(model: Path | None) -> Bundle:
    """The bundle in a folder, or the one that comes with the software.

    Raises:
        InputError: the folder holds none for synthesis.
        MissingDependencyError: no model is part of this installation.
    """
    from CTSMALib.bundles.bundle import read_bundle, shipped_bundle

    task = name = "synthesis"  # as CTSMALib.synthesis.model has them, which needs torch
    return shipped_bundle(name, task) if model is None else read_bundle(model, task)


def load_synthesis() -> None:
    """Import what networks need; inside :func:`~CTSMALib.jobs.cancel.held`."""
    import CTSMALib.synthesis.model
    import CTSMALib.synthesis.synthesize  # noqa: F401


def led_by(guide: str, bundle: Bundle | None) -> str:
    """What stages are said to have been led by, as ``"synthetic CT (synthesis 1.0 (0f3a99c1))"``."""
    from CTSMALib.registration.names import BOTH

    if bundle is None:
        return ""
    return f"{BOTH_TOLD if guide == BOTH else ''}synthetic CT ({bundle.identity})"


def made_guide(guide: str, bundle: Bundle | None, mr: sitk.Image, progress: Progress) -> Guide:
    """Make the synthetic CT, where one is wanted.

    Args:
        guide: one of :data:`~CTSMALib.registration.names.GUIDES`.
        bundle: of :func:`guide_bundle`.
        mr: the MR.
        progress: told about the synthesis.

    Raises:
        CTSMAError: no CT can be made of the MR.
    """
    if bundle is None:
        return Guide(None, (), "")
    from CTSMALib.registration.guide import guide_named
    from CTSMALib.synthesis.model import load_model
    from CTSMALib.synthesis.synthesize import synthesize

    knee = synthesize(mr, load_model(bundle), progress)
    leading = guide_named(guide, mr, knee.ct_image(), knee.bones_image())
    return Guide(leading, knee.notices, led_by(guide, bundle), knee.bones_on(mr))


def with_guide(stages: Sequence[StageRecord], guide: Guide) -> tuple[StageRecord, ...]:
    """The stages of a run, where those that found something say what led them."""
    from CTSMALib.registration.names import BONES, KNEE, POSE

    if not guide.told:
        return tuple(stages)
    # the pose is searched in the MR where both lead
    led = (KNEE, BONES) if guide.told.startswith(BOTH_TOLD) else (POSE, KNEE, BONES)
    return tuple(
        replace(stage, made_by=f"{stage.made_by}, {guide.told}")
        if stage.stage in led and stage.made_by not in GIVEN
        else stage
        for stage in stages
    )


def guide_told(made_by: str) -> str:
    """What a stage was led by as :func:`with_guide` wrote it; empty for the MR alone."""
    return made_by.partition(", ")[2]
