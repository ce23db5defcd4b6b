"""Which quantity a coded term stands for, read back from an object."""

from __future__ import annotations

from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset

from CTSMALib.catalogue import QUANTITIES, Quantity
from CTSMALib.report.dicom.codes import quantity_code


def quantity_of(code: Dataset) -> Quantity | None:
    """The quantity of a coded term; ``None`` where it stands for none."""
    found = CodedConcept.from_dataset(code)
    for entry in QUANTITIES:
        known = quantity_code(entry)
        if (known.value, known.scheme_designator) == (found.value, found.scheme_designator):
            return entry
    return None
