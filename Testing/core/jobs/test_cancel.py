"""Signals that have to wait."""

from __future__ import annotations

import signal

import pytest

from CTSMALib.errors import CancelledError
from CTSMALib.jobs.cancel import Cancellation, deferred, held


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_while_it_is_held_back(number: signal.Signals) -> None:
    went_on = False
    with pytest.raises(CancelledError), Cancellation() as cancellation:
        with held():
            signal.raise_signal(number)
            went_on = True
        raise AssertionError("it was to be cancelled at the end of the block")
    assert went_on
    assert cancellation.cancelled
    assert cancellation.exit_code == 128 + number


def test_a_signal_wins_over_what_it_met() -> None:
    with pytest.raises(CancelledError), Cancellation(), held():
        signal.raise_signal(signal.SIGTERM)
        raise ImportError


def test_without_a_signal_nothing_happens() -> None:
    with held():
        pass
    with Cancellation() as cancellation:
        with held():
            pass
        with pytest.raises(ImportError), held():
            raise ImportError
    assert not cancellation.cancelled


def test_a_result_that_is_being_moved_is_not_cancelled() -> None:
    with Cancellation() as cancellation, deferred():
        signal.raise_signal(signal.SIGTERM)
    assert not cancellation.cancelled
