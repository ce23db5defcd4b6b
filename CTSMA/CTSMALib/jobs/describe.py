"""What a file or folder holds and whether it can be analyzed, told without analyzing it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from CTSMALib.volumes import SeriesInfo, list_series, read_scan
from CTSMALib.volumes.dicom_series import series_label


def describe(path: Path) -> dict[str, Any]:
    """Describe a scan in plain JSON types.

    Returns:
        ``input``, and either ``series`` (a DICOM folder or file, the likely knee CT first, see
        :class:`~CTSMALib.volumes.SeriesInfo`) or ``image`` with ``format``, ``size_voxels``,
        ``spacing_mm`` and ``notices``.

    Raises:
        CTSMAError: there is nothing that can be read.
    """
    series = list_series(path)
    if series:
        return {"input": str(path), "series": [asdict(one) for one in series]}
    scan = read_scan(path)  # one image: reading it is quick, and only that tells whether it holds a CT
    image = {
        "format": scan.identity.format,
        "size_voxels": list(scan.image.GetSize()),
        "spacing_mm": [round(spacing, 6) for spacing in scan.image.GetSpacing()],
        "notices": [asdict(notice) for notice in scan.notices],
    }
    return {"input": str(path), "image": image}


def description_lines(description: dict[str, Any]) -> list[str]:
    """The lines that a terminal shows for what :func:`describe` found."""
    if "image" in description:
        image = description["image"]
        lines = [f"{image['format']} image", *_size_lines(image["size_voxels"], image["spacing_mm"])]
        return lines + ["  can be analyzed", *(f"  note: {notice['text']}" for notice in image["notices"])]
    lines = []
    for series in (SeriesInfo(**fields) for fields in description["series"]):
        title = series.description or "without description"
        lines.append(f"Series {series.choice}: {title} ({series.modality or 'modality unknown'})")
        lines.append(f"  {series.n_images} images{_spacing_text(series)}")
        lines.append("  can be analyzed" if series.usable else f"  cannot be analyzed: {_reason(series)}")
    usable = [series["choice"] for series in description["series"] if series["usable"]]
    if len(usable) > 1:
        lines.append(f"Series {usable[0]} is taken unless another one is chosen with --series.")
    return lines


def can_be_analyzed(description: dict[str, Any]) -> bool:
    """Whether anything that :func:`describe` found is a CT that can be analyzed."""
    return "image" in description or any(series["usable"] for series in description["series"])


def _reason(series: SeriesInfo) -> str:
    """Why a series cannot be used, without its name, which stands above."""
    name = f"{series_label(series.choice, series.description)} "
    return f"it {series.reason.removeprefix(name)}" if series.reason.startswith(name) else series.reason


def _size_lines(size: list[int], spacing: list[float]) -> list[str]:
    return [
        f"  {' × '.join(str(n) for n in size)} voxels of {' × '.join(f'{s:.3g}' for s in spacing)} mm",
        f"  {' × '.join(f'{n * s:.0f}' for n, s in zip(size, spacing, strict=True))} mm in all",
    ]


def _spacing_text(series: SeriesInfo) -> str:
    if series.spacing_mm is None or series.slice_spacing_mm is None:
        return ""
    pixel = " × ".join(f"{s:.3g}" for s in series.spacing_mm)
    kernel = f", kernel {series.kernel}" if series.kernel else ""
    return f", pixels of {pixel} mm, slices every {series.slice_spacing_mm:.3g} mm{kernel}"
