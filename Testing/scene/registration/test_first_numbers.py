"""The first numbers of a bone are prepared by another thread."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.registration.session import ReviewSession
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.session_folder import registration_folder


def test_the_first_numbers_hold_nothing_up(
    a_scene: Any, tmp_path: Path, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> None:
    folder = registration_folder(tmp_path / "registration", a_pair, a_record_of_the_pair)
    session = ReviewSession.open(a_scene, folder, a_pair.ct, a_pair.mr, "A. Reader")
    begun = last = time.perf_counter()
    longest = 0.0
    while not session.prepare_numbers():
        assert session.measuring
        time.sleep(0.002)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    took, begun = time.perf_counter() - begun, time.perf_counter()
    found = session.numbers()
    again = time.perf_counter() - begun
    print(f"prepared in {took:.2f} s, longest pause {1000 * longest:.0f} ms, numbers then {1000 * again:.0f} ms")
    assert longest < 0.7 * took and again < 0.5 * took  # neither waits for all of the other thread's work
    assert found is not None and found.contour_mm is not None
    session.move("femur", (1.0, 0.0, 0.0))
    assert session.prepare_numbers()
    session.activate("tibia")
    assert session.numbers() is not None  # waits by itself
    session.close()
