"""The tests notice small faults: `scripts/mutate.py` plants them, and its record is current."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from scripts import mutate

RECORDS: Mapping[str, dict[str, object]] = json.loads(mutate.RECORD.read_text("utf-8"))


@pytest.mark.slow
def test_each_excuse_is_for_a_fault_that_is_planted() -> None:
    planted = {mutate.key(fault) for name in mutate.MODULES for fault, _ in mutate.faults(name)}
    excused = mutate.excuses()
    assert set(excused) - planted == set()
    assert all(excused.values()), "an excuse without a reason"


@pytest.mark.parametrize("module", mutate.MODULES)
def test_no_fault_survives(module: str) -> None:
    record = RECORDS.get(module, {"digest": "missing"})
    assert record["digest"] == mutate.digest(module), f"run scripts/mutate.py {module}"
    assert record["survived"] == 0
    excused = sum(name == module for name, *_ in mutate.excuses())
    assert record["equivalent"] == excused
