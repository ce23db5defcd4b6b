"""What a training of the diagnosis was begun with, kept in its folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import DiagnosisData
from CTSMALib.outputs import replace_file

RECORD_FILE, SCHEMA = "training.json", "ctsma-diagnosis-training"


def holds_training(folder: Path) -> bool:
    """Whether a folder is that of a training of a diagnosis."""
    try:
        return bool(json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")).get("schema") == SCHEMA)
    except (OSError, ValueError, AttributeError):
        return False


def begin(config: DiagnosisConfig, data: DiagnosisData, simulated: bool, folder: Path) -> None:
    """Keep what a training is made with.

    Raises:
        InputError: another one was begun in the folder.
        OSError: it cannot be written.
    """
    record = {
        "schema": SCHEMA, "values_from": data.values_from, "sha256": data.sha256,
        "simulated": simulated, "config": json.loads(json.dumps(asdict(config))),
    }  # fmt: skip
    if holds_training(folder):
        then = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        if isinstance(then.get("config"), dict):
            then["config"] = {"features": 0} | then["config"]  # older versions knew none
        other = [key for key in record if then.get(key) != record[key]]
        if other:
            what = "settings" if other == ["config"] else "knees or values"
            raise InputError(
                f"The training in {folder} was begun with other {what}.",
                "Give the same ones to go on with it, or name a new folder.",
            )
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / RECORD_FILE, (json.dumps(record, indent=2) + "\n").encode())
