"""What a quality report is made from: the record of a registration, and the images that its pictures show."""

from __future__ import annotations

import functools
import hashlib
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.analysis.stored import stored_volume
from CTSMALib.errors import InputError
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.moving_levels import MovingLevel, level_of
from CTSMALib.registration.outcome import BOXES_FILE, LABELS_FILE, MR_BONES_FILE, MR_ON_CT_FILE
from CTSMALib.registration.record import FAILED, BoneRecord, RegistrationRecord
from CTSMALib.registration.record_folder import RECORD_FILE, load_record
from CTSMALib.registration.review.bone_overlap import BoneOverlap, bone_overlap
from CTSMALib.registration.similarity import sampled
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.rigid import Matrix, applied, inverse

# In the reasons of a bone whose quality belongs to a motion that it had before it was moved.
MOVED_REASON = "It was moved since it was judged."
SAME_MM = 1e-6
Points = NDArray[np.float64]
OverlapOf = Callable[[str, Matrix], BoneOverlap | None]


@dataclass(frozen=True, eq=False)
class ReviewedRegistration:
    """A registration with what is there to show it.

    Attributes:
        record: all that was found and decided.
        digest: SHA-256 of the record's file, in hexadecimal digits.
        labels: bones of the CT in its space; ``None`` where the folder lacks them.
        mr: the MR in its own space; ``None`` where it was not given.
        mr_on_ct: the MR in the space of the CT, resampled with the present motions, 0 outside it; ``None`` where there
            is none.
        resampled: bones that it shows with motions of their own; elsewhere, motions of their neighbors were blended.
        overlap_of: of a bone and its (4, 4) composed motion, RAS, with the bone as outlined in the MR; ``None`` where
            nobody outlined them.
        frame_assumed: whether those outlines were taken to be in the frame of the MR without being held against it.
        steps: of the review, named, the oldest first; only a running review knows them.
    """

    record: RegistrationRecord
    digest: str
    labels: sitk.Image | None = None
    mr: sitk.Image | None = None
    mr_on_ct: sitk.Image | None = None
    resampled: tuple[str, ...] = ()
    overlap_of: OverlapOf | None = None
    frame_assumed: bool = False
    steps: tuple[str, ...] = ()

    @property
    def has_pictures(self) -> bool:
        """Whether a bone can be shown."""
        return any(self.can_show(bone.name) for bone in self.record.bones)

    def can_show(self, bone: str) -> bool:
        """Whether there is an image that shows a bone with its own motion."""
        in_image = self.mr is not None or (self.mr_on_ct is not None and bone in self.resampled)
        return self.labels is not None and in_image

    @property
    def voxel_mm(self) -> float | None:
        """The longest edge of a voxel of MR and bone labels of the CT; ``None`` where one of them is not known."""
        if self.labels is None or self.mr is None:
            return None
        return float(max(*self.labels.GetSpacing(), *self.mr.GetSpacing()))

    def overlap(self, bone: str, moving_to_fixed_ras: Matrix) -> BoneOverlap | None:
        """How a bone lies on itself as outlined in the MR under a motion (4, 4); ``None`` where it was not outlined."""
        return None if self.overlap_of is None else self.overlap_of(bone, moving_to_fixed_ras)

    @property
    def local(self) -> LocalField:
        """The displacement in the MR that rigid motions leave; none where it was not looked for."""
        local = self.record.local
        if local is None:
            return LocalField.none()
        return LocalField(np.array(local.center_lps_mm), np.array(local.coefficients_mm))

    def shown(self, bone: BoneRecord, matrix: Matrix, points_mm: Points) -> NDArray[np.float32]:
        """(n,) what the MR shows at LPS points (n, 3) of the CT under a motion of a bone; not a number outside.

        Args:
            bone: whose motion it is.
            matrix: (4, 4) from LPS points of the CT to those of the MR.
            points_mm: places.

        Raises:
            ValueError: there is no image.
        """
        if self.mr is not None:
            places = self.local.shown_at(applied(matrix, points_mm))
        else:  # resampled with the present motion already: a rigid one leads from there to any other
            places = applied(inverse(bone.fixed_to_moving_lps) @ matrix, points_mm)
        found: NDArray[np.float32] = sampled(self._level.signal, self._level.to_index, places)
        return found

    @cached_property
    def _level(self) -> MovingLevel:
        image = self.mr if self.mr is not None else self.mr_on_ct
        if image is None:
            raise ValueError("no image of the MR")
        signal = sitk.GetArrayFromImage(image).astype(np.float32)
        if self.mr is None:
            signal[signal == 0.0] = np.nan  # what resampling leaves outside the MR
        return level_of(signal, Grid.of(image), 0.0)


