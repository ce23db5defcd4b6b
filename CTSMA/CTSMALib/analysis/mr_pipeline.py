"""The MR pipeline: one scan and its bones in, one result per knee out. Writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from CTSMALib import __version__
from CTSMALib.analysis.choice import check_side, choose_knees, no_knee
from CTSMALib.analysis.compartment_findings import compartment_findings
from CTSMALib.analysis.describe import SIDES, bone_findings, fit_notices, side_finding, side_notices
from CTSMALib.analysis.knee_result import KneeResult
from CTSMALib.analysis.maps import parameter_maps, patch_label_map
from CTSMALib.analysis.mr_bone_source import GIVEN, BoneFinder, MRBones, simple_bones
from CTSMALib.analysis.mr_levels import MRLevels, measure_levels, refuse_dark_marrow, resolves
from CTSMALib.analysis.mr_measurement import measure_mr
from CTSMALib.analysis.mr_method import method_text
from CTSMALib.analysis.result import MR_ROLE, ImageFacts, KneeAnalysis, PatchMeasurement
from CTSMALib.analysis.subchondral import subchondral_volumes
from CTSMALib.analysis.surfaces import result_surfaces
from CTSMALib.anatomy.given_bones import GivenBones, given_bones
from CTSMALib.anatomy.grids import labels_on
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.legs import KneeCandidate, find_knees
from CTSMALib.morphometry.apparent.quality import FLAGS, MOTION
from CTSMALib.morphometry.apparent.recipe import Recipe
from CTSMALib.morphometry.apparent.registry import DEFAULT
from CTSMALib.notices import Notice, Severity
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.volumes.scan import Scan

LEAST_FLAGGED = 0.1  # share of measured patches with a flag that is told
NOT_RESOLVED = "This MR does not resolve trabeculae."


def analyze_mr(
    scan: Scan, labels: sitk.Image | None = None, side: str = "auto", progress: Progress = silent,
    recipe: Recipe = DEFAULT, find_bones: BoneFinder = simple_bones,
) -> list[KneeResult]:  # fmt: skip
    """Read apparent parameters of the knees of an MR.

    Args:
        scan: what :func:`CTSMALib.volumes.read_mr` returns.
        labels: bones in the space of the scan, values of :mod:`CTSMALib.anatomy.labels`; found if left out.
        side: as of :func:`~CTSMALib.analysis.pipeline.analyze_scan`.
        progress: told about each step; cancels by raising.
        recipe: how the parameters are read.
        find_bones: finds bones that are not given.

    Returns:
        One result per knee, the patient's right knee first.

    Raises:
        AnatomyError: there is no knee, or not the one asked for.
        InputError: marrow is not bright.
        ValueError: ``side`` is none of the above.
    """
    check_side(side)
    # The fits solve many tiny systems; several BLAS threads would spend their time waiting for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        finding = part_of(progress, 0.0, 0.3)
        found = find_bones(scan.image, finding) if labels is None else MRBones(labels, GIVEN)
        bones = given_bones(found.labels)
        refuse_dark_marrow(scan.image, bones.labels)
        candidates = find_knees(bones.as_ct, part_of(progress, 0.3, 0.4))
        if not candidates:
            raise no_knee("MR")
        chosen, wanted = choose_knees(candidates, side)
        results = []
        for number, candidate in enumerate(chosen):
            start, stop = (0.4 + 0.6 * (number + k) / len(chosen) for k in (0, 1))
            own = part_of(progress, start, stop)
            knee = _analyze_knee(scan, bones, candidate, wanted, recipe, own)
            notices = (*found.notices, *knee.analysis.notices)
            results.append(replace(knee, analysis=replace(knee.analysis, bones_by=found.made_by, notices=notices)))
    return results


def _analyze_knee(
    scan: Scan, bones: GivenBones, candidate: KneeCandidate, wanted: str, recipe: Recipe, progress: Progress
) -> KneeResult:  # fmt: skip
    stated = SIDES.get(scan.header.laterality, "")
    anatomy = find_anatomy(scan.image, candidate, stated, wanted, part_of(progress, 0.0, 0.2), bones)
    progress("Measuring noise and resolution", 0.2)
    levels: MRLevels | None = None
    readable, statement = resolves(scan.image, float("nan"))
    if readable:
        levels = measure_levels(scan.image, anatomy)
        readable, statement = resolves(scan.image, levels.acquired_mm if levels.acquired_known else float("nan"))
    if levels is not None and readable:
        patches = measure_mr(levels, anatomy.learning, anatomy.frames, recipe, True, part_of(progress, 0.25, 0.4))
        display = measure_mr(levels, anatomy.display, anatomy.frames, recipe, False, part_of(progress, 0.4, 0.9))
        incomplete = anatomy.incomplete
    else:
        patches, display = [PatchMeasurement(patch) for patch in anatomy.learning], []
        incomplete = dict.fromkeys({p.compartment for p in anatomy.learning}, NOT_RESOLVED) | anatomy.incomplete
    progress("Drawing the maps", 0.9)
    analysis = _findings(scan, anatomy, (readable, statement), levels, patches, display, recipe, incomplete)
    outlined = labels_on(anatomy.labels, anatomy.scan)
    analysis = replace(analysis, bones=bone_findings(anatomy, outlined, scan.image))
    result = _with_arrays(analysis, anatomy, outlined)
    progress("Drawing the maps", 1.0)
    return result


def _findings(
    scan: Scan, anatomy: KneeAnatomy, resolved: tuple[bool, str], levels: MRLevels | None,
    patches: list[PatchMeasurement], display: list[PatchMeasurement], recipe: Recipe, incomplete: dict[str, str],
) -> KneeAnalysis:  # fmt: skip
    compartments = compartment_findings(patches, incomplete)
    refused = {c.key for c in compartments if not c.reported}
    side = side_finding(anatomy.side, scan.header)
    image = scan.image
    facts = ImageFacts(
        image.GetSize(), image.GetSpacing(), anatomy.scan.GetSize(), None, None, None, *resolved,
    )  # fmt: skip
    notices = [*scan.notices, *side_notices(side, anatomy.side.against), *fit_notices(anatomy)]
    notices += levels.notices() if levels is not None and resolved[0] else []
    shown = [p for p in patches if p.patch.compartment not in refused]
    if not resolved[0]:
        notices.append(Notice("not-resolvable", resolved[1], Severity.REFUSED))
    return KneeAnalysis(
        software_version=__version__, created=datetime.now(UTC).isoformat(timespec="seconds"),
        method=method_text(recipe.name, recipe.version), model_sha256="",
        identity=scan.identity, header=replace(scan.header, modality=scan.header.modality or "MR"), image=facts,
        side=side, bones=(), references_hu={},
        scan_values=levels.scan_values() if levels is not None else {"mr_slice_mm": max(image.GetSpacing())},
        compartments=compartments,
        patches=tuple(PatchMeasurement(p.patch) if p.patch.compartment in refused else p for p in patches),
        display_patches=tuple(p for p in display if p.patch.compartment not in refused),
        maps=(), files={}, notices=(*notices, *_flag_notices(shown)),
    )  # fmt: skip


def _flag_notices(patches: list[PatchMeasurement]) -> list[Notice]:
    """Flags that many of the patches carry; motion is told of the scan."""
    measured = [p for p in patches if p.values or p.flags]
    notices = []
    for flag, meaning in FLAGS.items():
        if flag == MOTION:
            continue
        count = sum(flag in p.flags for p in measured)
        if count and count >= LEAST_FLAGGED * len(measured):
            text = f"{count} of {len(measured)} patches are flagged '{flag}': {meaning}."
            notices.append(Notice(f"patches-{flag}", text))
    return notices


def _with_arrays(analysis: KneeAnalysis, anatomy: KneeAnatomy, labels: sitk.Image) -> KneeResult:
    compartments, depth = subchondral_volumes(anatomy)
    images = {
        MR_ROLE: anatomy.scan,
        "labels": labels,
        "compartments": compartments,
        "depth": depth,
        "patch_labels": patch_label_map(anatomy.trabecular, list(analysis.patches), anatomy.frames),
    }
    files = {role: f"{role}.nii.gz" for role in images}
    maps = parameter_maps(anatomy.trabecular, list(analysis.display_patches), "app_")
    images |= {role: volume for role, (_, volume) in maps.items()}
    surfaces = result_surfaces(anatomy, plate_resolved=False)
    files |= {f"surface_{name}": f"surfaces/{name}.vtp" for name in surfaces}
    return KneeResult(replace(analysis, files=files, maps=tuple(made for made, _ in maps.values())), images, surfaces)
