"""The model card and the metadata of a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from CTSMALib import __version__
from CTSMALib.catalogue import quantity
from CTSMALib.learning.patches.patch_set import SetFacts
from CTSMALib.learning.student.measured import Measured
from CTSMALib.learning.student.state import State
from CTSMALib.learning.student.structure_fit import StructureFit
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.cubes import CT_SHAPE, CT_STEPS_MM
from CTSMALib.student.model import SHIPPED
from CTSMALib.student.structure import STRUCTURE_KEYS
from CTSMALib.student.tied_values import OUTPUTS

SIMULATED = "Trained on simulated knees."
VERSION = "1.0"


def metadata_of(
    states: Sequence[State], facts: SetFacts, measured: Measured, structure: StructureFit | None
) -> dict[str, Any]:
    """Metadata of MONAI's schema."""
    cube = {
        "type": "image", "format": "hounsfield", "modality": "CT", "num_channels": 2, "spatial_shape": list(CT_SHAPE),
        "dtype": "float32", "value_range": [], "is_patch_data": True,
        "channel_def": {"0": "CT number", "1": "trabecular bone"},
    }  # fmt: skip
    icc = dict(zip(KEYS, measured.student, strict=True))
    if structure is not None and structure.judged_on:
        icc |= dict(zip(STRUCTURE_KEYS, structure.icc, strict=True))
    output = {"type": "probabilities", "format": "vector", "num_channels": OUTPUTS, "dtype": "float32"}
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json",
        "name": SHIPPED, "version": VERSION, "changelog": {VERSION: f"trained with CTSMA {__version__}"},
        "monai_version": version("monai"), "pytorch_version": torch.__version__, "numpy_version": np.__version__,
        "required_packages_version": {"ctsma": __version__},
        "task": "CT patches of subchondral bone to apparent trabecular parameters",
        "description": f"{SIMULATED if facts.virtual else ''} Research use only: not a medical device.".strip(),
        "authors": "CTSMA", "copyright": "CTSMA contributors, Apache-2.0",
        "data_source": facts.source, "intended_use": "Research use only.",
        "eval_metrics": {f"icc_{key}": float(v) for key, v in icc.items()},
        "network_data_format": {"inputs": {"image": cube}, "outputs": {"pred": output}},
        "training": {"config": asdict(states[0].config), "seeds": [state.config.seed for state in states]},
        "virtual": facts.virtual,
    }  # fmt: skip


def model_card(
    states: Sequence[State], facts: SetFacts, measured: Measured, settings: Mapping[str, Any],
    structure: StructureFit | None,
) -> str:  # fmt: skip
    """Markdown: what the student is for, what it learned from, how good it is, what it must not be used for."""
    rows = [
        f"| {quantity(key).symbol} | {student:.3f} | {networks:.3f} | {ridge:.3f} |"
        for key, student, networks, ridge in zip(KEYS, measured.student, measured.networks, measured.ridge, strict=True)
    ]
    steps = " x ".join(f"{step:g}" for step in CT_STEPS_MM)
    shares = settings["linear_shares"]
    trained = SIMULATED if facts.virtual else f"Trained on {facts.source}."
    return f"""# CT of subchondral bone to apparent trabecular parameters

**Research use only: not a medical device.** {trained}

**For:** apparent BV/TV, Tb.Th, Tb.Sp and Tb.N of 8 mm patches of subchondral bone on a routine knee CT, as a
high-resolution MR would show them ({facts.recipe}). They are no values of a micro-CT.

**Takes** cubes in the joint frame of a bone, samples {steps} mm apart (proximal, anterior, lateral), where in them
trabecular bone lies, and how sharp, noisy and finely sampled the scan is.

**Gives** two numbers that all four parameters follow from, so that they agree with each other, and their uncertainty.
A ridge regression on direct CT quantities has a share in them: {shares[0]:.1f} in the one that gives BV/TV,
{shares[1]:.1f} in the one that gives Tb.N; the rest is of the networks.

**Learned from** {facts.source}: {len(states)} networks with other seeds, distillation
"{states[0].config.distillation}". Intervals and the table rest on {measured.patches} patches of
{measured.patients} patients of the split "calibrate", which nothing was learned from. ICC(2,1) with the MR values,
single patches:

| Parameter | This model | Its networks alone | Ridge regression of the parameter |
| --- | --- | --- | --- |
{chr(10).join(rows)}
{_of_structure(structure)}
**It does not know** what such knees do not show: metal, fractures, tumors, other sequences. Patches whose features lie
outside those of the training are flagged. See `docs/student.md` of the project for how it was evaluated.

**Made with** `ctsma train student` of CTSMA {__version__}. License Apache-2.0.
"""


def _of_structure(structure: StructureFit | None) -> str:
    if structure is None:
        return ""
    symbols = ", ".join(quantity(key).symbol for key in STRUCTURE_KEYS)
    text = f"""
**On request** it also gives {symbols}, calibrated to the true structure
of simulated knees ({structure.learned_from} patches of patients that the networks have not seen). Nobody knows how well
they hold on real ones."""
    if structure.judged_on:
        told = ", ".join(f"{v:.3f}" for v in structure.icc)
        text += f' ICC(2,1) with the truth of {structure.judged_on} patches of the split "calibrate": {told}.'
    return text + "\n"
