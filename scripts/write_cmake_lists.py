"""Writes the lists of files into the ``CMakeLists.txt`` of each module again, after files came or went.

A file that is not listed is not installed with the extension.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def files_of(module: Path) -> dict[str, list[str]]:
    """What a module installs: ``scripts`` and ``resources``, as sorted paths inside it."""
    packages = sorted(path.parent for path in module.glob("CTSMA*/__init__.py"))
    places = [module / f"{module.name}.py", *(path for package in packages for path in package.rglob("*"))]
    places += (module / "Resources").rglob("*")
    files = {path for path in places if path.is_file() and not _is_left_out(path.relative_to(module))}
    scripts = {path for path in files if path.suffix == ".py" and "Resources" not in path.relative_to(module).parts}
    return {
        "scripts": sorted(path.relative_to(module).as_posix() for path in scripts),
        "resources": sorted(path.relative_to(module).as_posix() for path in files - scripts),
    }


def with_lists(text: str, lists: dict[str, list[str]]) -> str:
    """The text of a ``CMakeLists.txt`` with the files of each list between its marks."""
    for name, files in lists.items():
        marked = re.compile(rf"(?ms)^( *)# begin {name}\n.*?^ *# end {name}$")
        found = marked.search(text)
        if found is None:
            raise ValueError(f"there are no lines '# begin {name}' and '# end {name}'")
        indent = found.group(1)
        lines = [f"# begin {name}", *files, f"# end {name}"]
        text = text[: found.start()] + "\n".join(indent + line for line in lines) + text[found.end() :]
    return text


def lists_of_modules() -> list[Path]:
    """The ``CMakeLists.txt`` of each module."""
    return sorted(path for path in ROOT.glob("CTSMA*/CMakeLists.txt"))


def _is_left_out(relative: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in relative.parts) or relative.suffix == ".pyc"


if __name__ == "__main__":
    for path in lists_of_modules():
        path.write_text(with_lists(path.read_text(encoding="utf-8"), files_of(path.parent)), encoding="utf-8")
