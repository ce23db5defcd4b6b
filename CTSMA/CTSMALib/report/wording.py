"""How numbers, units, names and dates read in a report, and how foreign text is made harmless."""

from __future__ import annotations

import math
import re
import unicodedata

from CTSMALib.analysis.result import Summary
from CTSMALib.catalogue import Quantity

MISSING = "—"
NBSP = "\N{NO-BREAK SPACE}"
NOT_STATED = "not stated"
NOT_MEASURED = "not measured"
NOT_REPORTED = "not reported"
NO_REASON = "No reason was recorded."
LONGEST_TEXT = 120

_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|\+00:00)")
_AGE = re.compile(r"(\d{3})([DWMY])")
_AGE_UNITS = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
_BLOCKED_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn")  # control, direction marks, surrogates, private, unassigned


def clean(text: str, longest: int = LONGEST_TEXT) -> str:
    """One line of printable text: no control characters, no direction marks, no half surrogates."""
    spaced = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))
    kept = "".join(c for c in spaced if unicodedata.category(c) not in _BLOCKED_CATEGORIES).strip()
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def number_text(value: float, decimals: int) -> str:
    """A number with a true minus sign; a dash where it is not finite."""
    if not math.isfinite(value):
        return MISSING
    text = f"{value:.{decimals}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", "\N{MINUS SIGN}")


def unit_text(quantity: Quantity) -> str:
    """The unit as printed; empty for a ratio."""
    return "" if quantity.unit == "1" else quantity.unit.replace("^2", "²")


def with_unit(text: str, unit: str) -> str:
    """``"0.42"`` or ``"812 HU"``."""
    return f"{text} {unit}" if unit and text != MISSING else text


def summary_text(quantity: Quantity, summary: Summary) -> str:
    """Mean ± standard deviation without the unit; the mean alone where one patch was measured."""
    mean = number_text(summary.mean, quantity.decimals)
    if mean == MISSING or summary.n < 1:
        return MISSING
    if summary.n == 1 or not math.isfinite(summary.sd):
        return mean
    return f"{mean}{NBSP}±{NBSP}{number_text(summary.sd, quantity.decimals)}"


def date_text(dicom_date: str) -> str:
    """DICOM ``YYYYMMDD`` as ``YYYY-MM-DD``; anything else as it stands."""
    match = _DATE.fullmatch(dicom_date.strip())
    return "-".join(match.groups()) if match else dicom_date.strip()


def time_text(iso_time: str) -> str:
    """ISO 8601 in UTC as ``2026-05-04 13:07 UTC``; anything else as it stands."""
    match = _TIME.fullmatch(iso_time.strip())
    return f"{match.group(1)} {match.group(2)} UTC" if match else iso_time.strip()


def age_text(dicom_age: str) -> str:
    """DICOM age string ``063Y`` as ``63 years``; anything else as it stands."""
    match = _AGE.fullmatch(dicom_age.strip())
    return f"{int(match.group(1))} {_AGE_UNITS[match.group(2)]}" if match else dicom_age.strip()


def sex_text(dicom_sex: str) -> str:
    """DICOM sex code in words."""
    return {"F": "female", "M": "male", "O": "other"}.get(dicom_sex.strip().upper(), dicom_sex.strip())


def name_text(dicom_name: str) -> str:
    """A DICOM person name as ``Family, Given``; other scripts of the same name follow in parentheses."""
    groups = [_one_name(group) for group in dicom_name.split("=")]
    groups = [group for group in groups if group]
    if not groups:
        return ""
    return groups[0] + (f" ({'; '.join(groups[1:])})" if len(groups) > 1 else "")


def _one_name(group: str) -> str:
    parts = [part.strip() for part in group.split("^")]
    given = " ".join(part for part in parts[1:] if part)
    return ", ".join(part for part in (parts[0], given) if part)


def joined(words: list[str]) -> str:
    """``a, b and c``."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def lower_first(title: str) -> str:
    """A title inside a sentence: ``Mean density`` becomes ``mean density``; an abbreviation such as ``HU`` stays."""
    return title[0].lower() + title[1:] if title[1:2].islower() else title


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
