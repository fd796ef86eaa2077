"""Epsilon-insensitive loss: the absolute error, less a tolerance that costs nothing."""

from __future__ import annotations

from torch import Tensor

from losses._checks import check_floating, check_real, check_same_shape, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["EpsilonInsensitiveLoss", "epsilon_insensitive_loss"]


@loss_function("input")
def epsilon_insensitive_loss(
    input: Tensor, target: Tensor, *, epsilon: float = 0.1, reduction: str = "mean"
) -> Tensor:
    r"""Measure by how much the absolute error exceeds what is close enough.

    For a prediction $x$, a target $y$ and the tolerance $\varepsilon$,

    $$
    \ell(x, y) = \max(0, |x - y| - \varepsilon)
    $$

    Around the target lies a tube that reaches $\varepsilon$ to either side. Inside it every
    prediction is as good as any other, and costs nothing. Outside, the loss is the distance to the
    tube.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient is the sign of the error outside of the tube, however far out, and 0 inside:

    $$
    \frac{\partial \ell}{\partial x} = \begin{cases}
    1 & \text{if } x - y > \varepsilon \\
    -1 & \text{if } y - x > \varepsilon \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Prediction $x$, floating point, any shape, any real value.
        target: Value to reach $y$, same shape as `input`. Booleans count as 0 and 1.
        epsilon: Tolerance $\varepsilon$, the largest error that costs nothing, at least 0, in the
            unit of the target. At 0 the loss is the absolute error.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If `epsilon` is below 0, the shapes differ, or `reduction` is none of the
            three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        One prediction is off by 1, the other by 2, and 0.5 is close enough. By hand, 1 − 0.5 = 0.5
        and 2 − 0.5 = 1.5, on average 1.

        >>> import torch
        >>> from losses import epsilon_insensitive_loss
        >>> x, y = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> epsilon_insensitive_loss(x, y, epsilon=0.5, reduction="none")
        tensor([0.5000, 1.5000])
        >>> epsilon_insensitive_loss(x, y, epsilon=0.5)
        tensor(1.)

        Inside the tube nothing pulls. Outside, an error of 0.6 pulls as hard as one of 10.

        >>> import torch
        >>> from losses import epsilon_insensitive_loss
        >>> x = torch.tensor([0.4, 0.6, -10.0], requires_grad=True)
        >>> y = torch.zeros(3)
        >>> loss = epsilon_insensitive_loss(x, y, epsilon=0.5, reduction="sum")
        >>> loss.backward()
        >>> x.grad
        tensor([ 0.,  1., -1.])

        Without a tolerance it is the absolute error: (1 + 2) / 2 = 1.5.

        >>> import torch
        >>> from losses import epsilon_insensitive_loss, l1_loss
        >>> x, y = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> epsilon_insensitive_loss(x, y, epsilon=0.0), l1_loss(x, y)
        (tensor(1.5000), tensor(1.5000))

    References:
        - Vapnik, *The Nature of Statistical Learning Theory*, 1995
        - Schölkopf, Bartlett, Smola, Williamson, [Shrinking the Tube: A New Support Vector
          Regression
          Algorithm](https://papers.neurips.cc/paper_files/paper/1998/hash/4d6e4749289c4ec58c0063a90deb3964-Abstract.html),
          1998, finds the tolerance as well
        - PyTorch has no such loss; the nearest is
          [`torch.nn.L1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)
    """
    check(input, target, epsilon)
    input, target = upcast(input, target)
    loss = ((input - target).abs() - epsilon).relu()
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check(input: Tensor, target: Tensor, epsilon: float) -> None:
    """Raise unless there is one real target for each prediction, and a tolerance."""
    check_epsilon(epsilon)
    check_floating(input=input)
    check_real(target=target)
    check_same_shape(input, target)


def check_epsilon(epsilon: float) -> None:
    """Raise unless the tube has a width."""
    if not epsilon >= 0:
        raise ValueError(
            f"epsilon must be at least 0, got epsilon={epsilon}: pass the largest error that "
            "should cost nothing, in the unit of the target, or 0 for the absolute error"
        )


class EpsilonInsensitiveLoss(Loss):
    r"""[`epsilon_insensitive_loss`][losses.epsilon_insensitive_loss] as a module.

    Args:
        epsilon: The largest error that costs nothing, at least 0, in the unit of the target.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `epsilon` is below 0.

    Examples:
        >>> import torch
        >>> from losses import EpsilonInsensitiveLoss
        >>> criterion = EpsilonInsensitiveLoss(epsilon=0.5)
        >>> criterion
        EpsilonInsensitiveLoss(reduction='mean', epsilon=0.5)
        >>> prediction = torch.tensor([1.0, 4.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.tensor([2.0, 2.0]))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(1.), tensor([-0.5000,  0.5000]))
    """

    epsilon: float

    def __init__(self, *, epsilon: float = 0.1, reduction: str = "mean") -> None:
        check_epsilon(epsilon)
        super().__init__(reduction=reduction)
        self.epsilon = epsilon

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`epsilon_insensitive_loss`][losses.epsilon_insensitive_loss]."""
        return epsilon_insensitive_loss(
            input, target, epsilon=self.epsilon, reduction=self.reduction
        )


RECORD = Record(
    function="epsilon_insensitive_loss",
    classes=("EpsilonInsensitiveLoss",),
    aliases=("ε-insensitive loss", "SVR loss", "support vector regression", "Vapnik's loss"),
    summary="Regression where an error up to `epsilon` is no error.",
    torch_equivalent=False,
    curve=Curve(
        {"input": "x", "target": 0.0},
        (-3, 3),
        "x − y",
        sweep=("epsilon", (0.1, 0.5, 1.0)),
        slider=(0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0),
    ),
    properties=Properties(
        convex=Claim(True, "the larger of 0 and an absolute value less a constant"),
        lipschitz=Claim(True, "the slope is −1, 0 or 1", 1.0),
        smooth=Claim(False, "a kink on either side, where the error is `epsilon`"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(True, "it is −1, 0 or 1", 1.0),
        non_negative=Claim(True, "the larger of 0 and something else"),
        minimum=Claim(True, "up to an error of `epsilon`", "abs(input - target) <= 0.1"),
    ),
)
