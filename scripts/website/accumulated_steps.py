"""Accumulate gradients on two processes: `python scripts/website/accumulated_steps.py`.

Each process has two small batches of padded sentences. It goes back from both before
DistributedDataParallel averages the gradients of the processes.
"""

import tempfile
from contextlib import nullcontext

import torch
import torch.distributed as dist
import torch.distributed.nn  # imported later, it would keep the group alive
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

PADDING = -100
FEATURES, LABELS, WORDS = 6, 4, 5
# The words of eight sentences: two batches of two sentences for each process.
LENGTHS = {
    "words everywhere": (5, 5, 4, 1, 2, 1, 3, 1),
    "a batch of padding alone": (5, 5, 4, 1, 2, 1, 0, 0),
}
Batches = list[tuple[Tensor, Tensor]]


def batches(lengths: tuple[int, ...]) -> Batches:
    """Draw all four batches, the same on every process."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(8, WORDS, FEATURES, generator=generator)
    targets = torch.randint(LABELS, (8, WORDS), generator=generator)
    targets[torch.arange(WORDS) >= torch.tensor(lengths)[:, None]] = PADDING
    pairs = zip(inputs.split(2), targets.split(2), strict=True)
    return [(x.flatten(0, 1), y.flatten()) for x, y in pairs]


def mean_of_means(model: nn.Module, mine: Batches) -> None:
    """Average over the words of each batch, and average the averages."""
    for inputs, targets in mine:
        (cross_entropy(model(inputs), targets) / len(mine)).backward()


def sum_over_count(model: nn.Module, mine: Batches) -> None:
    """Sum over my words, divide by those of all batches everywhere."""
    count = torch.stack([targets != PADDING for _, targets in mine]).sum()
    dist.all_reduce(count)
    for number, (inputs, targets) in enumerate(mine, start=1):
        last = number == len(mine)  # then the gradients are averaged
        with nullcontext() if last else model.no_sync():
            total = cross_entropy(model(inputs), targets, reduction="sum")
            (total * dist.get_world_size() / count).backward()


def network() -> nn.Module:
    """Build the same network everywhere."""
    torch.manual_seed(0)
    return nn.Linear(FEATURES, LABELS)


def gradient(model: nn.Module) -> Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def process(rank: int, meeting_point: str, results: str) -> None:
    """Train on two of the four batches."""
    dist.init_process_group("gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=2)
    found = {}
    for title, lengths in LENGTHS.items():
        for train in (mean_of_means, sum_over_count):
            model = DistributedDataParallel(network())
            train(model, batches(lengths)[2 * rank : 2 * rank + 2])
            found[title, train.__name__] = gradient(model)
    if rank == 0:
        torch.save(found, results)
    del model  # it holds on to the group
    dist.barrier()  # nobody leaves while the other is still at work
    dist.destroy_process_group()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        results = f"{folder}/results"
        torch.multiprocessing.spawn(process, (f"{folder}/meeting_point", results), nprocs=2)
        two = torch.load(results)
    for title, lengths in LENGTHS.items():
        model, everything = network(), batches(lengths)
        inputs, targets = (torch.cat(parts) for parts in zip(*everything, strict=True))
        cross_entropy(model(inputs), targets).backward()
        truth = gradient(model)
        print(f"{title}:")
        for name, found in {
            "one process, one batch": truth,
            "two, mean of means": two[title, "mean_of_means"],
            "two, sum over count": two[title, "sum_over_count"],
        }.items():
            same = torch.allclose(found, truth, atol=1e-6)
            print(f"  {name:24} gradient {found.norm():.4f}  {'the same' if same else 'another'}")


if __name__ == "__main__":
    main()
