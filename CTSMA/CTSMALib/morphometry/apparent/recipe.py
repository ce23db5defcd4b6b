"""What a recipe is: a named, versioned way from the signal of a patch to its apparent parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from CTSMALib.morphometry.apparent.patch_image import PatchImage

KEYS = ("app_bv_tv", "app_tb_th_mm", "app_tb_sp_mm", "app_tb_n_per_mm")


@dataclass(frozen=True)
class Apparent:
    """Apparent parameters of one patch; not a number where the recipe finds no structure.

    Attributes:
        bv_tv: bone volume fraction.
        tb_th_mm: trabecular thickness.
        tb_sp_mm: trabecular separation.
        tb_n_per_mm: trabecular number.
    """

    bv_tv: float
    tb_th_mm: float
    tb_sp_mm: float
    tb_n_per_mm: float


class Recipe(Protocol):
    """A way to read a patch."""

    @property
    def name(self) -> str:
        """Stable, in kebab-case."""

    @property
    def version(self) -> int:
        """Raised with every change of what it gives."""

    @property
    def formula(self) -> str:
        """In a sentence or two, for documents and reports."""

    def read(self, patch: PatchImage) -> Apparent:
        """The apparent parameters of a patch."""
