"""What was said between shop and buyer, as it is on record: messages sent, replies as entered, support cases.

Nothing is overwritten. A reply is only ever what a person entered or an event of the platform told: no text is read
for consent. Texts are sealed with the order's own key; when the person is erased, they are gone and the facts stay.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, insert, select

from gateway.errors import Conflict, DataError
from gateway.orders.keys import OrderKeys, label
from gateway.policy.terms import Reply
from gateway.storage import audit
from gateway.storage.moments import from_micros, from_micros_or_none, to_micros, to_micros_or_none
from gateway.storage.schema import contact_messages, contact_replies, support_tickets
from gateway.storage.vault import Vault
from gateway.work.wake import wake_cases

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_LONGEST_TICKET = 80


def _of_order(table: Table) -> Select[Any]:
    mine = (table.c.store == bindparam("the_store")) & (table.c.order_id == bindparam("the_order"))
    return select(table).where(mine)


_MESSAGES = _of_order(contact_messages).order_by(contact_messages.c.at, contact_messages.c.id)
_REPLIES = _of_order(contact_replies).order_by(contact_replies.c.id)
_TICKETS = _of_order(support_tickets).order_by(support_tickets.c.id)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message to the buyer in the platform's own chat. ``effect`` is None when a person sent it in the console.

    ``text`` is None where none was kept, where it was not asked for, and where the person was erased.
    """

    id: str
    at: datetime
    purpose: str
    language: str
    announced_close_at: datetime | None
    by: str
    effect: str | None
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EnteredReply:
    """What somebody entered about the buyer's answer. ``stands``: no later entry withdrew it."""

    at: datetime
    reply: Reply
    source: str
    by: str
    entered_at: datetime
    stands: bool
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SupportTicket:
    """A case opened with the platform's own support, by its number there."""

    ticket: str
    by: str
    at: datetime


def record_sent(  # noqa: PLR0913 - one row, each column by its name
    connection: Connection,
    vault: Vault,
    *,
    store: str,
    order_id: str,
    purpose: str,
    language: str,
    text: str | None,
    at: datetime,
    by: str,
    effect: str | None = None,
    announced_close_at: datetime | None = None,
    now: datetime | None = None,
) -> SentMessage:
    """Put a message that was sent at ``at`` on record, and wake the order's case. ``now`` None: it is ``at``.

    ``purpose`` is a `Writing`; the policy looks at those that are a `Purpose`. Raises DataError for an instant that
    lies ahead, a language tag that is none, and an announced close that is not after the message.
    """
    now = now or at
    _check_instant("The message", at, now)
    check_language(language)
    if announced_close_at is not None and announced_close_at <= at:
        raise DataError("The announced close lies before the message that announces it. Check both times.")
    name = uuid.uuid4().hex
    connection.execute(
        insert(contact_messages).values(
            id=name,
            store=store,
            order_id=order_id,
            at=to_micros(at),
            purpose=purpose,
            language=language,
            announced_close_at=to_micros_or_none(announced_close_at),
            by=by,
            effect=effect,
            sealed=_sealed(connection, vault, store, order_id, text, label("contact_messages", store, name)),
        )
    )
    details = {"message": name, "purpose": purpose, "language": language, **({"effect": effect} if effect else {})}
    audit.append(connection, now, by, "message_sent", store, order_id, details)
    wake_cases(connection, store, [order_id], now, "message", by)
    return SentMessage(name, at, purpose, language, announced_close_at, by, effect, text)


def record_reply(
    connection: Connection,
    vault: Vault,
    *,
    store: str,
    order_id: str,
    reply: Reply,
    at: datetime,
    by: str,
    now: datetime,
    source: str = "person",
    text: str | None = None,
) -> EnteredReply:
    """Put on record what the buyer answered at ``at``, as a person read it, and wake the order's case.

    `Reply.none` withdraws the entry that was made last and still stands; what was entered before it stands again.
    Raises Conflict when there is nothing to withdraw, DataError for an instant that lies ahead.
    """
    _check_instant("The reply", at, now)
    if reply is Reply.none and not any(each.stands for each in replies_of(connection, store, order_id)):
        raise Conflict(f"No reply of the buyer of order {order_id} is on record, so there is none to withdraw.")
    about = label("contact_replies", store, _reply_name(order_id, now, reply))
    connection.execute(
        insert(contact_replies).values(
            store=store,
            order_id=order_id,
            at=to_micros(at),
            reply=reply.value,
            source=source,
            by=by,
            entered_at=to_micros(now),
            sealed=_sealed(connection, vault, store, order_id, text, about),
        )
    )
    audit.append(connection, now, by, "reply_entered", store, order_id, {"reply": reply.value, "source": source})
    wake_cases(connection, store, [order_id], now, "reply", by)
    return EnteredReply(at, reply, source, by, now, reply is not Reply.none, text)


