"""The job that registers an MR to a CT, bone by bone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.knee_folders import knee_folders
from CTSMALib.jobs.register_guide import guide_bundle, load_synthesis, made_guide, with_guide
from CTSMALib.jobs.request import RegisterRequest
from CTSMALib.jobs.staging import Target, resolved, staged
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.analysis.registration_input import KneeOfCT
    from CTSMALib.registration.record import RegistrationRecord
    from CTSMALib.registration.start import Start

_CT_READ, _MR_READ, _REGISTERED = 0.4, 0.45, 0.9  # parts of the whole work
_SYNTHESIZED = 0.55  # where a synthetic CT is made


def run(request: RegisterRequest, progress: Progress = silent) -> Path:
    """Register and write the result.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder of the registration.

    Raises:
        CTSMAError: the scans cannot be used, the MR does not show the knee, or the result cannot be written. Nothing
            is left at ``request.out`` then, or what was there before.
    """
    for source in request.sources:  # before the heavy imports
        existing_path(source)
    target = Target(resolved(request.out), request.overwrite, is_result=_is_registration, keep=request.sources)
    with staged(target) as folder:
        progress("Starting", 0.0)
        with held():
            _load()
        _register(request, folder, progress)
        progress("Finishing", 1.0)
    return target.path


def _is_registration(folder: Path) -> bool:
    from CTSMALib.registration.record_folder import holds_registration

    return holds_registration(folder)


def _load() -> None:
    """Import what is heavy, while no signal may interrupt it."""
    import CTSMALib.analysis.registration_input
    import CTSMALib.registration.outcome
    import CTSMALib.report.figures.registration
    import CTSMALib.volumes  # noqa: F401


def _register(request: RegisterRequest, folder: Path, progress: Progress) -> None:
    from CTSMALib.registration.engines.registry import engine_named
    from CTSMALib.registration.fixed_knee import FixedKnee
    from CTSMALib.registration.moving_knee import MovingKnee
    from CTSMALib.registration.names import GREEDY, KEEPING
    from CTSMALib.registration.outcome import MR_BONES_FILE, record_of, write_registration
    from CTSMALib.registration.register import register
    from CTSMALib.registration.start import read_start
    from CTSMALib.report.figures.registration import registration_figure
    from CTSMALib.volumes import read_mr
    from CTSMALib.volumes.media import write_image

    engine = engine_named(request.engine)
    bundle = guide_bundle(request.guide, request.model)
    start = read_start(request.initial, request.from_stage, request.bones)  # it fails sooner than the scans
    if bundle is not None and start.first_stage in KEEPING:
        raise InputError(f"The stage '{start.first_stage}' finds no bone anew.", "Leave out --with.")
    if bundle is not None and engine.name == GREEDY:
        raise InputError("The engine 'greedy' compares the MR itself.", "Leave out --with, or --engine.")
    if bundle is not None:
        with held():
            load_synthesis()
    knee = _knee(request, start, part_of(progress, 0.0, _CT_READ))
    mr = read_mr(request.mr, request.mr_series, part_of(progress, _CT_READ, _MR_READ))
    start = start.of_scans(knee.identity, mr.identity)
    fixed, moving = FixedKnee(knee.ct, knee.labels), MovingKnee(mr.image)
    guide = made_guide(request.guide, bundle, mr.image, part_of(progress, _MR_READ, _SYNTHESIZED))
    own = part_of(progress, _MR_READ if bundle is None else _SYNTHESIZED, _REGISTERED)
    found = register(fixed, moving, knee.patches, start, engine, request.local, knee.refused, own, guide.knee)
    found = replace(found, stages=with_guide(found.stages, guide))
    notices = (*mr.notices, *guide.notices)
    record = record_of(found, knee.identity, mr.identity, knee.side, start, knee.notices, notices)
    write_registration(record, found, fixed, moving, folder, request.images, part_of(progress, _REGISTERED, 0.98))
    if guide.bones is not None:
        write_image(guide.bones, folder / MR_BONES_FILE)
    progress("Drawing the picture", 0.98)
    (folder / "overview.png").write_bytes(registration_figure(fixed, moving, found).png)


def _knee(request: RegisterRequest, start: Start, progress: Progress) -> KneeOfCT:
    """The knee of the CT, analyzed already or not."""
    from CTSMALib.analysis.registration_input import knee_of_registration, knee_of_result, knee_of_scan
    from CTSMALib.volumes import read_scan
    from CTSMALib.volumes.bone_labels import check_overlap, read_bone_labels

    folders = knee_folders(request.ct) if request.ct.is_dir() else []
    if folders:
        if request.labels is not None or request.ct_series is not None:
            raise InputError(
                "Bone labels or a series were given for a result.", "Name the CT itself in the place of its result."
            )
        chosen = [folder for folder in folders if len(folders) == 1 or folder.name == request.side]
        if not chosen:
            raise InputError(
                "The result holds both knees.", "State which one the MR shows: --side left or --side right."
            )
        knee = knee_of_result(chosen[0])
        if {request.side, knee.side} == {"left", "right"}:
            raise InputError(f"The result is of the {knee.side} knee.", "Name the result of the other knee.")
        return knee
    labels = None if request.labels is None else read_bone_labels(request.labels)
    scan = read_scan(request.ct, request.ct_series, part_of(progress, 0.0, 0.2))
    if labels is not None:
        check_overlap(labels, scan.image, "CT")
    elif start.earlier and request.initial and start.earlier.fixed.sha256 == scan.identity.sha256:
        knee = knee_of_registration(request.initial, scan)
        if {request.side, knee.side} == {"left", "right"}:
            raise InputError(f"The registration is of the {knee.side} knee.", "Name one of the other knee.")
        return knee
    return knee_of_scan(scan, labels, request.side, part_of(progress, 0.2, 1.0))


def registration_summary(folder: Path) -> list[str]:
    """What a registration found, in a few lines for a terminal."""
    from CTSMALib.notices import Severity
    from CTSMALib.registration.record_folder import load_record

    record = load_record(folder)
    lines = [f"Result       {folder}", *bone_lines(record)]
    doubtful = sum(bool(patch.flags) for patch in record.patches)
    if record.patches:
        lines.append(f"Patches      {len(record.patches)}, {doubtful} of them doubtful")
    lines += [f"Note         {notice.text}" for notice in record.notices if notice.severity is not Severity.INFO]
    return [*lines, f"Picture      {folder / 'overview.png'}"]


def bone_lines(record: RegistrationRecord) -> list[str]:
    """A line for each bone: verdict, estimated error, reasons."""
    return [
        f"{bone.name.capitalize():<13}{bone.verdict}, estimated error {bone.quality.estimated_mm:.1f} mm"
        f"{': ' + ' '.join(bone.reasons) if bone.reasons else ''}"
        for bone in record.bones
    ]
