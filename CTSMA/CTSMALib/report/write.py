"""Report files in a result folder."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.errors import InputError, MissingDependencyError, OutputError
from CTSMALib.report.csv_table import render_csv
from CTSMALib.report.identity import prepared
from CTSMALib.report.model import ReportModel, ReportOptions

FORMATS = ("html", "pdf", "csv")


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
        InputError: an unknown format, or a volume for the pictures is missing.
        MissingDependencyError: a package for a format is not installed.
        OutputError: a file cannot be written.
    """
    options = options or ReportOptions()
    wanted = list(dict.fromkeys(name.strip().lower() for name in formats))
    for name in wanted:
        if name not in FORMATS:
            raise InputError(f"There is no report format “{name}”.", f"Choose from {', '.join(FORMATS)}.")
    model = _model(analysis, folder, options) if {"html", "pdf"} & set(wanted) else None
    return {name: _write(name, model, analysis, folder, options) for name in wanted}


def _model(analysis: KneeAnalysis, folder: Path, options: ReportOptions) -> ReportModel:
    build: Callable[..., ReportModel] = _loaded("CTSMALib.report.builder", "build_report")
    return build(analysis, folder, options)


def _write(name: str, model: ReportModel | None, analysis: KneeAnalysis, folder: Path, options: ReportOptions) -> Path:
    path = folder / f"report.{name}"
    aside = folder / f".report.{os.getpid()}.{name}"
    try:
        if name == "pdf":
            _loaded("CTSMALib.report.pdf", "render_pdf")(model, aside)
        else:
            text = (
                render_csv(prepared(analysis, options))
                if name == "csv"
                else _loaded("CTSMALib.report.html", "render_html")(model)
            )
            aside.write_text(text, encoding="utf-8", newline="\n")
        os.replace(aside, path)
    except OSError as error:
        raise OutputError(
            f"{path.name} cannot be written: {error.strerror or error}.", "Check the folder and the free space."
        ) from error
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
