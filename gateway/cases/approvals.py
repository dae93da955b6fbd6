"""Approvals: a person's yes to one effect of one case, asked for before it and used once.

::

    asked ──► granted ──► used            in the transaction that commits the effect
      │          ├──────► expired, withdrawn
      └──────────┴──────► refused

Of one case at most one is asked or granted. Where the configuration wants it, an act of high risk needs the yes of
two different people, and of leads only. A yes holds for what was asked: one action, the reasons named, at most the
cost shown, until it expires. When the decision changes beyond that, it is withdrawn and asked for anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from gateway.config import ApprovalSettings
from gateway.errors import Conflict, NotAllowed, NotFound
from gateway.model.money import to_minor
from gateway.policy.amount import Amount
from gateway.policy.decision import Decision
from gateway.policy.terms import Action
from gateway.policy.terms import Approval as Need
from gateway.policy.valuation import RATES
from gateway.storage import audit
from gateway.storage.moments import from_micros, from_micros_or_none, to_micros
from gateway.storage.schema import approvals
from gateway.work.queue import submit
from gateway.work.wake import add_history, wake_cases

EXPIRY_KIND = "approval_expiry"
"""The kind of due work that ends approvals past their time."""

LONGEST = timedelta(hours=24)
SHORTEST = timedelta(hours=1)

_HIGH_RISK = {Need.high_risk_close, Need.goods_lost}


class Role(StrEnum):
    """Who a person is to the shop."""

    operator = "operator"
    lead = "lead"


class ApprovalState(StrEnum):
    """Where an approval stands."""

    asked = "asked"
    granted = "granted"
    refused = "refused"
    expired = "expired"
    withdrawn = "withdrawn"
    used = "used"


_STANDS = (ApprovalState.asked.value, ApprovalState.granted.value)


class OfCase(Protocol):
    """What an approval takes from its case."""

    @property
    def id(self) -> str:
        """The case's own id."""

    @property
    def store(self) -> str:
        """Whose order it is."""

    @property
    def order_id(self) -> str:
        """The order."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval as stored. ``role`` says who may agree, ``cost_minor`` what was shown (None: unknown)."""

    id: str
    case_id: str
    store: str
    order_id: str
    decision: str
    action: Action
    reasons: tuple[str, ...]
    role: Role
    second_person: bool
    cost_minor: int | None
    currency: str
    state: ApprovalState
    asked_at: datetime
    expires_at: datetime
    first_by: str | None
    first_at: datetime | None
    second_by: str | None
    second_at: datetime | None
    because: str


def role_of(person: str, settings: ApprovalSettings) -> Role:
    """Return who a person is; where the configuration names no leads, everybody is one."""
    return Role.lead if not settings.leads or person in settings.leads else Role.operator


def is_high_risk(needs: Iterable[str], cost: Amount, settings: ApprovalSettings, rate: Decimal | None = None) -> bool:
    """Return whether an act is of high risk: by a reason, or because it costs more than the limit set.

    ``rate`` is how much of the cost's currency one CNY buys (the store's own; else the table of VALUATION.md). In a
    currency without a rate any cost is above the limit.
    """
    rate = rate or RATES.get(cost.currency)
    limit = Decimal(0) if rate is None else settings.limit_cny * rate
    return not _HIGH_RISK.isdisjoint(needs) or cost.amount > limit


def ask(
    c: Connection,
    case: OfCase,
    decision_id: str,
    decision: Decision,
    needs: Collection[str],
    now: datetime,
    *,
    settings: ApprovalSettings,
    rate: Decimal | None = None,
) -> Approval:
    """Ask for a person's yes to the decision's action, for the reasons in ``needs``.

    One that stands and covers it is returned as it is, asked or granted; any other of this case is withdrawn. It
    expires at the decision's ``act_by``, within a day, and not within an hour.
    """
    cost = decision.cost.total
    stands = standing_or_asked(c, case.id)
    if stands is not None:
        if stands.expires_at > now and covers(stands, decision.action, needs, cost):
            return stands
        late = stands.expires_at <= now
        _end(
            c,
            stands,
            ApprovalState.expired if late else ApprovalState.withdrawn,
            "gateway",
            now,
            "nobody agreed in time" if late else "the decision has changed",
        )
    risky = is_high_risk(needs, cost, settings, rate)
    latest = now + LONGEST if decision.act_by is None else min(decision.act_by, now + LONGEST)
    row: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "case_id": case.id,
        "store": case.store,
        "order_id": case.order_id,
        "decision": decision_id,
        "action": decision.action.value,
        "reasons": " ".join(needs),
        "role": (Role.lead if risky else Role.operator).value,
        "second_person": risky and settings.second_person,
        "cost_minor": to_minor(cost.amount, cost.currency),
        "currency": cost.currency,
        "state": ApprovalState.asked.value,
        "asked_at": to_micros(now),
        "expires_at": to_micros(max(latest, now + SHORTEST)),
        "because": "",
    }
    c.execute(insert(approvals), row)
    submit(c, EXPIRY_KIND, row["id"], from_micros(row["expires_at"]), b"")
    return _told(c, row["id"], "approval_asked", "gateway", now)


