"""Ending an order that must end: read the facts, decide, commit, do the one next step, settle.

Right before a call the facts are read anew and the rules are asked again: an effect whose decision no longer stands
is dropped. What a person orders by name goes through `gateway.cases.commands`, on the same road.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection as Transaction

from gateway.cases.acting import act_of
from gateway.cases.after import Aftermath
from gateway.cases.case import Case, case_of_intent, open_case
from gateway.cases.commands import Commands
from gateway.cases.effects import Effect, effect_of, intent_of
from gateway.cases.found import Found
from gateway.cases.loop import CaseLoop
from gateway.cases.road import Road
from gateway.cases.step import StepKind
from gateway.cases.turn import Means, Turn
from gateway.cases.turns import LEASE
from gateway.errors import Conflict, NeedsApproval, NotAllowed
from gateway.policy.rule_set import RuleSet
from gateway.policy.terms import Reason
from gateway.ports import Clock
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from gateway.sync.connections import Connection, Connections
from gateway.sync.pull import Pull

_REASONS = frozenset(Reason)
_LOOK = timedelta(minutes=1)  # at an effect that its case sees to


@dataclass(frozen=True, slots=True)
class Resolution(Found):
    """What was decided for an order and what became of it. ``effect`` is None when nothing was called.

    ``because`` says why nothing was called: a person's task, a wait, or a dry run. ``case`` is None for a dry run.
    """

    effect: Effect | None = None
    because: str = ""
    case: Case | None = None


class Resolver:
    """Takes orders to their end by the cheapest compliant path."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        rules: RuleSet,
        connections: Connections,
        pull_for: Callable[[Connection], Pull],
        valuations: Mapping[str, Mapping[str, object]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        means: Means | None = None,
        aftermath: Aftermath | None = None,
    ) -> None:
        self._road = Road(
            database=database,
            vault=vault,
            clock=clock,
            rules=rules,
            connections=connections,
            pull_for=pull_for,
            valuations=valuations,
            sleep=sleep,
        )
        self._effects = self._road.effects
        self.commands = Commands(self._road)  # what people order by name, on the same road
        self.cases = CaseLoop(self._road, means or Means(vault=vault), aftermath=aftermath)

    async def ask(self, store_id: str, order_id: str, reason: Reason) -> Resolution:
        """Read the order anew and say what would be done, without doing it."""
        connection = await self._road.open(store_id)
        return replace(await self._decide(connection, order_id, reason), because="dry run")

    async def resolve(
        self, store_id: str, order_id: str, reason: Reason, *, by: str, approved: bool = False
    ) -> Resolution:
        """Open a case for an order, or go on with the open one, and take its turn now; the case goes on by itself.

        Raises NeedsApproval when a person must agree first (the case waits for it; call again with ``approved``),
        NotAllowed when the store's mode or a stop forbids effects (the case waits), Conflict when a case with another
        reason is open, when it rests, or when what became of an effect is not known yet.
        """
        connection = await self._road.open(store_id)

        def opens(c: Transaction) -> Case:
            now = self._road.clock.now()
            return open_case(
                c, store=store_id, order_id=order_id, reason=reason.value, by=by, now=now, due_at=now + LEASE
            )

        return _resolution(await self.cases.open(connection, order_id, opens, yes_by=by if approved else None))

    async def advance(self, effect_id: str) -> timedelta | None:
        """Take an open effect one step further; return the time until the next step, None once it is settled.

        This is what due work calls: after a restart, after an unclear answer, after a call that never left. What
        belongs to a case is its case's to see to.
        """
        effect = await self._road.database.read(lambda c: effect_of(c, effect_id))
        if not effect.state.is_open:
            return None
        store, order_id = effect.store, effect.act.order_id
        case = await self._road.database.read(lambda c: case_of_intent(c, store, order_id, effect.intent))
        if case is not None and case.goes_on:
            await self.cases.advance(case.id)
            effect = await self._road.database.read(lambda c: effect_of(c, effect_id))
            return _LOOK if effect.state.is_open else None
        async with self._road.alone.with_order(store, order_id):
            return await self._road.advance(effect_id, self._objection)

    async def _objection(self, effect: Effect, connection: Connection) -> str | None:
        """Read the facts anew and decide again; return why the effect no longer stands, None when it does."""
        store, order_id = effect.store, effect.act.order_id
        case = await self._road.database.read(lambda c: case_of_intent(c, store, order_id, effect.intent))
        if case is not None:
            return f"case {case.id} was {case.state.value} before it was sent"
        intent = await self._road.database.read(lambda c: intent_of(c, effect.intent))
        if intent.reason not in _REASONS:
            return await self.commands.objection(effect, connection)
        found = await self._decide(connection, order_id, Reason(intent.reason))
        act = act_of(found, connection.manifest)
        if act != effect.act:
            return f"the facts have changed before it was sent: {found.decision.explanation}"
        return None

    async def _decide(self, connection: Connection, order_id: str, reason: Reason) -> Resolution:
        found = await self._road.decide(connection, order_id, reason)
        return Resolution(found.order, found.question, found.decision, found.version)


def _resolution(turn: Turn) -> Resolution:
    """Return what a person hears of a turn. Raises where they must do something first."""
    case, found, step = turn.case, turn.found, turn.step
    if found is None:
        words = turn.because or case.because
        raise Conflict(f"Case {case.id} of order {case.order_id} is {case.state.value}: {words}")
    if step is not None and step.forbidden:
        raise NotAllowed(f"{step.because} Case {case.id} waits.")
    if step is not None and step.kind is StepKind.approval:
        raise NeedsApproval(
            f"{found.decision.action.value} on this order needs a person's yes ({', '.join(step.needs)}). Case "
            f"{case.id} waits for it. Look at it with --dry-run, then repeat with --yes.",
            reasons=step.needs,
        )
    return Resolution(found.order, found.question, found.decision, found.version, turn.effect, turn.because, case)
