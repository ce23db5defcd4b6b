"""Result tables of the benchmarks: CSV files that grow row by row, each with a JSON file that says how it was made."""

from __future__ import annotations

import csv
import hashlib
import json
import platform
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

import CTSMALib

ROOT = Path(__file__).parents[2]
PACKAGES = ("numpy", "scipy", "SimpleITK", "scikit-image")


class ResultTable:
    """A CSV file that a stopped run goes on with, unless the code has changed since.

    Args:
        path: the CSV file; ``path`` with ``.json`` says how it was made.
        keys: columns that identify a piece of work.
        code: folders whose sources the results depend on. Virtual knees count by the version of their generator.
        settings: what else they depend on, such as seeds.
    """

    def __init__(self, path: Path, keys: tuple[str, ...], code: tuple[str, ...], **settings: object) -> None:
        self._path, self._keys = path, keys
        self._origin = {
            "command": shlex.join(["python", "-m", _module(), *_portable(sys.argv[1:])]),
            "ctsma": CTSMALib.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
            "code_sha256": code_digest(code),
            **settings,
        }
        note = path.with_suffix(".json")
        known = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
        free = {"command": "", "ctsma": ""}  # a release that leaves this code as it was leaves its results valid
        same = {**known, **free} == {**self._origin, **free}
        self.rows = _read(path) if same and path.exists() else []
        path.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(self._origin, indent=1) + "\n", encoding="utf-8")

    def holds(self, **key: object) -> bool:
        """Whether the work with this key (a part of the key columns will do) is done."""
        return any(all(row[name] == str(value) for name, value in key.items()) for row in self.rows)

    def add(self, rows: list[dict[str, object]]) -> None:
        """Append the rows of one piece of work and write the file."""
        self.rows += [{name: _text(value) for name, value in row.items()} for row in rows]
        if not self.rows:
            return
        with self._path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _text(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _module() -> str:
    return ".".join(Path(sys.argv[0]).resolve().relative_to(ROOT).with_suffix("").parts)


def _portable(arguments: list[str]) -> list[str]:
    """Folders of one machine mean nothing elsewhere."""
    return [Path(a).name.upper() if Path(a).is_absolute() else a for a in arguments]


def code_digest(folders: tuple[str, ...]) -> str:
    """Of the Python files in folders of the repository, without those below."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
