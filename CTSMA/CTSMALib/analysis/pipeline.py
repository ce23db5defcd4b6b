"""The CT-only pipeline: one scan in, one result per knee out. Writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from CTSMALib import __version__
from CTSMALib.analysis.choice import check_side, choose_knees, no_knee
from CTSMALib.analysis.compartment_findings import compartment_findings
from CTSMALib.analysis.describe import (
    METAL_NOTICE,
    SIDES,
    bone_findings,
    fit_notices,
    image_facts,
    side_finding,
    side_notices,
)
from CTSMALib.analysis.knee_result import KneeResult
from CTSMALib.analysis.maps import parameter_maps, patch_label_map
from CTSMALib.analysis.measurement import measure
from CTSMALib.analysis.result import CT_ROLE, KneeAnalysis, PatchMeasurement
from CTSMALib.analysis.student_reading import StudentReading, with_reading
from CTSMALib.analysis.subchondral import subchondral_volumes
from CTSMALib.analysis.surfaces import result_surfaces
from CTSMALib.anatomy.given_bones import GivenBones, bones_only, given_bones
from CTSMALib.anatomy.grids import labels_on
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.legs import KneeCandidate, find_knees
from CTSMALib.anatomy.outlines import sharp_labels
from CTSMALib.morphometry.direct_ct.noise import estimate_noise_sd
from CTSMALib.morphometry.direct_ct.resolution import unresolved_keys, unresolved_notice
from CTSMALib.morphometry.direct_ct.sharpness import Sharpness, estimate_sharpness
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReferences
from CTSMALib.morphometry.direct_ct.tissue_references import estimate_tissue_references
from CTSMALib.notices import Notice
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.student.estimate import PatchReader
from CTSMALib.student.scan_facts import scan_facts
from CTSMALib.volumes.metal import metal_mask
from CTSMALib.volumes.scan import Scan

DIRECT = "direct CT measurement"
BONES_GIVEN = Notice("bones-given", "The bones were not found by CTSMA: they are as somebody has labelled them.")


def analyze_scan(
    scan: Scan, side: str = "auto", progress: Progress = silent, reader: PatchReader | None = None,
    labels: sitk.Image | None = None,
) -> list[KneeResult]:  # fmt: skip
    """Analyze the knees of a scan.

    Args:
        scan: what :func:`CTSMALib.volumes.read_scan` returns.
        side: "auto" for every knee that is complete enough, "both" to insist on two, or "left" or "right":
            that one of two, or the user's word on the side of the only one.
        progress: told about each step; cancels by raising.
        reader: student that estimates apparent parameters; without one only direct quantities are measured.
        labels: bones in the space of the scan, values of :mod:`CTSMALib.anatomy.labels`; found if left out.

    Returns:
        One result per knee, the patient's right knee first.

    Raises:
        AnatomyError: there is no knee, or not the one asked for.
        ValueError: ``side`` is none of the above.
    """
    check_side(side)
    # The fits solve many tiny systems; several BLAS threads would spend their time waiting for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        return _analyze(scan, side, progress, reader, labels)


def _analyze(
    scan: Scan, side: str, progress: Progress, reader: PatchReader | None, labels: sitk.Image | None
) -> list[KneeResult]:
    bones = None if labels is None else given_bones(labels, on_ct=True)
    candidates = find_knees(scan.image if bones is None else bones.as_ct, part_of(progress, 0.0, 0.15))
    if not candidates:
        raise no_knee("CT")
    chosen, wanted = choose_knees(candidates, side)
    results = []
    for number, candidate in enumerate(chosen):
        start, stop = (0.15 + 0.85 * (number + k) / len(chosen) for k in (0, 1))
        given = None if labels is None or bones is None else (labels, bones)
        results.append(_analyze_knee(scan, candidate, wanted, reader, given, part_of(progress, start, stop)))
    return results


def _analyze_knee(
    scan: Scan, candidate: KneeCandidate, wanted: str, reader: PatchReader | None,
    given: tuple[sitk.Image, GivenBones] | None, progress: Progress,
) -> KneeResult:  # fmt: skip
    stated = SIDES.get(scan.header.laterality, "")
    bones = given[1] if given is not None else None
    anatomy = find_anatomy(scan.image, candidate, stated, wanted, part_of(progress, 0.0, 0.45), bones)
    progress("Measuring sharpness and noise", 0.45)
    labels = labels_on(anatomy.labels, anatomy.scan)
    sharpness = estimate_sharpness(anatomy.scan, labels)
    references = estimate_tissue_references(anatomy.scan, labels, scan.header.kvp, sharpness.inplane_fwhm_mm)
    noise = estimate_noise_sd(anatomy.scan, references, labels)
    metal = metal_mask(anatomy.scan)
    omitted = unresolved_keys(anatomy.scan, sharpness, anatomy.frames.values())
    patches = measure(
        anatomy, anatomy.learning, references, metal, omitted, full=True, progress=part_of(progress, 0.6, 0.65)
    )
    display = measure(
        anatomy, anatomy.display, references, metal, omitted, full=False, progress=part_of(progress, 0.65, 0.7)
    )
    outside: tuple[str, ...] = ()
    if reader is not None:
        facts = scan_facts(anatomy.scan, sharpness, noise)
        reading = StudentReading(reader, anatomy, references, metal, facts)
        outside = reading.outside
        patches = reading.read(patches, progress=part_of(progress, 0.7, 0.75))
        display = reading.read(display, quick=True, progress=part_of(progress, 0.75, 0.85))
    progress("Drawing the maps", 0.85)
    analysis = _findings(scan, anatomy, sharpness, references, noise, metal, omitted, patches, display)
    if reader is not None:
        analysis = with_reading(analysis, reader, outside)
    if given is not None:
        analysis = replace(analysis, notices=(*analysis.notices, BONES_GIVEN))
    outlined = _outlined(anatomy, labels, given)
    analysis = replace(analysis, bones=bone_findings(anatomy, outlined, scan.image))
    result = _with_arrays(analysis, anatomy, outlined, plate_resolved="ct_plate_thickness_mm" not in omitted)
    progress("Drawing the maps", 1.0)
    return result


def _outlined(anatomy: KneeAnatomy, labels: sitk.Image, given: tuple[sitk.Image, GivenBones] | None) -> sitk.Image:
    """The bones as the result delivers them, on the grid of the scan, of which ``labels`` are the working outlines."""
    if given is not None:
        return sitk.Resample(bones_only(given[0]), anatomy.scan, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    # For the eye and for volumes; sharpness and references were tried with the outlines of the working grid.
    return sharp_labels(anatomy.labels, anatomy.scan, labels)


def _findings(
    scan: Scan, anatomy: KneeAnatomy, sharpness: Sharpness, references: TissueReferences, noise: float | None,
    metal: sitk.Image, omitted: frozenset[str], patches: list[PatchMeasurement], display: list[PatchMeasurement],
) -> KneeAnalysis:  # fmt: skip
    compartments = compartment_findings(patches, anatomy.incomplete, metal)
    refused = {c.key for c in compartments if not c.reported}
    facts = image_facts(scan.image, anatomy.scan, sharpness, noise)
    side = side_finding(anatomy.side, scan.header)
    notices = [*scan.notices, *side_notices(side, anatomy.side.against), *fit_notices(anatomy)]
    notices += [*sharpness.notices, *references.notices]
    if sitk.GetArrayViewFromImage(metal).any():
        notices.append(METAL_NOTICE)
    if omitted:
        notices.append(unresolved_notice(omitted, scan.image.GetSpacing(), sharpness))
    scan_values = {
        "ct_psf_fwhm_inplane_mm": facts.psf_fwhm_inplane_mm,
        "ct_psf_fwhm_through_plane_mm": facts.psf_fwhm_through_plane_mm,
        "ct_noise_sd_hu": facts.noise_sd_hu,
    }
    return KneeAnalysis(
        software_version=__version__, created=datetime.now(UTC).isoformat(timespec="seconds"), method=DIRECT,
        model_sha256="", identity=scan.identity, header=scan.header, image=facts, side=side,
        bones=(), references_hu=references.hu(),
        scan_values={key: value for key, value in scan_values.items() if value is not None},
        compartments=compartments, patches=tuple(_without_refused(patches, refused)),
        display_patches=tuple(p for p in display if p.patch.compartment not in refused),
        maps=(), files={}, notices=tuple(notices),
    )  # fmt: skip


def _without_refused(patches: list[PatchMeasurement], refused: set[str]) -> list[PatchMeasurement]:
    """A refused compartment keeps its patches, so that there are always 96, but none of their values."""
    return [PatchMeasurement(p.patch) if p.patch.compartment in refused else p for p in patches]


def _with_arrays(analysis: KneeAnalysis, anatomy: KneeAnatomy, labels: sitk.Image, plate_resolved: bool) -> KneeResult:
    compartments, depth = subchondral_volumes(anatomy)
    images = {
        CT_ROLE: anatomy.scan,
        "labels": labels,
        "compartments": compartments,
        "depth": depth,
        "patch_labels": patch_label_map(anatomy.trabecular, list(analysis.patches), anatomy.frames),
    }
    files = {role: f"{role}.nii.gz" for role in images}
    drawn = list(analysis.display_patches)
    maps = parameter_maps(anatomy.trabecular, drawn, "ct_") | parameter_maps(anatomy.trabecular, drawn, "app_")
    images |= {role: volume for role, (_, volume) in maps.items()}
    surfaces = result_surfaces(anatomy, plate_resolved)
    files |= {f"surface_{name}": f"surfaces/{name}.vtp" for name in surfaces}
    return KneeResult(replace(analysis, files=files, maps=tuple(made for made, _ in maps.values())), images, surfaces)