def covers(approval: Approval, action: Action, needs: Iterable[str], cost: Amount) -> bool:
    """Return whether a yes to it is a yes to this: the same action, no further reason, no higher cost."""
    if approval.cost_minor is None or approval.currency != cost.currency:
        return False
    dear = to_minor(cost.amount, cost.currency) > approval.cost_minor
    return approval.action is action and set(needs) <= set(approval.reasons) and not dear


def standing(
    c: Connection, case: OfCase, action: Action, needs: Iterable[str], now: datetime, *, cost: Amount
) -> Approval | None:
    """Return the yes under which a case may do this now; None when there is none, or it does not cover it."""
    found = standing_or_asked(c, case.id)
    if found is None or found.state is not ApprovalState.granted or found.expires_at <= now:
        return None
    return found if covers(found, action, needs, cost) else None


def used_before(c: Connection, case: OfCase, action: Action, needs: Iterable[str], *, cost: Amount) -> bool:
    """Tell whether a yes that covers this was used up in this case: what was asked of a person with it stays asked."""
    where = (approvals.c.case_id == case.id) & (approvals.c.state == ApprovalState.used.value)
    wanted = set(needs)
    return any(covers(_load(row), action, wanted, cost) for row in c.execute(select(approvals).where(where)))


def standing_or_asked(c: Connection, case_id: str) -> Approval | None:
    """Return the one approval of a case that is asked for or granted; it may be past its time."""
    row = c.execute(select(approvals).where(approvals.c.case_id == case_id, approvals.c.state.in_(_STANDS))).first()
    return None if row is None else _load(row)


def refusal(
    c: Connection, case: OfCase, action: Action, needs: Iterable[str], *, cost: Amount, since: datetime | None = None
) -> Approval | None:
    """Return the no that a person said last in this case, where it answers this very question; else None.

    What a person refused is not asked again; a further reason or a higher cost does not make it a new question. A no
    said before ``since`` does not count (a person let the case go on).
    """
    where = (approvals.c.case_id == case.id) & (approvals.c.state == ApprovalState.refused.value)
    row = c.execute(select(approvals).where(where).order_by(approvals.c.asked_at.desc()).limit(1)).first()
    found = None if row is None else _load(row)
    if found is None or found.action is not action or found.cost_minor is None:
        return None
    said_at = found.second_at or found.first_at
    if since is not None and said_at is not None and said_at < since:
        return None
    easier = to_minor(cost.amount, cost.currency) < found.cost_minor or set(needs) < set(found.reasons)
    return None if easier else found


def answer(c: Connection, approval_id: str, *, by: str, role: Role, yes: bool, because: str, now: datetime) -> Approval:
    """Say yes or no as ``by``, and wake the case once it is decided. Anybody's no decides it.

    Where two people must agree, the first yes leaves it asked. Raises NotFound; NotAllowed when only a lead may agree;
    Conflict when it is decided already (naming by whom), past its time, or the second yes comes from the first person.
    """
    found = approval_of(c, approval_id)
    _check_open(found, now)
    if not yes:
        return _answered(c, found, ApprovalState.refused, by, because, now)
    if found.role is Role.lead and role is not Role.lead:
        raise NotAllowed(
            f"Approval {found.id} is of high risk: only a lead may agree to it. {by} is none of those whom "
            "`approvals: leads` in gateway.yaml names."
        )
    if found.first_by == by:
        raise Conflict(f"{by} has agreed to approval {found.id} already: the second yes must be another person's.")
    waits = found.second_person and found.first_by is None
    return _answered(c, found, ApprovalState.asked if waits else ApprovalState.granted, by, because, now)


def use(c: Connection, approval_id: str, *, now: datetime) -> Approval:
    """Use a yes up, in the transaction that commits its effect. Raises NotFound, Conflict when it does not stand."""
    found = approval_of(c, approval_id)
    if found.state is not ApprovalState.granted or found.expires_at <= now:
        late = found.state is ApprovalState.granted
        told = f"it expired at {found.expires_at:%Y-%m-%d %H:%M} UTC" if late else f"it is {found.state}"
        raise Conflict(f"Approval {found.id} does not stand any more: {told}. Decide again.")
    return _end(c, found, ApprovalState.used, "gateway", now, found.because, wake=False)


def withdraw(c: Connection, case_id: str, now: datetime, because: str) -> Approval | None:
    """Take back what is asked or granted in a case whose decision has changed or which ends; return it."""
    found = standing_or_asked(c, case_id)
    return None if found is None else _end(c, found, ApprovalState.withdrawn, "gateway", now, because)


