"""The notices of a report: what is not reported, what to read with caution, how the image was handled."""

from __future__ import annotations

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.catalogue import quantities
from CTSMALib.notices import Notice, Severity
from CTSMALib.report.model import NoticeGroup
from CTSMALib.report.wording import NO_REASON, joined, lower_first, sentence

LEFT_OUT_TITLE = "Quantities left out"
UNRESOLVED = "unresolved-quantities"  # code of the notice that names every quantity the scan cannot carry


def notice_groups(analysis: KneeAnalysis) -> tuple[NoticeGroup, ...]:
    """Refusals, compartments first, then cautions; empty groups are left out."""
    refused = (*_refused_compartments(analysis), *_texts(analysis.notices, Severity.REFUSED))
    groups = (
        NoticeGroup("Not reported", Severity.REFUSED, refused),
        NoticeGroup("Read with caution", Severity.CAUTION, _texts(analysis.notices, Severity.CAUTION)),
    )
    return tuple(group for group in groups if group.texts)


def handling(analysis: KneeAnalysis) -> tuple[str, ...]:
    """How the image was read and treated."""
    return _texts(analysis.notices, Severity.INFO)


def left_out(analysis: KneeAnalysis) -> tuple[str, ...]:
    """The notices that :func:`notice_groups` shortens, in full."""
    return tuple(sentence(notice.text) for notice in analysis.notices if _left_out_titles(notice))


def _refused_compartments(analysis: KneeAnalysis) -> tuple[str, ...]:
    """One sentence for each reason."""
    titles: dict[str, list[str]] = {}
    for finding in analysis.compartments:
        if not finding.reported:
            titles.setdefault(lower_first(finding.reason or NO_REASON), []).append(finding.title)
    return tuple(
        sentence(f"{joined([names[0], *map(lower_first, names[1:])])}: {reason}") for reason, names in titles.items()
    )


def _texts(notices: tuple[Notice, ...], severity: Severity) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_shown(notice) for notice in notices if notice.severity is severity))


def _shown(notice: Notice) -> str:
    names = _left_out_titles(notice)
    if not names:
        return sentence(notice.text)
    return (
        f"{len(names)} of {len(quantities('ct_', scope='patch'))} quantities are left out: the scan is too coarse for "
        "them. "
        f"They are listed at the end under \u201c{LEFT_OUT_TITLE}\u201d."
    )


def _left_out_titles(notice: Notice) -> list[str]:
    """The quantities that a notice lists as left out; empty for any other notice."""
    if notice.code != UNRESOLVED:
        return []
    listed = notice.text.rpartition(": ")[2].rstrip(".").split("; ")
    titles = {entry.title for entry in quantities("ct_", scope="patch")}
    return [name for name in listed if name in titles]
