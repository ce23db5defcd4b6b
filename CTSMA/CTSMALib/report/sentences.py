"""The sentences of a report: title, summary, method, limits. They state what was measured and nothing more."""

from __future__ import annotations

import math

from CTSMALib.analysis.compartment_findings import LEAST_SHARE_OF_PATCHES, METAL_REACH_MM
from CTSMALib.analysis.result import KneeAnalysis, Summary
from CTSMALib.anatomy.coverage import LEAST_SHARE_IN_VIEW, LEAST_SHARE_OF_SURFACE
from CTSMALib.anatomy.labels import COMPARTMENTS, FEMUR, TIBIA
from CTSMALib.anatomy.patch import DEPTHS_MM, EDGE_MM, LEAST_VALID
from CTSMALib.catalogue import Quantity, quantity
from CTSMALib.report.leading import is_unlike_training, pictured
from CTSMALib.report.wording import MISSING, joined, lower_first, sentence, summary_text, unit_text, with_unit

_ESTIMATES = (
    "Apparent parameters are defined on an MR, see below; on this CT a model estimated them from the gray values of "
    "each patch and from how sharp, noisy and finely sampled the scan is. The CSV file holds standard uncertainties."
)
_MADE = {
    "interpolated patches": "interpolated between the patches of the display grid",
    "per voxel": "computed for every voxel",
    "dense head": "estimated for every voxel by the model",
}
_ESTIMATED = (
    "This scan does not resolve trabeculae. Apparent parameters are what a model expects a high-resolution MR of the "
    "same bone to show."
)
_UNLIKE = (
    "This scan does not resolve trabeculae, and is unlike those that the model learned from: apparent parameters are "
    "listed, but must not be relied on."
)
_UNRESOLVED = "This scan does not resolve trabeculae; no trabecular parameter is reported."


def is_virtual(analysis: KneeAnalysis) -> bool:
    """Whether the knee is simulated: some notice says so by its code."""
    return any(notice.code.startswith("virtual") for notice in analysis.notices)


def title(analysis: KneeAnalysis) -> str:
    """The title, with the side, and with "virtual data" where the knee is simulated."""
    side = {"left": "left knee", "right": "right knee"}.get(analysis.side.side, "knee")
    text = f"Subchondral bone of the {side} on {analysis.modality}"
    return f"{text} (virtual data)" if is_virtual(analysis) else text


def summary(analysis: KneeAnalysis) -> tuple[str, ...]:
    """What was measured where, medial against lateral, and what these numbers are not."""
    sentences = [_coverage(analysis)]
    for shown in pictured(analysis):
        for bone in (TIBIA.name, FEMUR.name):
            compared = _medial_against_lateral(analysis, shown, bone)
            sentences += [compared] if compared else []
    if not analysis.image.resolves_trabeculae:
        estimated = _UNLIKE if is_unlike_training(analysis) else _ESTIMATED
        sentences.append(estimated if analysis.model_sha256 else _UNRESOLVED)
    sentences.append(_standing(analysis))
    return tuple(sentences)


def _coverage(analysis: KneeAnalysis) -> str:
    """How many patches count: those of a refused compartment have no values, valid or not."""
    reported, count = [finding for finding in analysis.compartments if finding.reported], len(analysis.compartments)
    if not reported:
        return f"None of the {count} compartments is reported, so that no patch has values."
    valid = sum(finding.patches_valid for finding in reported)
    total = sum(finding.patches_total for finding in reported)
    where = "" if len(reported) == count else " in reported compartments"
    return f"{valid} of {total} patches{where} are valid; {len(reported)} of {count} compartments are reported."


def _medial_against_lateral(analysis: KneeAnalysis, quantity: Quantity, bone: str) -> str:
    """Both means and their ratio; empty unless both compartments of the bone are reported."""
    medial, lateral = (_found(analysis, quantity, bone, wanted) for wanted in (False, True))
    if medial is None or lateral is None:
        return ""
    texts = [with_unit(summary_text(quantity, one), unit_text(quantity)) for one in (medial, lateral)]
    if MISSING in texts:
        return ""
    ratio = medial.mean / lateral.mean if lateral.mean > 0 and medial.mean > 0 else math.nan
    ending = f"; medial-to-lateral ratio {ratio:.2f}" if math.isfinite(ratio) else ""
    name = lower_first(quantity.title)
    return f"{bone.capitalize()}, {name}: medial {texts[0]}, lateral {texts[1]}{ending}."


