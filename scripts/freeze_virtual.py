"""Writes the fingerprint of the present version of the generator of virtual knees; never over one that is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from CTSMALib.virtual.version import GENERATOR
from Testing.core.virtual.fingerprint import FROZEN, fingerprint

if __name__ == "__main__":
    file = FROZEN / f"{GENERATOR}.json"
    if file.exists():
        sys.exit(f"{GENERATOR} is frozen. Give the generator a new version in CTSMA/CTSMALib/virtual/version.py.")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(fingerprint(), indent=1) + "\n", encoding="utf-8")
