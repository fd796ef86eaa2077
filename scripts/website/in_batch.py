"""Give every in-batch loss the batch of two processes: `python scripts/website/in_batch.py`.

The first process has six pairs, the second four. With `group` each loss joins them first, and is
that of a single process with all ten, as is its gradient.
"""

import tempfile

import torch
import torch.distributed as dist
import torch.distributed.nn  # imported later, it would keep the group alive
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import losses

PARTS = (slice(0, 6), slice(6, 10))
NAMES = (
    *("info_nce_loss", "nt_xent_loss", "supervised_contrastive_loss", "clip_loss"),
    *("siglip_loss", "vicreg_loss", "barlow_twins_loss"),
)


def batch() -> tuple[Tensor, Tensor, Tensor]:
    """Draw all pairs and their labels, the same on every process."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(10, 6, generator=generator)
    second = first + torch.randn(10, 6, generator=generator)
    return first, second, torch.arange(10) % 3


class Embedder(nn.Module):
    """Embeds both sides; what is learned with a loss comes along."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(6, 3)
        self.log_scale = nn.Parameter(torch.tensor(1.0))
        self.bias = nn.Parameter(torch.tensor(-2.0))

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, ...]:
        return self.layer(first), self.layer(second), self.log_scale.exp(), self.bias


def inputs(
    x: Tensor, y: Tensor, scale: Tensor, bias: Tensor, labels: Tensor
) -> dict[str, tuple[Tensor, ...]]:
    """Say what each loss takes of the pairs x and y."""
    return {
        "info_nce_loss": (x, y),
        "nt_xent_loss": (x, y),
        "supervised_contrastive_loss": (
            torch.cat([x, y]),
            torch.cat([labels, labels]),
        ),
        "clip_loss": (x, y, scale),
        "siglip_loss": (x, y, scale, bias),
        "vicreg_loss": (x, y),
        "barlow_twins_loss": (x, y),
    }


def found(
    model: nn.Module, pairs: tuple[Tensor, ...], group: dist.ProcessGroup | None
) -> dict[str, tuple[Tensor, Tensor]]:
    """Return each loss, and the gradient of all parameters after it."""
    *views, labels = pairs
    results = {}
    for name in NAMES:
        model.zero_grad()
        x, y, scale, bias = model(*views)
        mine = inputs(x, y, scale, bias, labels)[name]
        loss = getattr(losses, name)(*mine, group=group)
        # Every parameter takes part: DistributedDataParallel waits for all of them.
        (loss + 0 * (scale + bias)).backward()
        gradients = [parameter.grad.flatten() for parameter in model.parameters()]
        results[name] = (loss.detach(), torch.cat(gradients))
    return results


def process(rank: int, meeting_point: str, results: str) -> None:
    """Compute every loss on my pairs, by myself and together."""
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=len(PARTS)
    )
    pairs = tuple(tensor[PARTS[rank]] for tensor in batch())
    model = DistributedDataParallel(Embedder())
    both = [found(model, pairs, group) for group in (None, dist.group.WORLD)]
    for apart, _ in both[0].values():
        dist.all_reduce(apart)
        apart /= len(PARTS)
    if rank == 0:
        torch.save(both, results)
    del model  # it holds on to the group
    dist.barrier()  # nobody leaves while the other is still at work
    dist.destroy_process_group()


def main() -> None:
    one = found(Embedder(), batch(), None)
    with tempfile.TemporaryDirectory() as folder:
        results = f"{folder}/results"
        arguments = (f"{folder}/meeting_point", results)
        torch.multiprocessing.spawn(process, arguments, nprocs=len(PARTS))
        apart, joined = torch.load(results)
    print(f"{'':28} one process  two, apart  two, group")
    for name, truth in one.items():
        same = all(
            torch.allclose(x, y, rtol=1e-4, atol=1e-5)
            for x, y in zip(joined[name], truth, strict=True)
        )
        values = [truth[0], apart[name][0], joined[name][0]]
        numbers = "  ".join(f"{value:10.3f}" for value in values)
        print(f"{name:28} {numbers}  {'the same' if same else 'another'}")


if __name__ == "__main__":
    main()
