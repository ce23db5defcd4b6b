"""The Python packages that worker processes need, beside those that come with 3D Slicer."""

from __future__ import annotations

import importlib.metadata

from CTSMALib.resources import resource

REQUIREMENTS_FILE = "requirements.txt"


def requirements() -> list[str]:
    """One requirement each, for example ``"scikit-image>=0.22"``."""
    lines = resource(REQUIREMENTS_FILE).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def missing_requirements() -> list[str]:
    """Those of :func:`requirements` that this Python does not meet; nothing is imported to tell."""
    from packaging.requirements import Requirement

    missing = []
    for text in requirements():
        requirement = Requirement(text)
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(text)
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            missing.append(text)
    return missing
