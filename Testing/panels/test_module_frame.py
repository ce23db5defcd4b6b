"""What all modules have in common: how their panels begin and end, and that they work without a main window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ("CTSMA", "CTSMARegistration", "CTSMATraining")


@pytest.fixture(params=MODULES)
def a_module(request: pytest.FixtureRequest, bench: Any, scene: Any) -> Any:
    """Each module, set up, on an empty scene."""
    return bench.load_module(ROOT / request.param / f"{request.param}.py")


def test_a_module_says_who_made_it_and_what_it_needs(a_module: Any) -> None:
    parent = a_module.module.parent
    assert list(parent.contributors) == ["The CTSMA developers"]
    assert "2307.04390" in parent.acknowledgementText
    assert list(parent.dependencies) == ([] if a_module.name == "CTSMA" else ["CTSMA"])


def test_a_widget_follows_the_scene_until_it_is_cleaned_up(a_module: Any, scene: Any) -> None:
    widget = a_module.widget
    panel, observed = widget.panel, len(widget.Observations)
    assert panel.widget.parent() is not None and observed == 5
    a_module.close()
    assert widget.panel is None and panel.closed and len(widget.Observations) == 0
    scene.Clear(False)
    widget.enter()
    widget.exit()


def test_loading_again_takes_every_module_that_has_a_panel(
    bench: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stand on the same packages; what is not loaded needs no loading again."""
    import slicer

    from CTSMAPanels import module_frame

    monkeypatch.setattr(module_frame, "OWN_PACKAGES", ())  # tests that follow go on with these
    base, again = module_frame.ScriptedLoadableModuleWidget, []
    monkeypatch.setattr(slicer.util, "reloadScriptedModule", again.append, raising=False)
    monkeypatch.setattr(base, "onReload", lambda self: again.append(f"{self.moduleName} itself"))
    loaded = [bench.load_module(ROOT / name / f"{name}.py") for name in ("CTSMA", "CTSMATraining")]
    loaded[1].widget.onReload()
    assert again == ["CTSMA", "CTSMATraining itself"]
    assert loaded[1].widget.panel is not None
    for module in loaded:
        module.close()


def test_a_widget_without_a_parent_sets_itself_up(a_module: Any) -> None:
    """As scripts and developers make one."""
    widget = getattr(a_module.source, f"{a_module.name}Widget")()
    assert widget.panel is not None and len(widget.Observations) == 5
    widget.cleanup()


def test_without_a_main_window_a_module_works(a_module: Any, monkeypatch: pytest.MonkeyPatch, scene: Any) -> None:
    import slicer

    from CTSMAPanels.main_window import open_module, why_not_open

    monkeypatch.setattr(type(slicer.app), "layoutManager", lambda _self: None)
    again = getattr(a_module.source, f"{a_module.name}Widget")(None)
    again.enter()
    again.exit()
    assert why_not_open("CTSMARegistration") == "There is no main window."
    open_module("SegmentEditor")
    scene.Clear(False)
    again.cleanup()
    monkeypatch.undo()  # the bench tidies its views
