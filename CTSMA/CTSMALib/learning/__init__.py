"""Training: everything that needs torch to learn, and the data it learns from."""
