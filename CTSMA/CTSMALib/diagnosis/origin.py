"""Where values of patches come from: those that a model learned from, and those that it is given."""

from __future__ import annotations

from dataclasses import dataclass

MR, TRUTH = "mr", "truth"


@dataclass(frozen=True)
class Origin:
    """Where values come from.

    Attributes:
        kind: :data:`MR` for values measured on MR, :data:`TRUTH` for those of virtual structures, otherwise the name of
            what estimated them from CT; empty where unknown.
        sha256: of the weights of the student that estimated them; empty where unknown, or where none did.
    """

    kind: str
    sha256: str = ""

    @property
    def is_estimated(self) -> bool:
        """Whether a student or the like read them off a CT."""
        return self.kind not in (MR, TRUTH, "")

    def __str__(self) -> str:
        """In words."""
        if self.is_estimated:
            which = f" by the model {self.sha256[:8]}" if self.sha256 else ""
            return f"estimated from CT{which}"
        return {MR: "measured on MR", TRUTH: "the truth of virtual knees"}.get(self.kind, "of unknown origin")


def difference(learned: Origin, given: Origin) -> str:
    """What is to be known where a model is given other values than it learned from, as a sentence; empty otherwise."""
    if learned.is_estimated and given.is_estimated:
        if learned.sha256 == given.sha256 != "":
            return ""
        if not learned.sha256 or not given.sha256:
            return "The model learned from values estimated from CT; whether by the same model as here is not known."
    elif learned.kind == given.kind != "":
        return ""
    return f"The model learned from values that are {learned}; those of this knee are {given}."
