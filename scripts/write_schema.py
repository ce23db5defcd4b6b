"""Writes the JSON schemas of the result folders again after a change of the dataclasses they are made from."""

from __future__ import annotations

import json

from CTSMALib.analysis.folder import SCHEMA_FILE, analysis_schema
from CTSMALib.analysis.morphometry_folder import MORPHOMETRY_SCHEMA_FILE, morphometry_schema
from CTSMALib.registration import record_folder

if __name__ == "__main__":
    for file, schema in (
        (SCHEMA_FILE, analysis_schema()),
        (MORPHOMETRY_SCHEMA_FILE, morphometry_schema()),
        (record_folder.SCHEMA_FILE, record_folder.registration_schema()),
    ):
        file.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
