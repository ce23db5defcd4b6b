"""What is wanted of a cohort."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from CTSMALib.errors import InputError
from CTSMALib.virtual.body.order import (
    FAST,
    MODES,
    NO_TRUTH,
    OTHER_SERIES,
    PATCHES,
    PRESETS,
    REGISTRATION,
    STANDARD,
    TRUTHS,
    WHOLE,
    KneeOrder,
)

POPULATION, BALANCED = "population", "balanced"
GRADES_OF = (POPULATION, BALANCED)
MOST_KNEES = 1_000_000
MOST_PATCHES = 96
MOST_ERROR_MM = 10.0


@dataclass(frozen=True)
class CohortOrder:
    """A cohort of virtual knees. Everything in it follows from this and the version of the generator.

    Attributes:
        knees: how many; each of another subject.
        seed: of everything; knee number i is the same however many there are.
        mode, preset, series, rescan, patches, truth, registration_error_mm: of every knee, see
            :class:`~CTSMALib.virtual.body.order.KneeOrder`; ``truth=None`` takes what suits the mode.
        grades: ``"population"`` draws Kellgren-Lawrence grades as they occur, ``"balanced"`` takes 0 to 4 equally
            often.
        dicom: whether the scans are written as DICOM too.
    """

    knees: int
    seed: int = 0
    mode: str = WHOLE
    preset: str = STANDARD
    grades: str = POPULATION
    series: tuple[str, ...] = ()
    rescan: bool = False
    patches: int | None = None
    truth: str | None = None
    registration_error_mm: float = 0.0
    dicom: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be made.

        Raises:
            InputError: a value is out of range, or two of them contradict each other.
        """
        if self.truth is None:
            object.__setattr__(self, "truth", NO_TRUTH if self.mode == REGISTRATION else FAST)
        for name, message, remedy in (*self._out_of_range(), *self._contradictions()):
            raise InputError(f"{message} ({name}).", remedy)

    def knee_order(self, scan_seed: int) -> KneeOrder:
        """What is wanted of one knee.

        Args:
            scan_seed: its own.
        """
        return KneeOrder(
            self.mode,
            self.preset,
            self.series,
            self.rescan,
            self.patches,
            self.truth or FAST,
            scan_seed,
            self.registration_error_mm,
        )

    def arguments(self) -> dict[str, Any]:
        """All but the number of knees, in the types of JSON: what makes a cohort another one."""
        from CTSMALib.virtual.cohort.plain import as_plain  # not earlier: the command line reads this module

        plain: dict[str, Any] = as_plain(self)
        del plain["knees"]
        return plain

    def _out_of_range(self) -> list[tuple[str, str, str]]:
        found = []
        if not 1 <= self.knees <= MOST_KNEES:
            found.append(("--knees", f"A cohort cannot have {self.knees} knees", f"Give 1 to {MOST_KNEES:,}."))
        if self.seed < 0:
            found.append(("--seed", f"The seed {self.seed} is negative", "Give 0 or a positive whole number."))
        if self.patches is not None and not 1 <= self.patches <= MOST_PATCHES:
            found.append(("--patches", f"A knee cannot have {self.patches} patches", f"Give 1 to {MOST_PATCHES}."))
        if not (math.isfinite(self.registration_error_mm) and 0.0 <= self.registration_error_mm <= MOST_ERROR_MM):
            message = f"A registration error of {self.registration_error_mm} mm cannot be made"
            found.append(("--registration-error", message, f"Give 0 to {MOST_ERROR_MM:g} mm."))
        choices = {"mode": MODES, "preset": PRESETS, "grades": GRADES_OF, "truth": TRUTHS}
        for name, possible in choices.items():
            if getattr(self, name) not in possible:
                message = f"'{getattr(self, name)}' is not possible"
                found.append((f"--{name}", message, f"Give one of {', '.join(possible)}."))
        for series in self.series:
            if series not in OTHER_SERIES:
                message = f"There is no MR series '{series}'"
                found.append(("--series", message, f"Give a list of bffe, {', '.join(OTHER_SERIES)}."))
        return found

    def _contradictions(self) -> list[tuple[str, str, str]]:
        found = []
        whole_only = {"--series": bool(self.series), "--rescan": self.rescan, "--dicom": self.dicom}
        for name, asked in whole_only.items():
            if asked and self.mode == PATCHES:
                message = "The mode 'patches' makes no whole scans"
                found.append((name, message, "Leave it out, or give another --mode."))
        if self.registration_error_mm > 0.0 and self.mode != PATCHES:
            message = f"The mode '{self.mode}' displaces no patches"
            found.append(("--registration-error", message, "Leave it out, or give --mode patches."))
        if self.patches is not None and self.truth == NO_TRUTH and self.mode == WHOLE:
            message = "Without truth nothing is measured, so there is no number of boxes to limit"
            found.append(("--patches", message, "Leave out --patches or --no-truth."))
        without_structure = {"--thickness-truth": self.truth != NO_TRUTH, "--patches": self.patches is not None}
        for name, asked in without_structure.items():
            if asked and self.mode == REGISTRATION:
                message = "The mode 'registration' makes no microstructure, so nothing of it is measured"
                found.append((name, message, "Leave it out, or give another --mode."))
        return found
