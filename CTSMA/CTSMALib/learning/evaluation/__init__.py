"""How well arms - students, ridge, mean HU - agree with MR values and with truth, with intervals by patient."""
