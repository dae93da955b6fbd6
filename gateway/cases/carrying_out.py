"""Carrying out the one next step of a case: each step is one transaction, and at most one call between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection as Transaction

from gateway.cases import approvals, turns
from gateway.cases.asking import ask_for, asked_before, take_back
from gateway.cases.case import HANDED_OVER, Case, CaseState, Stage, WaitsFor
from gateway.cases.drafting import PLAIN, Draft, draft, message_act
from gateway.cases.effects import Effect, commit, effect_of
from gateway.cases.road import Road, keep_decision, keep_decisions
from gateway.cases.step import Step, StepKind
from gateway.cases.tasks import TaskKind, cancel_tasks
from gateway.cases.turn import Means, Now, Turn, told_of
from gateway.cases.turns import Rest
from gateway.errors import Conflict, DataError, NotSent, PolicyError, RateLimited
from gateway.ledger import quota
from gateway.ledger.booking import Spending, hand_over, hold, plan_of
from gateway.policy.message_guard_templates import Writing
from gateway.policy.terms import EvidenceKind
from gateway.ports import Act, Operation
from gateway.storage.joined import Joined

_BEFORE_THE_END = frozenset({TaskKind.read_reply, TaskKind.verify_stock})  # a count of what is left is asked anew
_LOOK_AGAIN = timedelta(hours=6)
_TO_BE_LOOKED_AFTER = timedelta(minutes=1)  # by the due work of effects, should the case not do it
_FIRST_AGAIN = timedelta(seconds=2)
_LONGEST_AGAIN = timedelta(minutes=10)


class CarryingOut:
    """Carries steps out."""

    def __init__(self, road: Road, means: Means, *, has_after: bool) -> None:
        self._road = road
        self._means = means
        self._has_after = has_after
        self._wait: Joined[tuple[Now, Step], Case] = Joined(road.database.write, self._wait_all)

    async def do(self, now: Now, step: Step, needs: tuple[str, ...]) -> Turn:
        """Do a step and leave the case as it then stands.

        Raises News when something came about the order before a call was made, Superseded, Conflict, and the error
        tree.
        """
        if step.kind is StepKind.call and step.act is not None:
            return await self._send(now, step, step.act, needs)
        if step.kind is StepKind.message:
            return await self._message(now, step, needs)
        if step.kind is StepKind.sheet:
            return await self._sheet(now, step)
        if _only_waits(now, step):
            case = await self._wait((now, step))
        else:
            case = await self._road.database.write(lambda c: self._write(c, now, step, needs))
        return Turn(case=case, found=now.found, step=step, because=step.because)

    async def agree(self, now: Now, needs: tuple[str, ...], by: str) -> Now | None:
        """Ask for a yes and let ``by`` say it at once; return what is known then, None when that is not enough.

        Raises NotAllowed, and News when the facts are not what they were: they have agreed to nothing then.
        """
        instant = self._road.clock.now()

        def write(c: Transaction) -> Now | None:
            turns.check_fresh(c, now.case, now.seen)
            decision = self._keep(c, now, instant)
            found = self._ask(c, now, decision, needs, instant)
            if found.state is approvals.ApprovalState.asked and found.first_by != by:
                role = approvals.role_of(by, self._means.approvals)
                found = approvals.answer(c, found.id, by=by, role=role, yes=True, because="", now=instant)
            if found.state is not approvals.ApprovalState.granted:
                return None
            agreed = replace(now.standing, agreed=True)
            return replace(now, standing=agreed, seen=turns.check(c, now.case).version)

        return await self._road.database.write(write)

    async def resend(self, now: Now, effect: Effect) -> Turn:
        """Send an effect that was committed in an earlier turn and still stands."""
        return await self._carry(now, effect, None)

    def rest_of(self, effect: Effect, because: str, again: timedelta | None) -> Rest:
        """Return how a case rests after a call: due at once when it is settled, else when to look next."""
        instant = self._road.clock.now()
        if not effect.state.is_open:
            words = because or f"{effect.act.operation.value}: {effect.because}"
            return Rest(waits_for=WaitsFor.nothing, because=words, due_at=instant)
        words = because or f"What became of {effect.act.operation.value} is not known yet: {effect.because}"
        wait = again or min(_FIRST_AGAIN * 2 ** min(effect.attempts, 16), _LONGEST_AGAIN)
        return Rest(waits_for=WaitsFor.outcome, because=words, due_at=instant + wait)

    async def leave(self, now: Case, rest: Rest, what: str, told: Mapping[str, object]) -> Case:
        """Write how a turn leaves its case after a call; news that came until now were the call's own, or wait."""
        instant = self._road.clock.now()
        return await self._road.database.write(
            lambda c: turns.leave(c, now, rest, instant, seen=None, what=what, told=told)
        )

    async def _send(self, now: Now, step: Step, act: Act, needs: tuple[str, ...]) -> Turn:
        instant = self._road.clock.now()
        effect, case = await self._road.database.write(lambda c: self._commit(c, now, step, act, needs, instant))
        return await self._carry(replace(now, case=case, seen=case.version), effect, step)

    def _commit(
        self, c: Transaction, now: Now, step: Step, act: Act, needs: tuple[str, ...], instant: datetime
    ) -> tuple[Effect, Case]:
        """Commit to an effect together with its decision, what it spends, the yes it uses, and the case's history.

        Raises News, Superseded and Conflict.
        """
        held = turns.check_fresh(c, now.case, now.seen)
        decision = self._keep(c, now, instant)
        if needs:
            self._use_yes(c, now, step, needs, instant)
        effect = commit(
            c,
            intent=now.case.intent,
            decision=decision,
            store=now.case.store,
            act=act,
            known=now.known,
            now=instant,
            due_at=instant + _TO_BE_LOOKED_AFTER,
        )
        if act.operation is Operation.seller_close:
            hold(c, now.connection.store, **self._spending(now, instant), holder=effect)
        take_back(c, now, instant, keep=())
        rest = self._rest(now, step, decision, waits_for=WaitsFor.outcome, due_at=held.due_at or instant)
        after = turns.leave(c, now.case, rest, instant, seen=now.seen, told=told_of(now.found, step, effect))
        return effect_of(c, effect), after

    async def _carry(self, now: Now, effect: Effect, step: Step | None) -> Turn:
        def guard(c: Transaction) -> None:
            turns.check_fresh(c, now.case, now.seen)

        because, again = "", None
        if now.patient:
            effect, because = await self._road.carry(effect, now.connection, guard=guard)
        else:
            try:
                effect = await self._road.call(effect, now.connection, guard=guard)
            except (NotSent, RateLimited) as error:
                because = f"not sent yet, it will be tried again: {error}"
                effect = await self._road.database.read(lambda c: effect_of(c, effect.id))
                if isinstance(error, RateLimited) and error.retry_after is not None:
                    again = timedelta(seconds=error.retry_after)
        told = {"effect": effect.id, "state": effect.state.value, "operation": effect.act.operation.value}
        case = await self.leave(now.case, self.rest_of(effect, because, again), "effect", told)
        return Turn(case=case, found=now.found, step=step, effect=effect, because=because or effect.because)

    async def _message(self, now: Now, step: Step, needs: tuple[str, ...]) -> Turn:
        """Write to the buyer. Where no text may or can be written, a person writes it."""
        instant = self._road.clock.now()
        writing = step.purpose or Writing.explain
        try:
            drafted = self._draft(now, writing, instant)
        except (PolicyError, DataError) as error:
            subject = f"{now.case.order_id}:{writing.value}"
            asked = replace(
                step,
                kind=StepKind.task,
                because=f"{step.because} The gateway has no text for it: {error}",
                waits_for=WaitsFor.person,
                due_at=instant + _LOOK_AGAIN,
                tasks=((TaskKind.send_message, subject),),
            )
            return await self.do(now, asked, ())
        return await self._send(now, step, message_act(now.found.order.order, drafted, instant), needs)

    def _draft(self, now: Now, writing: Writing, at: datetime) -> Draft:
        return draft(
            now.found.order.order,
            now.found.question.scenario,
            writing,
            rules=self._road.rules.of_store(now.case.store),
            settings=self._means.contact.get(now.case.store, PLAIN),
            at=at,
        )

    def _text_for(self, now: Now, step: Step, instant: datetime) -> Draft | None:
        """Return the text a person is to send; None where the step has none, or the person must write it as well."""
        if step.purpose is None:
            return None
        try:
            return self._draft(now, step.purpose, instant)
        except (PolicyError, DataError):
            return None

    async def _sheet(self, now: Now, step: Step) -> Turn:
        """Put the order's own facts on file; the case is due at once again, for the rest of the evidence."""
        make, case = self._means.make_sheet, now.case
        if make is None:
            subject = f"{case.order_id}:{EvidenceKind.order_detail.value}"
            asked = ((TaskKind.collect_evidence, subject),)
            due_at = self._road.clock.now() + _LOOK_AGAIN
            kind, waits_for = StepKind.task, WaitsFor.person
            return await self.do(now, replace(step, kind=kind, waits_for=waits_for, tasks=asked, due_at=due_at), ())
        await make(case.store, case.order_id)
        instant = self._road.clock.now()

        def write(c: Transaction) -> Case:
            decision = self._keep(c, now, instant)
            rest = self._rest(now, step, decision, waits_for=WaitsFor.nothing, due_at=instant)
            return turns.leave(c, case, rest, instant, seen=now.seen, told=told_of(now.found, step))

        return Turn(case=await self._road.database.write(write), found=now.found, step=step, because=step.because)

    def _write(self, c: Transaction, now: Now, step: Step, needs: tuple[str, ...]) -> Case:
        """Do a step that is no call, in one transaction with its decision and the case's history."""
        instant = self._road.clock.now()
        decision = self._keep(c, now, instant)
        if step.kind is StepKind.settle:
            return self._settle(c, now, step, decision, instant)
        rest = self._rest(now, step, decision, waits_for=step.waits_for, due_at=step.due_at)
        if step.kind is StepKind.approval:
            asked = self._ask(c, now, decision, needs, instant)
            rest = replace(rest, due_at=asked.expires_at)
        else:
            if now.case.waits_for is WaitsFor.approval:
                self._withdraw(c, now, step, instant)
            self._hand_over(c, now, step, instant)
            if step.kind is StepKind.task and needs:
                self._use_yes(c, now, step, needs, instant)
        take_back(c, now, instant, keep=step.tasks)
        drafted = self._text_for(now, step, instant)
        for wanted in step.tasks:
            ask_for(c, self._means.vault, now, step, wanted, instant, drafted)
        if step.kind is StepKind.person:
            rest = replace(rest, state=CaseState.with_person)
        return turns.leave(c, now.case, rest, instant, seen=now.seen, told=told_of(now.found, step))

    def _wait_all(self, c: Transaction, several: Sequence[tuple[Now, Step]]) -> list[Case]:
        """Write what `_write` does for cases that only wait (`_only_waits`), all together."""
        instant = self._road.clock.now()
        kept = keep_decisions(c, [(now.found, now.case.intent) for now, _ in several], instant, self._road.rules)
        by_store: dict[str, list[str]] = {}
        for now, _ in several:
            by_store.setdefault(now.case.store, []).append(now.case.order_id)
        holding = {store: quota.holding(c, store, ids) for store, ids in by_store.items()}
        leaving = []
        for (now, step), decision in zip(several, kept, strict=True):
            if now.case.order_id in holding[now.case.store]:
                self._hand_over(c, now, step, instant)
            rest = self._rest(now, step, decision, waits_for=step.waits_for, due_at=step.due_at)
            leaving.append(turns.Leaving(case=now.case, rest=rest, seen=now.seen, told=told_of(now.found, step)))
        return turns.leave_all(c, leaving, instant)

    def _settle(self, c: Transaction, now: Now, step: Step, decision: str, instant: datetime) -> Case:
        """The order has ended: what waits for it is taken back, what was held given back; then see to the rest."""
        case = now.case
        take_back(c, now, instant, keep=())
        cancel_tasks(c, case.id, instant, "the order has ended", kinds=_BEFORE_THE_END)
        approvals.withdraw(c, case.id, instant, step.because)
        quota.release(c, case.store, case.order_id, case.intent, instant, step.because)
        over = not self._has_after
        rest = replace(
            self._rest(now, step, decision, waits_for=WaitsFor.nothing, due_at=None if over else instant),
            state=CaseState.settled if over else CaseState.running,
            stage=Stage.after,
            outcome=step.outcome,
        )
        return turns.leave(c, case, rest, instant, seen=now.seen, told=told_of(now.found, step))

    def _keep(self, c: Transaction, now: Now, instant: datetime) -> str:
        return keep_decision(c, now.found, now.case.intent, instant, self._road.rules)

    def _ask(
        self, c: Transaction, now: Now, decision: str, needs: tuple[str, ...], instant: datetime
    ) -> approvals.Approval:
        store = now.case.store
        return approvals.ask(
            c,
            now.case,
            decision,
            now.found.decision,
            needs,
            instant,
            settings=self._means.approvals,
            rate=self._means.rates.get(store),
        )

    def _withdraw(self, c: Transaction, now: Now, step: Step, instant: datetime) -> None:
        """Take a question back that was put for a step which is not the next one any more."""
        found = approvals.standing_or_asked(c, now.case.id)
        if found is not None and found.state is approvals.ApprovalState.asked:
            approvals.withdraw(c, now.case.id, instant, f"the next step is another one: {step.because}")

    def _use_yes(self, c: Transaction, now: Now, step: Step, needs: tuple[str, ...], instant: datetime) -> None:
        decision = now.found.decision
        found = approvals.standing(c, now.case, decision.action, needs, instant, cost=decision.cost.total)
        if found is not None:
            approvals.use(c, found.id, now=instant)
        elif step.kind is not StepKind.task:  # what was asked of a person before, a person has agreed to before
            raise Conflict(f"The yes to this step of case {now.case.id} does not stand any more. Decide again.")

    def _hand_over(self, c: Transaction, now: Now, step: Step, instant: datetime) -> None:
        """Hold what a person is told to spend by closing; give back what an earlier decision held."""
        theirs = step.kind is StepKind.task or step.waits_for is WaitsFor.person
        if theirs or plan_of(now.found.decision) is None:
            hand_over(c, now.connection.store, intent=now.case.intent, **self._spending(now, instant))

    def _spending(self, now: Now, instant: datetime) -> Spending:
        return self._road.spending(now.found, now.case.opened_by, instant)

    def _rest(self, now: Now, step: Step, decision: str, *, waits_for: WaitsFor, due_at: datetime | None) -> Rest:
        made = now.found.decision
        return Rest(
            waits_for=waits_for,
            because=step.because,
            due_at=due_at,
            path=made.path.value,
            step=HANDED_OVER if now.case.step == HANDED_OVER else made.action.value,
            state=CaseState.with_person if now.case.step == HANDED_OVER else CaseState.running,
            decision=decision,
            cost=made.cost.total,
            act_by=made.act_by,
        )


def _only_waits(now: Now, step: Step) -> bool:
    """Tell whether a step is a wait with which nothing is asked, held for a person or taken back."""
    if step.kind is not StepKind.wait or now.case.waits_for is WaitsFor.approval or asked_before(now):
        return False
    return step.waits_for is not WaitsFor.person or plan_of(now.found.decision) is None
