"""Bones of virtual knees: where they come from, how they vary, where they stand."""
