"""Trabecular structure of a volume: what is bone, its thickness, spacing, number, connections, direction and shape."""
