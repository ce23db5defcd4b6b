"""How tests are handed to several processes: what shares an expensive fixture stays together, what is long goes first.

``pytest -n`` with ``--dist loadfile`` would make fixtures of a folder once in every process, and begin the longest
files last, because they have the fewest tests.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadFileScheduling

# Folders whose files share whole knees or registrations, with what lies in them.
TOGETHER = (
    "core/anatomy",
    "core/learning/patches",
    "core/registration",
    "core/virtual/body",
    "core/virtual/bones",
)
# Folders in this order; what is in none comes between the last two. Short files end the run, on all processes at once.
FIRST = (
    "panels",
    "core/jobs",
    "core/registration",
    "core/anatomy",
    "core/analysis",
    "core/virtual",
    "scene",
    "core/learning",
)
LAST = "static"


class Distribution(LoadFileScheduling):
    """Files, or the folders of :data:`TOGETHER`, one after another."""

    def __init__(self, config: Any, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the order of the collection, see :func:`rank`

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        folder = file.rpartition("/")[0]
        together = (f"Testing/{name}" for name in TOGETHER)
        return next((name for name in together if folder == name or folder.startswith(f"{name}/")), file)


def rank(nodeid: str) -> int:
    """The place of a test's folder among those of :data:`FIRST`."""
    inside = nodeid.removeprefix("Testing/")
    for place, folder in enumerate(FIRST):
        if inside.startswith(f"{folder}/"):
            return place
    return len(FIRST) + inside.startswith(f"{LAST}/")
