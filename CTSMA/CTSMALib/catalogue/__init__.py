"""Every quantity the project reports: symbol, unit, definition, reference, display range.

Panels, CSV files, reports and the documentation take their words from here and nowhere else. Keys beginning with
``ct_`` are measured directly on the CT (scopes ``"patch"`` and ``"scan"``), those with ``app_`` and ``mr_`` on an MR,
the former also estimated from a CT; those with ``vcal_`` are estimated from a CT and calibrated to the truth of
simulated knees; the others are trabecular parameters of a region in an image that shows trabeculae (scope
``"region"``).
"""

from __future__ import annotations

from CTSMALib.catalogue.apparent import APPARENT, MR_QUALITY, MR_SCAN
from CTSMALib.catalogue.direct_ct import DIRECT_CT
from CTSMALib.catalogue.quantity import Quantity
from CTSMALib.catalogue.structure import STRUCTURE
from CTSMALib.catalogue.trabecular import TRABECULAR

__all__ = ["QUANTITIES", "Quantity", "quantities", "quantity"]

QUANTITIES: tuple[Quantity, ...] = DIRECT_CT + APPARENT + STRUCTURE + MR_QUALITY + MR_SCAN + TRABECULAR
_BY_KEY = {entry.key: entry for entry in QUANTITIES}


def quantity(key: str) -> Quantity:
    """The entry of a key.

    Raises:
        KeyError: if the catalogue has no such key.
    """
    return _BY_KEY[key]


def quantities(prefix: str = "", scope: str | None = None, mapped: bool | None = None) -> tuple[Quantity, ...]:
    """Entries in catalogue order.

    Args:
        prefix: beginning of the key, for example ``"ct_"``.
        scope: ``"patch"``, ``"scan"`` or ``"region"``; all without it.
        mapped: only those that are, or are not, drawn as maps; all without it.
    """
    return tuple(
        entry
        for entry in QUANTITIES
        if entry.key.startswith(prefix)
        and (scope is None or entry.scope == scope)
        and (mapped is None or entry.mapped == mapped)
    )
