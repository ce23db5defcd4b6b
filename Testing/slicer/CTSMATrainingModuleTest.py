"""What the Slicer factory tests of the module CTSMATraining: no torch, no network."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import slicer


class CTSMATrainingModuleTest(unittest.TestCase):
    """The module in the application."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def test_the_module_is_loaded(self) -> None:
        module = slicer.modules.ctsmatraining
        self.assertEqual(module.title, "CTSMA Training")
        self.assertTrue(module.helpText)
        self.assertTrue(module.acknowledgementText)
        self.assertFalse(module.icon.isNull())

    def test_its_panel_can_be_made(self) -> None:
        widget = slicer.modules.ctsmatraining.createNewWidgetRepresentation()
        self.assertIsNotNone(widget)
        self.assertIsNotNone(widget.self().panel)
        widget.deleteLater()

    def test_the_state_is_saved_with_the_scene(self) -> None:
        from CTSMALib.scene.state import load_state, save_state, state_node
        from CTSMALib.scene.training_state import MODULE, TrainingState

        save_state(state_node(slicer.mrmlScene, MODULE), TrainingState(step="student", steps=40))
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "scene.mrml")
            self.assertTrue(slicer.util.saveScene(file))
            slicer.mrmlScene.Clear()
            self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), TrainingState), TrainingState())
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(file)
        self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), TrainingState).steps, 40)

    def test_a_manifest_is_shown_and_its_errors_are_told(self) -> None:
        from CTSMALib.jobs.training_cohort import CohortDesk
        from CTSMALib.jobs.training_project import read_project

        with tempfile.TemporaryDirectory() as folder:
            manifest = Path(folder) / "manifest.csv"
            manifest.write_text("subject,side,ct,mr\nS1,left,gone_ct,gone_mr\n", encoding="utf-8")
            desk = CohortDesk(read_project(str(manifest), str(Path(folder) / "project")))
            self.assertEqual(len(desk.lines()), 1)
            self.assertIn("is not there", desk.lines()[0].words)
