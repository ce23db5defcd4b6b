"""Report files in a result folder."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.errors import InputError, MissingDependencyError, OutputError
from CTSMALib.report.identity import prepared
from CTSMALib.report.model import PAPERS, ReportModel, ReportOptions

_RENDERERS = {
    "html": ("CTSMALib.report.html", "render_html"),
    "pdf": ("CTSMALib.report.pdf", "render_pdf"),
    "csv": ("CTSMALib.report.csv_table", "render_csv"),
}
FORMATS = tuple(_RENDERERS)
_DIAGNOSIS = ("CTSMALib.report.diagnosis.stored", "stored_diagnosis")


def write_reports(
    analysis: KneeAnalysis, folder: Path, formats: Sequence[str], options: ReportOptions | None = None
) -> dict[str, Path]:
    """Write ``report.html``, ``report.pdf`` or ``report.csv`` into a result folder.

    A file is complete or absent: each is written aside and renamed.

    Args:
        analysis: the findings, with their identifiers.
        folder: the result folder.
        formats: some of :data:`FORMATS`.
        options: how to write; the defaults if left out.

    Returns:
        Format to path, in the order of ``formats``.

    Raises:
        InputError: an unknown format or paper, or a volume for the pictures is missing.
        MissingDependencyError: a package for a format is not installed.
        OutputError: the folder does not exist, or a file cannot be written.
    """
    if not folder.is_dir():
        raise OutputError(f"There is no folder {folder}.", "Give the folder of an analysis.")
    wanted = list(dict.fromkeys(name.strip().lower() for name in formats))
    written = renderings(analysis, folder, wanted, options or ReportOptions())
    return {name: _write(folder, name, render) for name, render in written.items()}


def renderings(
    analysis: KneeAnalysis, folder: Path, formats: Sequence[str], options: ReportOptions
) -> dict[str, Callable[[Path], None]]:
    """Make what reports hold, pictures too; what is left is to write them.

    Args:
        analysis, folder, formats, options: as of :func:`write_reports`.

    Returns:
        Format to what writes the report to a path.

    Raises:
        InputError, MissingDependencyError: as :func:`write_reports`.
    """
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"There is no report format “{name}”.", f"Choose from {', '.join(FORMATS)}.")
    if options.paper not in PAPERS:
        raise InputError(f"There is no paper “{options.paper}”.", f"Choose from {', '.join(PAPERS)}.")
    loaded = {name: _loaded(*_RENDERERS[name]) for name in formats}  # before any work: tells what is missing at once
    model = _model(analysis, folder, options) if {"html", "pdf"} & set(formats) else None

    def text_of(name: str) -> str:
        if name == "csv":
            shown = prepared(analysis, options)
            return str(loaded[name](shown, _loaded(*_DIAGNOSIS)(shown, folder, options)))
        return str(loaded[name](model))

    def render(name: str, path: Path) -> None:
        if name == "pdf":
            loaded[name](model, path, options.paper)
        else:
            path.write_text(text_of(name), encoding="utf-8", newline="\n")

    return {name: functools.partial(render, name) for name in formats}


def _model(analysis: KneeAnalysis, folder: Path, options: ReportOptions) -> ReportModel:
    build: Callable[..., ReportModel] = _loaded("CTSMALib.report.builder", "build_report")
    return build(analysis, folder, options)


def _write(folder: Path, name: str, render: Callable[[Path], None]) -> Path:
    """Write one report aside, then rename it."""
    path = folder / f"report.{name}"
    aside = folder / f".report.{os.getpid()}.{name}"
    try:
        render(aside)
        os.replace(aside, path)
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"{path.name} cannot be written: {why}.", "Check the folder and the free space.") from error
    finally:
        aside.unlink(missing_ok=True)
    return path


def _loaded(module: str, name: str) -> Callable[..., Any]:
    """Import a renderer when it is needed, because the packages behind it are heavy and optional."""
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        raise MissingDependencyError(
            f"Reports need the Python package {package}.", f"Install it with: pip install {package}"
        ) from error
