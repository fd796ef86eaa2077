"""A group of processes, played by threads: its batches are joined, and gradients find their row.

`tests/test_distributed.py` asks real processes, which is too slow for mutants.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch.testing._internal.distributed import multi_threaded_pg as threaded

import losses
from losses._mining import all_distances, gathered
from tests.cases import randn

MINED = ("batch_hard_triplet_loss", "triplet_semihard_loss", "batch_all_triplet_loss")
CLASSES = ("TripletLoss", "TripletSemihardLoss", "BatchAllTripletLoss")


def on_three(work: Callable[[int], Any]) -> list[Any]:
    """Return what `work(rank)` returns on each of three threads."""
    torch._C._distributed_c10d._set_thread_isolation_mode(True)
    threaded._install_threaded_pg()
    store = dist.HashStore()

    def run(rank: int) -> Any:
        try:
            dist.init_process_group("threaded", rank=rank, world_size=3, store=store)
            return work(rank)
        except BaseException as error:
            threaded.ProcessLocalGroup.exception_handle(error)  # so that no other waits for ever
            raise
        finally:
            dist.destroy_process_group()

    try:
        with ThreadPoolExecutor(3) as threads:
            return list(threads.map(run, range(3)))
    finally:
        threaded.ProcessLocalGroup.reset()
        threaded._uninstall_threaded_pg()
        torch._C._distributed_c10d._set_thread_isolation_mode(False)


@pytest.mark.parametrize("cuts", ([3, 7], [0, 5]), ids=str)
@pytest.mark.parametrize("name", (*MINED, *CLASSES))
def test_a_group_gives_value_and_gradient_of_the_whole(name: str, cuts: list[int]) -> None:
    x, y = randn(9, 2).requires_grad_(), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 0])
    arguments = {"margin": 1.5, "reduction": "sum"}

    def loss(x: torch.Tensor, y: torch.Tensor, **group: Any) -> torch.Tensor:
        if name in CLASSES:
            return getattr(losses, name)(**arguments, **group)(x, y)
        return getattr(losses, name)(x, y, **arguments, **group)

    def work(rank: int) -> tuple[torch.Tensor, torch.Tensor]:
        mine = x.detach().tensor_split(cuts)[rank].requires_grad_()
        found = loss(mine, y.tensor_split(cuts)[rank], group=dist.group.WORLD)
        (gradient,) = torch.autograd.grad((rank + 1) * found, mine)
        return found.detach(), gradient

    found = on_three(work)
    expected = loss(x, y)
    for value, _ in found:
        torch.testing.assert_close(value, expected.detach())
    (gradient,) = torch.autograd.grad(expected, x)
    # Every process asks, each as strongly as its loss counts: 1 + 2 + 3.
    torch.testing.assert_close(torch.cat([part for _, part in found]), 6 * gradient)


@pytest.mark.parametrize("name", MINED)
def test_groups_know_nothing_of_each_other(name: str) -> None:
    x, y = randn(9, 2).requires_grad_(), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 0])
    loss = getattr(losses, name)

    def work(rank: int) -> tuple[torch.Tensor, torch.Tensor]:
        alone, together = dist.new_group([0]), dist.new_group([1, 2])
        mine = x.detach().tensor_split([2, 5])[rank].requires_grad_()
        labels = y.tensor_split([2, 5])[rank]
        found = loss(mine, labels, margin=1.5, group=together if rank else alone)
        return found.detach(), torch.autograd.grad(found, mine)[0]

    _, *found = on_three(work)
    expected = loss(x[2:], y[2:], margin=1.5)
    for value, _ in found:
        torch.testing.assert_close(value, expected.detach())
    (gradient,) = torch.autograd.grad(expected, x)
    torch.testing.assert_close(torch.cat([part for _, part in found]), 2 * gradient[2:])


def test_the_gradient_that_comes_in_stays_as_it_is() -> None:
    def work(rank: int) -> tuple[torch.Tensor, torch.Tensor]:
        x = randn(2, 3).requires_grad_()
        joined, _ = gathered(x, torch.arange(2), dist.group.WORLD)
        coming = torch.full((3, 6), rank + 1.0, dtype=x.dtype).T
        return torch.autograd.grad(joined, x, coming)[0], coming

    for rank, (gradient, coming) in enumerate(on_three(work)):
        assert (gradient == 1 + 2 + 3).all()
        assert (coming == rank + 1).all()


@pytest.mark.parametrize("name", MINED)
def test_other_widths_are_refused_on_every_process(name: str) -> None:
    def work(rank: int) -> None:
        x = torch.zeros(2, 3 + rank // 2)
        with pytest.raises(ValueError, match=r"columns on every process, got \(3, 3, 4\)"):
            getattr(losses, name)(x, torch.arange(2), group=dist.group.WORLD)

    on_three(work)


def test_distances_are_the_same_far_from_the_origin() -> None:
    x = torch.tensor([[0.0], [1.0], [3.0], [8.0]]).double()
    near, far = (all_distances(x + offset) for offset in (0, 2**40))
    assert torch.equal(near, far)
    torch.testing.assert_close(near, (x - x.T).abs())


def test_equal_rows_have_a_distance_of_0_and_no_gradient_and_nan_stays() -> None:
    x = torch.tensor([[1.0, 2.0], [1.0, 2.0], [4.0, 6.0]]).requires_grad_()
    distance = all_distances(x)
    assert distance.tolist() == [[0, 0, 5], [0, 0, 5], [5, 5, 0]]
    (gradient,) = torch.autograd.grad(distance[0, 1], x)
    assert not gradient.any()
    broken = all_distances(torch.tensor([[0.0], [torch.nan], [2.0]]))
    assert broken[0, 2] == 2 and broken[1].isnan().all()
