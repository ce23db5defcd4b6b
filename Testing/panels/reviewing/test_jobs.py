"""What is asked of worker processes."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from CTSMALib.jobs.arguments import add_register_arguments, register_request
from CTSMALib.jobs.request import RegisterRequest
from CTSMAPanels.reviewing.jobs import register_arguments

BASE = RegisterRequest(Path("/scans/ct.nrrd"), Path("/scans/mr.nrrd"), Path("/results/-1"))


@pytest.mark.parametrize(
    "request_",
    [
        BASE,
        RegisterRequest(BASE.ct, BASE.mr, BASE.out, initial=Path("/results/0"), from_stage="judge"),
        RegisterRequest(BASE.ct, BASE.mr, BASE.out, side="left", initial=Path("/results/0"), from_stage="bones"),
    ],
)
def test_a_worker_reads_the_request_out_of_its_arguments(request_: RegisterRequest) -> None:
    parser = argparse.ArgumentParser()
    add_register_arguments(parser)
    job, *rest = register_arguments(request_)
    assert job == "register"
    assert register_request(parser.parse_args(rest)) == request_
