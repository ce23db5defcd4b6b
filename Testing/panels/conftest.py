"""Slicer without its desktop, for tests of panels; see bench/README.md."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from Testing.panels.bench import Bench, install

# Test modules import qt, ctk and slicer when they are collected.
_BENCH = install()


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """The test bench."""
    yield _BENCH
    _BENCH.close()


@pytest.fixture
def scene(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The scene, empty; an exception in a slot or observer fails the test."""
    bench.reset()
    monkeypatch.setattr(sys, "excepthook", bench.note_error)
    yield bench.scene
    errors = list(bench.errors)
    bench.reset()
    gc.collect()  # panels and what they know of scans, often a hundred megabytes, refer to each other
    assert not errors, "Qt and VTK swallow exceptions in slots and observers:\n" + "\n".join(errors)
