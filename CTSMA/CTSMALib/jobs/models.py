"""The commands about models: which there are, whether they are whole, adding and removing them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CTSMALib.bundles.bundle import Bundle, read_bundle
from CTSMALib.bundles.library import Place, add_bundle, find_bundle, models_folder, places, remove_bundle
from CTSMALib.errors import CTSMAError, InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.values import given_path

LIST, VERIFY, ADD, REMOVE = "list", "verify", "add", "remove"


@dataclass(frozen=True)
class Told:
    """What a command has to say.

    Attributes:
        lines: for people.
        models: for programs, a document for each model.
        failed: names of models that are damaged.
    """

    lines: tuple[str, ...]
    models: tuple[dict[str, Any], ...]
    failed: tuple[str, ...] = ()


def add_models_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add what :func:`run` reads for one of the commands."""
    if action == VERIFY:
        about = "name of a model, or the folder of one (default: all that 'ctsma models list' shows)"
        parser.add_argument("model", metavar="NAME|DIR", nargs="?", help=about)
    elif action == ADD:
        parser.add_argument("model", metavar="DIR", type=given_path, help="the folder of a model bundle")
        parser.add_argument("--name", metavar="NAME", help="what to call it (default: its own name)")
    elif action == REMOVE:
        parser.add_argument("model", metavar="NAME", help="name of a model that was added")
    parser.set_defaults(action=action)


def run(action: str, model: str | Path | None = None, name: str | None = None) -> Told:
    """Do one of the commands.

    Args:
        action: :data:`LIST`, :data:`VERIFY`, :data:`ADD` or :data:`REMOVE`.
        model: name or folder, where the command takes one.
        name: what to call a model that is added.

    Raises:
        CTSMAError: there is no such model, or it cannot be added or removed.
    """
    if action == VERIFY:
        return _verify(model)
    if action == ADD:
        bundle = add_bundle(existing_path(model or ""), name)
        return Told((f"Added        {bundle.identity} to {bundle.folder}",), (_document(bundle, False),))
    if action == REMOVE:
        folder = remove_bundle(str(model))
        return Told((f"Removed      {model} from {folder}",), ({"name": str(model), "folder": str(folder)},))
    return _list()


def refuse_failed(told: Told) -> None:
    """End with an error where a model is damaged, once all was said.

    Raises:
        InputError: one is.
    """
    if told.failed:
        raise InputError(f"Not whole: {', '.join(told.failed)}.", "Copy or train them again.")


def _list() -> Told:
    lines, models = [], []
    for place in places():
        origin = "shipped" if place.shipped else "added"
        try:
            bundle = read_bundle(place.folder)
        except CTSMAError as error:
            lines.append(f"{place.name:<20} {origin:<8} damaged: {error.message}")
            models.append({"name": place.name, "shipped": place.shipped, "error": error.message})
        else:
            lines.append(f"{place.name:<20} {origin:<8} {bundle.task:<12} {bundle.version:<8} {bundle.sha256[:8]}")
            models.append(_document(bundle, place.shipped))
    return Told((*lines, f"Models are added to {models_folder()}"), tuple(models))


def _verify(model: str | Path | None) -> Told:
    if model is not None:
        bundle = find_bundle(model)
        return Told(tuple(_lines(bundle)), (_document(bundle, _is_shipped(bundle)),))
    found = [_checked(place) for place in places()]
    return Told(
        tuple(line for told in found for line in told.lines),
        tuple(document for told in found for document in told.models),
        tuple(name for told in found for name in told.failed),
    )


def _checked(place: Place) -> Told:
    try:
        bundle = read_bundle(place.folder)
    except CTSMAError as error:
        document = {"name": place.name, "shipped": place.shipped, "error": error.message}
        return Told((f"Model        {place.name}: {error.message}", ""), (document,), (place.name,))
    return Told((*_lines(bundle), ""), (_document(bundle, place.shipped),))


def _lines(bundle: Bundle) -> list[str]:
    metrics = _flat(_metrics(bundle))
    return [
        f"Model        {bundle.name}, whole",
        f"Task         {bundle.task}",
        f"Version      {bundle.version}",
        f"SHA-256      {bundle.sha256}",
        f"Learned from {bundle.metadata.get('data_source') or 'not stated'}",
        f"Metrics      {', '.join(metrics) or 'not stated'}",
        f"Folder       {bundle.folder}",
    ]


def _document(bundle: Bundle, shipped: bool) -> dict[str, Any]:
    return {
        **{"name": bundle.name, "task": bundle.task, "version": bundle.version, "sha256": bundle.sha256},
        **{"data_source": bundle.metadata.get("data_source", ""), "metrics": _metrics(bundle)},
        **{"shipped": shipped, "folder": str(bundle.folder)},
    }


def _metrics(bundle: Bundle) -> dict[str, Any]:
    found = bundle.metadata.get("eval_metrics")
    return found if isinstance(found, dict) else {}


def _flat(metrics: dict[str, Any], beginning: str = "") -> list[str]:
    """Metrics in words; the names of nested ones follow each other."""
    found = []
    for name, value in metrics.items():
        if isinstance(value, dict):
            found += _flat(value, f"{beginning}{name} ")
        else:
            found.append(f"{beginning}{name} {_text(value)}")
    return found


def _text(value: object) -> str:
    """A number; one with its interval as ``0.8 [0.7, 0.9]``."""
    if isinstance(value, list) and len(value) == 3:
        middle, low, high = (_text(part) for part in value)
        return f"{middle} [{low}, {high}]"
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)


def _is_shipped(bundle: Bundle) -> bool:
    return any(place.shipped and place.folder == bundle.folder for place in places())
