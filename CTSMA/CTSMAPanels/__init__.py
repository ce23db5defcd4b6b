"""Widgets and Qt glue that the modules of CTSMA share."""
