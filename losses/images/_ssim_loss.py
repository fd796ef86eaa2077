"""Structural similarity: pictures compared by windows, in brightness, contrast and pattern."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_floating, check_same_shape, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["SSIMLoss", "ssim_loss"]


@loss_function("input")
def ssim_loss(
    input: Tensor,
    target: Tensor,
    *,
    data_range: float = 1.0,
    kernel_size: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how much the mean, the variance and the pattern of small windows differ.

    For a window with the pixels $x_i$ and $y_i$, and weights $g_i$ of a Gaussian in the middle of
    it, which add up to 1,

    $$
    \begin{aligned}
    \ell(x, y) &= 1 - \frac{a p}{b q} \\
    a &= 2 m_x m_y + C_1, \qquad b = m_x^2 + m_y^2 + C_1 \\
    p &= 2 c_{xy} + C_2, \qquad q = v_x + v_y + C_2
    \end{aligned}
    $$

    with the weighted means, variances and the covariance

    $$
    m_x = \sum_i g_i x_i, \qquad v_x = \sum_i g_i (x_i - m_x)^2, \qquad
    c_{xy} = \sum_i g_i x_i y_i - m_x m_y
    $$

    and the constants $C_i = (k_i L)^2$ for a `data_range` $L$. The window stands wherever it fits
    into the picture, in each channel by itself; the loss of a picture is the mean over all places
    and channels. It is between 0, for equal pictures, and 2.

    `'mean'` divides the sum over all pictures by their number, $\frac{1}{N} \sum_n \ell_n$, and is
    0 where there are none.

    The gradient compares the ratios:

    $$
    \frac{\partial \ell}{\partial x_i} = -2 g_i \frac{a p}{b q} \left(
    \frac{m_y}{a} + \frac{y_i - m_y}{p} - \frac{m_x}{b} - \frac{x_i - m_x}{q}
    \right)
    $$

    Args:
        input: Picture $x$, floating point.
        target: Picture $y$ to resemble, same shape, floating point.
        data_range: Difference $L$ between the largest and the smallest value a pixel may have: 1.0
            for pictures in [0, 1], 2.0 for [−1, 1], 255 for bytes. Above 0.
        kernel_size: Width and height of the window, odd.
        sigma: Standard deviation of the window's weights, in pixels, above 0.
        k1: Share $k_1$ of the range that steadies the ratio of the means, above 0.
        k2: Share $k_2$ that steadies the ratio of the variances, above 0.
        reduction: `'none'` keeps one loss per picture, `'sum'` adds them up, `'mean'` averages
            over all pictures.

    Shape:
        - `input`: $(N, C, H, W)$, $H$ and $W$ at least `kernel_size`.
        - `target`: same as `input`.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If the shapes differ or are no (N, C, H, W), the window does not fit,
            `kernel_size` is even, `data_range`, `sigma`, `k1` or `k2` is not above 0, or
            `reduction` is none of the three.
        NotImplementedError: If `input` or `target` is not floating point.

    Examples:
        Two flat pictures, 0.5 and 0.25. Only the means differ: 2 · 0.5 · 0.25 + 0.0001 = 0.2501
        over 0.5² + 0.25² + 0.0001 = 0.3126 is 0.8001, and the loss is the rest.

        >>> import torch
        >>> from losses import ssim_loss
        >>> input, target = torch.full((2, 1, 1, 16, 16), 0.5)
        >>> ssim_loss(input, target / 2), ssim_loss(input, target)
        (tensor(0.1999), tensor(0.))

        Two ramps of one window, the second bent down.

        >>> import torch
        >>> from losses import ssim_loss
        >>> ramp = (torch.arange(121) / 120).reshape(1, 1, 11, 11)
        >>> ssim_loss(ramp, ramp**2)
        tensor(0.1804)

        A step of training. The same picture in bytes needs its range.

        >>> import torch
        >>> from losses import ssim_loss
        >>> _ = torch.manual_seed(0)
        >>> target = torch.rand(2, 3, 32, 32)
        >>> input = (target + 0.1 * torch.randn(2, 3, 32, 32)).requires_grad_()
        >>> loss = ssim_loss(input, target)
        >>> loss.backward()
        >>> loss.detach(), input.grad.norm()
        (tensor(0.0598), tensor(0.0193))
        >>> ssim_loss(255 * input.detach(), 255 * target, data_range=255)
        tensor(0.0598)

    References:
        - Wang, Bovik, Sheikh, Simoncelli, [Image Quality Assessment: From Error Visibility to
          Structural Similarity](https://doi.org/10.1109/TIP.2003.819861), 2004
        - PyTorch has no such loss; the nearest are
          [`torch.nn.MSELoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html)
          and
          [`torch.nn.L1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)
    """
    check_window(data_range, kernel_size, sigma, k1, k2)
    check_pictures(input, target, kernel_size)
    input, target = upcast(input, target)
    x, y = input, target
    # Moments about the mean of the picture: squares of large values would cancel.
    x_mean, y_mean = (z.detach().mean((-2, -1), keepdim=True) for z in (x, y))
    u, v = x - x_mean, y - y_mean
    moments = windowed(torch.stack((u, v, u * u, v * v, u * v)), kernel_size, sigma)
    m_u, m_v, uu, vv, uv = moments.unbind()
    m_x, m_y = m_u + x_mean, m_v + y_mean
    # Rounding may leave a variance below 0.
    v_x, v_y = (uu - m_u * m_u).clamp(min=0), (vv - m_v * m_v).clamp(min=0)
    c_xy = uv - m_u * m_v
    c_1, c_2 = (k1 * data_range) ** 2, (k2 * data_range) ** 2
    a, b = 2 * m_x * m_y + c_1, m_x * m_x + m_y * m_y + c_1
    p, q = 2 * c_xy + c_2, v_x + v_y + c_2
    loss = 1 - (a / b * (p / q)).mean((1, 2, 3))
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def windowed(x: Tensor, kernel_size: int, sigma: float) -> Tensor:
    """Average over a Gaussian window wherever it fits: along the columns, then along the rows."""
    place = torch.arange(kernel_size, dtype=x.dtype, device=x.device) - (kernel_size - 1) / 2
    bell = torch.exp(-((place / sigma) ** 2) / 2)
    weights = (bell / bell.sum()).unbind()
    for dim in (-2, -1):
        length = x.shape[dim] - kernel_size + 1
        parts = (weight * x.narrow(dim, k, length) for k, weight in enumerate(weights))
        x = sum(parts, x.new_zeros(()))
    return x


