"""Knees with their series, written once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from Testing.core.report.dicom.dicom_knee import DicomKnee, made_volumes, written_knee

Knees = Callable[..., DicomKnee]


@pytest.fixture(scope="session")
def a_dicom_knee(tmp_path_factory: pytest.TempPathFactory) -> Knees:
    """(style, virtual) to a knee; that of GE lies obliquely. Do not write into its folders."""
    volumes: dict[bool, tuple] = {}
    done: dict[tuple[str, bool], DicomKnee] = {}

    def knee(style: str = "siemens", virtual: bool = False) -> DicomKnee:
        oblique = style == "ge"
        if oblique not in volumes:
            volumes[oblique] = made_volumes(oblique)
        if (style, virtual) not in done:
            folder = tmp_path_factory.mktemp(style)
            done[style, virtual] = written_knee(folder, style, volumes[oblique], virtual)
        return done[style, virtual]

    return knee
