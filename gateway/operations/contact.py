"""What was said between shop and buyer: shown, entered by people who did it in the console, and drafted to copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.cases.contact import (
    EnteredReply,
    SentMessage,
    SupportTicket,
    latest_reply,
    messages_of,
    record_reply,
    record_sent,
    record_ticket,
    replies_of,
    tickets_of,
)
from gateway.cases.drafting import PLAIN, draft, next_message
from gateway.cases.tasks import Task, TaskKind, finish_task, tasks_open, text_of
from gateway.errors import Conflict, DataError, NoRuleKnown, NotAllowed, NotFound
from gateway.model.attested import FactName
from gateway.model.store import Platform, Store
from gateway.operations.context import Context
from gateway.operations.deciding import decide_order
from gateway.operations.orders import store_of_order
from gateway.operations.stores import chosen_stores
from gateway.orders.attested import facts_for
from gateway.orders.store import StoredOrder
from gateway.orders.store import order as stored_order
from gateway.policy.decision import Decision
from gateway.policy.locale import default_language
from gateway.policy.message_guard import LONGEST, check
from gateway.policy.message_guard_templates import Writing, occasion_of
from gateway.policy.terms import Path, Purpose, Reason, Reply
from gateway.storage import stores as rows


@dataclass(frozen=True, slots=True)
class Contact:
    """All that is on record of an order's contact. ``reply`` is the answer that stands; texts only where asked for."""

    store: str
    order_id: str
    language: str
    messages: list[SentMessage]
    replies: list[EnteredReply]
    reply: Reply
    replied_at: datetime | None
    tickets: list[SupportTicket]
    personal_shown: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """A message that is on record now. ``against`` names the rules its text breaks: it was sent all the same.

    ``done`` are the tasks that it settled.
    """

    order_id: str
    message: SentMessage
    against: list[str]
    done: list[str]


@dataclass(frozen=True, slots=True)
class Entered:
    """A reply that is on record now, and the one that stands after it. ``done`` are the tasks that it settled."""

    order_id: str
    entry: EnteredReply
    reply: Reply
    done: list[str]


@dataclass(frozen=True, slots=True)
class Ticketed:
    """A support case that is on record now. ``done`` are the tasks that it settled."""

    order_id: str
    ticket: SupportTicket
    done: list[str]


@dataclass(frozen=True, slots=True)
class Drafted:
    """A text to copy into the platform's chat, and with which command it is entered once it was sent."""

    store: str
    order_id: str
    purpose: Writing
    language: str
    text: str
    due_at: datetime | None
    announced_close_at: datetime | None
    entered_with: str


async def show_contact(context: Context, order_id: str, *, store: str | None = None, personal: bool = False) -> Contact:
    """Return the messages, replies and support cases of an order. Raises NotFound, DataError as `show_order`."""
    await _check_store(context, store)

    def read(c: Connection) -> Contact:
        owner, found = _order(c, context, order_id, store)
        vault = context.vault if personal else None
        replies = replies_of(c, owner.id, order_id, vault=vault)
        latest = latest_reply(replies)
        return Contact(
            store=owner.id,
            order_id=order_id,
            language=_language(c, owner, found),
            messages=messages_of(c, owner.id, order_id, vault=vault),
            replies=replies,
            reply=Reply.none if latest is None else latest.reply,
            replied_at=None if latest is None else latest.at,
            tickets=tickets_of(c, owner.id, order_id),
            personal_shown=personal,
        )

    return await context.database.read(read)


