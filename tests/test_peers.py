"""What other libraries compute: the tables on the pages, and our values and gradients.

`python scripts/run.py peers` installs the libraries and asks them; the rest needs none.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import losses
from losses.catalog import CATALOG
from scripts.peers import VERSIONS, Agreement, Peer, _load, functions, of, ours

GUIDES = Path(__file__).resolve().parents[1] / "docs" / "en" / "guide"

each_function = pytest.mark.parametrize("function", functions())
each_peer = pytest.mark.parametrize(
    ("function", "peer"),
    [
        pytest.param(name, peer, id=f"{name}-{peer.package}-{place}")
        for name in functions()
        for place, peer in enumerate(of(name).PEERS)
    ],
)
each_agreement = pytest.mark.parametrize(
    ("function", "agreement"),
    [
        pytest.param(name, agreement, id=f"{name}-{agreement.package}-{place}")
        for name in functions()
        for place, agreement in enumerate(of(name).AGREEMENTS)
    ],
)


def alike(a: float, b: float) -> bool:
    """Whether two numbers look the same in a table."""
    return f"{a:.4g}" == f"{b:.4g}" or abs(a - b) < 1e-4 * abs(b)


@each_function
def test_tables_of_other_libraries_stand_on_the_page_of_a_loss(function: str) -> None:
    assert function in {loss.function for loss in CATALOG}
    for entry in (*of(function).PEERS, *of(function).AGREEMENTS):
        assert entry.package in VERSIONS, f"write the version of {entry.package} into VERSIONS"


@each_peer
def test_who_computes_the_same_gives_our_number_and_nobody_else(function: str, peer: Peer) -> None:
    here = ours(function, peer)
    if peer.value is not None and here is not None:
        assert alike(peer.value, here) == (not peer.otherwise)
    else:
        assert peer.otherwise


@cache
def shown(guide: str) -> str:
    from scripts.website.directives import MARKDOWN  # not there where the libraries are asked

    text = (GUIDES / f"{guide}.md").read_text("utf-8")
    words = ("disagreements", "elsewhere")
    lines = [MARKDOWN[line[3:-3]]() if line[3:-3] in words else line for line in text.splitlines()]
    return "\n".join(lines)


def said(guide: str, function: str) -> str:
    """Return what a guide says about a loss: its section there, or else its lines."""
    link = f"](../losses/{function}.md"
    parts = re.split(r"^(?=##+ )", shown(guide), flags=re.MULTILINE)
    titled = [part for part in parts if link in part.partition("\n")[0]]
    return "\n".join(
        titled or [line for part in parts for line in part.splitlines() if link in line]
    )


@each_function
def test_a_guide_shows_all_who_compute_it_differently(function: str) -> None:
    section = said("disagree", function)
    rows = [peer for peer in of(function).PEERS if peer.otherwise]
    for peer in rows:
        row = f"| {peer.package} {VERSIONS[peer.package]}<br>`{peer.call}`<br>{peer.otherwise}"
        assert row in section
    assert section.count("\n| ") == (len(rows) + 3 if rows else 0)  # head, rule, and ours


@each_function
def test_a_guide_names_all_who_compute_the_same(function: str) -> None:
    lines = said("rosetta", function)
    calls = {f"`{peer.call}`": peer.package for peer in of(function).PEERS if not peer.otherwise}
    for call, package in calls.items():
        assert f"{package} {VERSIONS[package]}: {call}" in lines
    for agreement in of(function).AGREEMENTS:
        assert f"{agreement.package} {VERSIONS[agreement.package]}: " in lines


@pytest.mark.peers
@each_peer
def test_the_library_gives_what_the_table_says(function: str, peer: Peer) -> None:
    """Where a library is wrong as well: a mend there is noticed here."""
    _load.torchvision()
    if peer.value is None:
        with pytest.raises(Exception):  # noqa: B017 - whatever it raises
            peer.compute()
    else:
        assert alike(float(peer.compute()), peer.value)


@pytest.mark.peers
@each_agreement
def test_the_library_computes_our_value_and_gradient(function: str, agreement: Agreement) -> None:
    _load.torchvision()

    def run(call: Any) -> list[Tensor]:
        arguments = agreement.inputs()
        leaves = [x for x in arguments.values() if isinstance(x, Tensor) and x.requires_grad]
        loss = torch.as_tensor(call(**arguments))
        gradients = torch.autograd.grad(loss, leaves) if loss.requires_grad else ()
        return [loss.detach().double(), *(gradient.double() for gradient in gradients)]

    for mine, theirs in zip(run(getattr(losses, function)), run(agreement.theirs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=agreement.tolerance, atol=1e-12)


@pytest.mark.peers
@pytest.mark.parametrize("package", VERSIONS)
def test_the_versions_are_those_that_the_tables_name(package: str) -> None:
    assert version(package).partition("+")[0] == VERSIONS[package]
