"""What a turn of a case is taken with, and what it comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.cases.case import Case
from gateway.cases.effects import Effect
from gateway.cases.ending import Standing
from gateway.cases.found import Found
from gateway.cases.step import Step
from gateway.config import ApprovalSettings, ContactSettings
from gateway.policy.notation import money_object
from gateway.storage.vault import Vault
from gateway.sync.connections import Connection

MakeSheet = Callable[[str, str], Awaitable[object]]
"""Puts the facts of an order (store, order) on file as evidence of the kind ``order_detail``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a case works with besides the road: whose yes counts, how texts are written, and who makes the sheet."""

    vault: Vault
    approvals: ApprovalSettings = field(default_factory=ApprovalSettings)
    contact: Mapping[str, ContactSettings] = field(default_factory=dict)  # by store
    rates: Mapping[str, Decimal] = field(default_factory=dict)  # by store: how much of its currency one CNY buys
    make_sheet: MakeSheet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of a case as it was taken: how it left the case, what was found and done."""

    case: Case
    found: Found | None = None
    step: Step | None = None
    effect: Effect | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What a step is carried out with: the case as this turn holds it, and the facts.

    ``seen`` is the case's version when they were read, ``known`` the order's effects that were confirmed before.
    """

    case: Case
    connection: Connection
    found: Found
    standing: Standing
    seen: int
    known: Collection[str]
    patient: bool


def told_of(found: Found, step: Step, effect: str | None = None) -> dict[str, object]:
    """Return what a case's history says of a turn, beside how it left the case."""
    made = found.decision
    cost = money_object(made.cost.total.amount, made.cost.total.currency)
    return {
        "kind": step.kind.value,
        "path": made.path.value,
        "action": made.action.value,
        "performed_by": made.performed_by.value,
        "cost": cost,
        "rules": list(made.because),
        **({"due_at": step.due_at.isoformat(timespec="seconds")} if step.due_at else {}),
        **({"effect": effect} if effect else {}),
        **({"outcome": step.outcome.value} if step.outcome else {}),
    }
