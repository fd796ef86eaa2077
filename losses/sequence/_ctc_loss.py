"""CTC: a sequence of labels from frames, summed over every way to align the two."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from losses._checks import can_inspect, check_floating, loss_function, outlier, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CTCLoss", "ctc_loss"]

NEVER = -1e30  # log 0, but finite: -inf - -inf would be NaN


@loss_function("log_probs")
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    r"""Measure how improbable a label sequence is, whichever frames its labels fall on.

    An alignment $\pi$ names one class for each of the $T$ frames. Merge its repetitions, then drop
    the blanks, and what is left is its label sequence: `a a - b` and `- a b b` both read `a b`.
    $A(y)$ is the set of all alignments that read $y$. For the log-probability $x_{t,k}$ of
    class $k$ in frame $t$,

    $$
    \ell(x, y) = -\log \sum_{\pi \in A(y)} \exp \left( \sum_{t = 1}^{T} x_{t, \pi_t} \right)
    $$

    The sum has exponentially many terms, but a recursion over the frames adds them up. Write
    $z = (\text{blank}, y_1, \text{blank}, \ldots, y_S, \text{blank})$. Let $\alpha_t(s)$ be the
    logarithm of the summed probability of all first parts of an alignment that end at $z_s$ in
    frame $t$. One frame earlier they ended at the same place, one place before, or two places
    before. The last is possible where no blank is needed, between two different labels:

    $$
    \alpha_t(s) = x_{t, z_s} + \log \left( e^{\alpha_{t-1}(s)} + e^{\alpha_{t-1}(s-1)}
    + \mathbb{1}\left[z_s \neq z_{s-2}\right] e^{\alpha_{t-1}(s-2)} \right)
    $$

    $$
    \ell(x, y) = -\log \left( e^{\alpha_T(2S)} + e^{\alpha_T(2S+1)} \right)
    $$

    `'mean'` first divides each loss by its number of labels $S_n$, at least 1, then averages over
    the batch: $\frac{1}{N} \sum_n \frac{\ell(x_n, y_n)}{\max(1, S_n)}$. The loss is infinite for a
    sequence that no alignment reads. A sequence needs one frame per label, and one more for the
    blank between two equal neighbours.

    The gradient is minus the probability that the frame shows the class, given that the alignment
    reads $y$:

    $$
    \frac{\partial \ell}{\partial x_{t,k}} = -\frac{\sum_{\pi \in A(y), \pi_t = k}
    \exp \left( \sum_{u = 1}^{T} x_{u, \pi_u} \right)}{\sum_{\pi \in A(y)}
    \exp \left( \sum_{u = 1}^{T} x_{u, \pi_u} \right)}
    $$

    PyTorch's function returns $e^{x_{t,k}}$ plus this, the gradient in the logits. Behind a
    `log_softmax` both give the same. Where the loss is infinite, the gradient is 0.

    Args:
        log_probs: Log-probabilities $x$ of every class in every frame, blank included, floating
            point, from `log_softmax` over the last dimension. `-inf` rules a class out.
        targets: Labels $y$, integers from 0 to $C - 1$ without the blank; one row per sample,
            filled up with anything, or all of them one after the other. They may lie on another
            device than `log_probs`, such as the CPU.
        input_lengths: Number of frames $T$ of each sample, integers from 0 to the size of
            `log_probs`. Frames beyond it do not count.
        target_lengths: Number of labels $S$ of each sample, integers, at least 0.
        blank: Index of the blank class.
        reduction: `'none'` keeps one loss per sample, `'sum'` adds them up, `'mean'` is explained
            above.
        zero_infinity: Whether an infinite loss becomes 0.

    Shape:
        - `log_probs`: $(T, N, C)$, or $(T, C)$ for a single sample. Time comes first.
        - `targets`: $(N, S)$, or $(S_1 + \ldots + S_N)$ one after the other.
        - `input_lengths`, `target_lengths`: $(N)$; $()$ or $(1)$ for a single sample.
        - result: a scalar; $(N)$ with `reduction='none'`, $()$ for a single sample.

    Returns:
        The loss in the data type of `log_probs` (float32 under autocast). Half precision is
        computed in float32.

    Raises:
        TypeError: If `log_probs` or `targets` is not a tensor.
        RuntimeError: If `log_probs` is empty or has other than two or three dimensions, a length
            is not an integer, is out of range or missing, `targets` has too few or too many
            labels for the lengths, or `blank` is no class.
        NotImplementedError: If `log_probs` is not floating point.
        ValueError: If a label is the blank or no class (PyTorch is silent there), or
            `reduction` is none of the three. Lengths and labels are looked at on the CPU only,
            outside of compiling, tracing and `torch.func`.

    Examples:
        Two frames, blank 0 and one label 1, all probabilities 1/2. Three of the four alignments
        read 1: `1 1`, `0 1` and `1 0`. The probability is 3/4, the loss −log(3/4) = 0.2877.

        >>> import torch
        >>> from losses import ctc_loss
        >>> log_probs = torch.full((2, 1, 2), 0.5).log()
        >>> targets = torch.tensor([[1]])
        >>> frames, labels = torch.tensor([2]), torch.tensor([1])
        >>> ctc_loss(log_probs, targets, frames, labels)
        tensor(0.2877)

        In training. Two sequences of 3 and 2 frames over 3 classes; the logits are all 0, so every
        alignment has the probability 1/27 or 1/9. `1 2` is read by 5 of the first, `2` by 3 of
        the second: (−log(5/27) / 2 − log(3/9) / 1) / 2 = 0.9709. Of the 5, 1 begins with the
        blank, 4 with class 1 and none with class 2. So the gradient in the first frame's logits
        is (1/3 − 1/5) / 4, (1/3 − 4/5) / 4 and (1/3 − 0) / 4.

        >>> import torch
        >>> from losses import ctc_loss
        >>> logits = torch.zeros(3, 2, 3, requires_grad=True)
        >>> targets = torch.tensor([[1, 2], [2, 0]])
        >>> frames, labels = torch.tensor([3, 2]), torch.tensor([2, 1])
        >>> loss = ctc_loss(logits.log_softmax(-1), targets, frames, labels)
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.9709)
        >>> logits.grad[:, 0]
        tensor([[ 0.0333, -0.1167,  0.0833],
                [ 0.0333, -0.0167, -0.0167],
                [ 0.0333,  0.0833, -0.1167]])

        The same labels one after the other, without filling up.

        >>> import torch
        >>> from losses import ctc_loss
        >>> log_probs = torch.zeros(3, 2, 3).log_softmax(-1)
        >>> ctc_loss(log_probs, torch.tensor([1, 2, 2]), (3, 2), (2, 1))
        tensor(0.9709)

    References:
        - Graves et al., [Connectionist temporal classification: labelling unsegmented sequence
          data with recurrent neural networks](https://doi.org/10.1145/1143844.1143891), 2006,
          section 4
        - [`torch.nn.functional.ctc_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html)
    """
    single = log_probs.dim() == 2
    log_probs, targets, input_lengths, target_lengths = prepared(
        log_probs, targets, input_lengths, target_lengths, blank
    )
    time = torch.arange(log_probs.shape[0], device=log_probs.device)[:, None, None]
    alive = time < input_lengths[:, None]
    beyond = torch.arange(targets.shape[1], device=targets.device) >= target_lengths[:, None]
    labels = targets.masked_fill(beyond, blank)
    # The states: blank, label, blank, ..., label, blank.
    states = pad(pad(labels[:, :, None], (1, 0), value=blank).flatten(1), (0, 1), value=blank)
    emission = log_probs.clamp(min=NEVER).gather(2, states.expand(log_probs.shape[0], -1, -1))
    # Beyond a sample's frames may be NaN, and 0 * NaN is no 0.
    emission = emission.masked_fill(~alive, 0)
    # A label may follow another one without a blank in between.
    repeated = states == pad(states, (2, 0), value=-1)[:, :-2]
    # Two places precede the states, and all start in the second: a step
    # leads to the first blank, a skip to the first label.
    alpha = pad(torch.zeros_like(emission[0, :, :1]), (1, states.shape[1]), value=NEVER)
    for frame, living in zip(emission, alive, strict=True):
        skip = alpha[:, :-2].masked_fill(repeated, NEVER)
        ways = torch.stack((alpha[:, 2:], alpha[:, 1:-1], skip)).logsumexp(0)
        alpha = torch.where(living, pad(frame + ways, (2, 0), value=NEVER), alpha)
    last = 2 * target_lengths + 1  # the last label; the last blank follows
    loss = -alpha.gather(1, torch.stack((last, last + 1), 1)).logsumexp(1)
    loss = loss.masked_fill(loss > -NEVER / 2, 0.0 if zero_infinity else float("inf"))
    if reduction == "mean":
        loss = loss / target_lengths.clamp(min=1)
    return reduce_loss(loss[0] if single else loss, reduction)


def prepared(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Check the arguments; return (T, N, C), labels (N, S) and both lengths (N) as tensors."""
    if log_probs.dim() not in (2, 3):
        raise RuntimeError(
            f"Expected 2 or 3-dimensional tensor, but got {log_probs.dim()}-dimensional tensor for "
            "log_probs: pass (T, N, C), or (T, C) for a single sample"
        )
    if log_probs.numel() == 0:
        raise RuntimeError(
            f"log_probs tensor must not be empty, got shape {tuple(log_probs.shape)}: leave the "
            "empty batch out"
        )
    check_floating(log_probs=log_probs)
    (log_probs,) = upcast(log_probs)
    if log_probs.dim() == 2:
        log_probs = log_probs[:, None]
    _, samples, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range, 0 to {classes - 1}: got blank={blank}")
    frames = as_lengths("input_lengths", input_lengths, log_probs)
    lengths = as_lengths("target_lengths", target_lengths, log_probs)
    if targets.dim() not in (1, 2):
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {targets.dim()}-dimensional tensor for targets: "
            "pass (N, S), or all labels one after the other"
        )
    if targets.dim() == 2 and targets.shape[0] != samples:
        raise RuntimeError(
            f"Expected tensor to have size {samples} at dimension 0, but got size "
            f"{targets.shape[0]} for targets: pass one row for each of the {samples} samples in "
            f"log_probs {tuple(log_probs.shape)}, whose order is (T, N, C)"
        )
    check_lengths(log_probs, targets, frames, lengths)
    targets = targets.to(log_probs.device)
    if targets.dim() == 1:
        targets = rows(targets, lengths, log_probs)
    targets = targets.long()
    used = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    wrong = outlier(0, targets.masked_fill(~used, 0), classes - 1, log_probs)
    clash = outlier(0, ((targets == blank) & used).long(), 0, log_probs)
    if wrong is None and clash is not None:
        wrong = blank
    if wrong is not None:
        raise ValueError(
            f"targets must hold class indices from 0 to {classes - 1} other than "
            f"blank={blank}: got {wrong}. The loss itself puts the blank "
            "between the labels: shift them, or pass the index of the blank"
        )
    return log_probs, targets, frames, lengths


def rows(targets: Tensor, lengths: Tensor, log_probs: Tensor) -> Tensor:
    """Give labels that come one after the other a row for each sample."""
    # As many places as the longest sample needs; where nobody may look, as there could be.
    known = can_inspect(lengths, targets, log_probs)
    longest = int(lengths.max()) if known else targets.shape[0]
    place = torch.arange(longest, device=targets.device)
    start = (lengths.cumsum(0) - lengths)[:, None]
    beyond = place >= lengths[:, None]
    return pad(targets, (0, 1))[(start + place).masked_fill(beyond, targets.shape[0])]


def as_lengths(name: str, lengths: Tensor | Sequence[int], log_probs: Tensor) -> Tensor:
    """Bring lengths to int64, one for each sample."""
    if not isinstance(lengths, Tensor):
        if not isinstance(lengths, Sequence) or any(int(n) != n for n in lengths):
            raise TypeError(
                f"ctc_loss(): argument '{name}' must be a Tensor or a tuple of ints, not "
                f"{lengths}: pass one length for each sample"
            )
        lengths = torch.tensor(lengths, dtype=torch.long)
    lengths = lengths.to(log_probs.device)
    if lengths.is_floating_point() and lengths.numel():
        raise RuntimeError(f"{name} must be integral, got {lengths.dtype}: pass {name}.long()")
    if lengths.numel() != log_probs.shape[1]:
        raise RuntimeError(
            f"{name} must be of size batch_size, {log_probs.shape[1]}, got shape "
            f"{tuple(lengths.shape)}: log_probs {tuple(log_probs.shape)} is read as (T, N, C); "
            "if the batch comes first there, pass log_probs.transpose(0, 1)"
        )
    return lengths.long().reshape(-1)


def check_lengths(log_probs: Tensor, targets: Tensor, frames: Tensor, lengths: Tensor) -> None:
    """Raise where a length is out of range, or the labels are not as many as the lengths say."""
    for name, value in (("input_lengths", frames), ("target_lengths", lengths)):
        wrong = outlier(0, value, math.inf, log_probs)
        if wrong is not None:
            raise RuntimeError(
                f"Expected {name} to have value at least 0, but got value {wrong}: a length "
                "counts frames or labels"
            )
    time = log_probs.shape[0]
    wrong = outlier(0, frames, time, log_probs)
    if wrong is not None:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {time}, but got value "
            f"{wrong}: log_probs has {time} frames. If the model shortens the "
            "sequence, shorten input_lengths alike"
        )
    labels = targets.shape[-1]
    wrong = outlier(0, lengths, labels, log_probs)
    if targets.dim() == 2 and wrong is not None:
        raise RuntimeError(
            f"Expected tensor to have size at least {wrong} at dimension 1, but got "
            f"size {labels} for targets: target_lengths must not exceed its columns"
        )
    wrong = outlier(labels, lengths.sum(), labels, log_probs)
    if targets.dim() == 1 and wrong is not None:
        raise RuntimeError(
            f"Expected tensor to have size {wrong} at dimension 0, but got size "
            f"{labels} for targets: one-dimensional targets hold the labels of all samples "
            "one after the other, without filling up"
        )


class CTCLoss(Loss):
    r"""[`ctc_loss`][losses.ctc_loss] as a module.

    Args:
        blank: Index of the blank class.
        reduction: `'none'`, `'mean'` or `'sum'`.
        zero_infinity: Whether an infinite loss becomes 0.

    Examples:
        >>> import torch
        >>> from losses import CTCLoss
        >>> criterion = CTCLoss()
        >>> criterion
        CTCLoss(reduction='mean', blank=0, zero_infinity=False)
        >>> logits = torch.zeros(2, 1, 2, requires_grad=True)
        >>> targets = torch.tensor([[1]])
        >>> loss = criterion(logits.log_softmax(-1), targets, (2,), (1,))
        >>> loss.backward()
        >>> loss.detach(), logits.grad[:, 0]
        (tensor(0.2877), tensor([[ 0.1667, -0.1667],
                [ 0.1667, -0.1667]]))
    """

    blank: int
    zero_infinity: bool

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        """Compute the loss; see [`ctc_loss`][losses.ctc_loss]."""
        return ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )


RECORD = Record(
    function="ctc_loss",
    classes=("CTCLoss",),
    aliases=("connectionist temporal classification", "CTC"),
    summary="Label sequences without alignment: speech, handwriting.",
    input="log-probabilities for every time step, blank included",
    target="class indices without the blank",
    mean="each sample's target length first, then the batch size",
    shapes="`log_probs` (T, N, C) or (T, C); `targets` (N, S) or (sum of lengths); "
    "lengths (N) or ()",
    curve=Curve(
        {
            "log_probs": [[-0.7, "x"], [-0.7, -0.7], [-0.7, -0.7]],
            "targets": [1],
            "input_lengths": 1,
            "target_lengths": 1,
        },
        (-6, -0.7),
        "log-probability of the label in the first frame",
        endless=(True, False),
        sweep=("input_lengths", (1, 2, 3)),
    ),
    properties=Properties(
        convex=Claim(False, "minus a log-sum-exp of sums is concave in the log-probabilities"),
        lipschitz=Claim(
            True,
            "in each of the T frames the gradient's entries add up to −1",
            "len(log_probs) ** 0.5",
        ),
        smooth=Claim(True, "log-sum-exp is smooth"),
        symmetric=Claim(False, "the most likely labels become the least likely", "sign"),
        bounded=Claim(
            True, "in each of the T frames the entries add up to −1", "len(log_probs) ** 0.5"
        ),
        non_negative=Claim(True, "minus the logarithm of a probability, for rows of probabilities"),
        minimum=Claim(False, "0 is only approached, as one alignment takes all probability"),
    ),
)
