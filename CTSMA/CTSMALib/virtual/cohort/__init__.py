"""Cohorts of virtual knees on disk: made knee by knee, and read back."""
