"""Writes the PNG pictures that Slicer shows: icons of modules from their SVG, and the thumbnail of the sample scan.

Needs PySide6 and the packages of CTSMA. Look at the pictures after a change.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from PIL import Image

ROOT = Path(__file__).parents[1]
ICONS = ROOT / "CTSMA" / "Resources" / "Icons"
TRAINING_ICONS = ROOT / "CTSMATraining" / "Resources" / "Icons"
SAMPLE = ROOT / "CTSMA" / "Resources" / "SampleData" / "knee_ct_sts047.nii.gz"
ICON_PX = 128
THUMBNAIL_PX = 260
PLACE = 0.4  # of the slice, from the front
WINDOW_HU = (-200.0, 1000.0)


def draw_icon(svg: Path, *targets: Path) -> None:
    """Draw an SVG as a square PNG."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    application = QGuiApplication(sys.argv[:1])
    image = QImage(ICON_PX, ICON_PX, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    for target in targets:
        image.save(str(target))
    del application


def draw_thumbnail(scan: Path, target: Path) -> None:
    """Draw a coronal slice of a scan as a square PNG."""
    image = sitk.DICOMOrient(sitk.ReadImage(str(scan)), "LPI")  # rows from the top, seen from the front
    voxels = sitk.GetArrayFromImage(image)
    slice_hu = voxels[:, round(PLACE * voxels.shape[1])]
    gray = np.interp(slice_hu, WINDOW_HU, (0, 255)).astype(np.uint8)
    width_mm, height_mm = gray.shape[1] * image.GetSpacing()[0], gray.shape[0] * image.GetSpacing()[2]
    scale = THUMBNAIL_PX / max(width_mm, height_mm)
    size = (round(width_mm * scale), round(height_mm * scale))
    picture = Image.fromarray(gray).resize(size, Image.Resampling.BICUBIC)
    square = Image.new("L", (THUMBNAIL_PX, THUMBNAIL_PX))
    square.paste(picture, ((THUMBNAIL_PX - picture.width) // 2, (THUMBNAIL_PX - picture.height) // 2))
    square.save(target, optimize=True)


if __name__ == "__main__":
    draw_icon(ICONS / "CTSMA.svg", ICONS / "CTSMA.png", ROOT / "CTSMA.png")
    draw_icon(TRAINING_ICONS / "CTSMATraining.svg", TRAINING_ICONS / "CTSMATraining.png")
    draw_thumbnail(SAMPLE, ICONS / "CTSMASample.png")
