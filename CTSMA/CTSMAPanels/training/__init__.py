"""The panels of the module CTSMATraining."""
