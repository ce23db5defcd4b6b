"""Arguments that are read the same way everywhere: paths, models, numbers and lists of names."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

NO_MODEL = "none"  # in the place of a name


def given_path(text: str) -> Path:
    """A path as an argument; an empty one, such as an unset variable of a script, is refused."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def given_model(text: str) -> Path:
    """The folder of a model as an argument: a name of :mod:`CTSMALib.bundles.library`, a path, or :data:`NO_MODEL`."""
    if text == NO_MODEL:
        return Path(NO_MODEL)
    from CTSMALib.bundles.library import places

    path = given_path(text)
    return next((place.folder for place in places() if place.name == text), path)


def given_number(text: str) -> float:
    """A finite number as an argument."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def given_names(text: str, possible: tuple[str, ...]) -> tuple[str, ...]:
    """Names separated by commas as an argument, each of the possible ones, in any case, once."""
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in possible]
    if unknown or not wanted:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of {', '.join(possible)}")
    return tuple(dict.fromkeys(wanted))
