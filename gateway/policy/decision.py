"""The policy answer (SCENARIO.md): one chosen path with its next step, every path judged, every verdict cited.

Times in a decision carry the store's time zone; amounts are rounded to the currency's minor unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.policy.notation import json_bytes, money_object, quantity_text

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.policy.amount import Amount
    from gateway.policy.notation import Exact
    from gateway.policy.terms import (
        Action,
        Approval,
        Awaited,
        Condition,
        CostKind,
        Missing,
        Path,
        Performer,
        Purpose,
        RefusedAct,
    )


class CostItem(NamedTuple):
    """One kind of cost. ``quantity`` is exact; only its spelling is rounded. ``rule`` is None for a mere price."""

    kind: CostKind
    quantity: Exact
    amount: Amount
    rule: str | None


class Cost(NamedTuple):
    """What a path is expected to cost: the items and the sum of their rounded amounts."""

    total: Amount
    items: tuple[CostItem, ...] = ()


class Step(NamedTuple):
    """One step of the plan. The first is the decision's action; later ones are a forecast, asked anew when due."""

    action: Action
    purpose: Purpose | None = None
    at: datetime | None = None
    until: datetime | None = None
    awaited: tuple[Awaited, ...] = ()  # written as "for"
    condition: Condition | None = None  # written as "if"
    performed_by: Performer | None = None


class Option(NamedTuple):
    """One path judged, in its cheapest lawful variant. A path that is not allowed has no cost and no `earliest`."""

    path: Path
    allowed: bool
    ready: bool
    earliest: datetime | None
    missing: tuple[Missing, ...]
    cost: Cost | None
    because: tuple[str, ...]


class Refusal(NamedTuple):
    """A tempting act that the rules forbid here."""

    what: RefusedAct
    because: tuple[str, ...]


class Rejection(NamedTuple):
    """What rejecting the open request may cost at most. No decision chooses it: it is for a person to order."""

    cost: Cost
    because: tuple[str, ...]
    why: str


class Decision(NamedTuple):
    """What to do next, who does it and when, what it costs and why; the fields in the order they are written."""

    id: str | None
    rule_set: str
    path: Path
    action: Action
    performed_by: Performer
    not_before: datetime | None
    act_by: datetime | None
    native_reason: str | None
    approval: tuple[Approval, ...]
    cost: Cost
    because: tuple[str, ...]
    explanation: str
    steps: tuple[Step, ...]
    options: tuple[Option, ...]
    refused: tuple[Refusal, ...] = ()


def canonical_bytes(decision: Decision) -> bytes:
    """Return the one JSON spelling of a decision: equal decisions give equal bytes."""
    return json_bytes(decision_object(decision))


def decision_object(decision: Decision) -> dict[str, object]:
    """Return what `canonical_bytes` writes, as plain dicts, lists and texts."""
    return {
        "id": decision.id,
        "rule_set": decision.rule_set,
        "path": decision.path.value,
        "action": decision.action.value,
        "performed_by": decision.performed_by.value,
        "not_before": _time(decision.not_before),
        "act_by": _time(decision.act_by),
        "native_reason": decision.native_reason,
        "approval": [reason.value for reason in decision.approval],
        "cost": cost_object(decision.cost),
        "because": list(decision.because),
        "explanation": decision.explanation,
        "steps": [_step_object(step) for step in decision.steps],
        "options": [_option_object(option) for option in decision.options],
        "refused": [{"what": each.what.value, "because": list(each.because)} for each in decision.refused],
    }


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="seconds")


def cost_object(cost: Cost) -> dict[str, object]:
    """Return a cost as a decision writes it."""
    return {
        "total": money_object(cost.total.amount, cost.total.currency),
        "items": [
            {
                "kind": item.kind.value,
                "quantity": quantity_text(item.quantity),
                "amount": money_object(item.amount.amount, item.amount.currency),
                "rule": item.rule,
            }
            for item in cost.items
        ],
    }


def _option_object(option: Option) -> dict[str, object]:
    return {
        "path": option.path.value,
        "allowed": option.allowed,
        "ready": option.ready,
        "earliest": _time(option.earliest),
        "missing": [each.value for each in option.missing],
        "cost": None if option.cost is None else cost_object(option.cost),
        "because": list(option.because),
    }


def _step_object(step: Step) -> dict[str, object]:
    written: dict[str, object] = {
        "action": step.action.value,
        "purpose": step.purpose.value if step.purpose else None,
        "at": _time(step.at),
        "until": _time(step.until),
        "for": [each.value for each in step.awaited] or None,
        "if": step.condition.value if step.condition else None,
        "performed_by": step.performed_by.value if step.performed_by else None,
    }
    return {key: value for key, value in written.items() if value is not None}
