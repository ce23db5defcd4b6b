"""Patch sets: paired cubes of CT and MR with the values to learn, made of a cohort, checked and kept on disk."""
