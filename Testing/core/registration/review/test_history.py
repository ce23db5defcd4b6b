"""Undo gives back the very state, and remembers no more than it should."""

from __future__ import annotations

import pytest

from CTSMALib.registration.review.corrections import Corrections
from CTSMALib.registration.review.history import History
from Testing.core.registration.made_up_record import a_record


class Clock:
    """That stands until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def a_clock() -> Clock:
    return Clock()


def test_undo_and_redo_give_the_very_matrices() -> None:
    states = [Corrections.of_record(a_record())]
    history = History(states[0])
    for degrees in (0.1, 0.5, 2.0):
        states.append(states[-1].turned("knee", [1.0, 2.0, 3.0], degrees))
        history.push(f"Turn {degrees}", states[-1])
    assert [history.undo() for _ in range(3)] == states[2::-1]
    assert history.state is states[0]
    assert [history.redo() for _ in range(3)] == states[1:]
    assert history.state is states[3]


def test_steps_are_named() -> None:
    history = History("a")
    assert (history.undo_name, history.redo_name, history.can_undo, history.can_redo) == ("", "", False, False)
    history.push("first", "b")
    history.push("second", "c")
    assert (history.undo_name, history.redo_name) == ("second", "")
    history.undo()
    assert (history.undo_name, history.redo_name, history.names) == ("first", "second", ("first",))


def test_nothing_happens_at_the_ends() -> None:
    history = History("a")
    assert history.undo() == "a" and history.redo() == "a"
    history.push("step", "b")
    assert [history.undo(), history.undo(), history.redo(), history.redo()] == ["a", "a", "b", "b"]


def test_a_new_step_forgets_what_could_be_redone() -> None:
    history = History("a")
    history.push("first", "b")
    history.push("second", "c")
    history.undo()
    history.push("third", "d")
    assert not history.can_redo and history.redo_name == ""
    assert [history.undo(), history.undo()] == ["b", "a"]


def test_a_held_key_makes_one_step(a_clock: Clock) -> None:
    history = History(0, quick_s=1.0, clock=a_clock)
    for n in range(1, 11):
        a_clock.now += 0.9
        history.push(f"Move femur {n}", n, merge_key="femur x")
    assert history.undo_name == "Move femur 10"
    assert history.undo() == 0 and not history.can_undo
    assert history.redo() == 10


@pytest.mark.parametrize(
    ("pause", "key"), [(1.1, "femur x"), (0.1, "tibia x"), (0.1, "")], ids=["late", "other", "none"]
)
def test_other_and_late_steps_stay_apart(a_clock: Clock, pause: float, key: str) -> None:
    history = History(0, quick_s=1.0, clock=a_clock)
    history.push("one", 1, merge_key="femur x")
    a_clock.now += pause
    history.push("two", 2, merge_key=key)
    assert history.names == ("one", "two")


def test_steps_do_not_merge_across_undo_or_a_released_key(a_clock: Clock) -> None:
    history = History(0, clock=a_clock)
    history.push("one", 1, merge_key="k")
    history.seal()
    history.push("two", 2, merge_key="k")
    history.undo()
    history.push("three", 3, merge_key="k")
    assert history.names == ("one", "three")
    assert [history.undo(), history.undo()] == [1, 0]


def test_the_first_state_is_never_merged_away(a_clock: Clock) -> None:
    history = History("start", clock=a_clock)
    history.push("one", "b", merge_key="k")
    history.undo()
    history.push("two", "c", merge_key="k")
    assert history.undo() == "start"


def test_only_the_newest_steps_are_kept() -> None:
    history = History(0, limit=3)
    for n in range(1, 8):
        history.push(str(n), n)
    assert history.names == ("5", "6", "7")
    assert [history.undo() for _ in range(4)] == [6, 5, 4, 4]


def test_a_name_can_tell_how_far_steps_that_became_one_went(a_clock: Clock) -> None:
    history = History(10, clock=a_clock)
    for state in (11, 12, 15):
        history.push(lambda before, state=state: f"by {state - before}", state, "up")
    assert history.names == ("by 5",)
    history.seal()
    history.push(lambda before: f"by {16 - before}", 16, "up")
    assert history.names == ("by 5", "by 1")
    assert history.undo() == 15 and history.undo() == 10
