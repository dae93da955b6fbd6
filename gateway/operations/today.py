"""What is due: for each store what waits for a person or for the platform, the nearest deadline first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from gateway.cases.approvals import ApprovalState, approvals_like
from gateway.cases.due import due_by_rule, ship_by_rule
from gateway.cases.effects import open_effects
from gateway.cases.instructions import instructions_for
from gateway.cases.notice_words import words_of
from gateway.cases.notices import Level, notices_like
from gateway.cases.tasks import tasks_open
from gateway.model.after_sale import AfterSale, RequestState
from gateway.model.store import Store, StoreState
from gateway.operations.approvals import cost_of
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.orders.agenda import running_requests, to_ship
from gateway.orders.quarantine import list_open
from gateway.orders.store import order as stored_order
from gateway.orders.suspects import RaisedSign, standing_signs
from gateway.policy.wording.catalog import Language


class DueKind(StrEnum):
    """What kind of thing is due; the order in which things without a deadline, or of the same instant, are listed."""

    reconnect = "reconnect"  # the store's authorisation is gone
    effect = "effect"  # a call whose outcome is not settled
    approval = "approval"  # an effect that waits for a person's yes
    task = "task"  # what only a person can do
    answer = "answer"
    evidence = "evidence"
    inspect = "inspect"  # goods that came back
    ship = "ship"
    quarantine = "quarantine"
    notice = "notice"  # something urgent that the lines above do not tell


# each of these is a line of its own kind
_TOLD_ABOVE = frozenset(
    {"ship_by_due", "answer_by_due", "evidence_by_due", "inspect_by_due", "task_due", "approval_due"}
    | {"store_disconnected", "stock_out", "supplier_out_of_stock", "purchase_orphaned", "automation_held"}
)


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do. ``by`` is None where there is no deadline: then it is due now."""

    store: str
    kind: DueKind
    subject: str  # the order, the request, the effect or the object
    order_id: str | None
    by: datetime | None
    passed: bool
    words: str


@dataclass(frozen=True, slots=True)
class StoreDay:
    """How much waits in one store, and how much of it is late."""

    store: str
    waiting: dict[DueKind, int]
    passed: int


@dataclass(frozen=True, slots=True)
class Today:
    """What is due as of ``now``: the first of it, how much there is in all, and the sums by store."""

    now: datetime
    due: list[Due]
    in_all: int
    stores: list[StoreDay]


async def today(context: Context, *, store: str | None = None, limit: int = 100) -> Today:
    """Return what is due, in one store or in all: what has no deadline first, then the nearest deadline.

    Raises NotFound for an unknown store.
    """
    stores = await chosen_stores(context, [store] if store is not None else [])
    now = context.clock.now()
    language = Language(context.configuration.notify.language)

    def read(c: Connection) -> list[Due]:
        known = {each.id: each for each in stores}
        requests = running_requests(c, list(known))
        return [
            *_reconnects(stores),
            *_effects(c, known),
            *_approvals(c, known, now),
            *_tasks(c, known, now),
            *(due for request in requests for due in _of_request(c, context, known[request.store], request, now)),
            *_shipments(c, context, known, now),
            *_quarantine(c, known),
            *_notices(c, known, language),
        ]

    due = sorted(await context.database.read(read), key=_urgency)
    return Today(now, due[:limit], len(due), [_day(each.id, due) for each in stores])


def _urgency(due: Due) -> tuple[bool, float, int, str, str]:
    instant = 0.0 if due.by is None else due.by.timestamp()
    return due.by is not None, instant, list(DueKind).index(due.kind), due.store, due.subject


def _day(store: str, due: Sequence[Due]) -> StoreDay:
    mine = [each for each in due if each.store == store]
    counted = Counter(each.kind for each in mine)
    return StoreDay(
        store, {kind: counted[kind] for kind in DueKind if counted[kind]}, sum(each.passed for each in mine)
    )


def _reconnects(stores: Sequence[Store]) -> list[Due]:
    words = "{} Connect it again: gateway stores connect --app {}"
    return [
        Due(
            each.id,
            DueKind.reconnect,
            each.id,
            None,
            None,
            passed=False,
            words=words.format(each.state_reason, each.app),
        )
        for each in stores
        if each.state is StoreState.disconnected
    ]


