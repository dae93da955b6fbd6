"""What people and the gateway gathered about an order since it came, as the policy may know it at an instant.

Contact, evidence, the support case, and the open case that asks: rows of our own, where no platform tells them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, literal_column, select, text, union

from gateway.cases.contact import SentMessage, latest_reply, messages_of, replies_of, tickets_of
from gateway.cases.evidence import kinds
from gateway.policy.terms import Purpose, Reply
from gateway.storage.schema import cases, contact_messages, contact_replies, evidence, support_tickets
from gateway.storage.statements import listed, one_of

_PURPOSES = frozenset(Purpose)
_TABLES = (contact_messages, contact_replies, support_tickets, evidence)


def _of_orders(table: Table) -> tuple[ColumnElement[bool], ...]:
    return table.c.store == bindparam("the_store"), one_of(table.c.order_id, "ids")


def _there(table: Table) -> Select[tuple[str, str]]:
    return select(literal_column(f"'{table.name}'").label("place"), table.c.order_id).where(*_of_orders(table))


# most orders have none of it, and each turn of a case asks: one look tells which of the tables are worth one
_WHAT_THERE_IS = union(*(_there(table) for table in _TABLES))
_OPEN_CASES = select(cases.c.order_id, cases.c.reason, cases.c.batch_size, cases.c.version).where(
    *_of_orders(cases),
    text("cases.state <> 'settled'"),  # as the partial index spells it
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is on record. ``messages`` are those of the contact procedure, the oldest first.

    ``reason``, ``batch_size`` and ``version`` are those of the order's open case; None and 1 without one.
    """

    messages: tuple[SentMessage, ...] = ()
    reply: Reply = Reply.none
    replied_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    ticket: str | None = None
    reason: str | None = None
    batch_size: int = 1
    version: int | None = field(default=None, compare=False)  # what changed the case is told above


NOTHING = Gathered()
"""Of an order nobody has done anything about."""


def gathered(connection: Connection, store: str, order_id: str, as_of: datetime | None = None) -> Gathered:
    """Return what is on record about an order; with ``as_of``, what had happened by then (to the second).

    A reply counts from the instant the buyer gave it, whenever it was entered.
    """
    return gathered_for_all(connection, store, [order_id], as_of)[order_id]


def gathered_for_all(
    connection: Connection, store: str, order_ids: Collection[str], as_of: datetime | None = None
) -> dict[str, Gathered]:
    """Return what `gathered` does for several orders."""
    named = {"the_store": store, "ids": listed(order_ids)}
    there: dict[str, set[str]] = {}
    for row in connection.execute(_WHAT_THERE_IS, named):
        there.setdefault(row.order_id, set()).add(row.place)
    found = {
        order_id: _gathered(connection, store, order_id, there[order_id], as_of) if order_id in there else NOTHING
        for order_id in order_ids
    }
    for order_id, reason, batch_size, version in connection.execute(_OPEN_CASES, named):
        found[order_id] = replace(found[order_id], reason=reason, batch_size=batch_size, version=version)
    return found


def _gathered(
    connection: Connection, store: str, order_id: str, there: Collection[str], as_of: datetime | None
) -> Gathered:
    """Return what is on record in the tables in which there is something."""
    last = None if as_of is None else as_of.replace(microsecond=0) + timedelta(seconds=1)

    def known(at: datetime) -> bool:
        return last is None or at < last

    messages = messages_of(connection, store, order_id) if contact_messages.name in there else []
    replies = replies_of(connection, store, order_id) if contact_replies.name in there else []
    tickets = tickets_of(connection, store, order_id) if support_tickets.name in there else []
    files = kinds(connection, store, order_id, before=last) if evidence.name in there else ()
    reply = latest_reply([each for each in replies if known(each.at)])
    return Gathered(
        messages=tuple(each for each in messages if each.purpose in _PURPOSES and known(each.at)),
        reply=Reply.none if reply is None else reply.reply,
        replied_at=None if reply is None else reply.at,
        evidence=tuple(kind.value for kind in files),
        ticket=next((each.ticket for each in reversed(tickets) if known(each.at)), None),
    )
