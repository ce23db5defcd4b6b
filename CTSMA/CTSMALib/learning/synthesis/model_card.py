"""The model card of a synthesis network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from CTSMALib import __version__
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.measure import Measured
from CTSMALib.learning.synthesis.state import State
from CTSMALib.virtual.version import GENERATOR


def model_card(config: TrainingConfig, coarse: State, fine: State, whole: Measured, settings: Mapping[str, Any]) -> str:
    """Markdown: what the network is for, what it learned from, how good it is, what it must not be used for."""
    counts = f"{coarse.step * config.batch} samples of whole knees and {fine.step * config.batch} of parts"
    if config.wide_steps:
        counts += f" (the last {config.wide_steps * config.batch} of them larger)"
    return f"""# MR to CT numbers and bones of a knee

**Research use only: not a medical device.** Trained on simulated knees.

**For:** the registration of an MR to a CT of the same knee, and bone labels on the MR. The CT that it makes is for that
alone: nobody may read a diagnosis, a density or a trabecular value from it.

**Takes** an MR of a knee with voxels of {config.network.spacing_mm} mm along the patient's axes, the 99th percentile of
its signal set to 1.

**Gives** CT numbers (120 kVp, full width at half maximum 1.2 mm), the scale of their error, and likelihoods of
background, femur, tibia, patella and fibula.

**Learned from** {config.knees} virtual knees ({GENERATOR}; anatomies {", ".join(config.sources)}) and {config.variants}
versions of a label map of a real knee. Contrast, resolution, slices, bias, noise and field of view were drawn anew for
each of {counts}.
No real MR was among them; there was no real BFFE at all.

**On virtual knees that it did not learn from** ({whole.count} MRs of virtual scanners: BFFE,
T1, PD with fat suppression): mean absolute error {whole.soft_hu:.0f} HU in soft tissue and {whole.bone_hu:.0f} HU in
bone, Dice of the bones {whole.dice:.3f}. Held-out anatomy and real MRs: see `docs/synthesis.md` of the project.

**Its uncertainty** was multiplied by {settings["calibration"]:.2f}, so that 90 % of the voxels of those MRs lie in
the interval, which is more of some sequences and less of others. It does not know of errors that simulated knees do
not have. MRs whose features lie farther than {settings["familiarity_limit"]:.2f} from those of the training are
flagged.

**Made with** `ctsma train synthesis` of CTSMA {__version__}, seed {config.seed}. License Apache-2.0.
"""
