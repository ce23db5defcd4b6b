"""The packages that networks need, which are no part of a plain installation."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from CTSMALib.errors import MissingDependencyError

PACKAGES = ("torch", "monai", "safetensors")
REMEDY = "Install PyTorch, MONAI and safetensors: pip install 'ctsma[learning]'"


def need_learning_packages() -> None:
    """Say what is missing before anything heavy is loaded.

    Raises:
        MissingDependencyError: a package is not installed.
    """
    for name in PACKAGES:
        if sys.modules.get(name) is None and find_spec(name) is None:
            raise MissingDependencyError(f"Models need the package {name}.", REMEDY)
