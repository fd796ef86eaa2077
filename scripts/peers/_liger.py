"""Give Liger's fused losses what they want: hidden states, a last layer and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def layer(logps: Tensor, lengths: Sequence[int]) -> dict[str, Any]:
    """Make up answers of these lengths whose tokens all have the log-probability of their row.

    The vocabulary has two words; every token is the first.
    """
    longest = max(lengths)
    words = torch.stack((logps, torch.log(-torch.expm1(logps))), -1)
    hidden = words[:, None].expand(-1, longest, -1).contiguous()
    target = torch.zeros(len(logps), longest, dtype=torch.long)
    for row, length in enumerate(lengths):
        target[row, length:] = -100
    return {"_input": hidden, "lin_weight": torch.eye(2, dtype=logps.dtype), "target": target}