def expire_due(c: Connection, now: datetime) -> list[Approval]:
    """End every approval that is past its time, and wake its case; return them."""
    late = approvals.c.state.in_(_STANDS) & (approvals.c.expires_at <= to_micros(now))
    found = [_load(row) for row in c.execute(select(approvals).where(late).order_by(approvals.c.expires_at))]
    words = {ApprovalState.asked: "nobody agreed in time", ApprovalState.granted: "it was not used in time"}
    return [_end(c, each, ApprovalState.expired, "gateway", now, words[each.state], wake=True) for each in found]


def approval_of(c: Connection, approval_id: str) -> Approval:
    """Return one approval. Raises NotFound."""
    row = c.execute(select(approvals).where(approvals.c.id == approval_id)).first()
    if row is None:
        raise NotFound(f"No approval {approval_id}. `gateway approvals list` shows those that wait.")
    return _load(row)


def approvals_like(
    c: Connection,
    *,
    stores: Collection[str] | None = None,
    case_id: str | None = None,
    order_id: str | None = None,
    states: Collection[ApprovalState] | None = None,
) -> list[Approval]:
    """Return the approvals that match all that is given, those that expire first before the others."""
    where: list[ColumnElement[bool]] = []
    if stores is not None:
        where.append(approvals.c.store.in_(sorted(stores)))
    if states is not None:
        where.append(approvals.c.state.in_(sorted(states)))
    wanted = {"case_id": case_id, "order_id": order_id}
    where += [approvals.c[name] == value for name, value in wanted.items() if value is not None]
    query = select(approvals).where(*where).order_by(approvals.c.expires_at, approvals.c.asked_at, approvals.c.id)
    return [_load(row) for row in c.execute(query)]


def _check_open(found: Approval, now: datetime) -> None:
    if found.state is not ApprovalState.asked:
        who = found.second_by or found.first_by
        told = (
            f"{found.state} already" + (f", by {who}" if who else "") + (f": {found.because}" if found.because else "")
        )
        raise Conflict(f"Approval {found.id} is {told}.")
    if found.expires_at <= now:
        raise Conflict(
            f"Approval {found.id} expired at {found.expires_at:%Y-%m-%d %H:%M} UTC. If the case still needs it, it "
            "asks anew: `gateway approvals list`."
        )


def _answered(c: Connection, found: Approval, state: ApprovalState, by: str, because: str, now: datetime) -> Approval:
    place = "first" if found.first_by is None else "second"
    values = {f"{place}_by": by, f"{place}_at": to_micros(now)}
    if state is ApprovalState.asked:
        _change(c, found, {**values, "because": because})
        return _told(c, found.id, "approval_agreed", by, now)
    return _end(c, found, state, by, now, because, values, wake=True)


def _end(
    c: Connection,
    found: Approval,
    state: ApprovalState,
    by: str,
    now: datetime,
    because: str,
    values: dict[str, Any] | None = None,
    *,
    wake: bool = False,
) -> Approval:
    _change(c, found, {**(values or {}), "state": state.value, "because": because})
    if wake:
        wake_cases(c, found.store, [found.order_id], now, "approval", by)
    return _told(c, found.id, f"approval_{state}", by, now)


def _change(c: Connection, found: Approval, values: dict[str, Any]) -> None:
    """Write only where nobody has written meanwhile. Raises Conflict."""
    first = approvals.c.first_by.is_(None) if found.first_by is None else approvals.c.first_by == found.first_by
    same = (approvals.c.id == found.id) & (approvals.c.state == found.state.value) & first
    if c.execute(update(approvals).where(same).values(**values)).rowcount != 1:
        raise Conflict(f"Approval {found.id} has changed meanwhile. Look at it again: `gateway approvals list`.")


def _told(c: Connection, approval_id: str, what: str, by: str, now: datetime) -> Approval:
    """Return the approval as it stands now, and put it on the audit trail and in its case's history."""
    found = approval_of(c, approval_id)
    details = {
        "approval": found.id,
        "decision": found.decision,
        "action": found.action.value,
        "reasons": " ".join(found.reasons),
    }
    if found.because:
        details["because"] = found.because
    add_history(c, found.case_id, what, by, now, details)
    audit.append(c, now, by, what, found.store, found.order_id, {**details, "case": found.case_id})
    return found


def _load(row: Row[Any]) -> Approval:
    return Approval(
        id=row.id,
        case_id=row.case_id,
        store=row.store,
        order_id=row.order_id,
        decision=row.decision,
        action=Action(row.action),
        reasons=tuple(row.reasons.split()),
        role=Role(row.role),
        second_person=bool(row.second_person),
        cost_minor=row.cost_minor,
        currency=row.currency,
        state=ApprovalState(row.state),
        asked_at=from_micros(row.asked_at),
        expires_at=from_micros(row.expires_at),
        first_by=row.first_by,
        first_at=from_micros_or_none(row.first_at),
        second_by=row.second_by,
        second_at=from_micros_or_none(row.second_at),
        because=row.because,
    )
