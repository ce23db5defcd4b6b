"""An MR becomes a CT in HU and bone labels, by a network that was trained on virtual knees."""
