"""The paper of PDF reports: what a user calls it, and what is usual in a country."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from CTSMALib.jobs.request import PAPERS
from CTSMAPanels.settings.store import read_settings

# Where US letter is usual, by the Unicode Common Locale Data Repository; A4 everywhere else.
LETTER_COUNTRIES = ("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE")


def paper_words() -> dict[str, str]:
    """What a user reads for each paper."""
    a4, letter = PAPERS
    return {a4: _("A4 (210 × 297 mm)"), letter: _("US letter (8.5 × 11 in)")}


def chosen_paper() -> str:
    """The paper that is set, or else the usual one of the country."""
    paper = read_settings().paper
    return paper if paper in PAPERS else usual_paper(system_locale())


def system_locale() -> str:
    """Language and country of this computer, for example ``"en_US"``."""
    return str(qt.QLocale.system().name())


def usual_paper(locale: str) -> str:
    """What is printed on in a country, of :data:`CTSMALib.jobs.request.PAPERS`.

    Args:
        locale: language and country, as of :func:`system_locale`.
    """
    a4, letter = PAPERS
    return letter if locale.split(".")[0].split("_")[-1] in LETTER_COUNTRIES else a4
