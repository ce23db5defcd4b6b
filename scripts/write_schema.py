"""Writes ``analysis.schema.json`` again after a change of the dataclasses in ``analysis/result.py``."""

from __future__ import annotations

import json

from CTSMALib.analysis.folder import SCHEMA_FILE, analysis_schema

if __name__ == "__main__":
    SCHEMA_FILE.write_text(json.dumps(analysis_schema(), indent=2) + "\n", encoding="utf-8")
