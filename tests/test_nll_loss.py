"""NLL: sums of half precision, and the deprecated name."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import losses


def test_the_deprecated_name_warns_where_it_is_used() -> None:
    with pytest.warns(FutureWarning, match="use `NLLLoss` instead") as caught:
        losses.NLLLoss2d()
    assert [Path(warning.filename) for warning in caught] == [Path(__file__)]


@pytest.mark.parametrize("dtype", (torch.float16, torch.bfloat16), ids=str)
def test_a_mean_of_half_precision_may_have_a_sum_beyond_it(dtype: torch.dtype) -> None:
    log_p, y = torch.full((3000, 2), -60.0, dtype=dtype), torch.zeros(3000, dtype=torch.int64)
    loss = losses.nll_loss(log_p, y)
    assert loss == 60 and loss.dtype == dtype
    y[0] = -100
    assert losses.nll_loss(log_p, y) == 60, "an ignored row is not counted"
