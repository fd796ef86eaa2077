"""Share the classes out among two processes: `python scripts/website/sharded_classes.py`.

Every process sees all rows, but holds half of the last layer, so it has the logits of half of the
classes only.
"""

import tempfile

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard
from torch.distributed.tensor.parallel import loss_parallel
from torch.nn.functional import cross_entropy

PADDING = -100
ROWS, FEATURES, CLASSES, PROCESSES = 6, 8, 10, 2
Gradients = tuple[Tensor, Tensor]


def data() -> tuple[Tensor, Tensor, Tensor]:
    """Draw features, the whole layer and the targets, the same on every process."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(ROWS, FEATURES, generator=generator)
    layer = torch.randn(CLASSES, FEATURES, generator=generator)
    targets = torch.randint(CLASSES, (ROWS,), generator=generator)
    targets[-1] = PADDING
    return features, layer, targets


def summed(x: Tensor) -> Tensor:
    """Add up over the processes; the gradient is my own part."""
    total = x.detach().clone()
    dist.all_reduce(total)
    return x + (total - x.detach())


def sharded(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy of logits of which I have some columns."""
    first = dist.get_rank() * logits.shape[1]  # my first class
    highest = logits.detach().amax(dim=1)
    dist.all_reduce(highest, dist.ReduceOp.MAX)
    x = logits - highest[:, None]
    log_total = summed(x.exp().sum(dim=1)).log()
    mine = (first <= targets) & (targets < first + logits.shape[1])
    column = (targets - first).where(mine, 0)
    score = x.gather(1, column[:, None])[:, 0]
    right = summed(score.where(mine, 0))
    kept = targets != PADDING
    return (log_total - right).where(kept, 0).sum() / kept.sum()


def own_softmax(logits: Tensor, targets: Tensor) -> Tensor:
    """Wrong: a softmax over my columns alone."""
    first = dist.get_rank() * logits.shape[1]
    mine = (first <= targets) & (targets < first + logits.shape[1])
    total = cross_entropy(logits, (targets - first).where(mine, PADDING), reduction="sum")
    return summed(total) / (targets != PADDING).sum()


def by_pytorch(logits: Tensor, targets: Tensor) -> Tensor:
    """Tell PyTorch's cross entropy that the columns are shared out."""
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    whole = DTensor.from_local(logits, mesh, [Shard(1)])
    with loss_parallel():
        loss = cross_entropy(whole, targets)
        loss.backward()  # inside as well
    return loss.detach().full_tensor()


def process(rank: int, meeting_point: str, results: str) -> None:
    """Compute loss and gradients with half of the layer."""
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=PROCESSES
    )
    found = {}
    for compute in (own_softmax, sharded, by_pytorch):
        features, layer, targets = data()
        features.requires_grad_()
        half = layer.chunk(PROCESSES)[rank].requires_grad_()
        loss = compute(features @ half.T, targets)
        if loss.requires_grad:
            loss.backward()
        # My columns' part: everyone's together is the gradient of what all have seen.
        dist.all_reduce(features.grad)
        found[compute.__name__] = (loss.detach(), features.grad, half.grad)
    torch.save(found, f"{results}{rank}")
    dist.barrier()  # nobody leaves while the other is still at work
    dist.destroy_process_group()


def main() -> None:
    features, layer, targets = data()
    features.requires_grad_()
    layer.requires_grad_()
    loss = cross_entropy(features @ layer.T, targets)
    loss.backward()
    truth = (loss.detach(), features.grad, layer.grad)
    with tempfile.TemporaryDirectory() as folder:
        arguments = (f"{folder}/meeting_point", f"{folder}/results")
        torch.multiprocessing.spawn(process, arguments, nprocs=PROCESSES)
        parts = [torch.load(f"{folder}/results{rank}") for rank in range(PROCESSES)]
    rows = {"one process": truth}
    for name, title in {
        "own_softmax": "two, a softmax each",
        "sharded": "two, all_reduce by hand",
        "by_pytorch": "two, loss_parallel",
    }.items():
        halves = torch.cat([part[name][2] for part in parts])
        rows[title] = (*parts[0][name][:2], halves)
    for title, found in rows.items():
        same = all(torch.allclose(x, y, atol=1e-6) for x, y in zip(found, truth, strict=True))
        norms = f"gradients {found[1].norm():.4f} {found[2].norm():.4f}"
        print(f"{title:24} loss {found[0]:.4f}  {norms}  {'the same' if same else 'another'}")


if __name__ == "__main__":
    main()
