"""Whether chosen scans are those that were registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.registration.same_scans import CT, MR, other_scans
from CTSMALib.volumes.identity import image_sha256
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.pair_record import identities


@pytest.fixture()
def a_record(a_record_of_the_pair: RegistrationRecord) -> RegistrationRecord:
    fixed, moving = identities()
    return replace(a_record_of_the_pair, fixed=fixed, moving=moving)


@pytest.fixture()
def a_volume(a_scene: Any) -> Callable[[sitk.Image], Any]:
    """Puts an image into a volume node."""

    def made(image: sitk.Image) -> Any:
        node = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        fill_volume(node, image)
        return node

    return made


def rounded(image: sitk.Image, kind: type) -> sitk.Image:
    made = sitk.GetImageFromArray(np.rint(sitk.GetArrayViewFromImage(image)).astype(kind))
    made.CopyInformation(image)
    return made


def test_the_very_scans_are_known_in_any_type_of_numbers(
    a_record: RegistrationRecord, a_pair: MadeUpPair, a_volume: Callable[[sitk.Image], Any]
) -> None:
    assert other_scans(a_record, a_pair.ct, a_pair.mr) == ()
    mr = a_volume(a_pair.mr)
    for kind in (np.int16, np.int32, np.float32, np.float64):
        assert other_scans(a_record, a_volume(rounded(a_pair.ct, kind)), mr) == ()
    mr = a_volume(sitk.Cast(a_pair.mr, sitk.sitkFloat64))
    mr.SetAndObserveTransformNodeID(mr.GetScene().AddNewNodeByClass("vtkMRMLLinearTransformNode").GetID())
    assert other_scans(a_record, a_volume(a_pair.ct), mr) == ()


def test_an_mr_of_whole_numbers_is_known_as_file_and_as_dicom(
    a_record: RegistrationRecord, a_pair: MadeUpPair, a_volume: Callable[[sitk.Image], Any]
) -> None:
    whole = rounded(a_pair.mr, np.int16)
    for stored in (whole, sitk.Cast(whole, sitk.sitkFloat32)):
        record = replace(a_record, moving=replace(a_record.moving, sha256=image_sha256(stored)))
        for shown in (whole, sitk.Cast(whole, sitk.sitkUInt16), sitk.Cast(whole, sitk.sitkFloat64)):
            assert other_scans(record, a_pair.ct, a_volume(shown)) == ()


def test_other_voxels_and_another_place_are_noticed(
    a_record: RegistrationRecord, a_pair: MadeUpPair, a_volume: Callable[[sitk.Image], Any]
) -> None:
    brighter, elsewhere = a_volume(a_pair.mr + 1.0), sitk.Image(a_pair.mr)
    elsewhere.SetOrigin([x + 1.0 for x in a_pair.mr.GetOrigin()])
    for mr in (brighter, a_volume(elsewhere), a_pair.ct):
        assert other_scans(a_record, a_pair.ct, mr) == (MR,)
    assert other_scans(a_record, a_volume(a_pair.ct + 1.0), a_pair.mr) == (CT,)
    assert other_scans(a_record, a_pair.mr, a_pair.ct) == (CT, MR)


def test_what_a_record_does_not_know_is_not_compared(a_record: RegistrationRecord, a_pair: MadeUpPair) -> None:
    unknown = replace(a_record, fixed=replace(a_record.fixed, sha256=""))
    assert other_scans(unknown, a_pair.mr, a_pair.mr) == ()
