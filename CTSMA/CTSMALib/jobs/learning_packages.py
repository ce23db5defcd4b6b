"""The packages that networks need, which are no part of a plain installation."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from CTSMALib.bundles.bundle import LEARNING_REMEDY
from CTSMALib.errors import MissingDependencyError

PACKAGES = ("torch", "monai", "safetensors")
FOR_TRAINING = ("sklearn",)


def need_learning_packages(training: bool = False) -> None:
    """Say what is missing before anything heavy is loaded.

    Args:
        training: whether models are trained or judged, not only run.

    Raises:
        MissingDependencyError: a package is not installed.
    """
    for name in PACKAGES + (FOR_TRAINING if training else ()):
        if sys.modules.get(name) is None and find_spec(name) is None:
            raise MissingDependencyError(f"Models need the package {name}.", LEARNING_REMEDY)
