"""The eight checks that AAPM TG-132 names for a registration, and what is known about each of them here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from CTSMALib.registration.contour import MOST_MM
from CTSMALib.registration.quality import CHECK_MM
from CTSMALib.report.model import Column, Table
from CTSMALib.report.registration_qa.measures import BoneMeasures, is_of_person
from CTSMALib.report.registration_qa.sources import ReviewedRegistration
from CTSMALib.report.wording import NOT_MEASURED, clean, joined, number_text

SOURCE = (
    "Brock KK, Mutic S, McNutt TR, Li H, Kessler ML. Use of image registration and fusion algorithms and techniques in "
    "radiotherapy: report of the AAPM Radiation Therapy Committee Task Group No. 132. Med Phys 2017;44:e43-e76."
)
LEAST_MM, MOST_TOLERATED_MM = 2.0, 3.0  # between which the report puts the largest edge of a voxel
LEAST_DICE = 0.80  # the report: 0.80 to 0.90
MET, NOT_APPLICABLE, BY_EYE, NOT_RECORDED = "met", "not applicable", "by eye", "not recorded"
_DECIMALS = 2


@dataclass(frozen=True)
class Check:
    """One of the eight.

    Attributes:
        title: what is looked at.
        tolerance: of the report.
        found: what was measured here, or what to do to have it.
        result: in a word or two.
    """

    title: str
    tolerance: str
    found: str
    result: str


def tolerance_mm(sources: ReviewedRegistration) -> float:
    """The largest edge of a voxel of the MR and of the CT's bone labels, between 2 and 3 mm; 2 mm where not known."""
    return min(max(sources.voxel_mm or LEAST_MM, LEAST_MM), MOST_TOLERATED_MM)


def checks(sources: ReviewedRegistration, bones: Sequence[BoneMeasures]) -> tuple[Check, ...]:
    """All eight, the four that a reader makes first."""
    limit = tolerance_mm(sources)
    return (
        *_by_eye(sources, bones),
        _landmarks(bones, limit),
        _contours(sources, bones, limit),
        _jacobian(sources, bones),
        _consistency(bones, limit),
    )


def check_table(sources: ReviewedRegistration, bones: Sequence[BoneMeasures]) -> Table:
    """The eight checks, a row each."""
    known = sources.voxel_mm
    which = (
        f"the longest edge of a voxel of the MR and of the CT's bone labels is {known:.2f} mm"
        if known
        else "this report does not know the voxels of the MR"
    )
    left = [bone.name for bone in bones if not bone.counts]
    return Table(
        title="The eight checks of AAPM TG-132",
        columns=(Column("Check"), Column("Tolerance"), Column("Here"), Column("Result")),
        rows=tuple(
            (f"{number} {check.title}", check.tolerance, check.found, check.result)
            for number, check in enumerate(checks(sources, bones), start=1)
        ),
        note=(
            f"“Largest voxel edge” stands for {tolerance_mm(sources):.1f} mm: TG-132 puts it at about 2 to 3 mm, and "
            f"{which}. Values are those of the present motions, the mean over a bone or its points. "
            + (f"Not counted because it is not to be used: {joined(left)}. " if left else "")
            + "These tolerances were made for radiotherapy; patches of subchondral bone need less, which is why a bone "
            f"is called good only up to an estimated error of {CHECK_MM:g} mm."
        ),
        numeric=False,
        widths=(0.2, 0.2, 0.45, 0.15),
    )  # fmt: skip


def _by_eye(sources: ReviewedRegistration, bones: Sequence[BoneMeasures]) -> tuple[Check, ...]:
    who = sorted({clean(bone.review.reviewer) for bone in bones if bone.review and is_of_person(bone.review)})
    before = any(is_of_person(review) for review in sources.record.reviews)
    nobody = f"Nobody has reviewed it {'where it lies now' if before else 'yet'}"
    looked = f"Reviewed by {joined(who)}" if who else nobody
    shown = f"{looked}, in a viewer that offers this. Which views were used is not recorded."
    if not who:
        shown = f"{looked}; open it in the module CTSMARegistration, which offers this."
    seen = "no misfit seen by a reader"
    drawn = BY_EYE if sources.has_pictures else NOT_MEASURED
    return (
        Check("Side by side, checkerboard, spyglass", seen, shown, NOT_RECORDED),
        Check("Overlay: blend, flicker, red–cyan", seen, shown, NOT_RECORDED),
        Check(
            "Difference image",
            seen,
            "Gray values of CT and MR cannot be subtracted from each other. In its place: similarity (normalized "
            f"mutual information) {_listed(bones, _similarity)}.",
            NOT_APPLICABLE,
        ),
        Check("Outlines over the other scan", seen, _pictures(sources), drawn),
    )


def _pictures(sources: ReviewedRegistration) -> str:
    """Which bones are shown, and how to have the others."""
    if not sources.has_pictures:
        return (
            "No picture: this report was given no MR, and the folder has none resampled with the present motions. "
            "Judge again, or give the MR."
        )
    shown = "Outlines of the CT's bones over the MR: see the figures."
    left = [bone.name for bone in sources.record.bones if not sources.can_show(bone.name)]
    if not left:
        return shown
    return (
        f"{shown} No picture of {joined(left)}, which had failed and was not accepted when the MR was resampled: give "
        "the MR (--mr)."
    )


