"""Where everything of a training lies: the cohort it begins with, and the folder of what is made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.inputs import read_rows

MANIFEST_FILE, COHORT_FILE = "manifest.csv", "cohort.json"
REGISTRATIONS, PATCHES, TRAINING, EVALUATION, DIAGNOSIS = (
    "registrations", "patches", "training", "evaluation", "diagnosis",
)  # fmt: skip
_PATCHES_MODE = "patches"
_CHOOSE = "Choose a manifest (CSV), the folder of a virtual cohort, or a folder with scans."


class CohortKind(Enum):
    """What a cohort is given as."""

    MANIFEST = "manifest"
    VIRTUAL_PATCHES = "virtual patches"  # boxes of virtual knees, which need no registration
    VIRTUAL_WHOLE = "virtual whole"
    SCANS = "scans"  # a folder in which pairs are to be found


@dataclass(frozen=True)
class Project:
    """A cohort and a folder.

    Attributes:
        cohort: what the user gave.
        kind: what that is.
        folder: for all that is made; need not exist yet.
    """

    cohort: Path
    kind: CohortKind
    folder: Path

    @property
    def manifest(self) -> Path:
        """The manifest, which need not exist yet."""
        if self.kind is CohortKind.MANIFEST:
            return self.cohort
        return (self.folder if self.kind is CohortKind.SCANS else self.cohort) / MANIFEST_FILE

    @property
    def registrations(self) -> Path:
        """Folder of the registered cohort."""
        return self.folder / REGISTRATIONS

    @property
    def patches(self) -> Path:
        """Folder of the patch set."""
        return self.folder / PATCHES

    @property
    def training(self) -> Path:
        """Folder of teacher and students."""
        return self.folder / TRAINING

    @property
    def evaluation(self) -> Path:
        """Folder of the evaluation."""
        return self.folder / EVALUATION

    @property
    def diagnosis(self) -> Path:
        """Folder of the diagnosis."""
        return self.folder / DIAGNOSIS

    @property
    def patch_source(self) -> Path:
        """What patches are made of: boxes, registered scans, or a manifest that names registrations itself."""
        if self.kind is CohortKind.VIRTUAL_PATCHES:
            return self.cohort
        registered = self.registrations / MANIFEST_FILE
        own = self.kind is CohortKind.MANIFEST and names_registrations(self.manifest)
        return self.manifest if own and not registered.is_file() else registered


def read_project(cohort: str, folder: str) -> Project:
    """What a user has chosen.

    Args:
        cohort: path of a manifest, a virtual cohort, or a folder with scans.
        folder: for all that is made.

    Raises:
        InputError: something is missing, or is not there; the text says what to do.
    """
    if not cohort.strip():
        raise InputError("No cohort is chosen.", _CHOOSE)
    if not folder.strip():
        raise InputError("No project folder is chosen.", "Choose a folder for all that is made.")
    try:
        source, project = Path(cohort.strip()).expanduser(), Path(folder.strip()).expanduser()
        kind = kind_of_cohort(source)
    except (RuntimeError, OSError, ValueError) as error:  # an unknown home folder, or no path at all
        raise InputError(f"There is no path '{cohort}'.", _CHOOSE) from error
    if project.is_file():
        raise InputError(f"The project folder '{project}' is a file.", "Choose a folder.")
    if kind is CohortKind.SCANS and source.resolve() == project.resolve():
        raise InputError("The project folder is the folder of the scans.", "Choose another folder for what is made.")
    return Project(source, kind, project)


def kind_of_cohort(path: Path) -> CohortKind:
    """What a path leads to.

    Raises:
        InputError: nothing is there, or a file that is no manifest.
    """
    if path.is_file():
        if path.suffix.lower() != ".csv":
            raise InputError(f"'{path.name}' is no manifest.", _CHOOSE)
        return CohortKind.MANIFEST
    if not path.is_dir():
        raise InputError(f"'{path}' does not exist.", _CHOOSE)
    if (path / COHORT_FILE).is_file():
        return CohortKind.VIRTUAL_PATCHES if _mode(path) == _PATCHES_MODE else CohortKind.VIRTUAL_WHOLE
    return CohortKind.SCANS


def names_registrations(manifest: Path, of_all: bool = False) -> bool:
    """Whether some row of a manifest names a registration, or every one that has a CT and an MR."""
    try:
        _, rows = read_rows(manifest, (), "The manifest", "")
    except InputError:
        return False
    named = [bool(row.get("registration")) for row in rows if row.get("ct") and row.get("mr")]
    return any(named) and (all(named) or not of_all)


def _mode(cohort: Path) -> str:
    try:
        return str(json.loads((cohort / COHORT_FILE).read_text(encoding="utf-8"))["mode"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The virtual cohort '{cohort.name}' is damaged.", "Make it again, or choose another."
        ) from error
