"""Every name of Qt, CTK, Slicer and VTK that panels, module scripts and scenes use exists and is used as it can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from Testing.static.checks.api_use import find_misuse
from Testing.static.checks.each import for_each
from Testing.static.checks.known_types import CLASSES_TAKEN_FOR_GRANTED
from Testing.static.checks.slicer_facts import ADVICE, all_facts
from Testing.static.checks.sources import FACTORY_TESTS, IN_SLICER, SCENE, UI_FILES
from Testing.static.checks.ui_file import UiFile, read_ui

PANEL = """
<ui version="4.0"><class>Made</class><widget class="QWidget" name="Made">
 <widget class="QPushButton" name="startButton"/>
 <widget class="QCheckBox" name="bonesCheckBox"/>
 <widget class="QTableWidget" name="table"/>
 <widget class="ctkSliderWidget" name="slider"/>
 <widget class="qMRMLNodeComboBox" name="selector"/>
 <widget class="ctkCollapsibleButton" name="section"/>
</widget></ui>
"""

MISUSES = {
    # Names that do not exist.
    "self.ui.slider.valueMoved.connect(f)": "ctkSliderWidget has no valueMoved",
    "self.ui.startButton.pressHard()": "QPushButton has no pressHard",
    "self.ui.selector.currentNodeName()": "qMRMLNodeComboBox has no currentNodeName",
    "self.ui.table.verticalHeader().hideAll()": "QHeaderView has no hideAll",
    "timer = qt.QTimer()\nself.timer.timeOut.connect(f)\nself.timer = timer": "QTimer has no timeOut",
    "for box in (self.ui.bonesCheckBox, self.ui.startButton): box.ticked.connect(f)": "has no ticked",
    "for box, x in ((self.ui.bonesCheckBox, 1), (self.ui.startButton, 2)): box.ticked.connect(f)": "has no ticked",
    "ctk.ctkCollapsingButton()": "ctk has no class ctkCollapsingButton",
    "slicer.qMRMLNodePicker()": "slicer has no class qMRMLNodePicker",
    "slicer.util.askUser('Sure?')": "slicer.util has no askUser",
    "slicer.application.quit()": "slicer has no application",
    "qt.Qt.AlignMiddle": "Qt has no AlignMiddle",
    "value_of(self.ui.bonesCheckBox, 'isChecked')": "QCheckBox has no property isChecked",
    "self.ui.slider.setProperty('min', 1)": "ctkSliderWidget has no property min",
    "put(self.ui.slider, 'setMaximum', 1)": "ctkSliderWidget has no method setMaximum",
    "from slicer.util import VTKObserver": "slicer.util has no VTKObserver",
    "slicer.vtkMRMLVolumeThing()": "slicer has no class vtkMRMLVolumeThing",
    "slicer.mrmlScene.AddNewNodeByClass('vtkMRMLVolumeThing')": "no class vtkMRMLVolumeThing",
    "slicer.mrmlScene.AddNewNodeByClass('vtkMRMLTextNode').SetTexts('a')": "vtkMRMLTextNode has no SetTexts",
    "vtk.vtkMatrix4x4().Turn()": "vtkMatrix4x4 has no Turn",
    # Names that only one of the two Qt has.
    "qt.QRegExp('a')": "do not both have QRegExp",
    "qt.QDesktopWidget()": "do not both have QDesktopWidget",
    "self.ui.bonesCheckBox.checkStateChanged.connect(f)": "does not exist in Qt 5.15",
    "qt.QHBoxLayout().setMargin(0)": "QHBoxLayout has no setMargin",
    "qt.QSignalMapper().mapped.connect(f)": "QSignalMapper has no mapped",
    "def moved(event: qt.QMouseEvent): event.position()": "does not exist in Qt 5.15",
    # What PythonQt does not allow.
    "self.ui.slider.value()": "is a property: it is a value and cannot be called",
    "self.ui.bonesCheckBox.text()": "is a property: it is a value and cannot be called",
    "print(self.ui.slider.value)": "read it with value_of",
    "self.ui.bonesCheckBox.checked = True": "not by assignment",
    "self.ui.bonesCheckBox.note = 'mine'": "nothing can be assigned",
    "self.ui.startButton.connect('clicked()', f)": "connect signals by object",
    "self.ui.startButton.clicked.join(f)": "a signal has connect",
    "self.ui.section.setCollapsed(True)": "exists in C++ only",
    "self.ui.slider.setMinimum(1)": "exists in C++ only",
    "ctk.ctkCollapsibleButton('Title', parent)": "takes 0 to 1 arguments, not 2",
    "qt.QPushButton(text='Start')": "no keyword arguments",
    "qt.QSizePolicy.Policy.Expanding": "no enumeration scopes",
    "qt.Qt.AlignmentFlag.AlignLeft": "no enumeration scopes",
    "from qt import QLabel": "write 'import qt'",
    "qt.QDialog().exec()": "write exec_",
    "qt.QFileDialog.getSaveFileName(None, title)": "PySide6 a pair",
    # Wrong numbers of arguments.
    "self.ui.selector.setMRMLScene()": "takes 1 arguments, not 0",
    "self.ui.table.setItem(1, item)": "takes 3 arguments, not 2",
    "qt.QTimer.singleShot(0)": "arguments, not 1",
    "slicer.util.confirmOkCancelDisplay()": "arguments, not 0",
    "slicer.util.tryWithErrorDisplay('Failed', wait=True)": "has no argument wait",
    "slicer.mrmlScene.AddNewNodeByClass()": "arguments, not 0",
}

FINE = [
    "put(self.ui.slider, 'setValue', 1)",
    "self.ui.slider.valueChanged.connect(lambda *_args: g(value_of(self.ui.slider, 'value')))",
    "self.ui.slider.setProperty('minimum', 1)",
    "self.ui.startButton.setEnabled(False)\nself.ui.startButton.setToolTip(reason)",
    "self.ui.selector.setMRMLScene(slicer.mrmlScene)\nnode = self.ui.selector.currentNode()\nnode.GetName()",
    "self.ui.section.layout().addWidget(w)",
    "self.ui.table.horizontalHeader().setStretchLastSection(True)",
    "item = qt.QTableWidgetItem()\nitem.setData(qt.Qt.UserRole, 3)",
    "self.timer = qt.QTimer()\nself.timer.timeout.connect(f)\nself.timer.start(500)",
    "process = qt.QProcess()\nprocess.setProcessChannelMode(qt.QProcess.SeparateChannels)\nprocess.start(a, b)",
    "qt.QDialog().exec_()",
    "qt.QTimer.singleShot(0, f)",
    "folder = slicer.app.temporaryPath",
    "manager = slicer.app.layoutManager()\nmanager.sliceWidget('Red').sliceController()",
    "with slicer.util.tryWithErrorDisplay('Failed', waitCursor=True): pass",
    "from slicer.util import VTKObservationMixin",
    "v = slicer.vtkMRMLSliceNode()\nv.SetOrientation('Axial')\nv = slicer.vtkMRMLViewNode()\nv.GetBoxVisible()",
    "slicer.vtkMRMLTextNode().SetText('a')",
    "unknown.anything(1, 2).at_all = 3",
]


@pytest.fixture(scope="module")
def a_panel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, UiFile]:
    path = tmp_path_factory.mktemp("ui") / "Made.ui"
    path.write_text(PANEL, encoding="utf-8")
    return {path.name: read_ui(path)}


def in_a_panel(source: str) -> str:
    """The source as the body of a method of a class that loads the made-up panel."""
    if "import" in source:
        return source
    body = source.replace("\n", "\n        ")
    return f"class Panel:\n    UI_FILE = 'Made.ui'\n    def method(self, *_args):\n        {body}\n"


def test_everything_used_exists() -> None:
    panels = {file.name: read_ui(file) for file in UI_FILES}

    def check(path: Path) -> None:
        findings = find_misuse(path.read_text(encoding="utf-8"), all_facts(), panels, path.name)
        assert [str(finding) for finding in findings] == []

    for_each([*IN_SLICER, *SCENE, *FACTORY_TESTS], check)


@pytest.mark.parametrize("source", MISUSES, ids=lambda source: source.splitlines()[0][:60])
def test_the_check_finds(source: str, a_panel: dict[str, UiFile]) -> None:
    found = [str(finding) for finding in find_misuse(in_a_panel(source), all_facts(), a_panel)]
    assert any(MISUSES[source] in text for text in found), found


@pytest.mark.parametrize("source", FINE, ids=lambda source: source.splitlines()[0][:60])
def test_the_check_lets_pass(source: str, a_panel: dict[str, UiFile]) -> None:
    assert find_misuse(in_a_panel(source), all_facts(), a_panel) == []


def test_a_bridge_may_use_what_differs_between_bindings(a_panel: dict[str, UiFile]) -> None:
    source = in_a_panel("qt.QFileDialog.getSaveFileName(None, title)")
    assert find_misuse(source, all_facts(), a_panel, "CTSMAPanels/qt_values.py") == []
    assert find_misuse(source, all_facts(), a_panel, "CTSMAPanels/other.py") != []


@pytest.mark.parametrize("name", CLASSES_TAKEN_FOR_GRANTED)
def test_the_classes_of_the_application_are_known(name: str) -> None:
    assert all_facts().find(name) is not None, f"{name}: {ADVICE}"


def test_the_project_has_what_is_checked() -> None:
    assert any(path.name == "CTSMA.py" for path in IN_SLICER)
    assert UI_FILES
    assert SCENE
    assert FACTORY_TESTS
