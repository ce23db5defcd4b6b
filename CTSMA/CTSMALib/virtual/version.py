"""The version of the generator of virtual knees: the same version and seed give the same knee."""

from __future__ import annotations

GENERATOR = "virtual-1.0-dev"