async def note_message(
    context: Context,
    order_id: str,
    purpose: Writing,
    *,
    language: str | None = None,
    announced_close: datetime | None = None,
    at: datetime | None = None,
    text: str | None = None,
    store: str | None = None,
    by: str,
) -> Noted:
    """Put on record that a person sent the buyer a message in the platform's console, at ``at`` (None: just now).

    Without a ``language`` it was the buyer's; without a ``text`` that of the open task for this message is kept. The
    task is done with it. Raises NotFound; DataError for times that do not fit and a final notice without the close
    that it announces; Conflict when this message is on record already.
    """
    await _check_store(context, store)
    now = context.clock.now()
    _check_text(text)

    def act(c: Connection) -> Noted:
        owner, found = _order(c, context, order_id, store)
        sent_at = at or now
        _check_after_order(found, sent_at, "message")
        tasks = [
            each
            for each in tasks_open(c, stores=[owner.id], order_id=order_id, kind=TaskKind.send_message)
            if purpose.value in {each.details.get("purpose"), each.subject.rpartition(":")[2]}
        ]
        words = text if text is not None or not tasks else text_of(c, context.vault, tasks[0])
        announced = _announced(purpose, announced_close, tasks)
        spoken = language or _language(c, owner, found)
        if any((each.at, each.purpose) == (sent_at, purpose.value) for each in messages_of(c, owner.id, order_id)):
            raise Conflict(f"A message to {purpose.value} sent at this instant is on record for order {order_id}.")
        message = record_sent(
            c,
            context.vault,
            store=owner.id,
            order_id=order_id,
            purpose=purpose.value,
            language=spoken,
            text=words,
            at=sent_at,
            by=by,
            announced_close_at=announced,
            now=now,
        )
        against = [] if words is None else _against(owner, purpose, spoken, words, sent_at)
        done = _finish(c, tasks, by, now, f"the message was sent at {sent_at.isoformat(timespec='seconds')}")
        return Noted(order_id, replace(message, text=None), against, done)

    return await context.database.write(act)


async def enter_reply(
    context: Context,
    order_id: str,
    reply: Reply,
    *,
    at: datetime | None = None,
    text: str | None = None,
    store: str | None = None,
    by: str,
) -> Entered:
    """Put on record what the buyer answered at ``at`` (None: just now), as a person understood it.

    `Reply.none` withdraws the entry made last. Tasks to read a reply are done with it. Raises NotFound, Conflict when
    there is nothing to withdraw, DataError for a time that does not fit.
    """
    await _check_store(context, store)
    now = context.clock.now()
    _check_text(text)

    def act(c: Connection) -> Entered:
        owner, found = _order(c, context, order_id, store)
        replied_at = now if reply is Reply.none else at or now
        _check_after_order(found, replied_at, "reply")
        entry = record_reply(
            c,
            context.vault,
            store=owner.id,
            order_id=order_id,
            reply=reply,
            at=replied_at,
            by=by,
            now=now,
            text=text,
        )
        tasks = tasks_open(c, stores=[owner.id], order_id=order_id, kind=TaskKind.read_reply)
        done = _finish(c, tasks, by, now, f"the reply was read: {reply.value}")
        latest = latest_reply(replies_of(c, owner.id, order_id))
        stands = Reply.none if latest is None else latest.reply
        return Entered(order_id, replace(entry, text=None), stands, done)

    return await context.database.write(act)


async def enter_ticket(context: Context, order_id: str, ticket: str, *, store: str | None = None, by: str) -> Ticketed:
    """Put on record under which number the platform's support keeps the case. Tasks to ask support are done with it.

    Raises NotFound, and DataError for what can be no number.
    """
    await _check_store(context, store)
    now = context.clock.now()

    def act(c: Connection) -> Ticketed:
        owner, _ = _order(c, context, order_id, store)
        kept = record_ticket(c, store=owner.id, order_id=order_id, ticket=ticket, by=by, now=now)
        tasks = tasks_open(c, stores=[owner.id], order_id=order_id, kind=TaskKind.contact_support)
        return Ticketed(order_id, kept, _finish(c, tasks, by, now, f"support keeps it as {kept.ticket}"))

    return await context.database.write(act)


