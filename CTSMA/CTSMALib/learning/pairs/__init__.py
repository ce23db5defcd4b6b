"""Pairs of CT and MR in a folder, and the manifest of a cohort: found, checked, corrected, written."""
