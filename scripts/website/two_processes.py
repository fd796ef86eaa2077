"""Compute a loss on two processes as if on one: `python scripts/website/two_processes.py`.

Each process holds a part of the batch. DistributedDataParallel averages the gradients of the two.
"""

import tempfile

import torch
import torch.distributed as dist
import torch.distributed.nn  # imported later, it would keep the group alive
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import losses

PADDING = -100
FEATURES, LABELS = 6, 4
# Three sentences of 5, 2 and 1 words, padded to 5: the first process has 5 words, the other 3.
LENGTHS = torch.tensor([5, 2, 1])
PARTS = (slice(0, 1), slice(1, 3))


def batch() -> tuple[Tensor, Tensor]:
    """Draw the whole batch, the same on every process."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(3, 5, FEATURES, generator=generator)
    targets = torch.randint(LABELS, (3, 5), generator=generator)
    return inputs, targets.where(torch.arange(5) < LENGTHS[:, None], PADDING)


def mean_of_means(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Average over my words; then DistributedDataParallel averages over the processes."""
    return losses.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())


def sum_over_count(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Sum my words, divide by everyone's, undo the later average."""
    logits, targets = model(inputs).flatten(0, 1), targets.flatten()
    count = (targets != PADDING).sum()
    dist.all_reduce(count)
    total = losses.cross_entropy(logits, targets, reduction="sum")
    return total * dist.get_world_size() / count


def triplets(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Mine among all words: the loss joins the batches itself."""
    words = targets != PADDING
    group = dist.group.WORLD if dist.is_initialized() else None
    embeddings, labels = model(inputs)[words], targets[words]
    return losses.batch_hard_triplet_loss(embeddings, labels, group=group)


def gradient(loss: Tensor, model: nn.Module) -> Tensor:
    """Go one step back, and return the gradients of all parameters in one vector."""
    model.zero_grad()
    loss.backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def process(rank: int, meeting_point: str, results: str) -> None:
    """Compute every loss on one part of the batch."""
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=len(PARTS)
    )
    inputs, targets = (tensor[PARTS[rank]] for tensor in batch())
    found = {}
    for compute in (mean_of_means, sum_over_count, triplets):
        model = DistributedDataParallel(network())
        loss = compute(model, inputs, targets)
        of_all = gradient(loss, model)
        average = loss.detach().clone()
        dist.all_reduce(average)  # for the log
        found[compute.__name__] = (average / dist.get_world_size(), of_all)
    if rank == 0:
        torch.save(found, results)
    del model, loss  # they hold on to the group
    dist.barrier()  # nobody leaves while the other is still at work
    dist.destroy_process_group()


def network() -> nn.Module:
    """Build the same network everywhere."""
    torch.manual_seed(0)
    return nn.Linear(FEATURES, LABELS)


def main() -> None:
    model = network()
    one = {}
    for name, compute in {"cross_entropy": mean_of_means, "triplets": triplets}.items():
        loss = compute(model, *batch())
        one[name] = (loss.detach(), gradient(loss, model))
    with tempfile.TemporaryDirectory() as folder:
        results = f"{folder}/results"
        arguments = (f"{folder}/meeting_point", results)
        torch.multiprocessing.spawn(process, arguments, nprocs=len(PARTS))
        two = torch.load(results)
    for title, found, truth in (
        ("cross entropy, one process", one["cross_entropy"], one["cross_entropy"]),
        ("two, mean of means", two["mean_of_means"], one["cross_entropy"]),
        ("two, sum over count", two["sum_over_count"], one["cross_entropy"]),
        ("triplets, one process", one["triplets"], one["triplets"]),
        ("two, joined by the loss", two["triplets"], one["triplets"]),
    ):
        same = all(torch.allclose(x, y, atol=1e-6) for x, y in zip(found, truth, strict=True))
        numbers = f"loss {found[0]:.4f}  gradient {found[1].norm():.4f}"
        print(f"{title:28} {numbers}  {'the same' if same else 'another'}")


if __name__ == "__main__":
    main()
