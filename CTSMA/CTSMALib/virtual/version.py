"""The version of the generator of virtual knees: the same version and seed give the same knee.

A version is frozen: ``Testing/core/virtual/frozen`` holds a fingerprint of each, and a test compares. A change that
alters any knee takes a new version, and results on the old one have to be made again.
"""

from __future__ import annotations

GENERATOR = "virtual-1.0"

# Seeds of cohorts whose knees are all for the last test: nothing is trained, tuned or chosen on them.
TEST_SEEDS = range(900, 1000)