def is_judged(bone: BoneRecord) -> bool:
    """Whether the quality of a bone belongs to its motion."""
    return MOVED_REASON not in bone.reasons


def resampled_bones(record: RegistrationRecord, folder: Path) -> tuple[str, ...]:
    """Bones that had a motion of their own when the MR in a folder was resampled.

    Those that failed had none, unless a person had accepted them before; accepting them later changes no image. The
    paired boxes were cut of the same bones at the same time and tell it; of a bone without patches only its verdict
    does.

    Args:
        record: of the registration.
        folder: with its images.
    """
    boxes = _boxes(folder)
    if boxes is None:
        return ()
    cut = set(boxes[0])
    patches: dict[str, set[str]] = {bone.name: set() for bone in record.bones}
    for patch in record.patches:
        patches.setdefault(patch.bone, set()).add(patch.id)
    return tuple(
        bone.name
        for bone in record.bones
        if (cut & patches[bone.name] if patches[bone.name] else bone.verdict != FAILED)
    )


def show_motions_of(record: RegistrationRecord, folder: Path) -> bool:
    """Whether the paired boxes in a folder were cut with the present motions of their bones."""
    bones = {patch.id: patch.bone for patch in record.patches}
    motions = {bone.name: bone.fixed_to_moving_lps for bone in record.bones}
    boxes = _boxes(folder)
    return boxes is not None and all(
        name in bones and np.allclose(matrix, motions[bones[name]], atol=SAME_MM)
        for name, matrix in zip(*boxes, strict=True)
    )


def _boxes(folder: Path) -> tuple[list[str], NDArray[np.float64]] | None:
    """Names of the patches of the paired boxes and (n, 4, 4) their motions; ``None`` where they cannot be read."""
    try:
        with np.load(folder / BOXES_FILE) as boxes:
            names, motions = [str(name) for name in boxes["ids"]], np.asarray(boxes["matrix"], dtype=np.float64)
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return (names, motions) if motions.shape == (len(names), 4, 4) else None


def read_sources(
    folder: Path, mr: Path | None = None, mr_labels: Path | None = None, mr_series: str | None = None
) -> ReviewedRegistration:  # fmt: skip
    """Read the folder of a registration.

    Args:
        folder: of it.
        mr: the MR, from which bones that were moved can be shown too; without it, the resampled one in the folder is
            taken where it has the present motions.
        mr_series: of an MR that is DICOM, its number or UID.
        mr_labels: bones that were outlined in the MR; those of the folder by default, if there are any.

    Raises:
        InputError: the folder is no registration, or MR or labels are not those of it.
    """
    from CTSMALib.volumes import read_mr
    from CTSMALib.volumes.bone_labels import check_overlap, read_bone_labels

    record = load_record(folder)
    scan = None if mr is None else read_mr(mr, mr_series)
    if scan is not None and scan.identity.sha256 != record.moving.sha256:
        raise InputError("The MR is not the one that was registered.", f"Give the MR {record.moving.name}.")
    beside = folder / MR_BONES_FILE
    outlines = mr_labels or (beside if beside.exists() else None)
    outlined = None if outlines is None else read_bone_labels(outlines)
    if outlined is not None and scan is not None:
        check_overlap(outlined, scan.image, "MR")
    labels, on_ct = folder / record.files.get("labels", LABELS_FILE), folder / MR_ON_CT_FILE
    present = on_ct.is_file() and all(map(is_judged, record.bones)) and show_motions_of(record, folder)
    own = read_bone_labels(labels) if labels.is_file() else None
    overlap_of = None
    if own is not None and outlined is not None:
        overlap_of = functools.partial(bone_overlap, own, outlined)
    return ReviewedRegistration(
        record,
        digest_of(folder),
        own,
        None if scan is None else scan.image,
        _read(on_ct) if present and scan is None else None,
        resampled_bones(record, folder) if present and scan is None else (),
        overlap_of,
        frame_assumed=mr_labels is not None and scan is None,
    )


def _read(path: Path) -> sitk.Image:
    try:
        return stored_volume(path)
    except (InputError, RuntimeError) as error:
        raise InputError(
            f"{path.name} of the registration cannot be read completely.", "Judge the registration again."
        ) from error


def digest_of(folder: Path) -> str:
    """SHA-256 of the record's file."""
    return hashlib.sha256((folder / RECORD_FILE).read_bytes()).hexdigest()
