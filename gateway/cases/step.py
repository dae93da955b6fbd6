"""The one next step of a case: pure, from what was found and how the case stands.

A decision says what is right now. The step says what the case does about it: call, ask for a yes, ask a person, write
to the buyer, wait, or settle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.cases.acting import act_of, waits_for_goods, why_no_call
from gateway.cases.case import HANDED_OVER, Outcome, WaitsFor
from gateway.cases.effects import Effect, EffectState
from gateway.cases.ending import Standing, outcome_of, words_of
from gateway.cases.found import Found
from gateway.cases.judging import Need, gives_unknown_goods
from gateway.cases.tasks import TaskKind, TaskState
from gateway.model.store import Role, StoreMode
from gateway.policy.message_guard_templates import Writing
from gateway.policy.terms import Action, Awaited, EvidenceKind, Path, Performer, Purpose, ReturnState
from gateway.ports import Act, Manifest, Offered, Operation

STORE_MODE_ASK = "store_mode_ask"
"""The need of a yes where the store's mode asks for one before every effect."""

SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_LOOK = timedelta(hours=6)  # a case that waits for nothing it could name looks again at the latest then
STOPPED_LOOK = timedelta(minutes=5)  # while effects are stopped; taking the brake off wakes the case anyway
WRITTEN_ANEW = timedelta(minutes=30)  # a final notice not sent yet: the hour it names must lie ahead of its reader
SHOWS_WITHIN = timedelta(minutes=30)  # of what a person did, before it is asked for anew
MOST_TRIES = 3  # of one act that the platform refuses or that comes to nothing

_CALLED = frozenset(
    {Action.accept_request, Action.close, Action.refund, Action.approve_return, Action.refund_returned}
    | {Action.request_refund}
)
_TASKS = {
    Action.close: TaskKind.close,
    Action.ship: TaskKind.ship,
    Action.intercept_parcel: TaskKind.intercept_parcel,
    Action.contact_support: TaskKind.contact_support,
    Action.open_dispute: TaskKind.open_dispute,
}
_WAITERS = {
    Performer.buyer: WaitsFor.buyer,
    Performer.platform: WaitsFor.platform,
    Performer.person: WaitsFor.person,
    Performer.gateway: WaitsFor.time,
}


