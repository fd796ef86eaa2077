"""What other libraries compute under the same name, one module a loss: `scripts/run.py peers`.

Such a module holds

- `INPUT`: the small input of its table, in words for the page,
- `ARGUMENTS`: the same as arguments of our function,
- `PEERS`: the rows of the table, each with the number that the library gives for this input,
- `AGREEMENTS`: where a library computes the same loss, how, compared in value and gradient.

`VERSIONS` pins the libraries. They are imported inside of the functions alone, so that the site is
built without any of them; `_load` imports those that want more than is there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

import losses

VERSIONS = {
    "allRank": "1.4.3",
    "coral-pytorch": "1.4.0",
    "info-nce-pytorch": "0.1.4",
    "keras": "3.15.1",
    "kornia": "0.9.0",
    "liger-kernel": "0.8.5",
    "lightly": "1.6.0",
    "monai": "1.6.1",
    "open-clip-torch": "3.3.0",
    "optax": "0.2.8",
    "piq": "0.8.0",
    "pytorch-metric-learning": "2.9.0",
    "pytorch-msssim": "1.0.0",
    "scikit-learn": "1.9.1",
    "scipy": "1.17.1",
    "scoringrules": "0.10.0",
    "segmentation-models-pytorch": "0.6.0",
    "sentence-transformers": "6.2.0",
    "timm": "1.0.31",
    "torch": "2.13.0",
    "torchmetrics": "1.9.0",
    "torchtune": "0.6.1",
    "torchvision": "0.29.1",
    "trl": "1.16.0",
}


@dataclass(frozen=True)
class Peer:
    """One row of "Who computes it differently".

    Attributes:
        package: The library, as it is installed; its version stands in `VERSIONS`.
        call: What to call there, as a reader would write it, in code.
        otherwise: What it does otherwise; empty where it computes the same.
        value: What it gives for the module's input. None where it raises.
        compute: Calls it.
        input: Another input than the module's, for this row alone, in words.
        arguments: That input as arguments of our function.
    """

    package: str
    call: str
    otherwise: str
    value: float | None
    compute: Callable[[], Any]
    input: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Agreement:
    """A library that computes the same loss.

    Attributes:
        package: The library.
        what: Which of its functions, and with what settings. Markdown, where the library has no row
            among the module's `PEERS` that is the same as ours.
        inputs: Makes the arguments of ours; those that require a gradient are compared in it too.
        theirs: Computes the same in the library, of the same arguments by name.
        tolerance: How far the two may lie apart, relatively.
        timed: Whether the benchmark times it: not where the call does more than the loss, as to
            read a trainer's source.
    """

    package: str
    what: str
    inputs: Callable[[], dict[str, Any]]
    theirs: Callable[..., Tensor]
    tolerance: float = 1e-10
    timed: bool = True


def ours(function: str, peer: Peer | None = None) -> float | None:
    """Return what our own function gives for the small input, or a row's own; None: it raises."""
    arguments = of(function).ARGUMENTS if peer is None or not peer.input else peer.arguments
    try:
        return float(getattr(losses, function)(**arguments))
    except ValueError:
        return None


def library(package: str) -> str:
    """Name a library by its version."""
    return f"{package} {VERSIONS[package]}"


def differing(function: str) -> list[Peer]:
    """Return the rows of those who compute it differently."""
    return [peer for peer in of(function).PEERS if peer.otherwise]


def same(function: str) -> list[tuple[str, str]]:
    """Return which libraries have the same loss, and how it is called there, in Markdown."""
    rows = [(peer.package, f"`{peer.call}`") for peer in of(function).PEERS if not peer.otherwise]
    named = {package for package, _ in rows}
    agreed = [(x.package, x.what) for x in of(function).AGREEMENTS if x.package not in named]
    return rows + agreed


def functions() -> list[str]:
    """Return the losses that have a module here."""
    return [module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_"]


def of(function: str) -> Any:
    """Return the module of a loss."""
    return importlib.import_module(f"scripts.peers.{function}")
