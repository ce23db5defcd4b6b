"""Letting the nodes of the shown result follow its CT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from CTSMALib.scene.ct_node import follow_ct
from CTSMALib.scene.result_nodes import ResultNodes


class CTWatch:
    """Follows the CT of a result when that is put under a transform.

    Args:
        on_move: called after that.
    """

    def __init__(self, on_move: Callable[[], None]) -> None:
        self._on_move = on_move
        self._watched: tuple[Any, int] | None = None
        self._result: ResultNodes | None = None

    def watch(self, result: ResultNodes | None) -> None:
        """Watch the CT of a result, or none."""
        self._result = result
        ct = result.get("ct") if result is not None else None
        if self._watched is None or self._watched[0] is not ct:
            self.stop()
            if ct is not None:
                event = slicer.vtkMRMLTransformableNode.TransformModifiedEvent
                self._watched = (ct, ct.AddObserver(event, self._moved))
        self._result = result
        if result is not None:
            follow_ct(result)

    def stop(self) -> None:
        """Watch nothing any more."""
        if self._watched is not None:
            self._watched[0].RemoveObserver(self._watched[1])
        self.forget()

    def forget(self) -> None:
        """The CT has gone with the scene."""
        self._watched = self._result = None

    def _moved(self, caller: Any, event: str) -> None:
        if self._result is not None:
            self._on_move()
