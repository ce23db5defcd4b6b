"""Commands that bring MR and CT together: register, registration-report, synthesize."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.jobs.arguments.register import add_register_arguments, add_synthesize_arguments
from CTSMALib.jobs.keeping import COHORT, keeping
from CTSMALib.jobs.registration_report import add_registration_report_arguments
from CTSMALib.progress import Progress
from CTSMALib.subcommands.running import add_command, run_job

if TYPE_CHECKING:
    from CTSMALib.subcommands.running import Commands


def add_registering(commands: Commands) -> None:
    """Add these commands."""
    about = "register an MR to a CT of the same knee, bone by bone"
    add_register_arguments(add_command(commands, "register", about, _register))
    about = "write the quality report of a registration"
    add_registration_report_arguments(add_command(commands, "registration-report", about, _report))
    about = "make a CT to register with, and bone labels, of an MR"
    add_synthesize_arguments(add_command(commands, "synthesize", about, _synthesize))


def _register(options: argparse.Namespace) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs import register, register_cohort
        from CTSMALib.jobs.arguments.register import register_request
        from CTSMALib.jobs.request import RegisterCohortRequest

        request = register_request(options)
        if isinstance(request, RegisterCohortRequest):
            return register_cohort.run(request, progress)
        return register.run(request, progress)

    told_by = keeping("register" if options.cohort is None else COHORT)
    return run_job("register", options, work, registration_lines, told_by)


def _report(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.registration_report import registration_report_request, registration_report_summary, run

    def work(progress: Progress) -> Path:
        return run(registration_report_request(options), progress)

    return run_job("registration-report", options, work, registration_report_summary)


def _synthesize(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.arguments.register import synthesize_request
    from CTSMALib.jobs.synthesize import run, synthesis_summary

    return run_job("synthesize", options, lambda told: run(synthesize_request(options), told), synthesis_summary)


def registration_lines(folder: Path) -> list[str]:
    """What a registration, or that of a cohort, found, in a few lines for a terminal."""
    from CTSMALib.jobs import register, register_cohort
    from CTSMALib.registration.record_folder import holds_registration

    single = holds_registration(folder)
    return list(register.registration_summary(folder) if single else register_cohort.cohort_lines(folder))