async def draft_message(
    context: Context,
    order_id: str,
    *,
    purpose: Writing | None = None,
    reason: Reason | None = None,
    store: str | None = None,
) -> Drafted:
    """Return the text of a message to the buyer, as it may be sent now; without a ``purpose`` the one due next.

    The order is decided as it is stored; the reason is that of its open case unless ``reason`` says another. Raises
    NoRuleKnown when no message is due or no text is there, NotAllowed when the rules forbid it, DataError when a fact
    is missing, NotFound.
    """
    answer = await decide_order(context, order_id, store=store, reason=reason)
    step = next_message(answer.decision)
    if purpose is None and (step is None or step.purpose is None):
        raise NoRuleKnown(
            f"No message to the buyer of order {order_id} is due: {answer.decision.explanation} "
            "Name one with --purpose if you want to write all the same."
        )
    wanted = purpose or Writing(str(step.purpose if step is not None else ""))
    _check_invited(answer.decision, wanted, order_id)

    def read(c: Connection) -> StoredOrder:
        return _order(c, context, order_id, answer.store)[1]

    found = await context.database.read(read)
    made = draft(
        found.order,
        answer.scenario,
        wanted,
        rules=context.rules.of_store(answer.store),
        settings=context.configuration.contact.get(answer.store, PLAIN),
    )
    due = step.at if step is not None and step.purpose is not None and step.purpose.value == wanted.value else None
    command = f"gateway contact sent {order_id} --purpose {wanted.value}"
    if made.announced_close_at is not None:
        zone = ZoneInfo(answer.scenario.store.time_zone)
        command += f" --announced-close {made.announced_close_at.astimezone(zone).isoformat(timespec='seconds')}"
    return Drafted(answer.store, order_id, wanted, made.language, made.text, due, made.announced_close_at, command)


async def _check_store(context: Context, store: str | None) -> None:
    if store is not None:
        await chosen_stores(context, [store])


def _order(c: Connection, context: Context, order_id: str, store: str | None) -> tuple[Store, StoredOrder]:
    owner = store_of_order(c, order_id, store)
    found = stored_order(c, context.vault, owner, order_id)
    if found is None:
        raise NotFound(f"Store {owner} has no order {order_id}. Check the number; `gateway sync` fetches what is new.")
    return rows.store_of(c, owner), found


def _language(c: Connection, store: Store, found: StoredOrder) -> str:
    """Return the buyer's language: as a person vouched for it, else that of the store's region."""
    facts = facts_for(c, store.id, found.order.order_id, [])
    told = next((each.value for each in facts if each.name is FactName.buyer_language), None)
    return told or default_language(store.region)


def _check_text(text: str | None) -> None:
    if text is not None and not 0 < len(text.strip()) <= LONGEST:
        raise DataError(
            f"The text has {len(text)} letters; give the words as they stand in the chat, at most {LONGEST}."
        )


def _check_after_order(found: StoredOrder, at: datetime, what: str) -> None:
    placed = found.order.placed_at
    if at < placed:
        raise DataError(
            f"The {what} lies before the order itself, which was placed at {placed.isoformat(timespec='seconds')}. "
            "Check the time and its offset."
        )


def _announced(purpose: Writing, given: datetime | None, tasks: Sequence[Task]) -> datetime | None:
    if purpose is not Writing.final_notice:
        if given is not None:
            raise DataError("Only a final notice announces a close: leave --announced-close out, or name that purpose.")
        return None
    if given is not None:
        return given
    told = next((each.details["announced_close_at"] for each in tasks if "announced_close_at" in each.details), None)
    if told is None:
        raise DataError("When does the final notice say that the order is closed? Give it with --announced-close TIME.")
    return datetime.fromisoformat(str(told))


def _against(store: Store, purpose: Writing, language: str, text: str, at: datetime) -> list[str]:
    occasion = replace(
        occasion_of(Platform.of(store.platform), purpose, language, None),
        day=at.astimezone(ZoneInfo(store.time_zone)).date(),
    )
    return list(dict.fromkeys(rule for finding in check(text, occasion) for rule in finding.rules))


def _check_invited(decision: Decision, wanted: Writing, order_id: str) -> None:
    """Raise NotAllowed for an invitation that the rules do not foresee here."""
    if wanted is not Writing.offer_cancel:
        return
    if any(each.purpose is Purpose.offer_cancel for each in decision.steps):
        return
    because = next((each.because for each in decision.options if each.path is Path.buyer_cancel), ())
    raise NotAllowed(
        f"The buyer of order {order_id} may not be invited to cancel now: {decision.explanation}", citations=because
    )


def _finish(c: Connection, tasks: Sequence[Task], by: str, now: datetime, because: str) -> list[str]:
    return [finish_task(c, each.id, by=by, now=now, because=because).id for each in tasks]
