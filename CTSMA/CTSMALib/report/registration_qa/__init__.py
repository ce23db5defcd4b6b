"""The quality report of a reviewed registration: the same model and renderers as the report on a CT."""
