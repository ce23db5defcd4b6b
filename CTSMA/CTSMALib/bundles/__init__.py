"""Model bundles in MONAI's layout: weights as safetensors with a checksum, and what must be known about them."""
