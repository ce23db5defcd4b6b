"""From the patches of a knee to the patient: how likely osteoarthritis is, and which patches say so."""