def record_ticket(
    connection: Connection, *, store: str, order_id: str, ticket: str, by: str, now: datetime
) -> SupportTicket:
    """Put the number of a case with the platform's support on record, and wake the order's case.

    A newer number takes the place of an older one. Raises DataError for an empty or an endless number.
    """
    ticket = ticket.strip()
    if not ticket or len(ticket) > _LONGEST_TICKET or not ticket.isprintable():
        raise DataError(
            f"A support case is known by its number, at most {_LONGEST_TICKET} letters. Copy it from the console."
        )
    connection.execute(
        insert(support_tickets).values(store=store, order_id=order_id, ticket=ticket, by=by, at=to_micros(now))
    )
    audit.append(connection, now, by, "ticket_entered", store, order_id, {"ticket": ticket})
    wake_cases(connection, store, [order_id], now, "ticket", by)
    return SupportTicket(ticket, by, now)


def messages_of(connection: Connection, store: str, order_id: str, *, vault: Vault | None = None) -> list[SentMessage]:
    """Return the messages sent about an order, the oldest first; their texts only where a ``vault`` is given."""
    rows = connection.execute(_MESSAGES, {"the_store": store, "the_order": order_id}).all()
    key = _key(connection, vault, store, order_id) if rows else None
    return [
        SentMessage(
            row.id,
            from_micros(row.at),
            row.purpose,
            row.language,
            from_micros_or_none(row.announced_close_at),
            row.by,
            row.effect,
            _opened(vault, key, row, label("contact_messages", store, row.id)),
        )
        for row in rows
    ]


def replies_of(connection: Connection, store: str, order_id: str, *, vault: Vault | None = None) -> list[EnteredReply]:
    """Return what was entered about the buyer's answers, in the order of entry; texts only with a ``vault``."""
    rows = connection.execute(_REPLIES, {"the_store": store, "the_order": order_id}).all()
    key = _key(connection, vault, store, order_id) if rows else None
    standing: list[int] = []
    for row in rows:
        if row.reply != Reply.none:
            standing.append(row.id)
        elif standing:
            standing.pop()
    found = []
    for row in rows:
        entered, reply = from_micros(row.entered_at), Reply(row.reply)
        about = label("contact_replies", store, _reply_name(order_id, entered, reply))
        text = _opened(vault, key, row, about)
        stands = row.id in standing
        found.append(EnteredReply(from_micros(row.at), reply, row.source, row.by, entered, stands, text))
    return found


def latest_reply(entries: Sequence[EnteredReply]) -> EnteredReply | None:
    """Return the buyer's latest answer of those that stand; of two at one instant the one entered last."""
    standing = [(each.at, number, each) for number, each in enumerate(entries) if each.stands]
    return max(standing, key=lambda each: each[:2])[2] if standing else None


def tickets_of(connection: Connection, store: str, order_id: str) -> list[SupportTicket]:
    """Return the support cases of an order, the oldest first: the last one counts."""
    rows = connection.execute(_TICKETS, {"the_store": store, "the_order": order_id})
    return [SupportTicket(row.ticket, row.by, from_micros(row.at)) for row in rows]


def is_language(language: str) -> bool:
    """Tell whether a text is written like a BCP 47 tag."""
    return _LANGUAGE.fullmatch(language) is not None


def check_language(language: str) -> None:
    """Raise DataError for what is no BCP 47 tag."""
    if not is_language(language):
        raise DataError(f"{language!r} is no language tag; write it like zh-CN, ja or pt-BR.")


def _check_instant(what: str, at: datetime, now: datetime) -> None:
    if at > now:
        raise DataError(
            f"{what} lies ahead ({at.isoformat(timespec='seconds')}; it is {now.isoformat(timespec='seconds')} now). "
            "Enter it once it has happened, and check the offset of the time."
        )


def _reply_name(order_id: str, entered_at: datetime, reply: Reply) -> str:
    return f"{order_id} {to_micros(entered_at)} {reply.value}"


def _key(connection: Connection, vault: Vault | None, store: str, order_id: str) -> bytes | None:
    return None if vault is None else OrderKeys.load(connection, vault, store, [order_id]).of(order_id)


def _sealed(
    connection: Connection, vault: Vault, store: str, order_id: str, text: str | None, about: str
) -> bytes | None:
    if text is None:
        return None
    keys = OrderKeys.load(connection, vault, store, [order_id])
    key = keys.of(order_id)
    keys.save(connection)
    return None if key is None else vault.seal(key, text.encode(), about)


def _opened(vault: Vault | None, key: bytes | None, row: Row[Any], about: str) -> str | None:
    if vault is None or key is None or row.sealed is None:
        return None
    return vault.open(key, row.sealed, about).decode()
