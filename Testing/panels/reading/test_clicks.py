"""From rows to slices and from clicks in views to rows."""

from __future__ import annotations

from typing import Any

import numpy as np


def click(bench: Any, view: Any, x: int, y: int) -> None:
    view.forceRender()  # a view that was never drawn cannot be clicked
    bench.click(view, x, y)


def pixel_in_3d(view: Any, world_ras_mm: np.ndarray) -> tuple[int, int]:
    """Where a 3D view shows a place, from its lower left corner."""
    renderer = view.renderWindow().GetRenderers().GetFirstRenderer()
    renderer.SetWorldPoint(*world_ras_mm.tolist(), 1.0)
    renderer.WorldToDisplay()
    x, y, _ = renderer.GetDisplayPoint()
    return round(x), round(y)


def neighbors(patches: Any, label: int) -> list[int]:
    """A patch and those beside it in its compartment and layer."""
    cell, own = patches.cells[label - 1], label - 1
    near = np.abs(patches.cells - cell).max(axis=1) <= 1
    near &= (patches.compartments == patches.compartments[own]) & (patches.layers == patches.layers[own])
    return (np.flatnonzero(near) + 1).tolist()


def slice_pixel(view: Any, world_ras_mm: np.ndarray) -> tuple[int, int]:
    import vtk

    to_view = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(view.mrmlSliceNode().GetXYToRAS(), to_view)
    x, y, _, _ = to_view.MultiplyPoint((*world_ras_mm.tolist(), 1.0))
    return round(x), round(y)


def test_a_click_into_a_slice_selects_the_row(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.selection import center_of, label_at

    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    result = a_reading_panel.result
    own_center = [label for label in range(1, 97) if label_at(result, center_of(result, label)) == label]
    assert len(own_center) > 60
    for label in own_center[::20]:
        a_reading_panel.change(patch=label)  # moves the slice there
        a_reading_panel.change(patch=0)
        click(bench, view, *slice_pixel(view, center_of(result, label)))
        assert a_reading_panel.state.patch == label
        assert a_reading_panel.patches.selected_label() == label


def test_a_drag_selects_nothing(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.selection import center_of

    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    a_reading_panel.change(patch=58)
    x, y = slice_pixel(view, center_of(a_reading_panel.result, 58))
    a_reading_panel.change(patch=3)
    view.forceRender()
    interactor = view.interactor()
    interactor.SetEventPosition(x - 30, y)
    interactor.InvokeEvent("MouseMoveEvent")
    interactor.InvokeEvent("LeftButtonPressEvent")
    interactor.SetEventPosition(x, y)
    interactor.InvokeEvent("LeftButtonReleaseEvent")
    assert a_reading_panel.state.patch == 3


def test_a_click_beside_the_patches_keeps_the_selection(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    a_reading_panel.change(patch=3)
    click(bench, slicer.app.layoutManager().sliceWidget("Red").sliceView(), 1, 1)
    assert a_reading_panel.state.patch == 3


def test_a_click_on_a_bone_selects_the_patch_beneath(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.enface import surface_points

    view = slicer.app.layoutManager().threeDWidget(0).threeDView()
    a_reading_panel.change(bones="tibia")
    view.forceRender()
    result = a_reading_panel.result
    places = surface_points(result.patches)
    hits = 0
    for label in range(1, 97):
        patches = result.patches
        if patches.bones[label - 1] != "tibia" or patches.layers[label - 1] != 1:
            continue
        a_reading_panel.change(patch=0)
        click(bench, view, *pixel_in_3d(view, places[label - 1]))
        # At the rim the plate is steep, and the click meets the bone beside the box.
        hits += a_reading_panel.state.patch == label
        assert a_reading_panel.state.patch in (0, *neighbors(patches, label))
    assert hits >= 18


def test_clicks_of_other_tools_and_modules_select_nothing(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.selection import center_of

    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    a_reading_panel.change(patch=58)
    place = slice_pixel(view, center_of(a_reading_panel.result, 58))
    a_reading_panel.change(patch=0)
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    interaction.SetCurrentInteractionMode(interaction.Place)
    click(bench, view, *place)
    assert a_reading_panel.state.patch == 0
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    a_reading_panel.exit()
    click(bench, view, *place)
    assert a_reading_panel.state.patch == 0
    a_reading_panel.enter()
    click(bench, view, *place)
    assert a_reading_panel.state.patch != 0


def test_views_that_come_with_another_arrangement_are_watched(bench: Any, a_panel: Any) -> None:
    """As the user chooses one with Slicer's own button, until another module is opened."""
    import slicer

    from CTSMALib.scene.layouts import COMPARING, READING

    layout = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    layout.SetViewArrangement(READING)
    bench.process_events(20)
    assert "slice CTSMAOtherRed" not in a_panel.clicks._watched
    layout.SetViewArrangement(COMPARING)
    bench.process_events(20)
    assert "slice CTSMAOtherRed" in a_panel.clicks._watched
    a_panel.exit()
    a_panel.exit()
    layout.SetViewArrangement(READING)
    bench.process_events(20)
    assert not a_panel.clicks._watched
