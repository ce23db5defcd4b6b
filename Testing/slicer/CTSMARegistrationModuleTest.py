"""What the Slicer factory tests of the module CTSMARegistration: no torch, no network.

The practice pair needs the packages of CTSMA too, and is left out where they are not installed.
"""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

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

    def test_the_practice_pair_is_registered_and_there(self) -> None:
        from CTSMAPanels.sample_data import REVIEW_CATEGORY, register_review_sample

        register_review_sample()
        (source,) = slicer.modules.sampleDataSources[REVIEW_CATEGORY]
        self.assertEqual(len(source.uris), 2)
        for uri in source.uris:
            self.assertTrue(Path(url2pathname(urlparse(uri).path)).is_file(), uri)

    def test_a_practice_review_from_a_wrong_bone_to_an_accepted_one(self) -> None:
        from CTSMALib.jobs.requirements import missing_requirements

        missing = missing_requirements()
        if missing:
            self.skipTest(f"These packages are not installed: {', '.join(missing)}.")
        from CTSMALib.scene.registration.practice_review import review_practice

        with tempfile.TemporaryDirectory() as folder:
            found = review_practice(slicer.mrmlScene, Path(folder))
        self.assertEqual(found.problems(), [])
