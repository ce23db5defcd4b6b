"""A parameter map of a result as a DICOM Parametric Map: real values as 32-bit numbers, quantity and unit coded."""

from __future__ import annotations

from inspect import signature
from typing import Any

import highdicom as hd
import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from CTSMALib.analysis.result import ParameterMap
from CTSMALib.catalogue import quantity
from CTSMALib.errors import InputError
from CTSMALib.report.dicom.codes import private_scheme, quantity_code, unit_code
from CTSMALib.report.dicom.grids import cropped, refer_to_planes, volume_of
from CTSMALib.report.dicom.study import BODY_PART, LONGEST_DESCRIPTION, Study

_LONGEST_LABEL = 16  # characters
_LARGEST = float(np.finfo(np.float32).max)


def values_of(image: sitk.Image) -> sitk.Image:
    """The part of a map that is written: the smallest box with all values. A voxel without one is not a number.

    Raises:
        InputError: the map holds no value.
    """
    image = sitk.Cast(image, sitk.sitkFloat32)
    known = np.isfinite(sitk.GetArrayViewFromImage(image))
    if not known.any():
        raise InputError("A parameter map of the result holds no value.", "Analyze the scan again.")
    return cropped(image, known)


def parametric_map(image: sitk.Image, drawn: ParameterMap, study: Study, place: int) -> Dataset:
    """Make the parametric map.

    Args:
        image: from :func:`values_of`; its grid is kept.
        drawn: which map it is.
        study: where it goes.
        place: of the object among those of the study.
    """
    shown = quantity(drawn.key)
    volume = volume_of(image, study)
    low, high = shown.display_range
    mapping = hd.pm.RealWorldValueMapping(
        lut_label=shown.symbol[:_LONGEST_LABEL],
        lut_explanation=shown.title[:LONGEST_DESCRIPTION],
        unit=unit_code(shown),
        value_range=(-_LARGEST, _LARGEST),
        slope=1.0,
        intercept=0.0,
        quantity_definition=quantity_code(shown),
    )
    made = hd.pm.ParametricMap(
        **study.sources,
        pixel_array=volume.array,
        plane_positions=volume.get_plane_positions(),
        plane_orientation=volume.get_plane_orientation(),
        pixel_measures=volume.get_pixel_measures(),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        **_window((low + high) / 2, high - low),
        content_label="MAP",
        content_description=study.describe(f"{shown.symbol} map"),
        **study.instance(place),
    )
    # The one function that is allowed for windows narrower than 1.
    made.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0].VOILUTFunction = "LINEAR_EXACT"
    made.CodingSchemeIdentificationSequence = [private_scheme()]
    made.BodyPartExamined, made.Laterality = BODY_PART, study.laterality  # empty where it is not known
    refer_to_planes(made, study, codes.DCM.UnspecifiedMethodOfCalculation)
    return study.finish(made, study.describe(f"{shown.symbol} map"))


def _window(center: float, width: float) -> dict[str, Any]:
    """What the map is to be shown with, as this version of highdicom takes it."""
    if "voi_lut_transformations" in signature(hd.pm.ParametricMap.__init__).parameters:
        return {"voi_lut_transformations": [hd.VOILUTTransformation(window_center=center, window_width=width)]}
    return {"window_center": center, "window_width": width}  # before 0.28
