"""What other libraries compute: the tables on the pages, and our values and gradients.

`python scripts/run.py peers` installs the libraries and asks them; the rest needs none.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest
import torch
from torch import Tensor

import losses
from losses.catalog import CATALOG
from scripts.dev.benchmark import CONTESTS
from scripts.peers import VERSIONS, Agreement, Peer, _load, functions, of, ours
from scripts.website.speed import USUAL
from tests.contests import Contest, drawn

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
    if peer.value is not None:
        assert alike(peer.value, ours(function)) == (not peer.otherwise)


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
@pytest.mark.parametrize(
    "contest", [x for x in CONTESTS if x.peers and x.against], ids=lambda contest: contest.name
)
def test_the_library_computes_our_value_where_the_benchmark_times_it(contest: Contest) -> None:
    _load.torchvision()
    less = tuple(min(length, 20) for length in contest.shapes[USUAL])
    arguments, _ = drawn(replace(contest, shapes={USUAL: less}), USUAL)
    ours, theirs = (function(**arguments) for function in contest.functions.values())
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.peers
@pytest.mark.parametrize("package", VERSIONS)
def test_the_versions_are_those_that_the_tables_name(package: str) -> None:
    assert version(package).partition("+")[0] == VERSIONS[package]
