"""The arguments of the jobs, the same for the ``ctsma`` command and for worker processes."""
