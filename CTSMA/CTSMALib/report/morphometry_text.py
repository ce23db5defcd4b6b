"""A morphometry in a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from CTSMALib.analysis.morphometry_folder import MORPHOMETRY_FILE
from CTSMALib.analysis.morphometry_result import MorphometryFindings, RegionFindings
from CTSMALib.catalogue import quantity
from CTSMALib.report.wording import clean, number_text, unit_text, with_unit

SHOWN_KEYS = ("bv_tv", "tb_th_mm", "tb_sp_mm", "tb_n_per_mm")
MOST_REGIONS = MOST_FLAGS = 10
MOST_NAMES = 4
_LONGEST_NAME = 40
_MISSING = "not measured"


def morphometry_lines(findings: MorphometryFindings) -> list[str]:
    """How the image was read, one line for each of the first regions, and what the user must know."""
    meaning = findings.meaning
    threshold = f", bone above {meaning.threshold:g} ({meaning.threshold_method})" if meaning.threshold_method else ""
    denoised = ", noise removed" if findings.denoised else ""
    lines = [f"Values       {meaning.kind}{threshold}{denoised}"]
    lines += [_region_line(region) for region in findings.regions[:MOST_REGIONS]]
    more = len(findings.regions) - MOST_REGIONS
    if more > 0:
        lines.append(f"             and {more} more regions in the table")
    lines += _flag_lines(findings.regions)
    lines += [f"Notice       {notice.text}" for notice in findings.notices]
    return lines


def _flag_lines(regions: Sequence[RegionFindings]) -> list[str]:
    """The sentences of the flags, each once with the regions it is about."""
    about: dict[str, list[str]] = {}
    for region in regions:
        for flag in region.flags:
            about.setdefault(flag.text, []).append(clean(region.name, _LONGEST_NAME))
    told = list(about.items())
    lines = [f"Flag         {_listed(names)}: {text}" for text, names in told[:MOST_FLAGS]]
    more = len(told) - MOST_FLAGS
    return [*lines, f"             and {more} more flags in {MORPHOMETRY_FILE}"] if more > 0 else lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= MOST_NAMES else f"{len(names)} regions"


def _region_line(region: RegionFindings) -> str:
    values = ", ".join(_value_text(region, key) for key in SHOWN_KEYS)
    flags = ", ".join(dict.fromkeys(flag.code for flag in region.flags))
    return f"Region       {clean(region.name, _LONGEST_NAME)}: {values}" + (f" [{flags}]" if flags else "")


def _value_text(region: RegionFindings, key: str) -> str:
    entry = quantity(key)
    measured = region.values.get(key)
    if measured is None:
        return f"{entry.symbol} {_MISSING}"
    text = number_text(measured.value, entry.decimals)
    if measured.uncertainty is not None:
        text += f" ± {number_text(measured.uncertainty, entry.decimals)}"
    return f"{entry.symbol} {with_unit(text, unit_text(entry))}"
