"""CTSMALib: the core of CTSMA, usable without 3D Slicer.

Subchondral trabecular microstructure from a routine knee CT. Research use only.

Rooms import only rooms above them in this list: errors, notices, progress,
resources, inputs, outputs, volumes, catalogue, palette, agreement, anatomy,
morphometry, bundles, synthesis, student, diagnosis, registration, virtual,
learning, analysis, report, scene, jobs, subcommands, cli.
"""

__version__ = "0.16.0"
