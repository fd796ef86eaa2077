"""The deprecated name of NLL."""

from __future__ import annotations

from pathlib import Path

import pytest

import losses


def test_the_deprecated_name_warns_where_it_is_used() -> None:
    with pytest.warns(FutureWarning, match="use `NLLLoss` instead") as caught:
        losses.NLLLoss2d()
    assert [Path(warning.filename) for warning in caught] == [Path(__file__)]
