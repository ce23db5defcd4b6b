"""The job that makes a cohort of virtual knees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.leftovers import holds_only_leftovers
from CTSMALib.jobs.request import VirtualRequest
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.progress import Progress, silent

if TYPE_CHECKING:
    from CTSMALib.virtual.cohort.knee_plan import Makers


def run(request: VirtualRequest, progress: Progress = silent, makers: Makers | None = None) -> Path:
    """Make the knees of a cohort that are not there yet.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.
        makers: in place of the real ones, for tests.

    Returns:
        The folder of the cohort.

    Raises:
        CTSMAError: the request cannot be met. Finished knees stay; there are no unfinished ones.
    """
    folder = Target(resolved(request.out), overwrite=True, is_result=_holds_cohort).check()
    progress("Starting", 0.0)
    with held():  # no signal may interrupt the heavy imports
        from CTSMALib.virtual.cohort.make import make_cohort

        makers = makers or real_makers()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        make_cohort(request.cohort, folder, makers, request.jobs, progress)
    except OSError as error:
        raise output_error(error, folder) from error
    progress("Finishing", 1.0)
    return folder


def real_makers() -> Makers:
    """What draws and makes real virtual knees."""
    from CTSMALib.virtual.body.make_knee import make_knee
    from CTSMALib.virtual.cohort.knee_plan import Makers
    from CTSMALib.virtual.population import draw_grade, draw_spec

    return Makers(draw_spec, draw_grade, make_knee)


def cohort_summary(folder: Path) -> str:
    """What a cohort holds, in a few lines for a terminal."""
    from CTSMALib.virtual.cohort.manifest import MANIFEST_FILE
    from CTSMALib.virtual.cohort.read import SPLITS, read_cohort

    cohort = read_cohort(folder)
    grades = [knee.grade for knee in cohort.knees]
    counts = ", ".join(str(grades.count(grade)) for grade in range(5))
    splits = {split: len(cohort.of_split(split)) for split in SPLITS}
    return "\n".join(
        [
            f"Cohort       {folder}",
            f"Knees        {len(cohort.knees)} virtual (of grades 0 to 4: {counts})",
            f"Splits       {', '.join(f'{split} {count}' for split, count in splits.items() if count)}",
            f"Generator    {cohort.facts.generator}, seed {cohort.facts.seed}, mode {cohort.facts.mode}",
            f"Manifest     {folder / MANIFEST_FILE}",
            "Virtual: these are not real people.",
        ]
    )


def _holds_cohort(folder: Path) -> bool:
    """Whether a cohort is there, or only the first beginnings of one that was stopped."""
    from CTSMALib.virtual.cohort.cohort_file import COHORT_FILE

    return (folder / COHORT_FILE).is_file() or holds_only_leftovers(folder)
