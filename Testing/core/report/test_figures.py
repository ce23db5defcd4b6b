"""Pictures decode, point the right way and hold what was measured."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from CTSMALib.analysis.result import PatchMeasurement
from CTSMALib.analysis.stored import load_volume
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.catalogue import quantity
from CTSMALib.errors import InputError
from CTSMALib.report.figures import draw_figures
from CTSMALib.report.figures.canvas import colors_of
from CTSMALib.report.figures.frames import frame_of
from CTSMALib.report.figures.key import color_key
from CTSMALib.report.figures.lattice import Lattice, surface_points
from CTSMALib.report.figures.planes import Plane, cut_cube, resample
from CTSMALib.report.figures.views import slice_views
from CTSMALib.report.model import Picture, ReportModel
from Testing.core.report.conftest import AnalyzedKnee


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


def test_all_pictures_decode(a_report_model: ReportModel) -> None:
    pictures = [p for figure in a_report_model.figures for p in (*figure.panels, figure.key) if p is not None]
    assert len({p.name for p in pictures}) == 4 + 2 + 2 + 2  # two figures share one key
    for picture in pictures:
        decoded = pixels(picture)
        assert decoded.shape == (picture.height_px, picture.width_px, 3)
        assert len(np.unique(decoded[::4, ::4].reshape(-1, 3), axis=0)) > 40  # not an empty page


def share_of_colors(picture: Picture, left: bool) -> float:
    """Share of pixels in one half that are colored rather than gray."""
    decoded = pixels(picture)
    half = np.array_split(decoded, 2, axis=1)[0 if left else 1]
    return float((np.ptp(half, axis=2) > 60).mean())


@pytest.mark.parametrize("name", ["a_report_model", "a_left_report_model"])
def test_refused_lateral_condyle_is_gray_on_its_own_side(name: str, request: pytest.FixtureRequest) -> None:
    model: ReportModel = request.getfixturevalue(name)
    figures = model.figures
    femur, tibia = figures[1].panels
    # Seen from below, the patient's right is on the left of the picture, as in an axial slice.
    lateral_at_left = model.side == "right"
    assert share_of_colors(femur, left=lateral_at_left) < 0.3 * share_of_colors(femur, left=not lateral_at_left)
    assert share_of_colors(tibia, left=True) == pytest.approx(share_of_colors(tibia, left=False), rel=0.25)


def test_views_are_radiological(a_knee_analysis: AnalyzedKnee) -> None:
    frame = frame_of(a_knee_analysis.analysis, "tibia")
    assert frame is not None
    views = {view.name: view for view in slice_views(a_knee_analysis.analysis, frame)}
    patient_left, posterior, superior = np.eye(3)
    for name, right, up in (
        ("coronal", patient_left, superior),
        ("axial", patient_left, -posterior),
        ("sagittal-medial", posterior, superior),
    ):
        assert views[name].plane.right @ right > 0.9
        assert views[name].plane.up @ up > 0.9
    medial, lateral = (frame.to_anatomical(views[f"sagittal-{s}"].plane.center_mm)[0] for s in ("medial", "lateral"))
    assert medial == pytest.approx(-20.0, abs=3.0) and lateral == pytest.approx(20.0, abs=3.0)
    assert frame.to_anatomical(views["axial"].plane.center_mm)[2] == pytest.approx(-5.0, abs=0.5)


def test_resample_hits_an_oblique_target() -> None:
    image = sitk.Image([40, 40, 40], sitk.sitkInt16)
    image.SetSpacing((1.0, 1.0, 2.0))
    image[25, 12, 20] = 1000
    spot = np.array(image.TransformIndexToPhysicalPoint((25, 12, 20)))
    right = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    plane = Plane(spot - 5 * right + 3 * np.array([0.0, 0.0, 1.0]), right, np.array([0.0, 0.0, 1.0]), 30.0, 20.0)
    cut = resample(image, plane, 0.5)
    row, column = np.unravel_index(np.argmax(cut), cut.shape)
    found = (column * 0.5 - 14.75, 9.75 - row * 0.5)
    assert found == pytest.approx((5.0, -3.0), abs=0.5)
    assert plane.to_picture(spot) == pytest.approx([5.0, -3.0, 0.0])


def test_cut_cube() -> None:
    plane = Plane(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), 100.0, 100.0)
    square = cut_cube(plane, np.array([10.0, 5.0, 3.0]), np.eye(3))
    assert square is not None
    assert sorted(map(tuple, np.round(square, 6))) == [(6.0, 1.0), (6.0, 9.0), (14.0, 1.0), (14.0, 9.0)]
    assert cut_cube(plane, np.array([10.0, 5.0, 4.5]), np.eye(3)) is None
    turned = np.linalg.svd(np.array([[1.0, 1, 1], [1, -1, 0], [0, 1, -1]]))
    hexagon = cut_cube(Plane(np.zeros(3), *np.eye(3)[:2], 9.0, 9.0), np.zeros(3), turned[0] @ turned[2])
    assert hexagon is not None and len(hexagon) in (4, 5, 6)


def test_tilted_patches_are_drawn_at_the_surface(a_knee_analysis: AnalyzedKnee) -> None:
    item = next(m for m in a_knee_analysis.analysis.patches if m.patch.bone == "tibia")
    normal = np.array([0.6, 0.0, -0.8])
    pair = [
        PatchMeasurement(
            replace(item.patch, id=f"p{layer}", layer=layer, center_anatomical_mm=tuple(depth * normal)), {}
        )
        for layer, depth in ((1, 5.0), (2, 9.0))
    ]
    points = surface_points(pair)
    assert points["p1"] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert points["p2"] == pytest.approx([0.0, 0.0], abs=1e-9)


def test_lattice_pitch_and_border(a_knee_analysis: AnalyzedKnee) -> None:
    items = [m for m in a_knee_analysis.analysis.display_patches if m.patch.bone == "tibia"]
    lattice = Lattice.of(items, sign=-1.0)
    assert lattice is not None
    assert lattice.pitch_mm == pytest.approx([3.0, 3.0])
    lateral = lattice.centers(lattice.members("TL"))
    assert (lateral[:, 0] < 0).all()  # to the left, since the picture's right is medial
    border = np.array(lattice.border("TL"))
    assert np.abs(np.diff(border, axis=1)).sum(axis=(1, 2)) == pytest.approx(3.0)
    assert border[..., 0].max() == pytest.approx(lateral[:, 0].max() + 1.5)


def test_colors_cover_the_fixed_range() -> None:
    bvf = quantity("ct_bvf")
    colors, scale = colors_of(bvf)
    assert (scale.vmin, scale.vmax) == bvf.display_range
    luminance = np.array(colors(np.linspace(0, 1, 32)))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()


def test_refused_bone_still_gives_pictures(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    bones = tuple(
        replace(b, frame_axes=None, frame_origin_lps_mm=None) if b.name == "tibia" else b for b in analysis.bones
    )
    display = tuple(m for m in analysis.display_patches if m.patch.bone == "femur")
    figures = draw_figures(replace(analysis, bones=bones, display_patches=display), a_knee_analysis.folder)
    assert figures[1].panels[1].alt == "Tibial plateau: not reported."


@pytest.mark.parametrize("name", ["", "missing.nii.gz", "../outside.nii.gz", "broken.nii.gz"])
def test_unusable_volume_is_explained(a_knee_analysis: AnalyzedKnee, tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.nii.gz").write_bytes(b"no volume")
    (tmp_path.parent / "outside.nii.gz").write_bytes((a_knee_analysis.folder / "ct.nii.gz").read_bytes())
    with pytest.raises(InputError, match="again"):
        draw_figures(replace(a_knee_analysis.analysis, files={"ct": name}), tmp_path)


def test_mirrored_frame_is_kept(a_left_knee_analysis: AnalyzedKnee) -> None:
    frame = frame_of(a_left_knee_analysis.analysis, "tibia")
    assert isinstance(frame, JointFrame) and frame.mirrored


@pytest.mark.parametrize("role", ["ct", "labels"])
@pytest.mark.parametrize("kept", [5000, -9])
def test_truncated_volume_is_refused(a_knee_analysis: AnalyzedKnee, tmp_path: Path, role: str, kept: int) -> None:
    for name in ("ct.nii.gz", "labels.nii.gz"):
        (tmp_path / name).write_bytes((a_knee_analysis.folder / name).read_bytes())
    short = tmp_path / f"{role}.nii.gz"
    short.write_bytes(short.read_bytes()[:kept])
    with pytest.raises(InputError, match=rf"The result is damaged: {role}\.nii\.gz .* again"):
        draw_figures(a_knee_analysis.analysis, tmp_path)


def test_volumes_read_back_as_itk_reads_them(a_left_knee_analysis: AnalyzedKnee, tmp_path: Path) -> None:
    image = sitk.ReadImage(str(a_left_knee_analysis.folder / "ct.nii.gz"))[:30, :20, :10]
    image.SetDirection(np.linalg.qr(np.array([[1.0, 0.2, 0.1], [-0.2, 1.0, 0.3], [0.0, -0.3, 1.0]]))[0].ravel())
    sitk.WriteImage(image, str(tmp_path / "ct.nii.gz"))
    expected = sitk.ReadImage(str(tmp_path / "ct.nii.gz"))
    read = load_volume(a_left_knee_analysis.analysis, tmp_path, "ct")
    assert np.array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(expected))
    for one in ("GetSpacing", "GetOrigin", "GetDirection", "GetPixelID"):
        assert getattr(read, one)() == getattr(expected, one)()


def test_refused_compartments_have_no_squares(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    refused = replace(analysis, compartments=tuple(replace(c, reported=False) for c in analysis.compartments))
    panels = draw_figures(refused, a_knee_analysis.folder)[0].panels
    drawn = draw_figures(analysis, a_knee_analysis.folder)[0].panels
    assert all("and 0 patches" in panel.alt for panel in panels)
    assert "and 0 patches" not in drawn[0].alt
    # Whether hatched or colored, a square changes the picture; bare slices hold gray, white and the bones' outline.
    assert share_of_bluish(drawn[0]) > 20 * max(share_of_bluish(panels[0]), 1e-6)


def share_of_bluish(picture: Picture) -> float:
    """Share of pixels with more blue than red, as the color map has and the orange outlines have not."""
    decoded = pixels(picture)
    return float((decoded[..., 2] - decoded[..., 0] > 40).mean())


@pytest.mark.parametrize(
    ("key", "pointed"), [("ct_bvf", False), ("ct_plate_thickness_mm", False), ("ct_hu_mean", True)]
)
def test_color_bar_points_only_to_possible_values(key: str, pointed: bool) -> None:
    picture = pixels(color_key(quantity(key)))
    height, width = picture.shape[:2]
    dark = picture.sum(axis=2) < 700
    # Where the end is blunt, the first column of the bar is as high as the bar.
    column = int(np.flatnonzero(dark[int(0.38 * height) : int(0.6 * height), : width // 2].any(axis=0))[0])
    ends = dark[int(0.38 * height) : int(0.6 * height), column + 2].sum()
    assert (ends < 0.11 * height) == pointed  # the bar is twice as high
