"""The job that makes a CT and bone labels of an MR."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.inputs import existing_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.register_guide import load_synthesis, synthesis_bundle
from CTSMALib.jobs.request import SynthesizeRequest
from CTSMALib.jobs.staging import Target, resolved, staged
from CTSMALib.progress import Progress, part_of, silent

_READ, _MADE = 0.1, 0.9  # parts of the whole work
PICTURE_FILE = "overview.png"


def run(request: SynthesizeRequest, progress: Progress = silent) -> Path:
    """Make the synthetic CT and write it.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder with it.

    Raises:
        CTSMAError: MR or model cannot be used, no bone was found, or the result cannot be written. Nothing is left at
            ``request.out`` then, or what was there before.
    """
    for source in request.sources:  # before the heavy imports
        existing_path(source)
    need_learning_packages()
    target = Target(resolved(request.out), request.overwrite, is_result=_is_synthesis, keep=request.sources)
    with staged(target) as folder:
        progress("Starting", 0.0)
        _synthesize(request, folder, progress)
        progress("Finishing", 1.0)
    return target.path


def _is_synthesis(folder: Path) -> bool:
    from CTSMALib.synthesis.folder import holds_synthesis

    return holds_synthesis(folder)


def _synthesize(request: SynthesizeRequest, folder: Path, progress: Progress) -> None:
    bundle = synthesis_bundle(request.model)  # it fails sooner than the MR
    with held():
        load_synthesis()
        import CTSMALib.report.figures.synthesis
        import CTSMALib.volumes  # noqa: F401
    from CTSMALib.report.figures.synthesis import synthesis_figure
    from CTSMALib.synthesis.folder import write_synthesis
    from CTSMALib.synthesis.model import load_model
    from CTSMALib.synthesis.synthesize import synthesize
    from CTSMALib.volumes import read_mr

    mr = read_mr(request.mr, request.series, part_of(progress, 0.0, _READ))
    knee = synthesize(mr.image, load_model(bundle), part_of(progress, _READ, _MADE))
    progress("Writing the images", _MADE)
    write_synthesis(knee, mr.image, mr.identity, mr.notices, folder)
    progress("Drawing the picture", 0.97)
    (folder / PICTURE_FILE).write_bytes(synthesis_figure(mr.image, knee).png)


def synthesis_summary(folder: Path) -> list[str]:
    """What was made, in a few lines for a terminal."""
    from CTSMALib.notices import Severity
    from CTSMALib.synthesis.folder import load_synthesis as load

    record = load(folder)
    lines = [f"Result       {folder}", f"Model        {record.model}"]
    lines += [f"{name.capitalize():<13}{volume:.1f} ml" for name, volume in record.bones_ml.items()]
    lines += [f"Note         {notice.text}" for notice in record.notices if notice.severity is not Severity.INFO]
    return [*lines, f"Picture      {folder / PICTURE_FILE}"]
