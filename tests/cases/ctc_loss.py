import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import Arguments, Contest, Shape, log_probabilities
from tests.domains import LOGITS, Domain
from tests.strategies import ORDINARY, Draw, settings_of, tensor

# tests/test_ctc_loss.py compares values with PyTorch's, and gradients in the logits.
DEFECT = "PyTorch's gradient in log_probs is the one in the logits, not the derivative"
SYMBOLS = {"x": "log_probs"}
SHARED = ("log_probs",)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    log_probs = randn(5, 3, 4, dtype=dtype).log_softmax(-1)
    padded = torch.tensor([[1, 2], [3, 3], [2, 99]])
    frames, labels = torch.tensor([5, 3, 4]), torch.tensor([2, 2, 1])

    def case(id: str, gradcheck: bool = True, **changed: Any) -> Case:
        arguments = {
            "log_probs": log_probs,
            "targets": padded,
            "input_lengths": frames,
            "target_lengths": labels,
        }
        return Case(id, {**arguments, **changed}, ("log_probs",), gradcheck, DEFECT)

    flat = torch.tensor([1, 2, 3, 3, 2])
    yield case("padded")
    yield case("one after the other", targets=flat)
    yield case("lengths in tuples", input_lengths=(5, 3, 4), target_lengths=(2, 2, 1))
    yield case("blank=2", blank=2, targets=torch.tensor([[1, 0], [3, 3], [1, 99]]))
    yield case("blank=3", blank=3, targets=padded - 1)
    small = {"input_lengths": frames.short(), "target_lengths": labels.short()}
    yield case("int16", targets=flat.short(), **small)
    yield case("no labels", target_lengths=torch.tensor([0, 2, 0]))
    yield case("one label in all", targets=flat[:1], target_lengths=torch.tensor([0, 1, 0]))
    yield case("no targets", targets=padded[:, :0], target_lengths=labels * 0)
    yield case("no flat targets", targets=flat[:0], target_lengths=labels * 0)
    one = {"log_probs": log_probs[:, 0], "targets": padded[0]}
    yield case("one sample", **one, input_lengths=frames[0], target_lengths=labels[0])
    yield case("one sample, tuples", **one, input_lengths=(5,), target_lengths=(2,))
    yield case("one sample, 1-d", **one, input_lengths=frames[:1], target_lengths=labels[:1])
    yield case(
        "one frame", log_probs=log_probs[:1], input_lengths=(1,) * 3, target_lengths=(1,) * 3
    )
    for zero_infinity in (False, True):
        yield case(
            f"no frames, {zero_infinity=}",
            gradcheck=False,
            input_lengths=torch.tensor([0, 0, 4]),
            target_lengths=torch.tensor([0, 2, 1]),
            zero_infinity=zero_infinity,
        )
        yield case(
            f"too few frames, {zero_infinity=}",
            gradcheck=False,
            input_lengths=torch.tensor([1, 2, 4]),
            zero_infinity=zero_infinity,
        )
    ruled_out = log_probs.clone()
    ruled_out[0, :, 0] = ruled_out[:, 1, 1] = -float("inf")
    yield case("-inf", gradcheck=False, log_probs=ruled_out)
    ruled_out = ruled_out.clone()
    ruled_out[:, 2, 2] = -float("inf")
    yield case("-inf in every alignment", gradcheck=False, log_probs=ruled_out)
    beyond = log_probs.clone()
    beyond[4, 2] = beyond[3:, 1] = float("nan")
    yield case("NaN beyond the end", gradcheck=False, log_probs=beyond)
    broken = log_probs.clone()
    broken[0, 1, 3] = float("nan")
    yield case("NaN", gradcheck=False, log_probs=broken)
    long = 5 * randn(40, 2, 6, dtype=dtype, seed=1).log_softmax(-1)
    yield case(
        "long",
        gradcheck=False,
        log_probs=long,
        targets=torch.tensor([1, 1, 5, 3, 2, 2, 2, 4, 5, 1, 4, 4, 3, 3, 5]),
        input_lengths=torch.tensor([40, 35]),
        target_lengths=torch.tensor([9, 6]),
    )


