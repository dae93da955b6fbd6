"""What a person must say for a task to be done, by its kind; put on record together with the task's end.

Nobody has to believe a bare "done": a support case has its number, a courier's word is an attested fact, a message is
on record as sent, evidence is on file. What the platform itself shows needs only the time at which it was done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.cases.contact import record_reply, record_sent, record_ticket
from gateway.cases.evidence import kinds
from gateway.cases.stock import OWN, StockLine, StockSource, keep_level
from gateway.cases.tasks import Task, TaskKind, TaskState, finish_task, task_of, text_of
from gateway.errors import Conflict, DataError, NeedsEvidence
from gateway.model.attested import AttestedFact, FactName
from gateway.model.store import Store
from gateway.orders.attested import attest
from gateway.policy.locale import default_language
from gateway.policy.message_guard_templates import Writing
from gateway.policy.terms import EvidenceKind, Interception, Reply, ReturnState
from gateway.storage import audit
from gateway.storage.vault import Vault

_SLACK = timedelta(minutes=5)  # a person's watch may be ahead of ours


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a task that is done: each kind of task asks for its own."""

    because: str = ""
    at: datetime | None = None  # when it was done; None: just now
    ticket: str | None = None
    interception: Interception | None = None
    reply: Reply | None = None
    quantity: int | None = None
    returned: ReturnState | None = None


@dataclass(frozen=True, slots=True)
class _Finishing:
    """One task about to be finished."""

    c: Connection
    vault: Vault
    store: Store
    task: Task
    said: Said
    by: str
    at: datetime
    now: datetime
    line: int  # below which stock is low

    @property
    def order_id(self) -> str:
        if self.task.order_id is None:
            raise DataError(f"Task {self.task.id} is about no order: only a person's word can end it. Cancel it.")
        return self.task.order_id


# What is said beside the time and a reason, and the kinds it goes with.
_GOES_WITH = {
    "ticket": {TaskKind.contact_support},
    "interception": {TaskKind.intercept_parcel},
    "reply": {TaskKind.read_reply},
    "quantity": {TaskKind.verify_stock},
    "returned": {TaskKind.return_received},
}


def finish(
    c: Connection,
    vault: Vault,
    store: Store,
    task_id: str,
    said: Said,
    *,
    by: str,
    now: datetime,
    low_line: int,
) -> Task:
    """Note that a person has done a task, with what its kind needs; the case is woken in the same transaction.

    ``low_line``: fewer units than this are low, for a count. Raises DataError naming what is missing or does not go
    with this task, NeedsEvidence while nothing is on file, Conflict when the task is not open any more, NotFound.
    """
    task = task_of(c, task_id)
    if task.state is not TaskState.open:
        raise Conflict(f"Task {task.id} is {task.state} already, by {task.done_by}: {task.because or 'no word'}.")
    for name, fitting in _GOES_WITH.items():
        if getattr(said, name) is not None and task.kind not in fitting:
            raise DataError(
                f"--{name} does not go with a task to {task.kind}. `gateway tasks show {task.id}` tells what."
            )
    at = said.at or now
    if at > now + _SLACK:
        raise DataError(f"The task cannot have been done at {at.isoformat()}: that lies ahead.")
    given = _Finishing(c, vault, store, task, said, by, min(at, now), now, low_line)
    told = _BY_KIND[task.kind](given)
    because = "; ".join(each for each in (told, said.because) if each)
    return finish_task(c, task.id, by=by, now=now, because=because)


def _shown(given: _Finishing) -> str:
    """The platform shows it: the time is enough."""
    return f"done at {given.at.isoformat(timespec='seconds')}"


def _told(given: _Finishing) -> str:
    """No platform shows it: a person tells what came of it."""
    if not given.said.because:
        raise DataError(f"Say what came of it: --because. The task was to {given.task.kind} ({given.task.subject}).")
    return ""


def _message(given: _Finishing) -> str:
    task, details = given.task, given.task.details
    _, _, word = task.subject.rpartition(":")
    purpose = Writing(details.get("purpose") or word)
    if not task.has_text:
        raise DataError(
            f"No text stood ready, so enter what was sent: `gateway contact sent {given.order_id} --purpose {purpose} "
            "--text-file FILE`. The task is done with that."
        )
    announced = details.get("announced_close_at")
    record_sent(
        given.c,
        given.vault,
        store=task.store,
        order_id=given.order_id,
        purpose=purpose.value,
        language=details.get("language") or default_language(given.store.region),
        text=text_of(given.c, given.vault, task),  # None: the person was erased meanwhile
        at=given.at,
        by=given.by,
        announced_close_at=datetime.fromisoformat(announced) if announced else None,
        now=given.now,
    )
    return f"sent at {given.at.isoformat(timespec='seconds')}"


