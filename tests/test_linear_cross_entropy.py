"""What only the fused loss promises: no matrix of all logits, and a module with its own layer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import losses


class Largest(TorchDispatchMode):
    """Watch every operation for the largest tensor that one of them makes."""

    numel = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        self.numel = max(self.numel, *sizes, 0)
        return out


def largest(function: Any) -> int:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1024, 8, generator=generator, requires_grad=True)
    w = torch.randn(8000, 8, generator=generator, requires_grad=True)
    y = torch.randint(8000, (1024,), generator=generator)
    with Largest() as seen:
        function(x, w, y).backward()
    return seen.numel


def test_the_logits_of_the_whole_batch_never_exist() -> None:
    logits = 1024 * 8000
    assert largest(torch.nn.functional.linear_cross_entropy) >= logits
    assert largest(losses.linear_cross_entropy) <= logits / 3


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_module_takes_pytorchs_state(
    shape: tuple[int, ...], bias: bool, weighted: bool
) -> None:
    weight = torch.arange(1.0, 6.0) if weighted else None
    settings = {"out_features": shape, "bias": bias, "weight": weight}
    theirs = torch.nn.LinearCrossEntropyLoss(4, 5, **settings)
    ours = losses.LinearCrossEntropyLoss(4, 5, **settings)
    ours.load_state_dict(theirs.state_dict())
    assert repr(ours).startswith("LinearCrossEntropyLoss(")
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    y = torch.arange(6).reshape(6, *(1 for _ in shape)).expand(6, *shape) % 5
    torch.testing.assert_close(ours(x, y), theirs(x, y))
