"""Apparent trabecular parameters: what a high-resolution MR says of a patch, by versioned recipes."""
