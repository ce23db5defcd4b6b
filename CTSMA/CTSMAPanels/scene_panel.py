"""What the panels of all modules have in common: a widget, missing packages, what module and scene tell them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from CTSMAPanels.dependencies import DependencyBar, NewDependencyBar
from CTSMAPanels.panel_jobs import NewRunner
from CTSMAPanels.process import QtJobRunner
from CTSMAPanels.ui_files import load_panel


class ScenePanel(ABC):
    """The panel of a module.

    Args:
        scene: ``vtkMRMLScene``.
        new_runner: makes the runner of jobs, replaceable for tests.
        dependencies: the bar of missing packages, replaceable for tests.

    Attributes:
        widget, ui: what is shown, and its named children.
        applying: a state is being brought into the scene, which tells of that too.
        closed: the panel has let go of everything.
    """

    UI_FILE = ""

    def __init__(
        self, scene: Any, new_runner: NewRunner = QtJobRunner, dependencies: NewDependencyBar = DependencyBar
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self.scene = scene
        self.applying = self.closed = False
        self.dependencies = dependencies(self.packages_came)
        self.make_parts(new_runner, Path(slicer.app.temporaryPath))
        for place, widget in self.places():
            place.layout().addWidget(widget)
        self.read_scene()

    @abstractmethod
    def make_parts(self, new_runner: NewRunner, work: Path) -> None:
        """Make the state, the jobs and the parts of the panel; ``work`` is for files that only this session needs."""

    @abstractmethod
    def places(self) -> Iterable[tuple[Any, Any]]:
        """Where in the panel the widget of each part goes."""

    @abstractmethod
    def read_scene(self) -> None:
        """Take what is saved with the scene, for example after a scene was opened."""

    @abstractmethod
    def refresh(self) -> None:
        """Show again what is there and what may be done now."""

    def packages_came(self) -> None:
        """Packages were installed."""
        self.refresh()

    @abstractmethod
    def is_busy(self) -> bool:
        """Whether a worker runs."""

    @abstractmethod
    def enter(self) -> None:
        """The user opens the module."""

    def exit(self) -> None:  # noqa: B027 - not every panel needs it
        """The user opens another module."""

    def scene_closing(self) -> None:  # noqa: B027
        """The scene is about to be emptied."""

    def node_removed(self, node: Any) -> None:  # noqa: B027
        """A node was removed from the scene."""

    def nodes_settled(self) -> None:  # noqa: B027
        """Many nodes have come and gone at once."""

    @abstractmethod
    def close(self) -> None:
        """Let go of scene and views, before the panel goes."""

    def is_quiet(self) -> bool:
        """Whether nodes come and go by themselves; the state is read when that is over."""
        scene = self.scene
        return self.closed or scene.IsClosing() or scene.IsImporting() or scene.IsBatchProcessing()

    def obstacle(self) -> str:
        """Why nothing can be started now; empty where something can."""
        busy = _("Another job is running; wait for it, or cancel it.") if self.is_busy() else ""
        return str(self.dependencies.reason or busy)


def tell(error: Exception) -> None:
    """Tell of what went wrong after a job has ended."""
    slicer.util.errorDisplay(str(error))
