"""The settings of the extension: one typed value, kept in the application's settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, get_type_hints

import slicer

MOST_THREADS = 256


@dataclass(frozen=True)
class ExtensionSettings:
    """What holds for every scene, kept with the application.

    Attributes:
        student_model: model of apparent parameters for scenes in which none was chosen yet: the name of a model, ""
            for the one that comes with CTSMA, "none".
        diagnosis_model: likewise, of the diagnosis; "" for the one that comes with CTSMA.
        export_folder: folder that is proposed for reports and DICOM files; "" for the one that was used last.
        reader: name or initials under which patches are excluded and registrations are signed off.
        threads: of a worker; 0 for as many as there are cores.
        paper: of PDF reports, of :data:`CTSMALib.jobs.request.PAPERS`; "" for the usual one of the country.
    """

    student_model: str = ""
    diagnosis_model: str = ""
    export_folder: str = ""
    reader: str = ""
    threads: int = 0
    paper: str = ""


KEYS = {
    "student_model": "CTSMA/StudentModel", "diagnosis_model": "CTSMA/DiagnosisModel",
    "export_folder": "CTSMA/ExportFolder", "reader": "CTSMA/Reader", "threads": "CTSMA/Threads",
    "paper": "CTSMA/Paper",
}  # fmt: skip
OnChange = Callable[[ExtensionSettings, ExtensionSettings], None]
_watches: list[SettingsWatch] = []


def read_settings() -> ExtensionSettings:
    """The settings; the default for what is absent or has no meaning."""
    stored, types = slicer.app.settings(), get_type_hints(ExtensionSettings)
    values = {name: _value(stored.value(key), types[name]) for name, key in KEYS.items()}
    return ExtensionSettings(**{name: value for name, value in values.items() if value is not None})


def write_settings(**changes: Any) -> None:
    """Keep changed fields of :class:`ExtensionSettings`, and tell whoever watches."""
    before = read_settings()
    after = replace(before, **changes)
    for field in fields(after):
        value = getattr(after, field.name)
        if value != getattr(before, field.name):
            slicer.app.settings().setValue(KEYS[field.name], value)
    tell_watches()


def tell_watches() -> None:
    """Tell those who watch, if something has changed since they were told last."""
    for watch in list(_watches):
        watch.look()


class SettingsWatch:
    """Learns of changes, wherever they are made.

    Args:
        on_change: called with the settings before and after.
    """

    def __init__(self, on_change: OnChange) -> None:
        self._on_change, self._known = on_change, read_settings()
        _watches.append(self)

    def look(self) -> None:
        """Tell of what has changed."""
        before, self._known = self._known, read_settings()
        if self._known != before:
            self._on_change(before, self._known)

    def stop(self) -> None:
        """Learn of nothing any more."""
        if self in _watches:
            _watches.remove(self)


def proposed_folder(last_setting: str) -> str:
    """The folder to propose for an export: the one that is set, or else the one that was used last.

    Args:
        last_setting: key of the application's settings that holds the folder that was used last.
    """
    return read_settings().export_folder or str(slicer.app.settings().value(last_setting, "") or "")


def _value(stored: Any, kind: type) -> Any:
    """A stored value in its type; files of settings hold text. ``None`` for one that has no meaning."""
    if stored is None:
        return None
    if kind is str:
        return str(stored).strip()
    try:
        return min(max(int(stored), 0), MOST_THREADS)
    except (TypeError, ValueError):
        return None
