"""What a page says that its blocks of rows save is measured."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import losses
from scripts.dev.benchmark import peak
from scripts.website.alone import outputs
from scripts.website.steps import sessions_of
from tests.versions import DEVELOPERS

PAGES = Path(__file__).resolve().parents[1] / "docs" / "en" / "losses"
# A loss that compares all with all, and what it takes besides embeddings.
COMPARING: dict[str, tuple[float, ...]] = {
    "info_nce_loss": (),
    "clip_loss": (10.0,),
    "siglip_loss": (10.0, -10.0),
}
ROW = re.compile(r"^\| [^|]+ \| (\d+) MiB \|$", re.MULTILINE)


def in_blocks(page: str) -> Callable[..., Tensor]:
    """Return the function that the page defines."""
    session = next(session for session in sessions_of(page) if "def in_blocks" in session)
    scope: dict[str, Any] = {"__name__": "__main__"}
    list(outputs(doctest.DocTestParser().get_examples(session), scope=scope))
    return scope["in_blocks"]


def peak_mib(loss: Callable[..., Tensor], size: int, numbers: tuple[float, ...]) -> float:
    """Measure forward and backward, in MiB."""
    leaves = [torch.randn(size, 512, requires_grad=True) for _ in range(2)]
    return peak(lambda: torch.autograd.grad(loss(*leaves, *numbers), leaves)) / 2**20


@pytest.mark.slow
@pytest.mark.skipif(not DEVELOPERS, reason="measured with the developers' PyTorch")
@pytest.mark.parametrize("function", COMPARING)
def test_blocks_hold_what_the_page_says(function: str) -> None:
    page = (PAGES / f"{function}.md").read_text("utf-8")
    whole, blocks = map(float, ROW.findall(page))
    numbers = COMPARING[function]
    assert peak_mib(getattr(losses, function), 4096, numbers) == pytest.approx(whole, rel=0.03)
    assert peak_mib(in_blocks(page), 4096, numbers) == pytest.approx(blocks, rel=0.03)
    # With the batch one grows fourfold, the other twofold.
    assert peak_mib(getattr(losses, function), 2048, numbers) < 0.3 * whole
    assert peak_mib(in_blocks(page), 2048, numbers) > 0.4 * blocks
