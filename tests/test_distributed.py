"""Two real processes give what one gives: the guides' programs, and the mined losses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.distributed.nn  # imported later, it would keep the group alive
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import losses
from losses._mining import gathered
from tests.cases import randint, randn

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
MINED = ("batch_hard_triplet_loss", "triplet_semihard_loss", "batch_all_triplet_loss")
CLASSES = ("TripletLoss", "TripletSemihardLoss", "BatchAllTripletLoss")
# Rows of the first process, of 12.
CUTS = {"even": 6, "uneven": 9, "one": 11, "nothing": 12}
Results = dict[Any, Any]
# Losses that compare all rows of the batch: of embeddings, and of what is made of them row by row.
IN_BATCH: dict[str, Callable[..., Tensor]] = {
    "info_nce_loss": lambda x, y, **given: losses.info_nce_loss(x, x.square(), **given),
    "info_nce_loss, both": lambda x, y, **given: losses.info_nce_loss(
        x, x.square(), symmetric=True, **given
    ),
    "info_nce_loss, negatives": lambda x, y, **given: losses.info_nce_loss(
        x, x.square(), x.cos(), **given
    ),
    "info_nce_loss, negatives of each": lambda x, y, **given: losses.info_nce_loss(
        x, x.square(), torch.stack((x.cos(), x.sin()), 1), **given
    ),
    "nt_xent_loss": lambda x, y, **given: losses.nt_xent_loss(x, x.square(), **given),
    "supervised_contrastive_loss": losses.supervised_contrastive_loss,
    "InfoNCELoss": lambda x, y, **given: losses.InfoNCELoss(**given)(x, x.square()),
    "NTXentLoss": lambda x, y, **given: losses.NTXentLoss(**given)(x, x.square()),
    "SupConLoss": lambda x, y, **given: losses.SupConLoss(**given)(x, y),
    "clip_loss": lambda x, y, **given: losses.clip_loss(x, x.square(), 5.0, **given),
    "siglip_loss": lambda x, y, **given: losses.siglip_loss(x, x.square(), 5.0, -1.0, **given),
    "CLIPLoss": lambda x, y, **given: losses.CLIPLoss(**given)(x, x.square(), 5.0),
    "SigLIPLoss": lambda x, y, **given: losses.SigLIPLoss(**given)(x, x.square(), 5.0, -1.0),
}
# Those that are one number for the whole batch.
OF_A_BATCH: dict[str, Callable[..., Tensor]] = {
    "vicreg_loss": lambda x, group: losses.vicreg_loss(x, x.cos(), group=group),
    "barlow_twins_loss": lambda x, group: losses.barlow_twins_loss(x, x.cos(), group=group),
    "VICRegLoss": lambda x, group: losses.VICRegLoss(group=group)(x, x.cos()),
    "BarlowTwinsLoss": lambda x, group: losses.BarlowTwinsLoss(group=group)(x, x.cos()),
}
LEARNED = {"clip_loss": (5.0,), "siglip_loss": (5.0, -1.0)}


def batch(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    return randn(12, 4, dtype=dtype), randint(3, 12)


def calls() -> Iterator[tuple[tuple[Any, ...], Callable[..., Tensor]]]:
    """Name every call that is made on two processes and on one."""
    for name in MINED:
        for reduction in ("mean", "sum", "none"):
            function = lambda x, y, group, name=name, reduction=reduction: getattr(losses, name)(
                x, y, margin=1.0, reduction=reduction, group=group
            )
            yield (name, reduction), function
    for name, call in IN_BATCH.items():
        for reduction in ("mean", "sum", "none"):
            yield (
                (name, reduction),
                lambda x, y, group, call=call, reduction=reduction: call(
                    x, y, reduction=reduction, group=group
                ),
            )
    for name, call in OF_A_BATCH.items():
        yield (name,), lambda x, y, group, call=call: call(x, group)
    for name in CLASSES:
        yield (name,), lambda x, y, group, name=name: getattr(losses, name)(group=group)(x, y)
    yield (
        ("distances",),
        lambda x, y, group: losses.TripletLoss(mutual_flag=True, group=group)(x, y)[1],
    )


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(4, 3, dtype=torch.float64)


def derived(model: nn.Module, value: Tensor) -> Tensor:
    """Go back from a value, each of its elements weighted differently."""
    model.zero_grad()
    value.backward(torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape))
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def of_numbers(name: str, inputs: Tensor, group: Any) -> list[Tensor]:
    """Return the gradients of the scale, and of the bias, that a loss learns."""
    numbers = [torch.tensor(value, requires_grad=True) for value in LEARNED[name]]
    loss = getattr(losses, name)(inputs, inputs.square(), *numbers, group=group)
    return list(torch.autograd.grad(loss, numbers))


def work(rank: int, folder: str) -> None:
    """Run as one of the two processes."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    group = dist.group.WORLD
    found: Results = {}
    for cut, first in CUTS.items():
        part = slice(0, first) if rank == 0 else slice(first, 12)
        inputs, target = (tensor[part] for tensor in batch())
        for name, call in calls():
            model = DistributedDataParallel(network())
            value = call(model(inputs), target, group)
            found[cut, name] = (value.detach(), derived(model, value))
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        x, y = batch(dtype)
        for name in MINED:
            found[dtype, name] = getattr(losses, name)(x[rank::2], y[rank::2], group=group)
    for name in LEARNED:
        found["numbers", name] = of_numbers(name, batch()[0][6 * rank :][:6], group)
    found["joined"] = gathered(*(tensor[rank::2] for tensor in batch()), group)
    for name in MINED:
        try:
            getattr(losses, name)(torch.zeros(2, 3 + rank), torch.arange(2), group=group)
        except ValueError as error:
            found["error", name] = str(error)
    torch.save(found, f"{folder}/{rank}")
    del model, value  # they hold on to the group
    dist.barrier()  # nobody leaves while the other is still at work
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    folder = str(tmp_path_factory.mktemp("processes"))
    torch.multiprocessing.spawn(work, (folder,), nprocs=2)
    return [torch.load(f"{folder}/{rank}", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("name", "call"), list(calls()), ids=lambda x: "-".join(x[:2]) if isinstance(x, tuple) else ""
)
def test_two_processes_give_value_and_gradient_of_one(
    cut: str, name: tuple[str, ...], call: Callable[..., Tensor], two: list[Results]
) -> None:
    model = network()
    inputs, target = batch()
    value = call(model(inputs), target, None)
    gradient = derived(model, value)
    assert gradient.abs().max() > 0.01
    for found in two:
        torch.testing.assert_close(found[cut, name][0], value.detach())
        torch.testing.assert_close(found[cut, name][1], gradient)


@pytest.mark.parametrize("name", LEARNED)
def test_a_learned_number_has_the_gradient_of_one_process_on_each(
    name: str, two: list[Results]
) -> None:
    """So the mean over processes, which is what `DistributedDataParallel` takes, is right."""
    for found in two:
        expected = of_numbers(name, batch()[0], None)
        torch.testing.assert_close(found["numbers", name], expected)


@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16, torch.float16), ids=str)
@pytest.mark.parametrize("name", MINED)
def test_rows_of_every_precision_are_joined(
    dtype: torch.dtype, name: str, two: list[Results]
) -> None:
    x, y = batch(dtype)
    order = [*range(0, 12, 2), *range(1, 12, 2)]
    for found in two:
        assert torch.equal(found[dtype, name], getattr(losses, name)(x[order], y[order]))


def test_rows_come_in_the_order_of_the_ranks(two: list[Results]) -> None:
    for found in two:
        for joined, whole in zip(found["joined"], batch(), strict=True):
            assert torch.equal(joined, torch.cat([whole[0::2], whole[1::2]]))


@pytest.mark.parametrize("name", MINED)
def test_other_widths_are_refused_everywhere(name: str, two: list[Results]) -> None:
    for found in two:
        assert "as many columns on every process, got (3, 4)" in found["error", name]


@pytest.mark.parametrize(
    ("guide", "program"),
    [
        (path.name, program)
        for path in sorted((ROOT / "docs/en/guide").glob("*.md"))
        for program in re.findall(r"^\{\{ program (\w+) \}\}$", path.read_text("utf-8"), re.M)
    ],
)
def test_the_guides_program_prints_what_the_guide_says(guide: str, program: str) -> None:
    text = (ROOT / "docs/en/guide" / guide).read_text("utf-8")
    done = subprocess.run(
        [sys.executable, f"scripts/website/{program}.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"```text\n{done.stdout}```" in text, done.stdout
