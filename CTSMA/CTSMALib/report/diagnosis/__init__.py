"""The section of a report on what a research model says of osteoarthritis."""
