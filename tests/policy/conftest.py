"""What the policy tests share: a scenario to vary, the shipped rules, a decision as plain JSON."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.rule_set import RuleSet, load_rules
from gateway.policy.scenario import Scenario

BASE: dict[str, Any] = {
    "id": "case-1",
    "as_of": "2026-03-10T12:00:00+08:00",
    "store": {
        "platform": "shopee",
        "region": "MY",
        "currency": "MYR",
        "health": {"orders_in_window": 60, "counted_cancellations_in_window": 5},
    },
    "order": {"phase": "awaiting_shipment", "stock_available": False},
    "intent": {"reason": "out_of_stock"},
}


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


@pytest.fixture(scope="session")
def rules() -> RuleSet:
    return load_rules()


@pytest.fixture(scope="session")
def scenario_dict() -> Callable[..., dict[str, Any]]:
    """A Shopee order in Malaysia without stock, with the given fields changed (nested dicts are merged)."""

    def build(**changes: Any) -> dict[str, Any]:
        return _merged(copy.deepcopy(BASE), changes)

    return build


@pytest.fixture(scope="session")
def scenario(scenario_dict: Callable[..., dict[str, Any]]) -> Callable[..., Scenario]:
    def build(**changes: Any) -> Scenario:
        return Scenario.model_validate(scenario_dict(**changes))

    return build


@pytest.fixture(scope="session")
def decided(scenario: Callable[..., Scenario], rules: RuleSet) -> Callable[..., dict[str, Any]]:
    """The decision on the varied scenario, as the JSON a caller reads."""

    def build(**changes: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(canonical_bytes(decide(scenario(**changes), rules)))
        return answer

    return build
