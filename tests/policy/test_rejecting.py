"""What a rejection may cost on Shopee (SHP-18, SHP-29), and by when a request is to be answered (SHP-27)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.policy.decide import answer_by, rejection
from gateway.policy.rule_set import load_rules
from gateway.policy.scenario import Scenario

RULES = load_rules()
OPENED = "2026-03-10T10:00:00+08:00"


def scenario(**changes: Any) -> Scenario:
    """Return a paid order of a Malaysian shop whose buyer asks to cancel."""
    store: dict[str, Any] = {
        "platform": "shopee",
        "region": "MY",
        "currency": "MYR",
        "health": {"penalty_points": 0, "orders_in_window": 100, "counted_cancellations_in_window": 0},
    }
    order: dict[str, Any] = {
        "phase": "awaiting_shipment",
        "paid": {"amount": "30.00", "currency": "MYR"},
        "request": {"kind": "cancellation", "reason": None, "opened_at": OPENED, "answer_by": None},
    }
    store["health"] |= changes.pop("health", {})
    store |= changes.pop("store", {})
    order |= changes.pop("order", {})
    plain = {"as_of": "2026-03-10T12:00:00+08:00", "store": store, "order": order, "intent": {"reason": "unwilling"}}
    return Scenario.model_validate(plain | changes)


def _told(asked: Scenario) -> tuple[str, tuple[str, ...]] | None:
    found = rejection(asked, RULES)
    return None if found is None else (str(found.cost.total.amount), found.because)


def test_one_cancellation_that_counts_is_the_most_it_may_cost() -> None:
    """5 CNY at 0.62 (VALUATION.md)."""
    assert _told(scenario()) == ("3.10", ("SHP-18", "SHP-29"))


def test_crossing_the_line_is_priced_too() -> None:
    """2 points of 300 CNY and the line of 10 % at 3000 CNY beside the 5 CNY, at 0.62 (SHP-04, SHP-06)."""
    told = _told(scenario(health={"counted_cancellations_in_window": 10}))
    assert told is not None
    assert told[0] == "2235.10"
    assert {"SHP-18", "SHP-29", "SHP-04", "SHP-06"} <= set(told[1])
    assert _told(scenario(health={"counted_cancellations_in_window": 9})) == ("3.10", ("SHP-18", "SHP-29"))


def test_points_near_the_stop_are_said() -> None:
    found = rejection(scenario(health={"counted_cancellations_in_window": 10, "penalty_points": 4}), RULES)
    assert found is not None
    assert "restricts" in found.why
    assert "SHP-14" in found.because
    below = rejection(scenario(health={"counted_cancellations_in_window": 10, "penalty_points": 3}), RULES)
    assert below is not None
    assert "restricts" not in below.why


@pytest.mark.parametrize(
    "changes",
    [
        {"order": {"request": None}},
        {"order": {"phase": "in_transit"}},
        {"order": {"phase": "unpaid"}},
        {
            "store": {"platform": "xiaohongshu", "region": "CN", "currency": "CNY"},
            "order": {"paid": {"amount": "1", "currency": "CNY"}},
        },
        {"known_by": "2025-11-10T23:59:59+08:00"},
    ],
)
def test_what_no_rule_prices_has_no_cost(changes: dict[str, Any]) -> None:
    assert rejection(scenario(**changes), RULES) is None


def test_the_rule_counts_from_its_day_on() -> None:
    early = "2025-11-11T00:00:00+08:00"
    opened = {"kind": "cancellation", "reason": None, "opened_at": "2025-11-10T10:00:00+08:00", "answer_by": None}
    assert rejection(scenario(as_of=early, order={"request": opened}), RULES) is not None
    assert rejection(scenario(as_of="2025-11-10T23:59:59+08:00", order={"request": opened}), RULES) is None


def test_the_platforms_own_deadline_comes_before_the_rules() -> None:
    assert answer_by(scenario(), RULES) == datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    own = {
        "kind": "cancellation",
        "reason": None,
        "opened_at": OPENED,
        "answer_by": "2026-03-12T10:00:00+08:00",
    }
    assert answer_by(scenario(order={"request": own}), RULES) == datetime(2026, 3, 12, 2, 0, tzinfo=UTC)
    assert answer_by(scenario(order={"request": None}), RULES) is None


def test_where_no_rule_is_known_only_the_platforms_own_deadline_is() -> None:
    abroad = {"platform": "tiktok_shop", "region": "US", "currency": "USD"}
    paid = {"paid": {"amount": "1", "currency": "USD"}}
    asked = scenario(store=abroad, order=paid)
    assert answer_by(asked, RULES) is None
    request = {"kind": "cancellation", "opened_at": OPENED, "answer_by": "2026-03-12T10:00:00+08:00"}
    own = scenario(store=abroad, order=paid | {"request": request})
    assert answer_by(own, RULES) == datetime(2026, 3, 12, 2, 0, tzinfo=UTC)
    japan = scenario(store=abroad | {"region": "JP"}, order=paid)
    assert answer_by(japan, RULES) == datetime(2026, 3, 12, 2, 0, tzinfo=UTC)  # 48 h after it was opened (TTJ-16)
