"""CRPS of an ensemble: how far its members are from the value, less how far from each other."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_floating, check_real, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, product, reduce_loss

__all__ = ["CRPSEnsembleLoss", "crps_ensemble_loss"]


@loss_function("input")
def crps_ensemble_loss(
    input: Tensor, target: Tensor, *, fair: bool = False, reduction: str = "mean"
) -> Tensor:
    r"""Measure how far the members of a forecast are from the value that came.

    For the members $x_1, \dots, x_M$ and an observed value $y$, with $K = M$, or $K = M - 1$ if
    `fair`,

    $$
    \ell(x, y) = \frac{1}{M} \sum_i |x_i - y| - \frac{1}{2 M K} \sum_i \sum_j |x_i - x_j|
    $$

    The first part is the distance to the value, and alone would draw all members to one point. The
    second gives back half the distance between two members. Together they are lowest, on average,
    where the members scatter as the values do. With $K = M$ it is the score of the members as they
    are; with $K = M - 1$ that of the distribution they were drawn from, estimated without bias.

    `'mean'` divides the sum over all forecasts by their number, $\frac{1}{n} \sum_i \ell_i$, and is
    0 where there are none.

    Each member is drawn to the value, and pushed away from the other members:

    $$
    \frac{\partial \ell}{\partial x_k} = \frac{1}{M} \operatorname{sign}(x_k - y)
    - \frac{1}{M K} \sum_j \operatorname{sign}(x_k - x_j)
    $$

    Args:
        input: Members $x$ of each forecast in the last dimension, floating point, any real number,
            in any order.
        target: Observed values $y$, in the shape of `input` without its last dimension.
        fair: Whether the members are a sample of the forecast, to be compared with ensembles of
            other sizes.
        reduction: `'none'` keeps one loss per forecast, `'sum'` adds them up, `'mean'` averages
            over all forecasts.

    Shape:
        - `input`: $(*, M)$, at least one member, two if `fair`.
        - `target`: $(*)$, any number of dimensions, including 0.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If there are too few members, the shapes do not fit, or `reduction` is none of
            the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        Three members against the value 2. They are 2, 1 and 1 away from it, on average 4 / 3. Of
        the nine pairs of members, three are members with themselves; the others are 1, 3 and 2
        apart, each counted twice: 12 / (2 · 9) = 2 / 3 is given back.

        >>> import torch
        >>> from losses import crps_ensemble_loss
        >>> members, value = torch.tensor([0.0, 1.0, 3.0]), torch.tensor(2.0)
        >>> crps_ensemble_loss(members, value)
        tensor(0.6667)

        Only six pairs are of two different members. With `fair=True` 12 / (2 · 6) = 1 is given
        back.

        >>> import torch
        >>> from losses import crps_ensemble_loss
        >>> members, value = torch.tensor([0.0, 1.0, 3.0]), torch.tensor(2.0)
        >>> crps_ensemble_loss(members, value, fair=True)
        tensor(0.3333)

        The members below the value are pulled up, the one above it down; the middle one most.

        >>> import torch
        >>> from losses import crps_ensemble_loss
        >>> members = torch.tensor([0.0, 1.0, 3.0], requires_grad=True)
        >>> crps_ensemble_loss(members, torch.tensor(2.0)).backward()
        >>> members.grad
        tensor([-0.1111, -0.3333,  0.1111])

        One member alone is a forecast without a spread: the absolute error.

        >>> import torch
        >>> from losses import crps_ensemble_loss, l1_loss
        >>> prediction, target = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> members = prediction.unsqueeze(1)
        >>> crps_ensemble_loss(members, target), l1_loss(prediction, target)
        (tensor(1.5000), tensor(1.5000))

    References:
        - Gneiting, Raftery, [Strictly Proper Scoring Rules, Prediction, and
          Estimation](https://doi.org/10.1198/016214506000001437), 2007
        - Ferro, [Fair scores for ensemble forecasts](https://doi.org/10.1002/qj.2270), 2014
        - PyTorch has no such loss; the nearest is
          [`torch.nn.L1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)
    """
    check(input, target, fair)
    input, target = upcast(input, target)
    members = input.shape[-1]
    others = members - 1 if fair else members
    # In order, each member is a quantile. Twice the mean of their quantile
    # losses is what the pairs give, without a pair.
    error = target.unsqueeze(-1) - input.sort(dim=-1).values
    i = torch.arange(1, members + 1, dtype=input.dtype, device=input.device)
    q = 0.5 + (2 * i - members - 1) / (2 * others)
    parts = torch.maximum(product(q, error), product(q - 1, error))
    loss = 2 * parts.mean(dim=-1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check(input: Tensor, target: Tensor, fair: bool) -> None:
    """Raise unless there are enough members for each real value."""
    check_floating(input=input)
    check_real(target=target)
    if input.dim() == 0 or input.shape[:-1] != target.shape:
        raise ValueError(
            "input must have the shape of target and one more dimension, the members, got input "
            f"{tuple(input.shape)} for target {tuple(target.shape)}: pass input.movedim(0, -1) "
            "where the members come first, input.unsqueeze(-1) for one member"
        )
    least = 2 if fair else 1
    if input.shape[-1] < least:
        raise ValueError(
            f"input must have {least} members or more in its last dimension"
            f"{' to be fair' if fair else ''}, got {tuple(input.shape)}"
        )


class CRPSEnsembleLoss(Loss):
    r"""[`crps_ensemble_loss`][losses.crps_ensemble_loss] as a module.

    Args:
        fair: Whether the members are a sample of the forecast.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import CRPSEnsembleLoss
        >>> criterion = CRPSEnsembleLoss()
        >>> criterion
        CRPSEnsembleLoss(reduction='mean', fair=False)
        >>> members = torch.tensor([[0.0, 1.0, 3.0]], requires_grad=True)
        >>> loss = criterion(members, torch.tensor([2.0]))
        >>> loss.backward()
        >>> loss.detach(), members.grad
        (tensor(0.6667), tensor([[-0.1111, -0.3333,  0.1111]]))
    """

    fair: bool

    def __init__(self, *, fair: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.fair = fair

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`crps_ensemble_loss`][losses.crps_ensemble_loss]."""
        return crps_ensemble_loss(input, target, fair=self.fair, reduction=self.reduction)


RECORD = Record(
    function="crps_ensemble_loss",
    classes=("CRPSEnsembleLoss",),
    aliases=(
        "CRPS of an ensemble",
        "continuous ranked probability score of samples",
        "kernel CRPS",
        "fair CRPS",
        "energy score in one dimension",
    ),
    summary="Forecasts made of samples, judged by distance and spread.",
    torch_equivalent=False,
    input="members of each forecast, any real number",
    target="values, any real number",
    mean="the number of forecasts",
    shapes="`input` (*, M), `target` (*)",
    curve=Curve(
        {"input": ["x", -1.0, 2.0], "target": 0.0},
        (-4, 4),
        "x₁, with x₂ = −1, x₃ = 2 and y = 0",
        sweep=("fair", (False, True)),
    ),
    properties=Properties(
        convex=Claim(False, "two members cost most where they meet"),
        lipschitz=Claim(
            True,
            "with all M members on one side √((4 M² − 1) / (3 M³))",
            "((4 * len(input) ** 2 - 1) / (3 * len(input) ** 3)) ** 0.5",
        ),
        smooth=Claim(False, "a kink where a member meets the value or another member"),
        symmetric=Claim(True, "all members reflected at the value", "error"),
        bounded=Claim(
            True,
            "with all M members on one side √((4 M² − 1) / (3 M³))",
            "((4 * len(input) ** 2 - 1) / (3 * len(input) ** 3)) ** 0.5",
        ),
        non_negative=Claim(True, "twice a mean of quantile losses; with `fair` as well"),
        minimum=Claim(True, "0, with all members on the value", "(input == target).all()"),
    ),
)
