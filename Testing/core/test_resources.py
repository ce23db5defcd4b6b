"""Shipped files are found, or their absence is explained."""

from __future__ import annotations

import pytest

from CTSMALib.errors import MissingDependencyError
from CTSMALib.resources import resource


def test_a_shipped_file_is_found() -> None:
    assert resource("Atlas/atlas.json").is_file()


def test_a_missing_file_is_explained() -> None:
    with pytest.raises(MissingDependencyError, match=r"models/none\.bin"):
        resource("models/none.bin")