class StepKind(StrEnum):
    """What a case does next."""

    settle = "settle"  # the order has ended: see to the rest
    call = "call"
    message = "message"  # by the platform's chat API
    approval = "approval"  # ask for a person's yes first
    task = "task"  # ask a person to do it
    sheet = "sheet"  # put the order's own facts on file as evidence
    person = "person"  # only a person knows what to do
    wait = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. ``because`` says in words why; ``due_at`` when the case looks again unless news come before."""

    kind: StepKind
    because: str
    waits_for: WaitsFor = WaitsFor.nothing
    due_at: datetime | None = None
    outcome: Outcome | None = None
    act: Act | None = None
    purpose: Writing | None = None  # of a message
    needs: tuple[str, ...] = ()
    tasks: tuple[tuple[TaskKind, str], ...] = ()  # kind and subject
    forbidden: bool = False  # by the store's mode, or because effects are stopped
    anew: datetime | None = None  # when it was said to be done, though the platform does not show it


def step_of(found: Found, manifest: Manifest, standing: Standing) -> Step:
    """Return the next step of a case. Pure."""
    if (outcome := outcome_of(found, standing)) is not None:
        return Step(kind=StepKind.settle, because=words_of(found, outcome), outcome=outcome)
    if standing.case.step == HANDED_OVER:
        return Step(kind=StepKind.wait, because=standing.case.because, waits_for=WaitsFor.person)
    return _look_at_return(found, manifest, standing) or _wait(found, standing) or _act(found, manifest, standing)


def needs_of(found: Found, manifest: Manifest, mode: StoreMode) -> tuple[str, ...]:
    """Return why a person's yes is needed before the decision's next step, by whomever it is done. Pure.

    The decision's own reasons concern an effect; the store's mode concerns what the gateway itself would send.
    """
    decision = found.decision
    message = decision.action is Action.send_message
    ours = _ours_to_send(found, manifest) if message else act_of(found, manifest) is not None
    theirs = not ours and decision.action in {Action.close, Action.ship}
    reasons = [reason.value for reason in decision.approval] if (ours and not message) or theirs else []
    if ours and decision.path is Path.refund and gives_unknown_goods(found):
        reasons.append(Need.goods_cost_unknown.value)
    return (*reasons, *([STORE_MODE_ASK] if ours and mode is StoreMode.ask else []))


def purpose_of(found: Found) -> Writing:
    """Return what the message that is due now is for."""
    return Writing(found.decision.steps[0].purpose or Purpose.explain)


def _after(instant: datetime, now: datetime) -> datetime:
    """Return when to look after ``instant``: decisions count whole seconds and many bounds are inclusive."""
    return max(instant + timedelta(seconds=1), now + SHORTEST_WAIT)


def _look_again(act_by: datetime | None, now: datetime) -> datetime:
    latest = now + LONGEST_LOOK
    if act_by is None or act_by <= now:
        return latest
    return max(min(act_by, latest), now + SHORTEST_WAIT)


def _look_at_return(found: Found, manifest: Manifest, standing: Standing) -> Step | None:
    """Ask a person whether goods came back, where the case waits for them and the platform does not tell.

    Money alone that is granted for goods already on their way waits for them where the platform pays no sooner.
    """
    decision = found.decision
    waits = decision.action is Action.wait and Awaited.return_received in decision.steps[0].awaited
    unpaid = waits_for_goods(found) and act_of(found, manifest) is None
    sent = found.question.scenario.order.return_state is ReturnState.shipped_back
    if not (waits or unpaid) or standing.role is not Role.seller:
        return None
    if sent and not manifest.tells_returns_arrive:
        return _task(found, standing, [(TaskKind.return_received, found.order.order.order_id)])
    if not unpaid:
        return None
    due_at = _look_again(decision.act_by, standing.now)
    waits_for = WaitsFor.platform if sent else WaitsFor.buyer
    return Step(kind=StepKind.wait, because=why_no_call(found), waits_for=waits_for, due_at=due_at)


def _wait(found: Found, standing: Standing) -> Step | None:
    """Return the waiting a decision asks for, or until the instant of its action; None when it is time to act."""
    decision, now = found.decision, standing.now
    until, waits_for = decision.not_before, WaitsFor.time
    if decision.action is Action.wait:
        waits_for = _WAITERS[decision.performed_by]
    elif until is None or until <= now or decision.action is Action.ask_person:
        return None
    # what was to be over by now and is not, shows by news or never: a case must not turn on the spot
    due_at = _after(until, now) if until is not None and until > now else _look_again(decision.act_by, now)
    return Step(kind=StepKind.wait, because=decision.explanation, waits_for=waits_for, due_at=due_at)


def _act(found: Found, manifest: Manifest, standing: Standing) -> Step:
    decision = found.decision
    if decision.action is Action.send_message:
        return _message(found, manifest, standing)
    if decision.action is Action.collect_evidence:
        return _collect(found, standing)
    if decision.action in _CALLED and (act := act_of(found, manifest)) is not None:
        return _call(found, act, standing)
    kind = _TASKS.get(decision.action)
    if kind is None or (kind is TaskKind.close and found.order.order.can_cancel is False):
        return _person(standing, why_no_call(found), decision.act_by)
    if kind is TaskKind.ship and standing.role is Role.buyer:
        kind = TaskKind.ship_back
    return _task(found, standing, [(kind, found.order.order.order_id)])


def _ours_to_send(found: Found, manifest: Manifest) -> bool:
    by_us = found.decision.performed_by is Performer.gateway
    return by_us and manifest.offers(Operation.send_message) is Offered.api


def _message(found: Found, manifest: Manifest, standing: Standing) -> Step:
    purpose = purpose_of(found)
    if not _ours_to_send(found, manifest):
        subject = f"{found.order.order.order_id}:{purpose.value}"
        return _task(found, standing, [(TaskKind.send_message, subject)], purpose=purpose)
    sent = [each for each in standing.effects if each.act.operation is Operation.send_message]
    mine = [each for each in sent if each.act.parameters.get("purpose") == purpose.value]
    if any(each.state is EffectState.confirmed for each in mine):
        words = f"The message ({purpose.value}) was sent, but it is not on record: nothing is sent twice."
        return _person(standing, words, found.decision.act_by)
    if (held := _held(found, standing, mine, f"write to the buyer ({purpose.value})")) is not None:
        return held
    return Step(kind=StepKind.message, because=found.decision.explanation, purpose=purpose)


def _call(found: Found, act: Act, standing: Standing) -> Step:
    same = [
        each
        for each in standing.effects
        if (each.act.operation, each.act.request_id, each.act.reason) == (act.operation, act.request_id, act.reason)
    ]
    what = act.operation.value.replace("_", " ")
    if (held := _held(found, standing, same, what)) is not None:
        return held
    if (shows_by := _not_shown_yet(standing, same)) is not None:
        words = f"The platform confirmed it ({what}), but does not show it yet. {found.decision.explanation}"
        return Step(kind=StepKind.wait, because=words, waits_for=WaitsFor.platform, due_at=shows_by)
    return Step(kind=StepKind.call, because=found.decision.explanation, act=act)


def _not_shown_yet(standing: Standing, before: Sequence[Effect]) -> datetime | None:
    """Return until when a confirmed effect may stay unseen, None when there is none to wait for.

    An application that a platform keeps apart from its order shows with the next pull; until then it is not made again.
    """
    done = [each.changed_at + SHOWS_WITHIN for each in before if each.state is EffectState.confirmed]
    return max((shows_by for shows_by in done if shows_by > standing.now), default=None)


def _held(found: Found, standing: Standing, before: Sequence[Effect], what: str) -> Step | None:
    """Return the step that stands before an effect of ours; None when nothing does.

    ``before`` are the earlier effects of this case that tried the same.
    """
    store, now = standing.case.store, standing.now
    if standing.mode is StoreMode.observe:
        words = (
            f"To {what} is the next step, but store {store} is in mode observe: the gateway only reads there. "
            f"Do it in the platform's console, or let the gateway act: gateway stores mode {store} ask"
        )
        due_at = _look_again(found.decision.act_by, now)
        return Step(kind=StepKind.wait, because=words, waits_for=WaitsFor.person, due_at=due_at, forbidden=True)
    if standing.stopped:
        words = f"Effects are stopped in store {store}: the case waits. `gateway stop-effects --resume` lets it go on."
        due_at = now + STOPPED_LOOK
        return Step(kind=StepKind.wait, because=words, waits_for=WaitsFor.time, due_at=due_at, forbidden=True)
    if (failed := _in_vain(found, standing, before)) is not None:
        return _person(standing, f"To {what} came to nothing: {failed.because}", found.decision.act_by)
    return None


def _in_vain(found: Found, standing: Standing, before: Sequence[Effect]) -> Effect | None:
    """Return the try after which another would be pointless: refused on the same facts, or the third in vain."""
    tried = [each for each in before if each.changed_at >= standing.since and not each.state.is_open]
    failed = [each for each in tried if each.state is not EffectState.confirmed]
    if not failed:
        return None
    last = failed[-1]
    same_facts = last.state is EffectState.refused and found.order.changed_at <= last.changed_at
    return last if same_facts or len(failed) >= MOST_TRIES else None


def asked_first(found: Found, standing: Standing, step: Step, needs: tuple[str, ...]) -> Step:
    """Return ``step``, or the asking for a yes that must come before it. Pure."""
    if not needs or standing.agreed or step.kind not in {StepKind.call, StepKind.message, StepKind.task}:
        return step
    if step.kind is StepKind.task and standing.agreed_before:
        return step  # a person agreed to just this when it was asked for first
    if standing.refused_by is not None:
        words = f"{standing.refused_by} said no to this step ({', '.join(needs)}). {found.decision.explanation}"
        return _person(standing, words, found.decision.act_by)
    words = f"A person must agree first ({', '.join(needs)}). {found.decision.explanation}"
    return Step(kind=StepKind.approval, because=words, waits_for=WaitsFor.approval, needs=needs)


def _collect(found: Found, standing: Standing) -> Step:
    option = next(each for each in found.decision.options if each.path is found.decision.path)
    prefix = "evidence:"
    missing = [EvidenceKind(each.value.removeprefix(prefix)) for each in option.missing if each.startswith(prefix)]
    if EvidenceKind.order_detail in missing:
        return Step(kind=StepKind.sheet, because=found.decision.explanation)
    order_id = found.order.order.order_id
    wanted = [(TaskKind.collect_evidence, f"{order_id}:{kind.value}") for kind in missing]
    return _task(found, standing, wanted or [(TaskKind.collect_evidence, order_id)])


def _task(
    found: Found,
    standing: Standing,
    wanted: Sequence[tuple[TaskKind, str]],
    *,
    purpose: Writing | None = None,
) -> Step:
    """Ask a person; when it was just said to be done, wait for it to show before asking anew."""
    now = standing.now
    anew: datetime | None = None
    done = [
        each.done_at
        for each in standing.tasks
        if (each.kind, each.subject) in wanted and each.state is TaskState.done and each.done_at is not None
    ]
    still_open = {(each.kind, each.subject) for each in standing.tasks if each.state is TaskState.open}
    if done and not still_open.intersection(wanted) and max(done) >= standing.since:
        shows_by = max(done) + SHOWS_WITHIN
        if now < shows_by:
            words = f"A person has done it; the platform does not show it yet. {found.decision.explanation}"
            return Step(kind=StepKind.wait, because=words, waits_for=WaitsFor.platform, due_at=shows_by)
        anew = max(done)
    due_at = _look_again(found.decision.act_by, now)
    return Step(
        kind=StepKind.task,
        because=found.decision.explanation,
        waits_for=WaitsFor.person,
        due_at=min(due_at, now + WRITTEN_ANEW) if purpose is Writing.final_notice else due_at,
        tasks=tuple(wanted),
        anew=anew,
        purpose=purpose,
    )


def _person(standing: Standing, words: str, act_by: datetime | None) -> Step:
    """Leave it to a person; who has just looked at it is asked anew only after a while."""
    wanted, now = (TaskKind.ask_person, standing.case.order_id), standing.now
    done = [each.done_at for each in standing.tasks if (each.kind, each.subject) == wanted and each.done_at is not None]
    still_open = any((each.kind, each.subject) == wanted and each.state is TaskState.open for each in standing.tasks)
    rests = not still_open and bool(done) and now < max(done) + LONGEST_LOOK
    return Step(
        kind=StepKind.person,
        because=words,
        waits_for=WaitsFor.person,
        due_at=max(done) + LONGEST_LOOK if rests else _look_again(act_by, now),
        tasks=() if rests else (wanted,),
    )
