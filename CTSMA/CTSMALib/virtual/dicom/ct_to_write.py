"""All that the header of a virtual CT follows from."""

from __future__ import annotations

from dataclasses import dataclass

from CTSMALib.virtual.dicom.ct_style import CTStyle, sharpness
from CTSMALib.virtual.dicom.header import Series
from CTSMALib.virtual.dicom.patient_facts import PatientFacts
from CTSMALib.virtual.dicom.slices import Slices
from CTSMALib.virtual.dicom.stored_values import StoredValues
from CTSMALib.virtual.scanners import CTProtocol


@dataclass(frozen=True, eq=False)
class CTToWrite:
    """Attributes: planes, how they are stored, the person, the habits of the style, and how it was scanned."""

    slices: Slices
    values: StoredValues
    facts: PatientFacts
    habits: CTStyle
    protocol: CTProtocol

    @property
    def kernel(self) -> list[str]:
        """ConvolutionKernel."""
        return self.habits.kernel(self.protocol)

    @property
    def order(self) -> list[int]:
        """Planes by number of the instance or frame."""
        heights = self.slices.heights
        return sorted(range(len(heights)), key=heights.__getitem__, reverse=self.habits.from_top)

    @property
    def series(self) -> Series:
        """What names the series; protocols are told apart by their names."""
        return Series(
            modality="CT",
            session="ct",
            name=f"{self.habits.name} {self.protocol.name}",
            number=self.habits.series_number + sharpness(self.protocol),
            description=self.habits.describe(self.kernel[0], self.protocol),
            protocol="Knee",
            model=self.habits.model,
            patient_position="HFS" if self.habits.head_first else "FFS",
        )