def points(seed: int) -> Iterator[Point]:
    x = randn(4, 3, seed=seed).log_softmax(1)

    def paths(frames: int, labels: list[int]) -> list[tuple[int, ...]]:
        """List all ways to read the labels; 1 is the blank."""
        every = itertools.product((1, 2, 3), repeat=frames)
        return [p for p in every if [k for k, _ in itertools.groupby(p) if k != 1] == labels]

    for labels in ([2, 3], [3, 3], [2]):
        states = [1, *(state for label in labels for state in (label, 1))]

        def beginnings(t: int, s: int, labels: list[int] = labels) -> Tensor:
            # A path stands at a label or at the blank behind the labels that it has read so far.
            read = paths(t, labels[: s // 2]) if t > 0 and s > 0 else []
            found = [x[range(t), [k - 1 for k in p]] for p in read if (p[-1] == 1) == s % 2]
            return sum((p.sum().exp() for p in found), torch.zeros(()).double()).log()

        symbols = {
            "A": lambda y: paths(4, y),
            "y": labels,
            "z": lambda s, states=states: states[s - 1] if 0 < s <= len(states) else None,
            r"\alpha": beginnings,
            "T": 4,
            "S": len(labels),
        }
        call = {"log_probs": x, "targets": torch.tensor(labels) - 1}
        lengths = {"input_lengths": (4,), "target_lengths": (len(labels),)}
        frames_and_states = list(itertools.product(range(2, 5), range(1, len(states) + 1)))
        yield Point({**call, **lengths}, symbols, at={("t", "s"): frames_and_states})


def errors() -> Iterator[Error]:
    log_probs = torch.zeros(5, 2, 4).log_softmax(-1)
    targets = torch.tensor([[1, 2, 3], [3, 2, 1]])
    frames, labels = torch.tensor([5, 4]), torch.tensor([3, 2])

    def call(**changed: Any) -> dict[str, Any]:
        arguments = {"targets": targets, "input_lengths": frames, "target_lengths": labels}
        return {"log_probs": log_probs, **arguments, **changed}

    batch_first = call(log_probs=log_probs.transpose(0, 1))
    yield Error("(N, T, C)", batch_first, RuntimeError, "input_lengths must be of size batch_size")
    short = call(target_lengths=labels[:1])
    yield Error("one length", short, RuntimeError, "target_lengths must be of size batch_size")
    none, match = call(input_lengths=()), "input_lengths must be of size batch_size"
    yield Error("no length", none, RuntimeError, match, parity=False)
    for name in ("input_lengths", "target_lengths"):
        for value in (None, (2.5, 2.0)):
            match = f"argument '{name}' must be a Tensor or a tuple of ints"
            yield Error(f"{name}={value}", call(**{name: value}), TypeError, match)
    late = call(input_lengths=frames + 1)
    yield Error("frames", late, RuntimeError, "Expected input_lengths to have value at most 5.* 6")
    for name, value in (("input_lengths", frames), ("target_lengths", labels)):
        negative = call(**{name: value - value.max()})
        yield Error(f"{name} < 0", negative, RuntimeError, f"Expected {name} .*at least 0.* -")
        real = call(**{name: value.float()})
        yield Error(f"real {name}", real, RuntimeError, f"{name} must be integral.*float32")
    wide = call(target_lengths=labels + 1)
    yield Error("labels", wide, RuntimeError, "size at least 4 at dimension 1.*3 for targets")
    flat = call(targets=torch.tensor([1, 2, 3, 3]))
    yield Error("flat", flat, RuntimeError, "size 5 at dimension 0.*size 4 for targets")
    rows = call(targets=targets[:1])
    yield Error("rows", rows, RuntimeError, "size 2 at dimension 0.*size 1 for targets")
    yield Error("3-d targets", call(targets=targets[None]), RuntimeError, "3-dimensional.*targets")
    yield Error("4-d", call(log_probs=log_probs[None]), RuntimeError, "4-dimensional.*log_probs")
    empty = call(log_probs=log_probs[:0])
    yield Error("empty", empty, RuntimeError, "log_probs tensor must not be empty")
    for blank in (-1, 4):
        yield Error(f"{blank=}", call(blank=blank), RuntimeError, f"blank must be .*{blank=}")
    integers = call(log_probs=log_probs.long())
    yield Error("integers", integers, NotImplementedError, "log_probs")
    yield Error("reduction", call(reduction="avg"), ValueError, "avg")
    for name, wrong, first in (
        ("blank in it", targets - 1, 0),
        ("too large", targets + 1, 4),
        ("< 0", -targets, -3),
    ):
        match = f"targets must hold.*got {first}"
        yield Error(name, call(targets=wrong), ValueError, match, parity=False)


def reference(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
) -> Tensor:
    """Add up the alignments one by one: one loss a sample."""
    if log_probs.dim() == 2:
        log_probs, targets = log_probs[:, None], targets[None]
    result, start = [], 0
    frames, lengths = torch.as_tensor(input_lengths), torch.as_tensor(target_lengths)
    for n, (time, length) in enumerate(zip(frames.view(-1), lengths.view(-1), strict=True)):
        row = targets[n] if targets.dim() == 2 else targets[start:]
        wanted = row[:length].tolist()
        start += int(length)
        total = log_probs.new_zeros(())
        for alignment in itertools.product(range(log_probs.shape[2]), repeat=int(time)):
            merged = [label for label, _ in itertools.groupby(alignment)]
            if [label for label in merged if label != blank] == wanted:
                total = total + log_probs[range(int(time)), n, alignment].sum().exp()
        result.append(-total.log())
    return torch.stack(result)


domain = Domain(
    {"log_probs": (3, 3)},
    ({"targets": torch.tensor([1, 2]), "target_lengths": (2,), "input_lengths": (3,)},),
    lambda u: u.log_softmax(-1),
    LOGITS,
)


def strategy(draw: Draw, dtype: torch.dtype) -> Case:
    time, samples, classes = (draw(st.integers(least, 4)) for least in (1, 1, 2))
    longest = draw(st.integers(0, 3))
    blank = draw(st.integers(0, classes - 1))
    labels = [k for k in range(classes) if k != blank]
    arguments = {
        # Logits: PyTorch's gradient is right in these only.
        "log_probs": tensor(draw, (time, samples, classes), dtype, ORDINARY),
        "targets": tensor(draw, (samples, longest), torch.int64, st.sampled_from(labels)),
        "input_lengths": tensor(draw, (samples,), torch.int64, st.integers(1, time)),
        "target_lengths": tensor(draw, (samples,), torch.int64, st.integers(0, longest)),
        "blank": blank,
    }
    return Case("", arguments | settings_of(draw, {"zero_infinity": st.booleans()}), ("log_probs",))


def speech(shape: Shape) -> Arguments:
    frames, samples, classes = shape
    length = frames // 4
    return {
        "log_probs": log_probabilities(shape),
        "targets": torch.randint(1, classes, (samples, length)),
        "input_lengths": torch.full((samples,), frames),
        "target_lengths": torch.full((samples,), length),
    }


contests = (
    Contest(
        speech,
        ("log_probs",),
        shapes={"small": (20, 8, 10), "million": (200, 100, 50)},
        compiled=(),  # its loop over the frames unrolls: minutes of compiling, for no gain
        wanted={"million": {"eager": 4}},
    ),
)
