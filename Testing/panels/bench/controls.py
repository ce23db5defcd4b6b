"""What CTK's sliders, collapsible boxes and path fields do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from Testing.panels.bench.classes import gives, imitates
from Testing.panels.bench.pythonqt import QtCore, QtWidgets

HEADER_HEIGHT = 24
STEPS = 10000  # of the plain slider behind a double-valued one
UNLIMITED = 16777215  # QWIDGETSIZE_MAX


def _fill(owner: Any, *widgets: Any) -> None:
    row = QtWidgets.QHBoxLayout(owner)
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget)


@imitates("ctkCollapsibleGroupBox")
class Foldable:
    """A box that is checkable; while it is not checked, what is in it is hidden."""

    def _created(self: Any) -> None:
        self._folded = []
        self.setCheckable(True)
        self.setChecked(True)
        self.toggled.connect(self._fold)

    def _read_collapsed(self: Any) -> bool:
        return not self.checked

    def _write_collapsed(self: Any, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    def _fold(self: Any, opened: bool) -> None:
        if opened:
            for child in self._folded:
                child.setVisible(True)
            self._folded = []
        else:
            children = [child for child in self.children() if isinstance(child, QtWidgets.QWidget)]
            self._folded += [child for child in children if not child.isHidden()]
            for child in children:
                child.setVisible(False)
        self.setMaximumHeight(UNLIMITED if opened else HEADER_HEIGHT)

    def childEvent(self: Any, event: Any) -> None:
        if event.type() == QtCore.QEvent.Type.ChildPolished and self.collapsed:
            self._fold(False)


@imitates("ctkCollapsibleButton")
class CollapsibleButton(Foldable):
    """A header that shows and hides what is below it."""

    def _created(self: Any) -> None:
        Foldable._created(self)
        self.setContentsMargins(0, HEADER_HEIGHT, 0, 0)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(HEADER_HEIGHT)
        self.toggled.connect(lambda opened: self.contentsCollapsed.emit(not opened))

    def hitButton(self: Any, position: Any) -> bool:
        return bool(position.y() < HEADER_HEIGHT)

    def paintEvent(self: Any, event: Any) -> None:
        painter, option, style = QtWidgets.QStylePainter(self), QtWidgets.QStyleOptionButton(), QtWidgets.QStyle
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width, HEADER_HEIGHT - 2)
        painter.drawControl(style.ControlElement.CE_PushButtonBevel, option)
        painter.drawText(option.rect.adjusted(26, 0, 0, 0), QtCore.Qt.AlignmentFlag.AlignVCenter, self.text)
        option.rect = QtCore.QRect(8, 6, 10, 10)
        arrows = style.PrimitiveElement
        painter.drawPrimitive(arrows.PE_IndicatorArrowDown if self.checked else arrows.PE_IndicatorArrowRight, option)


@imitates("ctkDoubleSlider", maximum=99.0, singleStep=1.0, pageStep=10.0, tracking=True, orientation=1)
class DoubleSlider:
    """A slider with decimals."""

    def _created(self: Any) -> None:
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS)
        self._slider.valueChanged.connect(self._slid)
        _fill(self, self._slider)

    def _slid(self: Any, step: int) -> None:
        self.setValue(self.minimum + step / STEPS * (self.maximum - self.minimum))

    def _write_value(self: Any, value: float) -> None:
        value = min(max(value, self.minimum), self.maximum)
        if value != self.value:
            self._values["value"] = value
            self._changed("value")
            self._tell(value)

    def _tell(self: Any, value: float) -> None:
        self.valueChanged.emit(value)

    def _changed(self: Any, name: str) -> None:
        span = (self.maximum - self.minimum) or 1.0
        self._slider.blockSignals(True)
        self._slider.setValue(round((self.value - self.minimum) / span * STEPS))
        self._slider.blockSignals(False)
        if name in ("minimum", "maximum"):
            self.setValue(self.value)


@imitates(
    "ctkSliderWidget", maximum=99.0, singleStep=1.0, pageStep=10.0, tracking=True, decimals=2, spinBoxVisible=True
)
class SliderWidget(DoubleSlider):
    """A slider beside a spin box."""

    def _created(self: Any) -> None:
        DoubleSlider._created(self)
        self._spin_box = QtWidgets.QDoubleSpinBox()
        self.layout().addWidget(self._spin_box)
        self._changed("")
        self._spin_box.valueChanged.connect(self.setValue)

    def _tell(self: Any, value: float) -> None:
        self.valueIsChanging.emit(value)
        self.valueChanged.emit(value)

    def _changed(self: Any, name: str) -> None:
        box = self._spin_box
        box.blockSignals(True)
        box.setDecimals(self.decimals)
        box.setRange(self.minimum, self.maximum)
        box.setSingleStep(self.singleStep)
        box.setPrefix(self.prefix)
        box.setSuffix(self.suffix)
        box.setVisible(self.spinBoxVisible)
        box.setValue(self.value)
        box.blockSignals(False)
        DoubleSlider._changed(self, name)


@imitates("ctkPathLineEdit", showBrowseButton=True, showHistoryButton=True)
class PathLineEdit:
    """A field for a path, with a button that asks for one."""

    def _created(self: Any) -> None:
        self._field = QtWidgets.QComboBox()
        self._field.setEditable(True)
        self._field.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._button = QtWidgets.QToolButton()
        self._button.setText("...")
        self._button.clicked.connect(self.browse)
        _fill(self, self._field, self._button)
        self._field.editTextChanged.connect(self._edited)

    def _edited(self: Any, path: str) -> None:
        was_valid = bool(self.currentPath)
        self._values["currentPath"] = path
        if path:  # an empty field is no acceptable input, and as with CTK only the second signal tells that it is empty
            self.currentPathChanged.emit(path)
        if was_valid != bool(path):
            self.validInputChanged.emit(bool(path))

    def _write_currentPath(self: Any, path: str) -> None:
        self._field.setEditText(path)

    def _changed(self: Any, name: str) -> None:
        self._button.setVisible(self.showBrowseButton)

    comboBox = gives("_field")

    def browse(self: Any) -> None:
        dialog, filters = QtWidgets.QFileDialog, ";;".join(self.nameFilters)
        if self.filters & self.Dirs and not self.filters & self.Files:
            path = dialog.getExistingDirectory(self, self.label, self.currentPath)
        elif self.filters & self.Writable and not self.filters & self.Readable:
            path = dialog.getSaveFileName(self, self.label, self.currentPath, filters)
        else:
            path = dialog.getOpenFileName(self, self.label, self.currentPath, filters)
        if path:
            self.setCurrentPath(path)

    def addCurrentPathToHistory(self: Any) -> None:
        """Nothing is remembered between tests."""


@imitates("ctkDirectoryButton", directory=str(Path.cwd()))
class DirectoryButton:
    """A button that shows a folder and asks for another."""

    def _created(self: Any) -> None:
        self._button = QtWidgets.QPushButton(self.directory)
        self._button.clicked.connect(self.browse)
        _fill(self, self._button)

    def _changed(self: Any, name: str) -> None:
        self._button.setText(self.text or self.directory)

    def browse(self: Any) -> str:
        path: str = QtWidgets.QFileDialog.getExistingDirectory(self, self.caption, self.directory)
        if path:
            self.setProperty("directory", path)
            self.directorySelected.emit(path)
        return path


@imitates("ctkComboBox")
class ComboBox:
    """A box whose entries have texts as user data."""

    def _read_currentUserDataAsString(self: Any) -> str:
        return str(self.currentData or "")

    def _write_currentUserDataAsString(self: Any, data: str) -> None:
        self.setCurrentIndex(self.findData(data))
