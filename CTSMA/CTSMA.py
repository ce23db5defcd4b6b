"""The module CTSMA of 3D Slicer: subchondral bone from a routine knee CT. Research use only."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from CTSMAPanels.module_frame import PanelModule, PanelTest, PanelWidget


class CTSMA(PanelModule):
    """What Slicer shows of the module."""

    def __init__(self, parent):
        PanelModule.__init__(self, parent, register_with_application)
        self.parent.title = _("CTSMA")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        self.parent.helpText = _(
            "Finds the bones of a knee in a routine CT, places patches under the joint surface, measures them, and "
            "writes a report. Research use only – not a medical device."
        )


def register_with_application():
    """Make the sample data, the arrangements of views and the settings known; scenes need the views at startup."""
    from CTSMALib.scene.layouts import register_layout
    from CTSMAPanels.main_window import views_node
    from CTSMAPanels.sample_data import register_sample_data
    from CTSMAPanels.settings.page import register_settings_page

    register_sample_data()
    register_settings_page()
    if views_node() is not None:  # without a main window
        register_layout(views_node())


class CTSMAWidget(PanelWidget):
    """Holds the panel while the module exists."""

    def make_panel(self):
        """The panel."""
        from CTSMAPanels.reading.module_panel import ModulePanel

        register_with_application()
        return ModulePanel(slicer.mrmlScene)


class CTSMALogic(ScriptedLoadableModuleLogic):
    """The module without its panel, for scripts.

    More is in ``CTSMALib.scene``: coloring, selecting, writing a result again.
    """

    def analyze(self, ct, side="auto", on_change=None, model="", scan="auto", kvp=0.0, structure=False):
        """Analyze a CT or a high-resolution MR of the scene and wait for it.

        Args:
            ct: ``vtkMRMLScalarVolumeNode``.
            side: "auto", "left", "right" or "both".
            on_change: called with the monitor of the worker process when that has changed, in the thread of the
                caller: it may touch scene and widgets. What it raises cancels the analysis.
            model: name of the model that estimates apparent parameters on a CT; "none" for none.
            scan: what it is: "ct", "mr", or "auto" to tell it from DICOM or the values.
            kvp: tube voltage in kV of a CT that does not state it; 0 where it does, or nobody knows it.
            structure: whether the model also estimates BV/TV, Tb.Th, Tb.Sp and Tb.N on the scale of the true structure
                of simulated knees.

        Returns:
            The new results, one ``CTSMALib.scene.result_nodes.ResultNodes`` per knee.

        Raises:
            CTSMALib.errors.CTSMAError: the scan cannot be analyzed; the text says why and what to do.
        """
        from CTSMAPanels.reading.script import analyze_and_wait

        return analyze_and_wait(slicer.mrmlScene, ct, side, on_change, model, scan, kvp, structure)

    def show(self, result, key="ct_bvf", overlay="patches", opacity=0.6, layer=1, aspect="value"):
        """Show a result in the views, and hide the others; the panel, where it is open, shows the same.

        Args:
            result: ``CTSMALib.scene.result_nodes.ResultNodes``.
            key: quantity of the catalogue that colors it; its first one where it has no such values.
            overlay: what lies over the CT: "patches", "map" or "none".
            opacity: of that, 0 to 1.
            layer: depth layer whose patches are outlined, 1 or 2.
            aspect: what colors say: "value", "interval" or "flags".

        Raises:
            KeyError: the catalogue has no such quantity.
        """
        from CTSMAPanels.reading.script import show_result

        widget = getattr(slicer.modules, "CTSMAWidget", None)
        panel = widget.panel if widget is not None and result.scene is slicer.mrmlScene else None
        show_result(result, key, panel, overlay=overlay, opacity=opacity, layer=layer, aspect=aspect)


class CTSMATest(PanelTest):
    """What the module can be tested for in any Slicer: no torch, no package that has to be installed."""

    def test_state_is_saved_with_the_scene(self):
        """The state of the panel survives in its parameter node."""
        from CTSMALib.scene.panel_state import MODULE, PanelState
        from CTSMALib.scene.state import load_state, save_state, state_node

        state = PanelState(quantity="ct_hu_mean", opacity=0.25, layer=2, patch=17, bones="tibia")
        save_state(state_node(slicer.mrmlScene, MODULE), state)
        self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), PanelState), state)

    def test_volumes_keep_their_place(self):
        """An oblique image comes back from its node as it was."""
        import numpy as np
        import SimpleITK as sitk

        from CTSMALib.scene.geometry import fill_volume, image_of

        turn = sitk.Euler3DTransform()
        turn.SetRotation(0.2, -0.1, 0.3)
        image = sitk.GaussianSource(sitk.sitkInt16, [9, 10, 11], scale=900)
        image.SetSpacing([0.5, 0.7, 2.0])
        image.SetOrigin([10.0, -20.0, 30.0])
        image.SetDirection(turn.GetMatrix())
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        fill_volume(node, image)
        back = image_of(node)
        np.testing.assert_allclose(back.GetDirection(), image.GetDirection(), atol=1e-9)
        np.testing.assert_allclose(back.GetOrigin(), image.GetOrigin())
        np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(image))

    def test_buttons_say_why_they_are_disabled(self):
        """Nothing can be started in an empty scene, and every button tells the reason."""
        from CTSMAPanels.reading.module_panel import ModulePanel

        panel = ModulePanel(slicer.mrmlScene)
        try:
            self.assert_told_why(panel.scan.ui.applyButton, panel.results.ui.removeButton, panel.report.ui.exportButton)
        finally:
            panel.close()