def _landmarks(bones: Sequence[BoneMeasures], limit: float) -> Check:
    title, tolerance = "Target registration error (TRE) at landmarks", "largest voxel edge"
    held_out = [bone for bone in bones if bone.after.held_out]
    if not held_out:
        fitted = any(bone.after.fitted for bone in bones)
        why = "All points were free to be fitted, and a fit makes their error small" if fitted else "No points were set"
        found = f"{why}. Set points in both scans (section Landmarks of the module) and mark them as held out."
        return Check(title, tolerance, found, NOT_MEASURED)
    values = _listed(held_out, _held_out, " mm")
    count = sum(bone.after.held_out.count for bone in held_out if bone.after.held_out)
    found = f"{count} held-out points, mean of each bone: {values}."
    return Check(title, tolerance, found, _against(bones, _held_out, limit))


def _contours(sources: ReviewedRegistration, bones: Sequence[BoneMeasures], limit: float) -> Check:
    title = "Outlines: mean distance to agreement (MDA), Dice"
    tolerance = "MDA: uncertainty of the outlines, largest voxel edge; Dice: 0.80 to 0.90"
    outline = f"Outline of the CT to edges of the MR, up to {MOST_MM:g} mm: {_listed(bones, _outline, ' mm')}."
    if sources.overlap_of is None:
        more = " Dice and ASSD are not measured: they need bones outlined in the MR; give them as a label map."
        return Check(title, tolerance, outline + more, _part(_against(bones, _outline, limit), "MDA"))
    more = f" ASSD {_listed(bones, _assd, ' mm')}. Dice {_listed(bones, _dice)}."
    if sources.frame_assumed:
        more += " The outlines were taken to be in the MR's own frame, unchecked, as no MR was given."
    results = (
        ("MDA", _against(bones, _outline, limit)),
        ("ASSD", _against(bones, _assd, limit)),
        ("Dice", _against(bones, _dice, LEAST_DICE, below=False)),
    )
    if all(result == MET for _, result in results):
        return Check(title, tolerance, outline + more, MET)
    return Check(title, tolerance, outline + more, "; ".join(_part(result, name) for name, result in results))


def _jacobian(sources: ReviewedRegistration, bones: Sequence[BoneMeasures]) -> Check:
    rigid = sources.record.local is None
    text = _listed(bones, lambda b: b.determinant[0], decimals=4)
    if rigid:
        found = f"Bones move rigidly, so that it is 1 by construction; of the matrices: {text}."
    else:
        highest = _listed(bones, lambda b: b.determinant[1], decimals=4)
        found = f"Rigid motions with a small displacement in the MR. Lowest: {text}; highest: {highest}."
    return Check(
        "Determinant of the Jacobian", "no negative value; 1 for bone", found,
        _against(bones, lambda b: b.determinant[0], 0.0, below=False),
    )  # fmt: skip


def _consistency(bones: Sequence[BoneMeasures], limit: float) -> Check:
    found = (
        f"MR registered to the CT and the CT to the MR: {_listed(bones, _inverse, ' mm')}. Transitivity needs a third "
        "scan, and is not applicable."
    )
    return Check("Consistency", "largest voxel edge", found, _against(bones, _inverse, limit))


ValueOf = Callable[[BoneMeasures], float | None]


def _similarity(bone: BoneMeasures) -> float | None:
    return bone.after.quality.similarity if bone.after.quality else None


def _held_out(bone: BoneMeasures) -> float | None:
    return bone.after.held_out.mean_mm if bone.after.held_out else None


def _outline(bone: BoneMeasures) -> float | None:
    return bone.after.quality.contour_mm if bone.after.quality else None


def _inverse(bone: BoneMeasures) -> float | None:
    return bone.after.quality.inverse_mm if bone.after.quality else None


def _assd(bone: BoneMeasures) -> float | None:
    return bone.after.overlap.assd_mm if bone.after.overlap else None


def _dice(bone: BoneMeasures) -> float | None:
    return bone.after.overlap.dice if bone.after.overlap else None


def _listed(bones: Sequence[BoneMeasures], value_of: ValueOf, unit: str = "", decimals: int = _DECIMALS) -> str:
    """``femur 0.21 mm, tibia not measured``."""
    texts = []
    for bone in bones:
        value = value_of(bone)
        texts.append(f"{bone.name} {NOT_MEASURED if value is None else number_text(value, decimals) + unit}")
    return ", ".join(texts)


def _against(bones: Sequence[BoneMeasures], value_of: ValueOf, limit: float, below: bool = True) -> str:
    """Whether all bones that count keep to a limit, and which do not."""
    known = [(bone, value) for bone in bones if bone.counts and (value := value_of(bone)) is not None]
    beyond = [bone for bone, value in known if (value > limit if below else value <= limit)]
    missing = [bone for bone in bones if bone.counts and value_of(bone) is None]
    if beyond:
        return f"not met: {_names(beyond)}"
    if not known:
        return NOT_MEASURED
    return f"met; {NOT_MEASURED}: {_names(missing)}" if missing else MET


def _part(result: str, name: str) -> str:
    return f"{name} {result}"


def _names(bones: Sequence[BoneMeasures]) -> str:
    return joined([bone.name for bone in bones])
