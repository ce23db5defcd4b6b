"""What a person changed about the motions of the bones, apart from what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.errors import InputError
from CTSMALib.registration.record import BoneRecord, LocalRecord, PairedPatch, RegistrationRecord, rows
from CTSMALib.volumes.rigid import Matrix, angle_deg, applied, inverse, is_rigid, rigid

WHOLE = "knee"  # all bones together
Point = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Corrections:
    """Motions of the bones, all (4, 4) in RAS from MR to CT. Nothing changes an instance; methods give new ones.

    Attributes:
        auto: bone name to T_auto, what was found.
        user: bone name to T_user, applied after it.
        centers_ras_mm: bone name to the (3,) point that corrections turn about as long as there are none.
    """

    auto: Mapping[str, Matrix]
    user: Mapping[str, Matrix]
    centers_ras_mm: Mapping[str, Point]

    @classmethod
    def of_record(cls, record: RegistrationRecord) -> Corrections:
        """Those that a record holds."""
        return cls(
            _kept({b.name: np.array(b.auto_moving_to_fixed_ras) for b in record.bones}),
            _kept({b.name: np.array(b.user_moving_to_fixed_ras) for b in record.bones}),
            _kept({b.name: np.array(b.center_fixed_ras_mm) for b in record.bones}),
        )

    def applied_to(self, record: RegistrationRecord) -> RegistrationRecord:
        """The record with these corrections.

        Patches of bones that were moved follow into the MR. Quality, verdicts, estimated errors and flags stay those of
        the motion before; the stage ``judge`` makes them anew.

        Raises:
            KeyError: the record holds a bone that is not among these.
        """
        bones = tuple(self._bone(bone) for bone in record.bones)
        pairs = zip(record.bones, bones, strict=True)
        moved = {new.name: new for old, new in pairs if new is not old}
        if not moved:
            return record
        patches = tuple(_followed(patch, moved, record.local) for patch in record.patches)
        return replace(record, bones=bones, patches=patches)

    @property
    def bones(self) -> tuple[str, ...]:
        """Names of the bones."""
        return tuple(self.user)

    def composed(self, bone: str) -> Matrix:
        """(4, 4) T_user after T_auto, RAS of the MR to RAS of the CT."""
        result: Matrix = self.user[bone] @ self.auto[bone]
        return result

    def center_ras_mm(self, subject: str) -> Point:
        """(3,) point that a turn is about: the center of a bone where it lies now, or the mean of all for the knee."""
        centers = [applied(self.user[bone], self.centers_ras_mm[bone]) for bone in self._subjects(subject)]
        result: Point = np.mean(centers, axis=0)
        return result

    def moved(self, subject: str, vector_ras_mm: ArrayLike) -> Corrections:
        """Shifted.

        Args:
            subject: a bone, or :data:`WHOLE`.
            vector_ras_mm: (3,) in the frame of the CT.
        """
        step = np.eye(4)
        step[:3, 3] = np.asarray(vector_ras_mm, dtype=float)
        return self._after(subject, step)

    def turned(self, subject: str, axis_ras: ArrayLike, degrees: float) -> Corrections:
        """Turned by the right-hand rule about :meth:`center_ras_mm`.

        Args:
            subject: a bone, or :data:`WHOLE`.
            axis_ras: (3,) in the frame of the CT, of any length but 0.
            degrees: angle.

        Raises:
            ValueError: the axis has no direction.
        """
        axis = np.asarray(axis_ras, dtype=float)
        length = float(np.linalg.norm(axis))
        if not length > 0:
            raise ValueError("the axis of a turn has no direction")
        rotation = Rotation.from_rotvec(np.radians(degrees) * axis / length).as_matrix()
        center = self.center_ras_mm(subject)
        return self._after(subject, rigid(rotation, center, center))

    def placed(self, bone: str, moving_to_fixed_ras: Matrix) -> Corrections:
        """Corrected so that the composed motion of a bone is the given one.

        Args:
            bone: its name.
            moving_to_fixed_ras: (4, 4) rigid.

        Raises:
            InputError: the matrix is not rigid.
        """
        matrix = np.asarray(moving_to_fixed_ras, dtype=float)
        if not is_rigid(matrix):
            raise InputError(
                f"The motion that was given for the {bone} is not rigid.",
                "Give a transform that only turns and shifts, without scaling or mirroring.",
            )
        return self._with({bone: _orthonormal(matrix @ inverse(self.auto[bone]))})

    def reset(self, subject: str) -> Corrections:
        """Without the correction of a bone, or of any for :data:`WHOLE`."""
        return self._with({bone: np.eye(4) for bone in self._subjects(subject)})

    def is_corrected(self, bone: str) -> bool:
        """Whether a person moved the bone."""
        return not np.array_equal(self.user[bone], np.eye(4))

    def amount(self, bone: str) -> tuple[float, float]:
        """How far a bone was moved: its center in mm, and the angle in degrees."""
        center = self.centers_ras_mm[bone]
        return float(np.linalg.norm(applied(self.user[bone], center) - center)), angle_deg(self.user[bone])

    def changed_from(self, other: Corrections) -> tuple[str, ...]:
        """Bones whose composed motion differs from that of other corrections."""
        return tuple(bone for bone in self.bones if not np.array_equal(self.composed(bone), other.composed(bone)))

    def _subjects(self, subject: str) -> tuple[str, ...]:
        if subject != WHOLE and subject not in self.user:
            raise KeyError(subject)
        return self.bones if subject == WHOLE else (subject,)

    def _after(self, subject: str, step: Matrix) -> Corrections:
        found = {bone: step @ self.user[bone] for bone in self._subjects(subject)}
        if not np.array_equal(step[:3, :3], np.eye(3)):  # a shift leaves rotations as they are, to the last bit
            found = {bone: _orthonormal(matrix) for bone, matrix in found.items()}
        return self._with(found)

    def _with(self, user: Mapping[str, Matrix]) -> Corrections:
        unknown = set(user) - set(self.user)
        if unknown:
            raise KeyError(min(unknown))
        return Corrections(self.auto, _kept({**self.user, **user}), self.centers_ras_mm)

    def _bone(self, bone: BoneRecord) -> BoneRecord:
        user = rows(self.user[bone.name])
        return bone if user == bone.user_moving_to_fixed_ras else replace(bone, user_moving_to_fixed_ras=user)


def _kept(arrays: Mapping[str, NDArray[np.float64]]) -> Mapping[str, NDArray[np.float64]]:
    """Arrays that nobody can write into."""
    for array in arrays.values():
        array.setflags(write=False)
    return MappingProxyType(dict(arrays))


def _orthonormal(matrix: Matrix) -> Matrix:
    """The nearest rigid motion: rounding of many steps must not add up to a scaling."""
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    result = matrix.copy()
    result[:3, :3], result[3] = u @ vt, [0.0, 0.0, 0.0, 1.0]
    return result


def _followed(patch: PairedPatch, moved: Mapping[str, BoneRecord], local: LocalRecord | None) -> PairedPatch:
    if patch.bone not in moved:
        return patch
    there = applied(moved[patch.bone].fixed_to_moving_lps, np.array([patch.ct_mm]))
    if local is not None:
        from CTSMALib.registration.local_field import LocalField

        there = LocalField(np.array(local.center_lps_mm), np.array(local.coefficients_mm)).shown_at(there)
    x, y, z = (float(v) for v in there[0])
    return replace(patch, mr_mm=(x, y, z))