def _found(analysis: KneeAnalysis, quantity: Quantity, bone: str, lateral: bool) -> Summary | None:
    keys = {c.key for c in COMPARTMENTS if c.bone.name == bone and c.lateral == lateral}
    for finding in analysis.compartments:
        if finding.key in keys and finding.reported:
            return finding.values.get(quantity.key)
    return None


def _standing(analysis: KneeAnalysis) -> str:
    if analysis.model_sha256:
        return (
            "Apparent parameters are estimates of a model; all other values are direct CT measurements. They state no "
            "diagnosis."
        )
    if analysis.modality == "MR":
        return (
            "The values are apparent parameters of an MR whose voxels are larger than trabeculae: they depend on "
            "protocol and resolution. They state no diagnosis."
        )
    return "The values are direct CT measurements, not trabecular parameters. They state no diagnosis."


def method(analysis: KneeAnalysis) -> tuple[str, ...]:
    """How the values came about."""
    depths = joined([f"{depth:g}" for depth in DEPTHS_MM])
    sentences = [
        f"Measuring: {analysis.method}." + (f" Model {analysis.model_sha256[:16]}." if analysis.model_sha256 else ""),
        f"A patch is a cube with an edge of {EDGE_MM:g} mm, aligned with the joint frame of its bone. Each compartment "
        f"has 3 × 4 patches in two layers with centers {depths} mm below the subchondral surface, at positions that "
        "scale with the bone. A patch has the same name in every knee.",
        *([_ESTIMATES] if analysis.model_sha256 else []),
        *([f"Outlines of the bones: {analysis.bones_by}."] if analysis.bones_by else []),
        _validity(analysis.modality),
        "Patches of the two layers overlap; their values are not independent of each other.",
        "The maps in the figures show the same cube on a finer grid, the display grid, as measured: nothing is "
        "interpolated or smoothed.",
    ]
    return (*sentences, *_volumes(analysis))


def _validity(modality: str) -> str:
    """Which patches and compartments have values."""
    valid, view, surface, share = (
        f"at least {100 * limit:.0f} %"
        for limit in (LEAST_VALID, LEAST_SHARE_IN_VIEW, LEAST_SHARE_OF_SURFACE, LEAST_SHARE_OF_PATCHES)
    )
    bone, metal = "is free of metal", f", no metal lies within {METAL_REACH_MM:g} mm of the center of a patch"
    more = ""
    if modality == "MR":
        bone, metal = "shows structure", ""
        more = " Flags of single patches (noise, contrast, slices, motion, dim marrow) are in the CSV file."
        more += " Metal is not looked for."
    return (
        f"A patch is valid if {valid} of its cube is trabecular bone inside the image and it {bone}; other patches "
        f"have no values. A compartment is reported if {view} of it lies in the image, its subchondral surface could "
        f"be followed over {surface} of its area{metal}, and {share} of its patches are valid.{more}"
    )


def _volumes(analysis: KneeAnalysis) -> list[str]:
    """How the parameter volumes were made; their quantities are named only where that differs between them."""
    methods = dict.fromkeys(item.method for item in analysis.maps)
    sentences = []
    for made in methods:
        titles = [lower_first(quantity(item.key).title) for item in analysis.maps if item.method == made]
        which = f" of {joined(titles)}" if len(methods) > 1 else ""
        sentences.append(f"Parameter volumes{which} in the result folder are {_MADE.get(made, f'made so: {made}')}.")
    return sentences


def limits(analysis: KneeAnalysis) -> tuple[str, ...]:
    """What this scan and this software cannot tell."""
    resolution = "" if analysis.model_sha256 else sentence(analysis.image.resolution_statement)
    simulated = "This knee is simulated: nothing here describes a person." if is_virtual(analysis) else ""
    general = (
        "No reference values for age, sex or scanner are applied. Values of different scanners, reconstruction kernels "
        "or slice thicknesses are not comparable without calibration."
        if analysis.modality == "CT"
        else "No reference values for age, sex or scanner are applied. Values of different scanners, sequences or "
        "resolutions are not comparable without calibration. Repeatability and its use as uncertainty come from "
        "simulated scans, not from patients."
    )
    own = "This software is for research. It is not a medical device, and its output must not guide treatment."
    return tuple(text for text in (simulated, resolution, general, own) if text)
