"""A scripted module of a few lines, written to a folder as tests need it."""

from __future__ import annotations

from pathlib import Path

SOURCE = """
import qt, ctk, slicer, vtk
from slicer.ScriptedLoadableModule import *
from slicer.i18n import tr as _, translate
from slicer.util import VTKObservationMixin


class Tiny(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.setProperty("title", _("Tiny"))
        parent.setProperty("categories", [translate("qSlicerAbstractCoreModule", "Tests")])
        slicer.app.startupCompleted.connect(register_data)


def register_data():
    import SampleData
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="Tests", sampleName="Cube", uris="https://example.org/a", fileNames="cube.nrrd", nodeNames="Cube"
    )


class TinyWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.events = []

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        content = slicer.util.loadUI(self.resourcePath("UI/Tiny.ui"))
        self.layout.addWidget(content)
        self.ui = slicer.util.childWidgetVariables(content)
        content.setMRMLScene(slicer.mrmlScene)
        self.logic = TinyLogic()
        self.ui.apply.clicked.connect(self.on_apply)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, lambda *_: self.events.append("closed"))

    def on_apply(self):
        self.logic.threshold(self.ui.input.currentNode(), self.ui.level.property("value"))

    def enter(self):
        self.events.append("enter")

    def exit(self):
        self.events.append("exit")

    def cleanup(self):
        self.removeObservers()
        self.events.append("cleanup")


class TinyLogic(ScriptedLoadableModuleLogic):
    def threshold(self, volume, level):
        if volume is None:
            slicer.util.errorDisplay("Choose a volume.")
            return
        slicer.util.updateVolumeFromArray(volume, (slicer.util.arrayFromVolume(volume) > level).astype("uint8"))


class TinyTest(ScriptedLoadableModuleTest):
    ran = []

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_one(self):
        self.ran.append("one")

    def test_two(self):
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode"), 0)
        self.ran.append("two")
"""

UI = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0">
 <class>Tiny</class>
 <widget class="qMRMLWidget" name="Tiny">
  <layout class="QVBoxLayout" name="column">
   <item>
    <widget class="ctkCollapsibleButton" name="box">
     <property name="text"><string>Inputs</string></property>
     <layout class="QFormLayout" name="form">
      <item row="0" column="0"><widget class="QLabel" name="inputLabel">
       <property name="text"><string>Volume:</string></property>
       <property name="alignment"><set>Qt::AlignRight|Qt::AlignVCenter</set></property>
      </widget></item>
      <item row="0" column="1"><widget class="qMRMLNodeComboBox" name="input">
       <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
       <property name="noneEnabled"><bool>true</bool></property>
       <property name="addEnabled"><bool>false</bool></property>
       <property name="SlicerParameterName" stdset="0"><string>input</string></property>
      </widget></item>
      <item row="1" column="1"><widget class="ctkSliderWidget" name="level">
       <property name="maximum"><double>500.000000000000000</double></property>
       <property name="value"><double>100.000000000000000</double></property>
       <property name="spinBoxAlignment"><set>Qt::AlignTop</set></property>
       <property name="tickPosition"><enum>QSlider::TicksBelow</enum></property>
      </widget></item>
      <item row="2" column="1"><widget class="ctkPathLineEdit" name="folder">
       <property name="filters"><set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Readable</set></property>
      </widget></item>
     </layout>
    </widget>
   </item>
   <item>
    <widget class="QPushButton" name="apply"><property name="text"><string>Apply</string></property></widget>
   </item>
  </layout>
 </widget>
 <customwidgets>
  <customwidget><class>qMRMLWidget</class><extends>QWidget</extends><header>qMRMLWidget.h</header></customwidget>
  <customwidget><class>qMRMLNodeComboBox</class><extends>QWidget</extends><header>qMRMLNodeComboBox.h</header></customwidget>
  <customwidget><class>ctkCollapsibleButton</class><extends>QWidget</extends><header>c.h</header></customwidget>
  <customwidget><class>ctkSliderWidget</class><extends>QWidget</extends><header>c.h</header></customwidget>
  <customwidget><class>ctkPathLineEdit</class><extends>QWidget</extends><header>c.h</header></customwidget>
 </customwidgets>
 <resources/>
 <connections>
  <connection>
   <sender>Tiny</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
   <receiver>input</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot>
  </connection>
 </connections>
</ui>
"""


def write_tiny_module(folder: Path) -> Path:
    """Write the module with its ``.ui`` file; the path of its source."""
    source = folder / "Tiny.py"
    source.write_text(SOURCE, encoding="utf-8")
    (folder / "Resources" / "UI").mkdir(parents=True)
    (folder / "Resources" / "UI" / "Tiny.ui").write_text(UI, encoding="utf-8")
    return source
