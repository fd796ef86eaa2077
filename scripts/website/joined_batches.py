"""Compare samples of two processes: `python scripts/website/joined_batches.py`.

The loss asks of every text which picture is its own. More pictures make a harder question, so the
pictures of all processes take part.
"""

import tempfile

import torch
import torch.distributed as dist
import torch.distributed.nn  # imported later, it would keep the group alive
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize
from torch.nn.parallel import DistributedDataParallel

PAIRS, FEATURES, PROCESSES = 8, 6, 2


def pairs() -> tuple[Tensor, Tensor]:
    """Draw all pairs, the same on every process."""
    generator = torch.Generator().manual_seed(0)
    texts = torch.randn(PAIRS, FEATURES, generator=generator)
    return texts, texts + torch.randn(PAIRS, FEATURES, generator=generator)


def contrast(texts: Tensor, pictures: Tensor) -> Tensor:
    """Which picture belongs to the text?"""
    similar = normalize(texts) @ normalize(pictures).T / 0.1
    return cross_entropy(similar, torch.arange(len(texts)))


def joined(mine: Tensor) -> Tensor:
    """Join the rows of all processes; only my own have a gradient."""
    parts = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, mine.detach())
    parts[dist.get_rank()] = mine
    return torch.cat(parts)


def apart(texts: Tensor, pictures: Tensor) -> Tensor:
    """Wrong: compare with my own pictures alone."""
    return contrast(texts, pictures)


def not_scaled(texts: Tensor, pictures: Tensor) -> Tensor:
    """Wrong: DistributedDataParallel divides by the processes what had to be added up."""
    return contrast(joined(texts), joined(pictures))


def together(texts: Tensor, pictures: Tensor) -> Tensor:
    """Compute the whole loss everywhere; undo the later average."""
    return contrast(joined(texts), joined(pictures)) * dist.get_world_size()


def network() -> nn.Module:
    """Build the same network everywhere."""
    torch.manual_seed(0)
    return nn.Linear(FEATURES, 3)


def gradient(model: nn.Module) -> Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def process(rank: int, meeting_point: str, results: str) -> None:
    """Compute every loss on my pairs."""
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=PROCESSES
    )
    texts, pictures = (tensor.chunk(PROCESSES)[rank] for tensor in pairs())
    found = {}
    for compute in (apart, not_scaled, together):
        model = DistributedDataParallel(network())
        # Both in one pass through the model.
        embedded = model(torch.cat([texts, pictures]))
        compute(*embedded.chunk(2)).backward()
        found[compute.__name__] = gradient(model)
    if rank == 0:
        torch.save(found, results)
    del model, embedded  # they hold on to the group
    dist.barrier()  # nobody leaves while the other is still at work
    dist.destroy_process_group()


def main() -> None:
    model = network()
    contrast(*model(torch.cat(pairs())).chunk(2)).backward()
    truth = gradient(model)
    with tempfile.TemporaryDirectory() as folder:
        results = f"{folder}/results"
        arguments = (f"{folder}/meeting_point", results)
        torch.multiprocessing.spawn(process, arguments, nprocs=PROCESSES)
        two = torch.load(results)
    for title, found in {
        "one process, all pairs": truth,
        "two, each for itself": two["apart"],
        "two, joined, not scaled": two["not_scaled"],
        "two, joined and scaled": two["together"],
    }.items():
        same = torch.allclose(found, truth, atol=1e-6)
        print(f"{title:24} gradient {found.norm():.4f}  {'the same' if same else 'another'}")


if __name__ == "__main__":
    main()
