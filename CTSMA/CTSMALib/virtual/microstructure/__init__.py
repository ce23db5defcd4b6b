"""Trabecular structure as a function of place: the bone in any box, at any voxel size."""
