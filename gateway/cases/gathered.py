"""What people and the gateway gathered about an order since it came, as the policy may know it at an instant.

Contact, evidence, the support case, and the open case that asks: rows of our own, where no platform tells them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from gateway.cases.contact import SentMessage, latest_reply, messages_of, replies_of, tickets_of
from gateway.cases.evidence import kinds
from gateway.policy.terms import Purpose, Reply
from gateway.storage.schema import cases

_PURPOSES = frozenset(Purpose)


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
    last = None if as_of is None else as_of.replace(microsecond=0) + timedelta(seconds=1)

    def known(at: datetime) -> bool:
        return last is None or at < last

    messages = [each for each in messages_of(connection, store, order_id) if each.purpose in _PURPOSES]
    reply = latest_reply([each for each in replies_of(connection, store, order_id) if known(each.at)])
    tickets = [each for each in tickets_of(connection, store, order_id) if known(each.at)]
    asks = select(cases.c.reason, cases.c.batch_size).where(
        cases.c.store == store, cases.c.order_id == order_id, cases.c.state != "settled"
    )
    case = connection.execute(asks).one_or_none()
    return Gathered(
        messages=tuple(each for each in messages if known(each.at)),
        reply=Reply.none if reply is None else reply.reply,
        replied_at=None if reply is None else reply.at,
        evidence=tuple(kind.value for kind in kinds(connection, store, order_id, before=last)),
        ticket=tickets[-1].ticket if tickets else None,
        reason=None if case is None else case.reason,
        batch_size=1 if case is None else case.batch_size,
    )
