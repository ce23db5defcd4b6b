"""The packages that worker processes need: told of, and installed when the user agrees."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.jobs.requirements import missing_requirements
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.ui_files import load_panel

REQUESTER = "CTSMA"
KEPT_AS_THEY_ARE = ["numpy", "scipy", "SimpleITK", "vtk", "pydicom", "torch"]  # replacing them breaks Slicer


class DependencyBar:
    """Says which packages are missing and offers to install them; hidden where none is.

    Args:
        on_change: called when packages were installed.
        missing: tells what is missing, replaceable for tests.
    """

    UI_FILE = "CTSMADependencies.ui"

    def __init__(self, on_change: Callable[[], None], missing: Callable[[], list[str]] = missing_requirements) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._on_change = on_change
        self._find_missing = missing
        self.missing: list[str] = []
        self.ui.installButton.clicked.connect(lambda *_args: self.install())
        self.ui.installFromFolderButton.clicked.connect(lambda *_args: self.install_from_folder())
        self.refresh()

    def refresh(self) -> None:
        """Look again what is missing."""
        self.missing = self._find_missing()
        self.widget.setVisible(bool(self.missing))
        names = ", ".join(self.missing)
        self.ui.missingLabel.setText(
            _("To analyze scans, CTSMA needs Python packages that are not installed: {names}.").format(names=names)
        )

    @property
    def reason(self) -> str:
        """Why nothing can be analyzed; empty where nothing is missing."""
        return _("Install the missing Python packages first, with the button above.") if self.missing else ""

    def install(self, folder: str = "") -> bool:
        """Ask, then install.

        Args:
            folder: a folder with the packages' wheel files; without it they are downloaded.

        Returns:
            Whether nothing is missing any more.
        """
        source = folder or _("the Python Package Index (pypi.org)")
        question = _("Install {names} from {source} into Slicer's Python? Nothing of Slicer is replaced.")
        if not slicer.util.confirmOkCancelDisplay(question.format(names=", ".join(self.missing), source=source)):
            return False
        with _wheels_from(folder), problems_shown(_("The packages could not be installed.")):
            _pip_install(self.missing)
        self.refresh()
        self._on_change()
        return not self.missing

    def install_from_folder(self) -> bool:
        """Ask for a folder of wheel files and install from it: the way without a network."""
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Folder with the packages' wheel files"))
        return bool(folder) and self.install(str(folder))


def _pip_install(requirements: list[str]) -> None:
    try:
        from slicer import packaging
    except ImportError:  # Slicer before 5.11
        slicer.util.pip_install(requirements)
        return
    packaging.pip_install(requirements, skip_packages=KEPT_AS_THEY_ARE, requester=REQUESTER)


@contextmanager
def _wheels_from(folder: str) -> Iterator[None]:
    """Let pip take packages from a folder only; as an address, because pip splits paths at spaces."""
    wanted: dict[str, Any] = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": Path(folder).resolve().as_uri()} if folder else {}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


NewDependencyBar = Callable[[Callable[[], None]], DependencyBar]  # calls back when packages have come
