"""The models that can be chosen for a task, told at once: without reading weights, without torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

STUDENT_TASK, DIAGNOSIS_TASK = "student", "diagnosis"


@dataclass(frozen=True)
class ModelName:
    """A model to choose.

    Attributes:
        name: that it is called by.
        version: as its maker says.
        shipped: whether it comes with the software.
    """

    name: str
    version: str
    shipped: bool


def models_for(task: str) -> list[ModelName]:
    """The models for a task, those that come with the software first; unreadable ones are left out.

    Whether a model is whole is checked when it is used.
    """
    from CTSMALib.bundles.bundle import METADATA
    from CTSMALib.bundles.library import places

    found = []
    for place in places():
        try:
            metadata = json.loads((place.folder / METADATA).read_text(encoding="utf-8"))
            if metadata["ctsma"]["task"] == task:
                found.append(ModelName(place.name, str(metadata.get("version", "")), place.shipped))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def added_models_folder() -> Path:
    """The folder of the models that a user has added; it may not exist."""
    from CTSMALib.bundles.library import models_folder

    return models_folder()
