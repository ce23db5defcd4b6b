"""What the Slicer factory tests of the module CTSMARegistration: needs Slicer alone, no package, no network."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import slicer


class CTSMARegistrationModuleTest(unittest.TestCase):
    """The module in the application."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def test_the_module_is_loaded(self) -> None:
        module = slicer.modules.ctsmaregistration
        self.assertEqual(module.title, "CTSMA Registration")
        self.assertTrue(module.helpText)
        self.assertTrue(module.acknowledgementText)
        self.assertFalse(module.icon.isNull())

    def test_its_panel_can_be_made(self) -> None:
        widget = slicer.modules.ctsmaregistration.createNewWidgetRepresentation()
        self.assertIsNotNone(widget)
        self.assertIsNotNone(widget.self().panel)
        widget.deleteLater()

    def test_the_state_is_saved_with_the_scene(self) -> None:
        from CTSMALib.scene.registration.review_state import MODULE, ReviewState
        from CTSMALib.scene.state import load_state, save_state, state_node

        state = ReviewState(subject="tibia", mode="blend", opacity=0.25, step=0.1)
        save_state(state_node(slicer.mrmlScene, MODULE), state)
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "scene.mrml")
            self.assertTrue(slicer.util.saveScene(file))
            slicer.mrmlScene.Clear()
            self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), ReviewState), ReviewState())
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(file)
        self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), ReviewState).step, 0.1)
