"""Training of the MR teacher and of the CT students, ways to distil one into the other, and what they must beat."""
