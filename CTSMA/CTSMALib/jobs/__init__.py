"""Running the core as a child process: progress, cancelling, errors, and results that are whole or absent.

Light to import: heavy rooms are loaded only when a job runs.
"""
