"""Names that stand in bundles of this room; importing them needs nothing."""

from __future__ import annotations

TASK = SHIPPED = "diagnosis"
SETTINGS = "ctsma_diagnosis"
LOGISTIC, TRANSFORMER = AGGREGATORS = ("logistic", "transformer")
STANDARDIZER, FAMILIARITY = "standardizer.", "familiarity."  # beginnings of the names of tensors
LEAST_FAITHFUL = 0.9  # share of patients for whom removing the strongest patches must move the answer most
SIMULATED = "The model was trained on simulated knees."
