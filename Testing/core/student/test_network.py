"""The compact networks: what they look at, and what they do not."""

from __future__ import annotations

import pytest
import torch

from CTSMALib.student.cubes import CT_SHAPE, MR_SHAPE
from CTSMALib.student.network import CT, MR, PatchNet, summarized
from CTSMALib.student.tied_values import OUTPUTS

SHAPES = {CT: CT_SHAPE, MR: MR_SHAPE}


@pytest.mark.parametrize("modality", [CT, MR])
def test_maps_of_teacher_and_student_have_the_same_channels(modality: str) -> None:
    net = PatchNet(modality, (4, 6, 8)).eval()
    read = net(torch.rand(3, *SHAPES[modality]), torch.ones(3, *SHAPES[modality]), torch.zeros(3, 5))
    assert read.outputs.shape == (3, OUTPUTS) and read.pooled.shape == (3, 16)
    assert [m.shape[1] for m in read.maps] == [4, 6, 8]


def test_what_lies_outside_bone_is_not_seen() -> None:
    net = PatchNet(CT, (4, 6, 8)).eval()
    values, valid = 400.0 * torch.rand(2, *CT_SHAPE), torch.ones(2, *CT_SHAPE)
    valid[:, :4] = 0.0
    other = values.clone()
    other[:, :4] = 2000.0
    facts = torch.zeros(2, 5)
    assert torch.equal(net(values, valid, facts).outputs, net(other, valid, facts).outputs)


def test_how_a_ct_was_taken_counts() -> None:
    net = PatchNet(CT, (4, 6, 8)).eval()
    values, valid = 400.0 * torch.rand(1, *CT_SHAPE), torch.ones(1, *CT_SHAPE)
    assert not torch.equal(net(values, valid, torch.zeros(1, 5)).outputs, net(values, valid, torch.ones(1, 5)).outputs)


def test_a_summary_is_the_mean_and_spread_over_bone() -> None:
    features = torch.zeros(1, 1, 2, 2, 2)
    features[0, 0, 0] = 3.0
    inside = torch.ones(1, 4, 4, 4)
    mean, spread = summarized(features, inside)[0]
    assert float(mean) == pytest.approx(1.5) and float(spread) == pytest.approx(1.5)
    inside[:, 2:] = 0.0  # the lower half is no bone
    assert float(summarized(features, inside)[0, 0]) == pytest.approx(3.0)
