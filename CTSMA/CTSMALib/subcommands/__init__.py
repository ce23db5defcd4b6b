"""The commands of ``ctsma``, by subject: their arguments, the job that each runs, and what it says at the end."""
