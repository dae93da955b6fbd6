from __future__ import annotations

import random
from typing import Any

import pytest

from mocks.kit.faults import FaultTable

CALL = ("order/cancel_order", "cancel_order", "/api/v2/order/cancel_order")


def table(*rows: dict[str, Any], seed: int = 1) -> FaultTable:
    made = FaultTable(random.Random(seed))
    made.add(list(rows))
    return made


@pytest.mark.parametrize("glob", ["order/cancel_order", "order/*", "cancel_*", "/api/v2/*", "*"])
def test_a_glob_hits_any_name_of_the_call(glob: str) -> None:
    rule = table({"operation": glob, "fault": "http_500"}).take(CALL, push=False)
    assert rule is not None
    assert rule.fault == "http_500"


def test_others_pass() -> None:
    faults = table({"operation": "order/get_*", "fault": "http_500"}, {"operation": "*", "fault": "push_drop"})
    assert faults.take(CALL, push=False) is None


def test_times_run_out_and_the_next_fault_takes_over() -> None:
    faults = table(
        {"operation": "*", "fault": "reset", "times": 2}, {"operation": "order/*", "fault": "slow", "times": 1}
    )
    taken = [faults.take(CALL, push=False) for _ in range(4)]
    assert [rule and rule.fault for rule in taken] == ["reset", "reset", "slow", None]
    assert [(row["times"], row["hits"]) for row in faults.shown()] == [(0, 2), (0, 1)]


def test_without_times_it_stays_until_cleared() -> None:
    faults = table({"operation": "*", "fault": "reset"})
    assert all(faults.take(CALL, push=False) for _ in range(50))
    faults.clear()
    assert faults.take(CALL, push=False) is None


def test_probability_draws_from_the_seed() -> None:
    def hits(seed: int) -> list[bool]:
        faults = table({"operation": "*", "fault": "reset", "probability": 0.5}, seed=seed)
        return [faults.take(CALL, push=False) is not None for _ in range(200)]

    assert hits(3) == hits(3)
    assert hits(3) != hits(4)
    assert 60 < sum(hits(3)) < 140


def test_push_faults_hit_pushes_only() -> None:
    faults = table({"operation": "push/3", "fault": "push_drop", "times": 1})
    assert faults.take(("push/4", "4", "push"), push=True) is None
    assert faults.take(("push/3", "3", "push"), push=False) is None
    assert faults.take(("push/3", "3", "push"), push=True) is not None


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"operation": "*", "fault": "explode"}, "fault must be one of timeout_before"),
        ({"operation": "*"}, "fault must be one of"),
        ({"operation": "*", "fault": "reset", "often": 3}, "unknown fields"),
        ({"operation": "*", "fault": "reset", "times": "3"}, "times has the wrong type"),
        ({"operation": "*", "fault": "reset", "times": True}, "times has the wrong type"),
        ({"operation": 3, "fault": "reset"}, "operation has the wrong type"),
        ({"operation": "*", "fault": "platform_error"}, "needs the platform's code"),
        ("reset", "must be an object"),
    ],
)
def test_wrong_rows_name_what_is_wrong(row: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        table(row)
