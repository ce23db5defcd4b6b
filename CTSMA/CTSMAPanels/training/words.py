"""What the panel calls steps and their states."""

from __future__ import annotations

from slicer.i18n import tr as _

from CTSMALib.jobs.training_project import CohortKind
from CTSMALib.jobs.training_record import DONE, FAILED, STOPPED, StepRecord
from CTSMALib.scene.training_state import DIAGNOSIS, EVALUATE, MODEL, PATCHES, REGISTER, STUDENT, TEACHER


def step_titles() -> dict[str, str]:
    """The steps by name."""
    return {
        REGISTER: _("Register the cohort"),
        PATCHES: _("Make patches"),
        TEACHER: _("Train the teacher"),
        STUDENT: _("Train the students"),
        EVALUATE: _("Evaluate"),
        DIAGNOSIS: _("Train the diagnosis"),
        MODEL: _("Add the model to the library"),
    }


def step_abouts() -> dict[str, str]:
    """What each step does."""
    return {
        REGISTER: _("Every MR is registered to its CT, bone by bone. Review the doubtful ones before you go on."),
        PATCHES: _(
            "Cubes of the same bone in CT and MR, with what the MR says of their trabeculae, and checks of all."
        ),
        TEACHER: _("A network that reads the parameters off the MR; students can learn from it."),
        STUDENT: _("Networks that read the parameters off the CT alone, and the model that they make up together."),
        EVALUATE: _("Students and baselines compared with the MR, on subjects that none of them has seen."),
        DIAGNOSIS: _("From the patches of a knee to the probability of osteoarthritis, by cross-validation."),
        MODEL: _("The model is copied, checked, and listed by the module CTSMA from then on."),
    }


def kind_words(kind: CohortKind) -> str:
    """What was chosen as a cohort."""
    return {
        CohortKind.MANIFEST: _("A manifest."),
        CohortKind.SCANS: _("A folder with scans: find the pairs, look at what is doubtful, save the manifest."),
        CohortKind.VIRTUAL_WHOLE: _("A cohort of virtual knees with whole scans; its manifest is complete."),
        CohortKind.VIRTUAL_PATCHES: _("A cohort of virtual knees as patches; there is nothing to register."),
    }[kind]


def state_words(done: bool, record: StepRecord | None) -> str:
    """Where a step stands that does not run."""
    if record is not None and record.end == STOPPED:
        return _("stopped at {percent} %").format(percent=round(100 * record.fraction))
    if record is not None and record.end == FAILED:
        return _("failed")
    if done:
        return _("done")
    return _("not begun")


def is_over(done: bool, record: StepRecord | None) -> bool:
    """Whether a step is done, and was not begun and left since."""
    end = None if record is None else record.end
    return end == DONE or (done and end not in (STOPPED, FAILED))


def state_sign(done: bool, record: StepRecord | None, running: bool) -> str:
    """The same as a sign, which can be told apart without color."""
    if running:
        return "▶"
    if record is not None and record.end in (STOPPED, FAILED):
        return "‖" if record.end == STOPPED else "✗"
    return "✓" if is_over(done, record) else "·"


def curve_words() -> dict[str, str]:
    """What curves can show."""
    return {
        "error": _("Error of the values"),
        "icc": _("ICC with the MR"),
        "training_loss": _("Loss in training"),
    }


def prediction_words() -> dict[str, str]:
    """What a diagnosis can learn from."""
    return {
        "student": _("What the student reads off the CT"),
        "mr": _("What the MR shows"),
        "truth": _("The true structure (virtual knees)"),
    }


def model_words() -> dict[str, str]:
    """Models that can be added."""
    return {STUDENT: _("Student"), DIAGNOSIS: _("Diagnosis")}


def gravity_sign(gravity: str) -> str:
    """Of a finding, as a sign."""
    return {"error": "✗", "warning": "!"}.get(gravity, "✓")
