"""Measuring patches: directly on the CT, with the sharpness, noise and tissue references of the scan."""
