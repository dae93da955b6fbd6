"""Approvals as people see and answer them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from gateway.cases import approvals as kept
from gateway.cases.approvals import Approval, ApprovalState
from gateway.cases.instructions import catalog_in
from gateway.model.money import Money
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.policy.wording.catalog import Language, texts_in
from gateway.storage.schema import decisions

_STANDING = {ApprovalState.asked, ApprovalState.granted}


@dataclass(frozen=True, slots=True)
class ListedApproval:
    """An approval in a list. ``late``: it stands and its time has passed."""

    approval: Approval
    cost: str
    words: tuple[str, ...]  # its reasons as people read them
    late: bool


@dataclass(frozen=True, slots=True)
class ShownApproval:
    """An approval with the decision it is asked for, spelt as `gateway.policy.decision` writes it."""

    approval: Approval
    cost: str
    words: tuple[str, ...]
    late: bool
    explanation: str
    decision: dict[str, Any]


async def list_approvals(
    context: Context,
    *,
    store: str | None = None,
    order: str | None = None,
    ended: bool = False,
    language: Language = Language.en,
) -> list[ListedApproval]:
    """Return the approvals asked for or granted, those that expire first before the others; with ``ended`` all.

    Raises NotFound for an unknown store.
    """
    stores = [each.id for each in await chosen_stores(context, [store] if store is not None else [])]
    now = context.clock.now()

    def read(c: Connection) -> list[ListedApproval]:
        states = None if ended else _STANDING
        found = kept.approvals_like(c, stores=stores, order_id=order, states=states)
        return [
            ListedApproval(
                each, cost_of(each), words_of(each, language), each.state in _STANDING and each.expires_at <= now
            )
            for each in found
        ]

    return await context.database.read(read)


async def show_approval(context: Context, approval: str, *, language: Language = Language.en) -> ShownApproval:
    """Return an approval and the decision it is asked for. Raises NotFound."""
    now = context.clock.now()

    def read(c: Connection) -> ShownApproval:
        found = kept.approval_of(c, approval)
        spelt = c.execute(select(decisions.c.decision).where(decisions.c.id == found.decision)).scalar_one_or_none()
        decision: dict[str, Any] = {} if spelt is None else orjson.loads(spelt)
        explanation = texts_in(language).explain(decision.get("explanation", ""))
        late = found.state in _STANDING and found.expires_at <= now
        return ShownApproval(found, cost_of(found), words_of(found, language), late, explanation, decision)

    return await context.database.read(read)


async def answer_approval(context: Context, approval: str, *, yes: bool, because: str = "", by: str) -> Approval:
    """Say yes or no, and let the case go on once it is decided. Raises as `gateway.cases.approvals.answer`."""
    now = context.clock.now()
    role = kept.role_of(by, context.configuration.approvals)
    return await context.database.write(
        lambda c: kept.answer(c, approval, by=by, role=role, yes=yes, because=because, now=now)
    )


def cost_of(approval: Approval) -> str:
    """Return what the act is expected to cost, as people read it."""
    if approval.cost_minor is None:
        return "not known"
    return str(Money(minor=approval.cost_minor, currency=approval.currency))


def words_of(approval: Approval, language: Language) -> tuple[str, ...]:
    """Return the reasons for which a yes is needed, in a language; one without words stays as it is."""
    texts, own = texts_in(language), catalog_in(language).words["approval"]
    return tuple(own.get(reason) or texts.entries.get(f"approval.{reason}", reason) for reason in approval.reasons)
