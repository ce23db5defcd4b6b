"""The short labelled values at the head of a report: patient, study, and the image itself."""

from __future__ import annotations

from CTSMALib.analysis.result import KneeAnalysis, SideFinding
from CTSMALib.report.leading import possible
from CTSMALib.report.model import Fact, ReportOptions
from CTSMALib.report.wording import (
    NOT_MEASURED,
    NOT_STATED,
    age_text,
    date_text,
    joined,
    name_text,
    number_text,
    sex_text,
    time_text,
    unit_text,
    with_unit,
)

# Tissues between which the bone volume fraction is read, and the codes of the notices that one is not measured.
_SCALE = {"marrow": ("marrow", "BVF 0"), "bone_tissue": ("solid bone", "BVF 1")}
_ASSUMED = {"bone_tissue": "bone-reference-assumed"}
_OTHERS = ("cortical", "muscle", "fat")


def patient_facts(analysis: KneeAnalysis, options: ReportOptions) -> tuple[Fact, ...]:
    """Who was scanned, and which knee."""
    header = analysis.header
    who = (
        [("Pseudonym", header.patient_id)]
        if options.pseudonymise
        else [
            ("Name", name_text(header.patient_name)),
            ("Patient ID", header.patient_id),
            ("Birth date", date_text(header.patient_birth_date)),
        ]
    )
    person = _stated([*who, ("Sex", sex_text(header.patient_sex)), ("Age at scan", age_text(header.patient_age))])
    return (*person, Fact("Side", side_text(analysis.side)))


def identity_line(analysis: KneeAnalysis, options: ReportOptions) -> str:
    """Name, ID and birth date, or the pseudonym, in one line."""
    header = analysis.header
    if options.pseudonymise:
        return header.patient_id
    born = date_text(header.patient_birth_date)
    parts = dict.fromkeys((name_text(header.patient_name), header.patient_id, born and f"born {born}"))
    return " · ".join(part for part in parts if part) or "Patient not stated"


def study_facts(analysis: KneeAnalysis, options: ReportOptions) -> tuple[Fact, ...]:
    """Which scan it was; entries that the file does not state are named in one last entry."""
    header = analysis.header
    scanner = " ".join(part for part in (header.manufacturer, header.model_name) if part)
    settings = [
        f"{header.kvp:g} kVp" if header.kvp else "",
        header.convolution_kernel and f"kernel {header.convolution_kernel}",
    ]
    dated = "Year of study" if options.pseudonymise else "Study date"
    free = (
        []
        if options.pseudonymise
        else [
            ("Study", header.study_description),
            ("Series", " ".join(part for part in (header.series_number, header.series_description) if part)),
            ("Accession no.", header.accession_number),
        ]
    )
    entries = [
        (dated, date_text(header.study_date)),
        *free,
        ("Scanner", scanner),
        ("Settings", ", ".join(part for part in settings if part)),
        ("Contrast agent", header.contrast_agent),
    ]
    analyzed = Fact("Analyzed", time_text(analysis.created))
    return (*_stated(entries), analyzed)


def image_facts(analysis: KneeAnalysis) -> tuple[Fact, ...]:
    """Geometry, measured quality and tissue references of the image."""
    image, identity = analysis.image, analysis.identity
    facts = [
        ("File", f"{identity.name} ({identity.format})" if identity.name else identity.format),
        ("Image size", _voxels(image.size_voxels)),
        ("Voxel size", " × ".join(f"{length:.2f}" for length in image.spacing_mm) + " mm"),
        ("Analyzed region", _voxels(image.analyzed_size_voxels)),
        *_scan_entries(analysis),
        ("Tissue references", references_text(analysis)),
        ("Bones cut by the edge of the image", joined([bone.name for bone in analysis.bones if bone.cut_by_image])),
        ("Image digest (SHA-256)", identity.sha256),
    ]
    return tuple(Fact(label, text) for label, text in facts if text)


def side_text(side: SideFinding) -> str:
    """For example ``right, as the header says. Told by: fibula``."""
    if side.side == "unknown":
        return "unknown"
    header = {
        True: "as the header says",
        False: f"but the header says {side.header_side}",
        None: "not stated in the header",
    }
    evidence = f". Told by: {side.evidence}" if side.evidence else ""
    return f"{side.side}, {header[side.agrees_with_header]}{evidence}"


def _stated(entries: list[tuple[str, str]]) -> tuple[Fact, ...]:
    """Facts that have a value, then one that lists the labels of the others."""
    facts = [Fact(label, text) for label, text in entries if text]
    silent = [label.lower() if label != "Patient ID" else "patient ID" for label, text in entries if not text]
    return (*facts, Fact(NOT_STATED.capitalize(), joined(silent))) if silent else tuple(facts)


def _scan_entries(analysis: KneeAnalysis) -> list[tuple[str, str]]:
    """Every scan quantity of the catalogue, measured or not."""
    image = analysis.image
    values: dict[str, float | None] = {
        **analysis.scan_values,
        "ct_psf_fwhm_inplane_mm": image.psf_fwhm_inplane_mm,
        "ct_psf_fwhm_through_plane_mm": image.psf_fwhm_through_plane_mm,
        "ct_noise_sd_hu": image.noise_sd_hu,
    }
    return [(q.title, _measured(values.get(q.key), unit_text(q), q.decimals)) for q in possible(analysis, "scan")]


def _voxels(size: tuple[int, int, int]) -> str:
    return " × ".join(str(count) for count in size) + " voxels"


def _measured(value: float | None, unit: str, decimals: int) -> str:
    return NOT_MEASURED if value is None else with_unit(number_text(value, decimals), unit)


def references_text(analysis: KneeAnalysis) -> str:
    """The tissues that bone volume fraction is read from, then the others; what was not measured is marked."""
    hu = analysis.references_hu
    codes = {notice.code for notice in analysis.notices}
    texts = {name: f"{name.replace('_', ' ')} {number_text(value, 0)} HU" for name, value in hu.items()}
    assumed = {name for name in hu if _ASSUMED.get(name, f"{name}-reference-default") in codes}
    scale = [
        f"{title} {number_text(hu[name], 0)} HU{', assumed' if name in assumed else ''} ({end})"
        for name, (title, end) in _SCALE.items()
        if name in hu
    ]
    rest = [name for name in (*_OTHERS, *hu) if name in hu and name not in _SCALE]
    measured = [texts[name] for name in dict.fromkeys(rest) if name not in assumed]
    default = [texts[name] for name in dict.fromkeys(rest) if name in assumed]
    parts = (", ".join(scale), _listed("also measured", measured), _listed("assumed", default))
    return "; ".join(part for part in parts if part)


def _listed(label: str, texts: list[str]) -> str:
    return f"{label}: {', '.join(texts)}" if texts else ""
