"""Writes what the project uses of the public Python API of 3D Slicer to Testing/slicer_api.json.

usage: scripts/extract_slicer_api.py FULL.json [--check]

FULL.json holds the facts on all CTK, qMRML and qSlicer classes of one Slicer version. Kept are the classes that
our sources and ``.ui`` files name, their base classes, and the signatures of Slicer's own Python functions. The test
bench and the static tests read only the file that this script writes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SUBSET = ROOT / "Testing" / "slicer_api.json"
FOLDERS = ("CTSMA", "CTSMARegistration", "CTSMATraining", "Testing/panels", "Testing/slicer")
CLASS_NAME = re.compile(r"\b(?:ctk|qMRML|qSlicer)[A-Z]\w*")
# Not needed to know what Python sees of a class.
DROPPED = ("header", "cpp_ctors")


def named_classes(root: Path) -> set[str]:
    """The CTK, qMRML and qSlicer classes that sources and ``.ui`` files name."""
    files = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in (".py", ".ui")]
    return {name for path in files for name in CLASS_NAME.findall(path.read_text(encoding="utf-8"))}


def with_bases(names: set[str], classes: dict[str, Any]) -> set[str]:
    """The named classes that exist, with all their bases."""
    wanted, kept = list(names), set()
    while wanted:
        name = wanted.pop()
        if name in classes and name not in kept:
            kept.add(name)
            wanted.extend(classes[name]["bases"])
    return kept


def subset(full: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """The facts on some classes, and on all Python functions."""
    kept = with_bases(names, full["classes"])
    classes = {
        name: {key: value for key, value in full["classes"][name].items() if key not in DROPPED} for name in kept
    }
    return {"meta": full["meta"], "classes": classes, "python": full["python"]}


def as_text(facts: dict[str, Any]) -> str:
    """JSON in which a change shows as changed lines.

    Classes, properties and functions are sorted; overloads and arguments keep their order, which has a meaning.
    """
    return json.dumps(facts, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("full", type=Path, help="facts on all classes")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file would change")
    arguments = parser.parse_args()
    full = json.loads(arguments.full.read_text(encoding="utf-8"))
    text = as_text(subset(full, named_classes(ROOT)))
    if arguments.check:
        same = SUBSET.is_file() and SUBSET.read_text(encoding="utf-8") == text
        print(f"{SUBSET.name} is {'current' if same else 'out of date'}.")
        return 0 if same else 1
    SUBSET.write_text(text, encoding="utf-8")
    slicer = full["meta"]["slicer"]
    count = text.count('"bases"')
    print(f"{SUBSET}: {count} classes of Slicer {slicer['version']} ({slicer['commit'][:7]}), {len(text) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
