"""Compare a large batch, embedded in small parts: `python scripts/website/embedded_twice.py`.

Gradients of parts do not add up to that of an in-batch loss. Gradients of embeddings do.
"""

import tempfile
from contextlib import nullcontext

import torch
import torch.distributed as dist
import torch.distributed.nn  # imported later, it would keep the group alive
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import losses

PARTS = (slice(0, 7), slice(7, 12))  # of the pairs, a process each
SIZE = 2  # pairs that fit into memory at once


def pairs() -> tuple[Tensor, Tensor]:
    """Draw all pairs, the same on every process."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(12, 6, generator=generator)
    return first, first + torch.randn(12, 6, generator=generator)


def network() -> nn.Module:
    """Build the same network everywhere."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))


def small_batches(model: DistributedDataParallel, first: Tensor, second: Tensor) -> Tensor:
    """Wrong: compare the pairs of each part among themselves."""
    total = torch.zeros(())
    for x, y in zip(first.split(SIZE), second.split(SIZE), strict=True):
        last = x.data_ptr() == first.split(SIZE)[-1].data_ptr()
        with nullcontext() if last else model.no_sync():
            loss = losses.info_nce_loss(model(x), model(y)) * len(x) / len(first)
            loss.backward()
        total += loss.detach()
    return total


def embedded_twice(model: DistributedDataParallel, first: Tensor, second: Tensor) -> Tensor:
    """Compare all pairs; only a part of mine has a graph at a time."""
    parts = [*first.split(SIZE), *second.split(SIZE)]
    # 1. Embed all, without a graph.
    with torch.no_grad():
        embedded = torch.cat([model(part) for part in parts]).requires_grad_()
    # 2. The loss, and its gradient in the embeddings.
    loss = losses.info_nce_loss(*embedded.split(len(first)), group=dist.group.WORLD)
    (upstream,) = torch.autograd.grad(loss, embedded)
    # 3. Embed each part again, and go back from it. Exchange after the last.
    gradients = upstream.split([len(part) for part in parts])
    for number, (part, its) in enumerate(zip(parts, gradients, strict=True), 1):
        with nullcontext() if number == len(parts) else model.no_sync():
            model(part).backward(its)
    return loss.detach()


def gradient(model: nn.Module) -> Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def process(rank: int, meeting_point: str, results: str) -> None:
    """Go both ways with my pairs."""
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=len(PARTS)
    )
    mine = [tensor[PARTS[rank]] for tensor in pairs()]
    found = {}
    for compute in (small_batches, embedded_twice):
        model = DistributedDataParallel(network())
        loss = compute(model, *mine)
        dist.all_reduce(loss)  # for the log
        found[compute.__name__] = (loss / len(PARTS), gradient(model))
    if rank == 0:
        torch.save(found, results)
    del model  # it holds on to the group
    dist.barrier()  # nobody leaves while the other is still at work
    dist.destroy_process_group()


def main() -> None:
    model = network()
    first, second = pairs()
    loss = losses.info_nce_loss(model(first), model(second))
    loss.backward()
    truth = (loss.detach(), gradient(model))
    with tempfile.TemporaryDirectory() as folder:
        results = f"{folder}/results"
        arguments = (f"{folder}/meeting_point", results)
        torch.multiprocessing.spawn(process, arguments, nprocs=len(PARTS))
        two = torch.load(results)
    for title, found in {
        "one process, one batch": truth,
        "two, small batches": two["small_batches"],
        "two, embedded twice": two["embedded_twice"],
    }.items():
        same = all(torch.allclose(x, y, atol=1e-6) for x, y in zip(found, truth, strict=True))
        numbers = f"loss {found[0]:.4f}  gradient {found[1].norm():.4f}"
        print(f"{title:22} {numbers}  {'the same' if same else 'another'}")


if __name__ == "__main__":
    main()
