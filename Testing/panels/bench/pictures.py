"""Pictures of views, of widgets, and of a whole window, for tests and for the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from Testing.panels.bench.pythonqt import QtCore, QtGui

COLORS = {"Red": "#F34A33", "Yellow": "#EDD54C", "Green": "#6EB04B"}
BAR = 20  # height of the bar above a view, in pixels


def view_picture(view: Any, size: tuple[int, int] | None = None) -> np.ndarray:
    """Draw a view.

    Args:
        view: a slice or 3D view, or the widget that holds it.
        size: (width, height) in pixels, by default as before.

    Returns:
        (h, w, 3) uint8, the first row on top.
    """
    view = view.viewWidget() if hasattr(view, "viewWidget") else view
    if size is not None:
        view._resize(*size)
    picture: np.ndarray = view._picture()
    return picture


def widget_picture(widget: Any, path: Path | str | None = None, size: tuple[int, int] | None = None) -> np.ndarray:
    """Draw a widget, and write the picture to a file if a path is given; (h, w, 3) uint8."""
    if size is not None:
        widget.resize(*size)
    widget.ensurePolished()
    pixmap = widget.grab()
    if path is not None:
        pixmap.save(str(path))
    return _array(pixmap.toImage())


def save_picture(picture: np.ndarray, path: Path | str) -> None:
    """Write a picture to a file."""
    _image(picture).save(str(path))


def window_picture(
    panel: Any, views: list[list[Any]], path: Path | str | None = None, size: tuple[int, int] = (1400, 900)
) -> np.ndarray:
    """Compose what the application's window shows: the module's panel on the left, views beside it.

    Args:
        panel: the module's widget.
        views: rows of slice, 3D or table widgets of the layout manager.
        path: where to write the picture.
        size: (width, height) of the whole.
    """
    width, height = size
    panel_width = min(max(panel.sizeHint.width(), 380), width // 2)
    canvas = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGB32)
    canvas.fill(panel.palette.color(QtGui.QPalette.ColorRole.Window))
    painter = QtGui.QPainter(canvas)
    # Slicer puts panels into a scroll area, which never makes them lower than they must be.
    panel.resize(panel_width, max(height, panel.minimumSizeHint.height()))
    painter.drawPixmap(0, 0, panel.grab())
    for row, widgets in enumerate(views):
        top, bottom = (round(height * place / len(views)) for place in (row, row + 1))
        for column, widget in enumerate(widgets):
            left, right = (
                panel_width + round((width - panel_width) * place / len(widgets)) for place in (column, column + 1)
            )
            _draw_view(painter, widget, QtCore.QRect(left + 1, top + 1, right - left - 1, bottom - top - 1))
    painter.end()
    if path is not None:
        canvas.save(str(path))
    return _array(canvas)


def _draw_view(painter: Any, widget: Any, place: Any) -> None:
    name = widget.mrmlAbstractViewNode().GetLayoutName()
    color = QtGui.QColor(COLORS.get(name, "#737BE1"))
    bar = QtCore.QRect(place.left(), place.top(), place.width(), BAR)
    painter.fillRect(bar, color)
    painter.setPen(QtGui.QColor("black"))
    painter.drawText(bar.adjusted(6, 0, 0, 0), QtCore.Qt.AlignmentFlag.AlignVCenter, _caption(widget, name))
    view, inner = widget.viewWidget(), place.adjusted(0, BAR, 0, 0)
    if hasattr(view, "_picture"):
        painter.drawImage(inner.topLeft(), _image(view_picture(view, (inner.width(), inner.height()))))
    else:
        view.resize(inner.size())
        painter.drawPixmap(inner.topLeft(), view.grab())


def _caption(widget: Any, name: str) -> str:
    if not hasattr(widget, "sliceLogic"):
        return str(widget.mrmlAbstractViewNode().GetLayoutLabel() or name)
    letter = {"Axial": "S", "Sagittal": "R", "Coronal": "A"}.get(widget.mrmlSliceNode().GetOrientation(), "")
    return f"{name[0]}   {letter}: {widget.sliceLogic().GetSliceOffset():.2f} mm"


def _image(picture: np.ndarray) -> Any:
    picture = np.ascontiguousarray(picture, dtype=np.uint8)
    height, width = picture.shape[:2]
    return QtGui.QImage(picture.data, width, height, 3 * width, QtGui.QImage.Format.Format_RGB888).copy()


def _array(image: Any) -> np.ndarray:
    image = image.convertToFormat(QtGui.QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()
