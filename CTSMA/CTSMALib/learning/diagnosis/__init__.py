"""Training of the diagnosis: nested cross-validation of several aggregators, statistics, and the bundle."""
