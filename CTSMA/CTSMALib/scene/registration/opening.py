"""What a review needs from the folder of a registration, and how its scene finds that folder again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.geometry import image_of
from CTSMALib.scene.registration.closing import remove_review
from CTSMALib.scene.registration.review_nodes import ReviewNodes, reviews_in

FOLDER_ATTRIBUTE, REVIEWER_ATTRIBUTE = "CTSMA.ReviewFolder", "CTSMA.Reviewer"  # on the parameter node
Loaded = tuple[RegistrationRecord, str, sitk.Image]  # record, token for saving, bone labels


def load(folder: Path) -> Loaded:
    """Read record, token for saving, and bone labels.

    Raises:
        InputError: the folder is no registration, is damaged, or lacks the labels.
    """
    from CTSMALib.registration.outcome import LABELS_FILE  # these need packages that are installed later
    from CTSMALib.registration.review import autosave
    from CTSMALib.volumes.bone_labels import read_bone_labels

    record, token = autosave.load(folder)
    path = folder / record.files.get("labels", LABELS_FILE)
    if not path.is_file():
        raise InputError(f"The registration in {folder} lacks its bone labels, {path.name}.", "Register again.")
    return record, token, read_bone_labels(path)


def check_ct(ct: Any, labels: sitk.Image) -> None:
    """Refuse a CT that the labels do not lie in.

    Args:
        ct: SimpleITK image, or a volume node.
        labels: bones.

    Raises:
        InputError: they lie elsewhere.
    """
    from CTSMALib.volumes.bone_labels import check_overlap

    try:
        check_overlap(labels, ct if isinstance(ct, sitk.Image) else image_of(ct), "CT")
    except InputError as error:
        raise InputError("The CT is not the one that was registered.", "Choose the CT of this registration.") from error


def remember_folder(nodes: ReviewNodes, folder: Path, reviewer: str) -> None:
    """Note on the nodes where the registration is, and who reviews it."""
    nodes.node.SetAttribute(FOLDER_ATTRIBUTE, str(folder.resolve()))
    nodes.node.SetAttribute(REVIEWER_ATTRIBUTE, reviewer)


def remembered_folder(nodes: ReviewNodes) -> tuple[Path | None, str]:
    """The folder that nodes came from, ``None`` where it is unknown or gone, and the reviewer."""
    folder = Path(nodes.node.GetAttribute(FOLDER_ATTRIBUTE) or "")
    reviewer = str(nodes.node.GetAttribute(REVIEWER_ATTRIBUTE) or "")
    known = nodes.node.GetAttribute(FOLDER_ATTRIBUTE) and folder.is_dir()
    return (folder if known else None), reviewer


def restorable(nodes: ReviewNodes) -> tuple[Path, str, Loaded] | None:
    """Folder, reviewer and what is in the folder, of a review that a scene holds; ``None`` where something is gone."""
    folder, reviewer = remembered_folder(nodes)
    if folder is None:
        return None
    try:
        loaded = load(folder)
    except InputError:
        return None
    return (folder, reviewer, loaded) if complete(nodes, loaded[0]) else None


def take_out_leftovers(scene: Any, ct: Any, mr: Any) -> None:
    """Remove reviews that cannot be restored, or whose MR is a scan that is to be opened; all volumes stay.

    What was done in them is in their folders. Left in the scene they would keep their MR under a transform.
    """
    for nodes in tuple(reviews_in(scene)):
        if nodes.mr is ct or nodes.mr is mr or restorable(nodes) is None:
            remove_review(nodes, keep_volumes=True)


def complete(nodes: ReviewNodes, record: RegistrationRecord) -> bool:
    """Whether nodes of a reopened scene hold both scans, and are of the bones of a record."""
    return nodes.present and set(nodes.bones) == {bone.name for bone in record.bones}