def _evidence(given: _Finishing) -> str:
    task = given.task
    _, _, word = task.subject.rpartition(":")
    named = task.details.get("evidence") or word
    wanted = {EvidenceKind(named)} if named in set(EvidenceKind) else set()
    there = set(kinds(given.c, task.store, given.order_id))
    if not there or not wanted <= there:
        kind = next(iter(wanted)).value if wanted else "KIND"
        raise NeedsEvidence(
            f"No evidence of this kind is on file for order {given.order_id}. Add it first: "
            f"`gateway evidence add {given.order_id} --kind {kind} FILE`."
        )
    return "on file: " + ", ".join(sorted(each.value for each in wanted or there))


def _support(given: _Finishing) -> str:
    if given.said.ticket is None:
        raise DataError("Enter the number of the case that support opened: --ticket NUMBER.")
    record_ticket(
        given.c,
        store=given.task.store,
        order_id=given.order_id,
        ticket=given.said.ticket,
        by=given.by,
        now=given.now,
    )
    return f"ticket {given.said.ticket}"


def _interception(given: _Finishing) -> str:
    word = given.said.interception
    if word is None or word is Interception.none:
        raise DataError("Enter what the courier said: --interception requested, confirmed or failed.")
    _attest(given, FactName.interception, word.value)
    return f"interception {word}"


def _returned(given: _Finishing) -> str:
    word = given.said.returned
    if word not in {ReturnState.received, ReturnState.refused}:
        raise DataError(
            "Enter what you found: --returned received when the goods are back as they were sold, --returned refused "
            "when the parcel holds something else, too little or damaged goods."
        )
    _attest(given, FactName.return_state, word.value)
    return f"return {word}"


def _attest(given: _Finishing, name: FactName, value: str) -> None:
    """Put the word of who did the task on record as a fact of its order."""
    store, order_id = given.task.store, given.order_id
    attest(given.c, AttestedFact(name=name, value=value, store=store, order_id=order_id, by=given.by, at=given.now))
    details = {"name": name.value, "value": value}
    audit.append(given.c, given.now, given.by, "fact_attested", store, order_id, details)


def _reply(given: _Finishing) -> str:
    said = given.said
    if said.reply is None:
        if not said.because:
            raise DataError(
                "Enter what the buyer means (--reply consents, refuses or asks_to_cancel), or what it was about "
                "instead (--because)."
            )
        return "no answer to the shop's question"
    record_reply(
        given.c,
        given.vault,
        store=given.task.store,
        order_id=given.order_id,
        reply=said.reply,
        at=given.at,
        by=given.by,
        now=given.now,
    )
    return f"reply {said.reply}"


def _count(given: _Finishing) -> str:
    said, sku = given.said, given.task.details.get("sku")
    if said.quantity is None:
        if not said.because:
            raise DataError("Enter how many there are (--quantity NUMBER), or what was found (--because).")
        return ""
    if not isinstance(sku, str) or not sku or ", " in sku:
        raise DataError(
            "The task is about several articles: enter each count with `gateway stock set SKU NUMBER`, then finish it "
            "with --because."
        )
    told = StockLine(
        given.task.store, sku, OWN, said.quantity, StockSource.person, given.by, given.now, low=False
    )  # whether it is low is found out where it is kept
    keep_level(given.c, told, line=given.line)
    return f"{said.quantity} counted"


_BY_KIND: dict[TaskKind, Callable[[_Finishing], str]] = {
    TaskKind.close: _shown,
    TaskKind.ship: _shown,
    TaskKind.send_message: _message,
    TaskKind.collect_evidence: _evidence,
    TaskKind.contact_support: _support,
    TaskKind.intercept_parcel: _interception,
    TaskKind.open_dispute: _shown,
    TaskKind.ask_person: _told,
    TaskKind.read_reply: _reply,
    TaskKind.verify_stock: _count,
    TaskKind.delist: _shown,
    TaskKind.watch_refund: _told,
    TaskKind.ship_back: _told,
    TaskKind.return_received: _returned,
}
