"""The published student, re-implemented, takes far more work than ours."""

from __future__ import annotations

import torch

from CTSMALib.learning.student.config import StudentConfig
from CTSMALib.student.cubes import CT_SHAPE
from CTSMALib.student.network import CT, PatchNet
from Testing.benchmarks.student.reference_net import CT_EDGE, REDUCED, ReferenceNet, Size, multiply_adds

NETWORKS = 3  # that read together


def work_of(size: Size) -> float:
    with torch.device("meta"):  # shapes alone
        return multiply_adds(ReferenceNet("ct", size), torch.empty(1, 2, CT_EDGE, CT_EDGE, CT_EDGE))


def test_the_published_network_takes_250_times_the_work_of_our_three() -> None:
    with torch.device("meta"):
        cube = torch.empty(1, *CT_SHAPE)
        ours = multiply_adds(PatchNet(CT, StudentConfig().widths), cube, cube, torch.empty(1, 5))
    assert 240 < work_of(Size()) / (NETWORKS * ours) < 260
    assert work_of(REDUCED) > 5 * ours  # what a CPU can train is no such peer


def test_the_work_of_a_convolution_is_counted() -> None:
    layers = torch.nn.Sequential(torch.nn.Conv3d(2, 3, 3, padding=1), torch.nn.Flatten(), torch.nn.Linear(24, 5))
    assert multiply_adds(layers, torch.zeros(1, 2, 2, 2, 2)) == 8 * 3 * 2 * 27 + 24 * 5