def check_window(data_range: float, kernel_size: int, sigma: float, k1: float, k2: float) -> None:
    """Raise unless there is a window with a middle, and every constant is above 0."""
    settings = {"data_range": data_range, "sigma": sigma, "k1": k1, "k2": k2}
    for name, value in settings.items():
        if not value > 0:
            raise ValueError(
                f"{name} must be above 0, got {name}={value}: pass data_range=1.0 for pictures in "
                "[0, 1], and leave the others out for those of the paper"
            )
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(
            f"kernel_size must be odd, got kernel_size={kernel_size}: pass 11 as in the paper, or 7"
        )


def check_pictures(input: Tensor, target: Tensor, kernel_size: int) -> None:
    """Raise unless the window fits into both pictures."""
    check_floating(input=input)
    check_floating(target=target)
    check_same_shape(input, target)
    if input.dim() != 4 or input.shape[1] == 0:
        raise ValueError(
            f"input and target must be of shape (N, C, H, W), got {tuple(input.shape)}: pass "
            "input[None] for a single picture, input[:, None] for pictures without channels"
        )
    if min(input.shape[2:]) < kernel_size:
        raise ValueError(
            f"pictures of {tuple(input.shape[2:])} are smaller than kernel_size={kernel_size}: "
            "pass larger ones, or a smaller kernel_size; nothing is padded"
        )


class SSIMLoss(Loss):
    r"""[`ssim_loss`][losses.ssim_loss] as a module.

    Args:
        data_range: Difference between the largest and the smallest value a pixel may have.
        kernel_size: Width and height of the window, odd.
        sigma: Standard deviation of the window's weights, in pixels.
        k1: Share of the range that steadies the ratio of the means.
        k2: Share of the range that steadies the ratio of the variances.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `kernel_size` is even, or another setting not above 0.

    Examples:
        >>> import torch
        >>> from losses import SSIMLoss
        >>> criterion = SSIMLoss(kernel_size=3)
        >>> criterion
        SSIMLoss(reduction='mean', data_range=1.0, kernel_size=3, sigma=1.5, k1=0.01, k2=0.03)
        >>> input = torch.full((1, 1, 3, 3), 0.5, requires_grad=True)
        >>> loss = criterion(input, torch.full((1, 1, 3, 3), 0.25))
        >>> loss.backward()
        >>> loss.detach(), input.grad[0, 0]
        (tensor(0.1999), tensor([[0.0909, 0.1136, 0.0909],
                [0.1136, 0.1418, 0.1136],
                [0.0909, 0.1136, 0.0909]]))
    """

    data_range: float
    kernel_size: int
    sigma: float
    k1: float
    k2: float

    def __init__(
        self,
        *,
        data_range: float = 1.0,
        kernel_size: int = 11,
        sigma: float = 1.5,
        k1: float = 0.01,
        k2: float = 0.03,
        reduction: str = "mean",
    ) -> None:
        check_window(data_range, kernel_size, sigma, k1, k2)
        super().__init__(reduction=reduction)
        self.data_range = data_range
        self.kernel_size = kernel_size
        self.sigma = sigma
        self.k1 = k1
        self.k2 = k2

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`ssim_loss`][losses.ssim_loss]."""
        return ssim_loss(
            input,
            target,
            data_range=self.data_range,
            kernel_size=self.kernel_size,
            sigma=self.sigma,
            k1=self.k1,
            k2=self.k2,
            reduction=self.reduction,
        )


STRIPE = [[1.0, 0.0, 0.0]] * 3

RECORD = Record(
    function="ssim_loss",
    classes=("SSIMLoss",),
    aliases=("structural similarity", "structural dissimilarity", "DSSIM"),
    summary="A restored picture whose local contrast and pattern count.",
    input="pictures, in a range of width `data_range`",
    target="pictures in the same range",
    mean="the number of pictures",
    shapes="`input` (N, C, H, W), `target` (N, C, H, W)",
    torch_equivalent=False,
    curve=Curve(
        {"input": [[[["x", 0.0, 0.0]] * 3], [STRIPE]], "target": [[STRIPE], [STRIPE]]},
        (-1, 2),
        "x in a column where y is 1",
        sweep=("data_range", (1.0, 4.0, 255.0)),
        keywords={"kernel_size": 3},
        slider=(0.5, 1.0, 2.0, 4.0, 16.0, 255.0),
    ),
    properties=Properties(
        convex=Claim(False, "far away it levels off: a ratio is at most 1, whatever the error"),
        lipschitz=Claim(True, "ratios whose denominators grow with the picture, and are above 0"),
        smooth=Claim(True, "polynomials divided by polynomials that are above 0"),
        symmetric=Claim(True, "both pictures play the same part", "arguments"),
        bounded=Claim(True, "ratios whose denominators grow with the picture, and are above 0"),
        non_negative=Claim(True, "neither ratio is above 1"),
        minimum=Claim(True, "there both ratios are 1", "input == target"),
    ),
)
