import torch
from torch import Tensor

from tests.cases.batch_hard_triplet_loss import (
    batches,
    distance,
    random_batches,
    wrong_batches,
)

REFERENCE_REDUCTIONS = ("none", "mean", "sum")

SYMBOLS = {"m": "margin"}
SHARED = ("input", "target")

cases = batches
points = random_batches
errors = wrong_batches


def reference(
    input: Tensor, target: Tensor, margin: float = 0.2, reduction: str = "mean"
) -> Tensor:
    n = len(input)
    loss, pairs = {}, 0
    for a in range(n):
        to_negatives = [distance(input[a], input[k]) for k in range(n) if target[k] != target[a]]
        for p in range(n):
            if p == a or target[p] != target[a] or not to_negatives:
                continue
            pairs += 1
            to_positive = distance(input[a], input[p])
            beyond = [d for d in to_negatives if d > to_positive]
            chosen = torch.stack(beyond).min() if beyond else torch.stack(to_negatives).max()
            loss[a, p] = (to_positive - chosen + margin).clamp(min=0)
    zero = 0 * input.sum()
    if reduction == "none":
        flat = [loss.get((a, p), zero) for a in range(n) for p in range(n)]
        return torch.stack(flat).reshape(n, n) if flat else input @ input.T
    total = sum(loss.values(), zero)
    return total / max(pairs, 1) if reduction == "mean" else total
