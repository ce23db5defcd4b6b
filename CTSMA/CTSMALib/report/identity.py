"""Who the report is about: text made harmless, and identifiers removed where that is asked for.

Every report is built from the analysis that :func:`prepared` returns, so that no renderer can
show what was removed here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

from CTSMALib.analysis.result import KneeAnalysis, SideFinding
from CTSMALib.report.model import ReportOptions
from CTSMALib.report.wording import LONGEST_TEXT, age_text, clean, date_text
from CTSMALib.volumes.scan import InputIdentity, ScanHeader
from CTSMALib.volumes.virtual_mark import NOTICE as VIRTUAL

REMOVED = "[removed]"
SHORTEST_SCRUBBED = 3  # shorter strings occur in any sentence and identify nobody
VIRTUAL_SURNAME = "VIRTUAL"  # of all simulated patients
OLDEST_STATED_AGE = 89  # years; ages above are given as one group, as in the HIPAA Safe Harbor rule

# A file or series called like this identifies nobody, and sentences need the word.
PLAIN_WORDS = frozenset(
    "knee bone tibia femur patella fibula image images scan series dicom left right data volume axial".split()
)

_SENTENCE_LENGTH = 2000
_Record = TypeVar("_Record", ScanHeader, InputIdentity, SideFinding)


def prepared(analysis: KneeAnalysis, options: ReportOptions) -> KneeAnalysis:
    """The analysis with printable texts and, if asked for, without identifiers.

    Removed by pseudonymisation: patient name, ID, birth date, the exact dates of study, analysis and exclusions
    (their years stay), who excluded patches, accession number, UIDs, study, series and contrast descriptions, file
    name and image digest. Where one of them occurs inside a sentence, it is replaced by ``[removed]``.
    """
    hidden = options.pseudonymise or not analysis.identity.sha256  # removed before; patches may be excluded later
    if hidden:
        known = tuple(replace(one, who=REMOVED, when=one.when[:4]) for one in analysis.exclusions)
        analysis = replace(analysis, exclusions=known)
    if not options.pseudonymise:
        return _with_texts(analysis, clean)
    pattern = _identifier_pattern(analysis)

    def scrubbed(text: str, longest: int) -> str:
        return clean(pattern.sub(REMOVED, text) if pattern else text, longest)

    header = _pseudonymous_header(analysis.header, clean(options.pseudonym) or pseudonym_for(analysis, options.salt))
    return _with_texts(
        replace(
            analysis,
            header=header,
            identity=replace(analysis.identity, name="", sha256=""),
            created=analysis.created[:4],
        ),
        scrubbed,
        untouched=header.patient_id,
    )


def pseudonym_for(analysis: KneeAnalysis, salt: str) -> str:
    """A stable pseudonym such as ``K-3F9A2C7B1D``.

    HMAC-SHA-256 keyed with ``salt`` over the patient ID, or over the image digest where there is
    no salt (an unsalted hash of an ID could be reversed by trying all IDs) or no ID.
    """
    subject = analysis.header.patient_id.strip() if salt else ""
    message = f"patient:{subject}" if subject else f"image:{analysis.identity.sha256}"
    digest = hmac.new(salt.encode("utf-8", "replace"), message.encode("utf-8", "replace"), hashlib.sha256)
    return "K-" + digest.hexdigest()[:10].upper()


def _pseudonymous_header(header: ScanHeader, pseudonym: str) -> ScanHeader:
    return replace(
        header,
        patient_id=pseudonym,
        patient_name="",
        patient_birth_date="",
        patient_age=_grouped_age(header.patient_age),
        study_date=header.study_date.strip()[:4],
        study_description="",
        series_description="",
        study_uid="",
        series_uid="",
        accession_number="",
        contrast_agent="stated (name removed)" if header.contrast_agent.strip() else "",
    )


def _grouped_age(dicom_age: str) -> str:
    match = re.fullmatch(r"(\d{3})Y", dicom_age.strip())
    if match and int(match.group(1)) > OLDEST_STATED_AGE:
        return f"over {OLDEST_STATED_AGE} years"
    return age_text(dicom_age) if re.fullmatch(r"\d{3}[DWMY]", dicom_age.strip()) else ""


def _identifier_pattern(analysis: KneeAnalysis) -> re.Pattern[str] | None:
    """Matches every identifier of this analysis as a whole word; names and IDs in any case."""
    header, identity = analysis.header, analysis.identity
    any_case = [header.patient_name, header.patient_id, header.accession_number, header.study_uid, header.series_uid]
    names = re.split(r"[\^=,\s]+", header.patient_name)
    nobody = VIRTUAL in analysis.notices  # then its surname is a word that sentences and the scanner's name need
    any_case += [name for name in names if not (nobody and name == VIRTUAL_SURNAME)]
    any_case += [identity.sha256, *_date_forms(header.patient_birth_date), *_date_forms(header.study_date)]
    any_case += [identity.name] if "." in identity.name else []
    exact = [header.study_description, header.series_description, header.contrast_agent, identity.name]
    exact += [identity.name.split(".")[0]]
    exact = [text for text in exact if text.strip().lower() not in PLAIN_WORDS]
    parts = [f"(?i:{re.escape(text)})" for text in _longest_first(any_case)]
    parts += [re.escape(text) for text in _longest_first(exact)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)") if parts else None


def _longest_first(texts: list[str]) -> list[str]:
    kept = {text.strip() for text in texts if len(text.strip()) >= SHORTEST_SCRUBBED}
    return sorted(kept, key=lambda text: (-len(text), text))


def _date_forms(dicom_date: str) -> list[str]:
    forms = [dicom_date, date_text(dicom_date)]
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", forms[1])
    if match:
        year, month, day = match.groups()
        forms += [f"{day}.{month}.{year}", f"{day}/{month}/{year}", f"{month}/{day}/{year}", f"{year}/{month}/{day}"]
    return forms


def _with_texts(analysis: KneeAnalysis, change: Callable[[str, int], str], untouched: str = "") -> KneeAnalysis:
    """``change(text, longest)`` applied to every text that did not come from this software alone."""

    def short(text: str) -> str:
        return text if text == untouched else change(text, LONGEST_TEXT)

    def long(text: str) -> str:
        return change(text, _SENTENCE_LENGTH)

    return replace(
        analysis,
        software_version=short(analysis.software_version),
        created=short(analysis.created),
        method=long(analysis.method),
        bones_by=long(analysis.bones_by),
        header=_mapped(analysis.header, short),
        identity=_mapped(analysis.identity, short),
        image=replace(analysis.image, resolution_statement=long(analysis.image.resolution_statement)),
        side=_mapped(analysis.side, long),
        compartments=tuple(replace(c, reason=long(c.reason)) for c in analysis.compartments),
        notices=tuple(replace(notice, text=long(notice.text)) for notice in analysis.notices),
        exclusions=tuple(replace(one, reason=long(one.reason), who=short(one.who)) for one in analysis.exclusions),
    )


def _mapped(record: _Record, change: Callable[[str], str]) -> _Record:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    texts: dict[str, Any] = {name: change(value) for name, value in values.items() if isinstance(value, str)}
    return replace(record, **texts)
