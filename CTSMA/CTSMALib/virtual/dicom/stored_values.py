"""From HU to the numbers that a style stores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from CTSMALib.errors import InputError
from CTSMALib.virtual.dicom.ct_style import CTStyle
from CTSMALib.volumes.checks import PADDING_BELOW_HU

EXTENDED_INTERCEPT = -8192  # of unsigned values that reach beyond the usual scale, for example around metal


@dataclass(frozen=True)
class StoredValues:
    """How the HU of one series are stored.

    Attributes:
        bits: BitsStored.
        signed: PixelRepresentation.
        intercept: RescaleIntercept; the slope is 1.
        padding: stored where HU are below -1500; ``None`` if nowhere.
    """

    bits: int
    signed: bool
    intercept: int
    padding: int | None

    def of(self, hu: NDArray[np.int16]) -> NDArray[np.integer]:
        """Stored values of a plane, in the type and byte order of the file."""
        stored = hu.astype(np.int32) - self.intercept
        if self.padding is not None:
            stored[hu < PADDING_BELOW_HU] = self.padding
        return stored.astype("<i2" if self.signed else "<u2")

    def describe_padding(self, ds: Dataset) -> None:
        """PixelPaddingValue, where there is some."""
        if self.padding is not None:
            ds.add_new("PixelPaddingValue", "SS" if self.signed else "US", self.padding)


def stored_values(hu: NDArray[np.int16], style: CTStyle) -> StoredValues:
    """Find how a volume can be stored without loss: as the style does it, with more bits where needed.

    Args:
        hu: (z, y, x); below -1500 is the outside of the field of view.
        style: whose habits to follow.

    Raises:
        InputError: it holds values that the style has no numbers for.
    """
    lowest, highest, padded = _range(hu)
    bits, intercept = style.bits, style.intercept
    if not style.signed and (lowest < intercept or highest - intercept >= 2**bits):
        bits, intercept = 16, min(intercept, EXTENDED_INTERCEPT if lowest < intercept else intercept)
    top = 2 ** (bits - 1) if style.signed else 2**bits
    if highest - intercept >= top:
        raise InputError(
            f"The CT holds {highest} HU, more than the DICOM style '{style.name}' can store.",
            f"Keep values below {top + intercept} HU.",
        )
    return StoredValues(bits, style.signed, intercept, style.padding if padded else None)


def _range(hu: NDArray[np.int16]) -> tuple[int, int, bool]:
    """Lowest and highest HU without padding, and whether there is padding."""
    if hu.min() >= PADDING_BELOW_HU:
        return int(hu.min()), int(hu.max()), False
    lowest = int(np.min(hu, where=hu >= PADDING_BELOW_HU, initial=np.iinfo(np.int16).max))
    return min(lowest, int(hu.max())), int(hu.max()), True
