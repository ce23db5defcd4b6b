"""The CT that the network learns to make: 120 kVp, a soft kernel, no noise, no drift of the calibration."""

from __future__ import annotations

import torch

from CTSMALib.virtual.scanners import ct_numbers

KVP = 120
BLUR_MM = 0.5  # standard deviation of the point spread; full width at half maximum 1.2 mm
BONE_HU = float(ct_numbers.BONE_HU)
TISSUE_HU = torch.from_numpy(ct_numbers.tissue_hu(KVP, {}))
