"""The tasks that the step of a case asks of people: opened with what their instructions need, taken back in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from gateway.cases.drafting import Draft
from gateway.cases.facts import latest_return
from gateway.cases.step import Step
from gateway.cases.tasks import Task, TaskKind, TaskState, cancel_task, cancel_tasks, open_task, seal_text
from gateway.cases.turn import Now
from gateway.policy.amount import Amount
from gateway.policy.notation import money_object
from gateway.policy.terms import CostKind
from gateway.storage.vault import Vault

# what a step may ask of a person; other tasks of a case (stock, refund) are not the step's to take back
_OF_STEPS = frozenset(
    {TaskKind.close, TaskKind.ship, TaskKind.ship_back, TaskKind.send_message, TaskKind.collect_evidence}
    | {TaskKind.contact_support, TaskKind.intercept_parcel, TaskKind.open_dispute, TaskKind.ask_person}
    | {TaskKind.return_received}
)


def ask_for(
    c: Connection,
    vault: Vault,
    now: Now,
    step: Step,
    wanted: tuple[TaskKind, str],
    instant: datetime,
    drafted: Draft | None,
) -> None:
    """Open the task that a step asks of a person, with the text ready to copy where there is one."""
    (kind, subject), case = wanted, now.case
    told, sealed = details_of(now, step, kind), None
    if drafted is not None:
        told["language"] = drafted.language
        if drafted.announced_close_at is not None:
            told["announced_close_at"] = drafted.announced_close_at.isoformat(timespec="seconds")
        sealed = seal_text(
            c, vault, store=case.store, order_id=case.order_id, kind=kind, subject=subject, text=drafted.text
        )
    open_task(
        c,
        case_id=case.id,
        store=case.store,
        order_id=case.order_id,
        kind=kind,
        subject=subject,
        details=told,
        due_by=_due_by(now, kind),
        now=instant,
        sealed=sealed,
    )


def take_back(c: Connection, now: Now, instant: datetime, *, keep: Sequence[tuple[TaskKind, str]]) -> None:
    """Cancel the tasks of earlier steps that this one does not ask for any more."""
    because = "the next step is another one"
    asked = asked_before(now)
    stale = {each.kind for each in asked} - {kind for kind, _ in keep}
    if stale:
        cancel_tasks(c, now.case.id, instant, because, kinds=stale)
    for each in asked:
        if each.kind not in stale and (each.kind, each.subject) not in keep:
            cancel_task(c, each.id, by="gateway", now=instant, because=because, wake=False)


def asked_before(now: Now) -> list[Task]:
    """Return the open tasks that steps have asked for: this one keeps them or takes them back."""
    return [each for each in now.standing.tasks if each.state is TaskState.open and each.kind in _OF_STEPS]


def details_of(now: Now, step: Step, kind: TaskKind) -> dict[str, object]:
    """Return what a task's instructions are made of. Nothing in it names a person."""
    made, scenario = now.found.decision, now.found.question.scenario
    told: dict[str, object] = {
        "reason": scenario.intent.reason.value,
        "path": made.path.value,
        "rules": list(made.because),
        "explanation": step.because,
        "batch_size": scenario.intent.batch_size,
        "native_reason": made.native_reason,
        "anew": None if step.anew is None else step.anew.isoformat(timespec="seconds"),
        "purpose": None if step.purpose is None else step.purpose.value,
        "gift": next((_price(each.amount) for each in made.cost.items if each.kind is CostKind.gift), None),
    }
    if kind is TaskKind.close:
        announced = [each.announced_close_at for each in scenario.contact.messages if each.announced_close_at]
        told["announced_close_at"] = max(announced).isoformat(timespec="seconds") if announced else None
    if kind is TaskKind.return_received and (sent_back := latest_return(now.found.order.order.requests)) is not None:
        told["request_id"] = sent_back.request_id
    return {name: value for name, value in told.items() if value is not None}


def _due_by(now: Now, kind: TaskKind) -> datetime | None:
    """Return by when a person is asked: goods that came back by the platform's own time to look at them."""
    sent_back = latest_return(now.found.order.order.requests) if kind is TaskKind.return_received else None
    own = None if sent_back is None else sent_back.inspect_by
    return own or now.found.decision.act_by


def _price(amount: Amount) -> str:
    return " ".join(money_object(amount.amount, amount.currency).values())
