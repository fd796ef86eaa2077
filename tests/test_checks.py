"""What the losses check first, where one loss alone does not tell."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import forward_ad

import losses
from losses import _checks


def test_autocast_leaves_double_precision_and_integers() -> None:
    x = torch.tensor([1.0, 3.0])
    with torch.autocast("cpu", torch.bfloat16):
        assert losses.l1_loss(x.double(), 0 * x.double()).dtype == torch.float64
        lifted = _checks.full_precision(x.bfloat16(), x.half(), x.double(), x.long())
        double = x.double()
        assert _checks.full_precision(x.half(), double)[1] is double
    assert [t.dtype for t in lifted] == [torch.float32, torch.float32, torch.float64, torch.int64]


def test_autocast_leaves_what_is_on_a_device_without_it() -> None:
    with torch.autocast("cpu", torch.bfloat16), torch.device("meta"):
        x = torch.zeros(2, dtype=torch.bfloat16)
        assert _checks.full_precision(x)[0] is x
    with torch.autocast("xpu", torch.bfloat16):
        x = torch.zeros(2, dtype=torch.bfloat16)
        assert _checks.full_precision(x)[0] is x


def test_the_bounds_of_probabilities_are_numbers_also_where_they_are_unknown() -> None:
    p = torch.tensor([0.25, 0.75])
    for tensor, bounds in ((p, (0.25, 0.75)), (p[:0], (0, 1)), (p.to("meta"), (0, 1))):
        found = _checks.check_probabilities("p", tensor, "")
        assert found == bounds
        assert not any(isinstance(bound, torch.Tensor) for bound in found)


def test_data_types_are_named_alike_on_every_device() -> None:
    with torch.device("meta"):
        assert _checks.scalar_type(torch.bfloat16) == "BFloat16"


def test_a_boolean_target_is_no_number_for_integers() -> None:
    x = torch.tensor([1, 0])
    with pytest.raises(RuntimeError, match="bool"):
        losses.l1_loss(x, x.bool(), reduction="sum")
    assert losses.l1_loss(x.float(), x.bool()) == 0


def test_types_are_promoted_as_pytorch_does() -> None:
    x = torch.tensor([1.0, 3.0])
    assert losses.l1_loss(x, x.double()).dtype == torch.float64
    assert losses.l1_loss(x, x.long()).dtype == torch.float32


@pytest.mark.slow
def test_no_value_is_looked_at_on_the_way_to_a_graph() -> None:
    class Model(torch.nn.Module):
        def forward(self, p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return losses.binary_cross_entropy(p, y)

    p, y = torch.tensor([0.25, 0.75]), torch.tensor([0.0, 1.0])
    graph = torch.export.export(Model(), (p, y), strict=False).module()  # without Dynamo
    torch.testing.assert_close(graph(p, y), losses.binary_cross_entropy(p, y))


def test_a_tangent_is_noticed() -> None:
    x = torch.ones(2)
    with forward_ad.dual_level():  # type: ignore[no-untyped-call]
        dual = forward_ad.make_dual(x, x)  # type: ignore[no-untyped-call]
        assert (_checks.has_tangent(x), _checks.has_tangent(dual)) == (False, True)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_what_warns_compiles_without_a_graph_break_and_is_silent() -> None:
    torch._dynamo.reset()
    compiled = torch.compile(losses.l1_loss, fullgraph=True, backend="eager")
    assert compiled(torch.zeros(2, 1), torch.ones(2)) == 1
