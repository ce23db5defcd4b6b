"""A review of a registration: corrections with undo, numbers, decisions; without widgets and without a scene."""
