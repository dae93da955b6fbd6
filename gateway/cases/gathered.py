"""What people and the gateway gathered about an order since it came, as the policy may know it at an instant.

Contact, evidence, the support case, and the open case that asks: rows of our own, where no platform tells them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Connection, ScalarSelect, Table, bindparam, select, text

from gateway.cases.contact import SentMessage, latest_reply, messages_of, replies_of, tickets_of
from gateway.cases.evidence import kinds
from gateway.policy.terms import Purpose, Reply
from gateway.storage.schema import cases, contact_messages, contact_replies, evidence, support_tickets

_PURPOSES = frozenset(Purpose)
_STORE: BindParameter[str] = bindparam("the_store")
_ORDER: BindParameter[str] = bindparam("the_order")


def _one(table: Table) -> ScalarSelect[int]:
    mine = (table.c.store == _STORE) & (table.c.order_id == _ORDER)
    return select(text("1")).select_from(table).where(mine).limit(1).scalar_subquery()


_OPEN_CASE = (cases.c.store == _STORE, cases.c.order_id == _ORDER, text("cases.state <> 'settled'"))  # as its index
# most orders have none of it, and each turn of a case asks: one look tells which of the tables are worth one
_WHAT_THERE_IS = select(
    _one(contact_messages).label("messages"),
    _one(contact_replies).label("replies"),
    _one(support_tickets).label("tickets"),
    _one(evidence).label("evidence"),
    select(cases.c.reason).where(*_OPEN_CASE).scalar_subquery().label("reason"),
    select(cases.c.batch_size).where(*_OPEN_CASE).scalar_subquery().label("batch_size"),
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is on record. ``messages`` are those of the contact procedure, the oldest first.

    ``reason`` and ``batch_size`` are those of the order's open case; None and 1 without one.
    """

    messages: tuple[SentMessage, ...] = ()
    reply: Reply = Reply.none
    replied_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    ticket: str | None = None
    reason: str | None = None
    batch_size: int = 1


NOTHING = Gathered()
"""Of an order nobody has done anything about."""


def gathered(connection: Connection, store: str, order_id: str, as_of: datetime | None = None) -> Gathered:
    """Return what is on record about an order; with ``as_of``, what had happened by then (to the second).

    A reply counts from the instant the buyer gave it, whenever it was entered.
    """
    there = connection.execute(_WHAT_THERE_IS, {"the_store": store, "the_order": order_id}).one()
    last = None if as_of is None else as_of.replace(microsecond=0) + timedelta(seconds=1)

    def known(at: datetime) -> bool:
        return last is None or at < last

    messages = messages_of(connection, store, order_id) if there.messages else []
    replies = replies_of(connection, store, order_id) if there.replies else []
    tickets = tickets_of(connection, store, order_id) if there.tickets else []
    files = kinds(connection, store, order_id, before=last) if there.evidence else ()
    reply = latest_reply([each for each in replies if known(each.at)])
    return Gathered(
        messages=tuple(each for each in messages if each.purpose in _PURPOSES and known(each.at)),
        reply=Reply.none if reply is None else reply.reply,
        replied_at=None if reply is None else reply.at,
        evidence=tuple(kind.value for kind in files),
        ticket=next((each.ticket for each in reversed(tickets) if known(each.at)), None),
        reason=there.reason,
        batch_size=there.batch_size or 1,
    )