def _effects(c: Connection, stores: dict[str, Store]) -> list[Due]:
    return [
        Due(
            each.store,
            DueKind.effect,
            each.id,
            each.act.order_id,
            None,
            passed=False,
            words=f"{each.act.operation.value} is {each.state.value}: {each.because or 'not sent yet'}",
        )
        for each in open_effects(c)
        if each.store in stores
    ]


def _approvals(c: Connection, stores: dict[str, Store], now: datetime) -> list[Due]:
    found = approvals_like(c, stores=list(stores), states={ApprovalState.asked})
    return [
        Due(
            each.store,
            DueKind.approval,
            each.id,
            each.order_id,
            each.expires_at,
            _is_past(each.expires_at, now),
            words=f"{each.action}, {cost_of(each)}: gateway approvals yes {each.id}, or no",
        )
        for each in found
    ]


def _tasks(c: Connection, stores: dict[str, Store], now: datetime) -> list[Due]:
    return [
        Due(
            each.store,
            DueKind.task,
            each.id,
            each.order_id,
            each.due_by,
            _is_past(each.due_by, now),
            words=f"{instructions_for(each, stores[each.store], Language.en).title}: gateway tasks show {each.id}",
        )
        for each in tasks_open(c, stores=list(stores))
    ]


def _of_request(c: Connection, context: Context, store: Store, request: AfterSale, now: datetime) -> list[Due]:
    named: list[tuple[DueKind, datetime | None, str]] = []
    if request.state is RequestState.open:
        valuation = context.configuration.valuation.get(store.id, {})
        by = due_by_rule(c, context.vault, store, request, context.rules, valuation, now)
        why = f" ({request.reason.value})" if request.reason is not None else ""
        words = f"{request.kind.value}{why}: gateway accept {request.request_id}, or reject"
        named.append((DueKind.answer, by, words))
    if request.evidence_by is not None:
        named.append((DueKind.evidence, request.evidence_by, f"evidence for {request.kind.value}, in the console"))
    if request.inspect_by is not None:
        named.append((DueKind.inspect, request.inspect_by, "look at the goods that came back"))
    return [
        Due(request.store, kind, request.request_id, request.order_id, by, _is_past(by, now), words)
        for kind, by, words in named
    ]


def _shipments(c: Connection, context: Context, stores: dict[str, Store], now: datetime) -> list[Due]:
    signs: dict[tuple[str, str], list[RaisedSign]] = {}
    for sign in standing_signs(c, list(stores)):
        signs.setdefault((sign.store, sign.order_id), []).append(sign)
    due = []
    for each in to_ship(c, list(stores)):
        by, words = each.ship_by, f"gateway ship {each.order_id}"
        if held := signs.get((each.store, each.order_id)):
            by = by or _ship_by_rule(c, context, stores[each.store], each.order_id)
            words = f"held, {', and '.join(sign.words for sign in held)}: ask the buyer, then {words} --yes"
        due.append(Due(each.store, DueKind.ship, each.order_id, each.order_id, by, _is_past(by, now), words))
    return due


def _ship_by_rule(c: Connection, context: Context, store: Store, order_id: str) -> datetime | None:
    found = stored_order(c, context.vault, store.id, order_id)
    return None if found is None else ship_by_rule(found.order, store, context.rules)


def _quarantine(c: Connection, stores: dict[str, Store]) -> list[Due]:
    return [
        Due(
            each.store,
            DueKind.quarantine,
            each.external_id,
            each.external_id if each.stream == "orders" else None,
            None,
            passed=False,
            words=f"not understood: {each.reason}",
        )
        for each in list_open(c)
        if each.store in stores
    ]


def _notices(c: Connection, stores: dict[str, Store], language: Language) -> list[Due]:
    return [
        Due(each.store, DueKind.notice, each.id, each.order_id, None, passed=False, words=words_of(each, language).text)
        for each in notices_like(c, stores=list(stores), lowest=Level.urgent)
        if each.kind not in _TOLD_ABOVE
    ]


def _is_past(by: datetime | None, now: datetime) -> bool:
    return by is not None and by < now
