"""The models of the library for panels, told without loading any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from CTSMALib.errors import CTSMAError


@dataclass(frozen=True)
class ModelLine:
    """A model.

    Attributes:
        name: that it is called by.
        task: what it is for; empty where it is damaged, like the next one.
        version: of it.
        shipped: whether it comes with the software.
        folder: where it lies.
        problem: what is wrong with it; empty where nothing is.
    """

    name: str
    task: str
    version: str
    shipped: bool
    folder: Path
    problem: str = ""


def list_models() -> tuple[ModelLine, ...]:
    """The models that come with CTSMA, and those that were added; damaged ones too."""
    from CTSMALib.bundles.bundle import read_bundle
    from CTSMALib.bundles.library import places

    found = []
    for place in places():
        try:
            bundle = read_bundle(place.folder)
        except CTSMAError as error:
            found.append(ModelLine(place.name, "", "", place.shipped, place.folder, error.message))
        else:
            found.append(ModelLine(place.name, bundle.task, bundle.version, place.shipped, place.folder))
    return tuple(found)


def remove_model(name: str) -> Path:
    """Delete a model that was added.

    Raises:
        CTSMAError: there is none, it comes with the software, or it cannot be deleted.
    """
    from CTSMALib.bundles.library import remove_bundle

    return remove_bundle(name)
