"""What happened to an order, in order of time: the order itself, words with the buyer, decisions, acts, people's work.

Every moment is said in the language of the paper it is for. Texts of messages stand in it: it is personal data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from gateway.cases.approvals import ApprovalState, approvals_like
from gateway.cases.case import cases_of
from gateway.cases.contact import messages_of, replies_of, tickets_of
from gateway.cases.effects import effects_of
from gateway.cases.evidence import Evidence
from gateway.cases.papers.words import Words, money, when
from gateway.cases.tasks import TaskState, tasks_like
from gateway.cases.told_decisions import ToldDecision
from gateway.ledger import points
from gateway.ledger.appeals import AppealState, appeals_of
from gateway.model.after_sale import RequestState
from gateway.model.order import Order
from gateway.model.store import Store
from gateway.orders.store import StoredOrder
from gateway.policy.terms import Reply
from gateway.policy.wording.page import cited
from gateway.storage.moments import from_micros
from gateway.storage.schema import intents
from gateway.storage.vault import Vault


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """One thing that happened. ``text`` is what was said or written with it."""

    at: datetime
    place: int  # keeps what happened at one instant in the order of its making
    what: str = field(compare=False)
    who: str = field(compare=False)
    text: str = field(compare=False, default="")


@dataclass(frozen=True, slots=True)
class Subject:
    """The order whose time is told, and in which words."""

    stored: StoredOrder
    store: Store
    words: Words


def timeline_of(
    connection: Connection,
    vault: Vault,
    subject: Subject,
    decisions: Sequence[ToldDecision],
    files: Sequence[Evidence],
) -> list[Moment]:
    """Return all that is on record about an order, the earliest first."""
    order = subject.stored.order
    parts = (
        _order(order, subject.words),
        _talk(connection, vault, subject),
        _wishes(connection, subject),
        _decisions(decisions, subject),
        _acts(connection, subject),
        _people(connection, subject),
        _books(connection, subject),
        _files(files, subject.words),
    )
    told = [each for part in parts for each in part]
    return sorted(Moment(each.at, place, each.what, each.who, each.text) for place, each in enumerate(told))


def _moment(at: datetime | None, what: str, who: str, text: str = "") -> Iterator[Moment]:
    if at is not None:
        yield Moment(at, 0, what, who, text)


def _order(order: Order, words: Words) -> Iterator[Moment]:
    buyer, seller, platform = (words.word("ended_by", each) for each in ("buyer", "seller", "platform"))
    total = money(order.total_minor, order.currency)
    yield from _moment(order.placed_at, words.say("event.placed"), buyer, total)
    yield from _moment(order.paid_at, words.say("event.paid"), buyer, total)
    yield from _moment(order.shipped_at, words.say("event.shipped"), seller)
    yield from _moment(order.delivered_at, words.say("event.delivered"), platform)
    for request in order.requests:
        kind = words.word("request_kind", request.kind)
        asked = words.say("event.request_opened", request=request.request_id, kind=kind)
        yield from _moment(request.opened_at, asked, words.word("ended_by", request.opened_by), request.reason_raw)
        if request.state is not RequestState.open:
            state = words.word("request_state", request.state)
            told = words.say("event.request_stands", request=request.request_id, state=state)
            yield from _moment(request.updated_at, told, platform)
    reason = order.end_reason_raw or words.word("end_reason", order.end_reason)
    ended = words.say("event.ended", state=words.word("closure", order.closure))
    yield from _moment(order.ended_at, ended, words.word("ended_by", order.ended_by), reason)


def _talk(connection: Connection, vault: Vault, subject: Subject) -> Iterator[Moment]:
    words, zone = subject.words, ZoneInfo(subject.store.time_zone)
    named = (subject.store.id, subject.stored.order.order_id)
    for message in messages_of(connection, *named, vault=vault):
        purpose = words.word("purpose", message.purpose)
        told = words.say("event.message", purpose=purpose)
        if message.announced_close_at is not None:
            told += words.say("event.announced", at=when(message.announced_close_at, zone))
        yield from _moment(message.at, told, message.by, message.text or "")
    for reply in replies_of(connection, *named, vault=vault):
        if reply.reply is Reply.none:
            yield from _moment(reply.entered_at, words.say("event.reply_withdrawn"), reply.by)
            continue
        entered = words.say("event.reply_entered", by=reply.by, at=when(reply.entered_at, zone))
        told = words.say("event.reply", reply=words.word("reply", reply.reply)) + entered
        yield from _moment(reply.at, told, words.word("ended_by", "buyer"), reply.text or "")
    for ticket in tickets_of(connection, *named):
        yield from _moment(ticket.at, words.say("event.ticket", ticket=ticket.ticket), ticket.by)


def _wishes(connection: Connection, subject: Subject) -> Iterator[Moment]:
    mine = (intents.c.store == subject.store.id) & (intents.c.order_id == subject.stored.order.order_id)
    for row in connection.execute(select(intents).where(mine).order_by(intents.c.at, intents.c.id)):
        reason = subject.words.word("reason", row.reason)
        yield from _moment(from_micros(row.at), subject.words.say("event.wish", reason=reason), row.by)


def _decisions(decisions: Sequence[ToldDecision], subject: Subject) -> Iterator[Moment]:
    words = subject.words
    for each in decisions:
        told = words.say("event.decision", path=words.word("path", each.path), file=each.name)
        rules = "" if each.decision is None else words.say("event.rules", rules=", ".join(cited(each.decision)))
        explained = "" if each.decision is None else words.texts.explain(each.decision.explanation)
        yield from _moment(
            each.at, told, words.word("performer", "gateway"), "\n".join(filter(None, (explained, rules)))
        )


def _acts(connection: Connection, subject: Subject) -> Iterator[Moment]:
    words = subject.words
    gateway = words.word("performer", "gateway")
    for effect in effects_of(connection, subject.store.id, subject.stored.order.order_id):
        operation = words.word("operation", effect.act.operation)
        yield from _moment(effect.created_at, words.say("event.act", operation=operation), gateway)
        state = words.word("effect_state", effect.state)
        ended = words.say("event.act_ended", operation=operation, state=state)
        yield from _moment(effect.changed_at, ended, words.word("ended_by", "platform"), effect.reference)


def _people(connection: Connection, subject: Subject) -> Iterator[Moment]:
    words = subject.words
    store, order_id = subject.store.id, subject.stored.order.order_id
    gateway = words.word("performer", "gateway")
    for case in cases_of(connection, store, order_id):
        opened = words.say("event.case_opened", reason=words.word("reason", case.reason))
        yield from _moment(case.opened_at, opened, case.opened_by)
        outcome = words.say("event.case_settled", outcome=words.word("outcome", case.outcome))
        yield from _moment(case.settled_at, outcome, gateway)
    for approval in approvals_like(connection, stores=[store], order_id=order_id):
        action = words.word("action", approval.action)
        reasons = ", ".join(words.word("approval", each) for each in approval.reasons)
        yield from _moment(approval.asked_at, words.say("event.approval_asked", action=action), gateway, reasons)
        said = "refused" if approval.state is ApprovalState.refused else "given"
        for by, at in ((approval.first_by, approval.first_at), (approval.second_by, approval.second_at)):
            yield from _moment(at, words.say(f"event.approval_{said}", action=action), by or "")
    for task in tasks_like(connection, stores=[store], order_id=order_id):
        kind = words.word("task", task.kind)
        yield from _moment(task.opened_at, words.say("event.task_opened", task=kind), gateway)
        if task.state is TaskState.done:
            yield from _moment(task.done_at, words.say("event.task_done", task=kind), task.done_by or gateway)


def _books(connection: Connection, subject: Subject) -> Iterator[Moment]:
    words = subject.words
    store, order_id = subject.store.id, subject.stored.order.order_id
    for entry in points.entries_of(connection, store):
        if entry.order_id == order_id and f"event.points_{entry.kind.value}" in words.entries:
            yield from _moment(entry.at, words.say(f"event.points_{entry.kind.value}", points=entry.points), entry.by)
    for appeal in appeals_of(connection, store):
        if appeal.order_id != order_id:
            continue
        yield from _moment(appeal.opened_at, words.say("event.appeal_opened", points=appeal.points), appeal.by)
        if appeal.state is not AppealState.opened:
            yield from _moment(appeal.changed_at, words.say(f"event.appeal_{appeal.state.value}"), appeal.by)


def _files(files: Sequence[Evidence], words: Words) -> Iterator[Moment]:
    for file in files:
        told = words.say("event.evidence", kind=words.word("evidence", file.kind), number=file.number)
        yield from _moment(file.at, told, file.by, file.name or "")
