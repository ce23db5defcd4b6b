"""What the Slicer factory tests of the module: needs Slicer alone, no torch, no package to install, no network."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import slicer


class CTSMAModuleTest(unittest.TestCase):
    """The module in the application."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def test_the_module_is_loaded(self) -> None:
        module = slicer.modules.ctsma
        self.assertEqual(module.title, "CTSMA")
        self.assertTrue(module.helpText)
        self.assertTrue(module.acknowledgementText)
        self.assertFalse(module.icon.isNull())

    def test_the_application_has_the_classes_that_other_tests_take_for_granted(self) -> None:
        self.assertEqual(type(slicer.app).__name__, "qSlicerApplication")
        self.assertEqual(type(slicer.modules.ctsma).__name__, "qSlicerScriptedLoadableModule")
        manager = slicer.app.layoutManager()
        if manager is None:  # without a main window
            return
        self.assertEqual(type(manager).__name__, "qSlicerLayoutManager")
        for name in manager.sliceViewNames():
            self.assertEqual(type(manager.sliceWidget(name)).__name__, "qMRMLSliceWidget")
            self.assertEqual(type(manager.sliceWidget(name).sliceView()).__name__, "qMRMLSliceView")
        if manager.threeDWidget(0) is not None:
            self.assertEqual(type(manager.threeDWidget(0)).__name__, "qMRMLThreeDWidget")
            self.assertEqual(type(manager.threeDWidget(0).threeDView()).__name__, "qMRMLThreeDView")

    def test_its_panel_can_be_made(self) -> None:
        widget = slicer.modules.ctsma.createNewWidgetRepresentation()
        self.assertIsNotNone(widget)
        self.assertIsNotNone(widget.self().panel)
        widget.deleteLater()

    def test_the_sample_scan_is_registered_and_there(self) -> None:
        from CTSMAPanels.sample_data import register_sample_data

        register_sample_data()
        sources = slicer.modules.sampleDataSources["CTSMA"]
        self.assertEqual(len(sources), 1)
        for uri in sources[0].uris:
            self.assertTrue(Path(url2pathname(urlparse(uri).path)).is_file(), uri)

    def test_the_state_is_saved_with_the_scene(self) -> None:
        from CTSMALib.scene.panel_state import MODULE, PanelState
        from CTSMALib.scene.state import load_state, save_state, state_node

        state = PanelState(quantity="ct_hu_mean", opacity=0.25, layer=2, patch=17, bones="tibia")
        save_state(state_node(slicer.mrmlScene, MODULE), state)
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "scene.mrml")
            self.assertTrue(slicer.util.saveScene(file))
            slicer.mrmlScene.Clear()
            self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), PanelState), PanelState())
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(file)
        self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), PanelState), state)
