"""The loop of every case: read the facts anew, decide, do the one next step, wait for a timer or for news, repeat.

A turn holds its case by a fence and its order by a door (`gateway.cases.alone`). Whatever kills it, the next turn goes
on from what is committed: an effect that was committed and not sent is sent when it still stands, one in mid-call is
looked for at the platform and never called again unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection as Transaction

from gateway.cases import turns
from gateway.cases.after import Aftermath
from gateway.cases.carrying_out import CarryingOut
from gateway.cases.case import Case, CaseState, Outcome, Stage, WaitsFor, case_of, cases_named
from gateway.cases.effects import Effect, EffectState, confirmed, effects_of, effects_of_orders
from gateway.cases.ending import Standing
from gateway.cases.found import Found, no_order
from gateway.cases.left_calls import being_called
from gateway.cases.looking import Looked, look_all
from gateway.cases.road import Road
from gateway.cases.step import STOPPED_LOOK, Step, StepKind, asked_first, needs_of, step_of
from gateway.cases.turn import Means, Now, Turn
from gateway.cases.turns import News, Rest, Superseded
from gateway.errors import GatewayError
from gateway.ledger.booking import SpentMeanwhile
from gateway.model.store import StoreMode
from gateway.orders.store import is_stored
from gateway.ports import Offered, Operation, StockPort
from gateway.storage.joined import Joined
from gateway.sync.connections import Connection

_NEXT_LOOK = timedelta(seconds=2)  # at a call that another process is making
_LOOKS = 3  # of one turn, at an order that news come about while it is looked at

_Begun = tuple[Case | None, Sequence[Effect]]
"""A case as its turn holds it, None when it is not to be taken, and the effects on its order."""


class CaseLoop:
    """Takes the turns of all cases of one gateway."""

    def __init__(self, road: Road, means: Means, *, aftermath: Aftermath | None = None) -> None:
        self._road = road
        self._means = means
        self._aftermath = aftermath
        self._carry = CarryingOut(road, means, has_after=aftermath is not None)
        # turns that are taken at about the same time share the statements of each look and each write
        self._case: Joined[str, Case] = Joined(road.database.read, cases_named)
        self._begin: Joined[str, _Begun] = Joined(road.database.write, self._begin_due)
        self._look_at: Joined[Looked, tuple[Found, Standing]] = Joined(
            road.database.read, lambda c, several: look_all(c, road, several)
        )

    async def advance(self, case_id: str) -> datetime | None:
        """Take a case's turn when it is due; return when it is due next, None when it waits for news or is settled.

        This is what due work calls. A wake-up that comes too early or too late does nothing. Raises the error tree
        when the facts cannot be read; the case stays due.
        """
        try:
            case = (await self.take(case_id, claimed=True)).case
        except Superseded:
            case = await self._case(case_id)
        return case.due_at

    async def take(self, case_id: str, *, claimed: bool = False, yes_by: str | None = None) -> Turn:
        """Take one turn of a case. ``claimed``: for due work, and only when it is due. Else a person waits for it.

        ``yes_by`` agrees to the turn's step where a person must. Raises Superseded when another turn or a person's
        word came between, NotAllowed when ``yes_by`` may not agree, and the error tree.
        """
        case = await self._case(case_id)
        if claimed and not turns.is_due(case, self._road.clock.now()):
            return Turn(case=case)
        async with self._road.alone.with_order(case.store, case.order_id):
            begun, effects = await (self._begin(case_id) if claimed else self._begin_now(case_id))
            if begun is None:
                return Turn(case=await self._case(case_id))
            return await self._begun(begun, effects, patient=not claimed, yes_by=yes_by)

    async def open(
        self, connection: Connection, order_id: str, opens: Callable[[Transaction], Case], *, yes_by: str | None = None
    ) -> Turn:
        """Read an order, open a case of it or go on with its open one (``opens``), and take its turn on what was read.

        Nothing is opened where the order cannot be read. Raises NotFound, and as `take` and ``opens``.
        """
        store = connection.store.id
        async with self._road.alone.with_order(store, order_id):
            await self._road.read_anew(connection, order_id)

            def begin(c: Transaction) -> tuple[Case, Case | None, Sequence[Effect]]:
                if not is_stored(c, store, order_id):
                    raise no_order(store, order_id)
                case = opens(c)
                return case, *_with_effects(c, [turns.begin_now(c, case.id, self._road.clock.now())])[0]

            case, begun, effects = await self._road.database.write(begin)
            if begun is None:
                return Turn(case=case)
            return await self._begun(begun, effects, patient=True, yes_by=yes_by, fresh=True)

    async def _begun(
        self, case: Case, effects: Sequence[Effect], *, patient: bool, yes_by: str | None, fresh: bool = False
    ) -> Turn:
        """Take a turn that has begun; ``fresh``: the facts were read since its order is in these hands."""
        try:
            return await self._turn(case, effects, patient=patient, yes_by=yes_by, fresh=fresh)
        except Superseded:
            raise
        except GatewayError as error:
            words = f"{type(error).__name__}: {error}"
            await self._road.database.write(lambda c: turns.stumble(c, case, words))
            raise

    def _begin_due(self, c: Transaction, case_ids: Sequence[str]) -> list[_Begun]:
        return _with_effects(c, turns.begin_due(c, case_ids, self._road.clock.now()))

    async def _begin_now(self, case_id: str) -> _Begun:
        now = self._road.clock.now()
        return await self._road.database.write(lambda c: _with_effects(c, [turns.begin_now(c, case_id, now)])[0])

    async def _turn(
        self, case: Case, effects: Sequence[Effect], *, patient: bool, yes_by: str | None, fresh: bool
    ) -> Turn:
        """Take a turn, and again on fresh facts where what it was decided on changes before its call.

        In the end the case is left due, as it is.
        """
        for _ in range(_LOOKS):
            try:
                return await self._look(case, effects, patient=patient, yes_by=yes_by, fresh=fresh)
            except (News, SpentMeanwhile):
                effects, fresh = await self._effects(case), False
        standing = await self._road.database.read(lambda c: case_of(c, case.id))
        return Turn(case=standing, because="News come faster than they can be decided on: it goes on by itself.")

    async def _effects(self, case: Case) -> Sequence[Effect]:
        return await self._road.database.read(lambda c: effects_of(c, case.store, case.order_id))

    async def _look(
        self, case: Case, effects: Sequence[Effect], *, patient: bool, yes_by: str | None, fresh: bool
    ) -> Turn:
        connection = await self._road.open(case.store)
        under_way = next((each for each in effects if each.state.is_open), None)
        if under_way is not None and not (_is_own(under_way, case) and under_way.state is EffectState.committed):
            waiting = await self._await(case, under_way, connection, patient=patient)
            if waiting is not None:
                return waiting
            under_way, effects, fresh = None, await self._effects(case), False
        if not fresh:
            await self._road.read_anew(connection, case.order_id)
        now = await self._now(case, connection, confirmed(effects), patient=patient)
        if case.stage is Stage.after and self._aftermath is not None:
            return await self._after(now, self._aftermath, under_way)
        return await self._step(now, under_way, yes_by)

    async def _await(self, case: Case, effect: Effect, connection: Connection, *, patient: bool) -> Turn | None:
        """See what became of a call under way; return None once it is settled, and the turn goes on."""
        again = None
        if effect.state is EffectState.calling:
            if await self._road.database.read(lambda c: being_called(c, effect.id)):
                again = _NEXT_LOOK
            else:  # whoever called it is gone
                effect = await self._road.effects.interrupted(effect)
        if effect.state is EffectState.unknown:
            if patient:
                effect = await self._road.settled_soon(effect, connection)
            else:
                effect, again = await self._road.settle(effect, connection)
        elif effect.state is EffectState.committed:  # somebody else's: its own due work sends it
            again = turns.LEASE
        if not effect.state.is_open:
            return None
        rest = self._carry.rest_of(effect, "", again)
        told = {"effect": effect.id, "state": effect.state.value, "operation": effect.act.operation.value}
        after = await self._carry.leave(case, rest, "effect", told)
        return Turn(case=after, effect=effect, because=rest.because)

    async def _now(self, case: Case, connection: Connection, known: Collection[str], *, patient: bool) -> Now:
        """Decide, and see how the case stands, both in one snapshot of the facts as they were read."""
        found, standing = await self._look_at(Looked(case, connection))
        return Now(
            case=case,
            connection=connection,
            found=found,
            standing=standing,
            seen=case.version if found.version is None else found.version,
            known=known,
            patient=patient,
        )

    async def _step(self, now: Now, committed: Effect | None, yes_by: str | None) -> Turn:
        """Do the decision's step; an effect that an earlier turn committed is sent when it is that very step."""
        manifest = now.connection.manifest
        needs = needs_of(now.found, manifest, now.connection.store.mode)
        step = step_of(now.found, manifest, now.standing)
        stays = None if self._aftermath is None else self._aftermath.stays(now.case, now.found)
        if stays is not None and step.kind is not StepKind.settle:
            step = Step(kind=StepKind.settle, because=f"The goods stay: {stays}.", outcome=Outcome.fulfilled)
        if committed is not None:
            is_agreed = not needs or now.standing.agreed_before
            if _is_step(committed, step) and is_agreed:
                return await self._carry.resend(now, committed)
            if step.kind is StepKind.wait and now.standing.stopped:
                return await self._carry.do(now, step, needs)  # it may still stand once effects go on
            changed = "the facts have changed" if is_agreed else f"a person's yes is needed now ({', '.join(needs)})"
            await self._road.effects.drop(committed, f"{changed} before it was sent: {step.because}")
        asked = asked_first(now.found, now.standing, step, needs)
        if asked.kind is StepKind.approval and yes_by is not None:
            agreed = await self._carry.agree(now, needs, yes_by)
            now, asked = (now, asked) if agreed is None else (agreed, step)
        return await self._carry.do(now, asked, needs)

    async def _after(self, now: Now, aftermath: Aftermath, committed: Effect | None) -> Turn:
        """See to what is left after the order's end. The gateway writes to the buyer only in a store where it acts."""
        if committed is not None:
            await self._road.effects.drop(committed, "the order had ended before it was sent")
        case, store, manifest = now.case, now.connection.store, now.connection.manifest
        instant = self._road.clock.now()
        outcome = case.outcome
        if outcome is None:
            raise GatewayError(f"Case {case.id} is past its end without an outcome; report it.")

        def look(c: Transaction) -> Case | Step:
            turns.check(c, case)
            owed = aftermath.step(
                c,
                now.found,
                now.standing,
                store,
                outcome=outcome,
                chat=manifest.offers(Operation.send_message) if store.mode is StoreMode.act else Offered.manual,
                tells_stock=isinstance(now.connection.adapter, StockPort),
            )
            if owed.write is not None and not now.standing.stopped:
                return Step(kind=StepKind.message, because=owed.because, purpose=owed.write)
            waits_for, due_at = owed.waits_for, owed.due_at
            if owed.write is not None:
                waits_for, due_at = WaitsFor.time, instant + STOPPED_LOOK
            state = CaseState.settled if owed.settled else CaseState.running
            rest = Rest(state=state, waits_for=waits_for, because=owed.because, due_at=due_at)
            return turns.leave(c, case, rest, instant, seen=now.seen, told={"stage": Stage.after.value})

        left = await self._road.database.write(look)
        return await self._carry.do(now, left, ()) if isinstance(left, Step) else Turn(case=left, found=now.found)


def _with_effects(c: Transaction, begun: Sequence[Case | None]) -> list[_Begun]:
    """Return cases whose turns have begun, each with what was done about its order."""
    effects = effects_of_orders(c, [(case.store, case.order_id) for case in begun if case is not None])
    return [(case, () if case is None else effects.get((case.store, case.order_id), ())) for case in begun]


def _is_own(effect: Effect, case: Case) -> bool:
    return effect.intent == case.intent


def _is_step(effect: Effect, step: Step) -> bool:
    """Tell whether a committed effect is what the step would do."""
    if step.kind is StepKind.message:
        same = effect.act.operation is Operation.send_message
        return same and effect.act.parameters.get("purpose") == step.purpose
    if step.act is None:
        return False
    return effect.act == step.act
