"""Ending an order that must end: read the facts, decide, commit, do the one next step, settle.

Right before a call the facts are read anew and the rules are asked again: an effect whose decision no longer stands
is dropped. What a person orders by name goes through `gateway.cases.commands`, on the same road.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.cases.commands import Commands, Deed, operation_of
from gateway.cases.effects import Effect, intent_of
from gateway.cases.facts import open_request
from gateway.cases.road import Found, Road, Wanted
from gateway.model.after_sale import AfterSale
from gateway.policy.rule_set import RuleSet
from gateway.policy.terms import Action, Performer, Reason, ReturnState
from gateway.ports import Act, Clock, Manifest, Offered, Operation
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from gateway.sync.connections import Connection, Connections
from gateway.sync.pull import Pull

_OPERATIONS = {Action.close: Operation.seller_close, Action.request_refund: Operation.request_refund}
_REASONS = frozenset(Reason)


@dataclass(frozen=True, slots=True)
class Resolution(Found):
    """What was decided for an order and what became of it. ``effect`` is None when nothing was called.

    ``because`` says why nothing was called: a person's task, an approval that is missing, or a dry run.
    """

    effect: Effect | None = None
    because: str = ""


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

    async def ask(self, store_id: str, order_id: str, reason: Reason) -> Resolution:
        """Read the order anew and say what would be done, without doing it."""
        connection = await self._road.open(store_id)
        return replace(await self._decide(connection, order_id, reason), because="dry run")

    async def resolve(
        self, store_id: str, order_id: str, reason: Reason, *, by: str, approved: bool = False
    ) -> Resolution:
        """Decide, and carry the decision's next step out when it is the gateway's to do.

        Raises NeedsApproval when a person must agree first (call again with ``approved``), NotAllowed when the
        store's mode or a stop forbids effects, Conflict when another effect on the order is under way.
        """
        connection = await self._road.open(store_id)
        facts_read_at = self._road.clock.now()
        found = await self._decide(connection, order_id, reason)
        act, wanted = act_of(found, connection), Wanted(reason.value, by)
        if act is None:
            await self._road.record(found, wanted, store=connection.store)
            return replace(found, because=_why_not(found))
        what = f"{found.decision.action.value} on this order"
        needs = [reason.value for reason in found.decision.approval]
        await self._road.check_mode(connection, what, needs, approved=approved)
        effect = await self._road.commit(found, act, wanted, facts_read_at, connection.store)
        effect, because = await self._road.carry(effect, connection)
        return replace(found, effect=effect, because=because)

    async def advance(self, effect_id: str) -> timedelta | None:
        """Take an open effect one step further; return the time until the next step, None once it is settled.

        This is what due work calls: after a restart, after an unclear answer, after a call that never left.
        """
        return await self._road.advance(effect_id, self._objection)

    async def _objection(self, effect: Effect, connection: Connection) -> str | None:
        """Read the facts anew and decide again; return why the effect no longer stands, None when it does."""
        intent = await self._road.database.read(lambda c: intent_of(c, effect.intent))
        if intent.reason not in _REASONS:
            return await self.commands.objection(effect, connection)
        found = await self._decide(connection, effect.act.order_id, Reason(intent.reason))
        act = act_of(found, connection)
        if act is None or (act.operation, act.reason) != (effect.act.operation, effect.act.reason):
            return f"the facts have changed before it was sent: {found.decision.explanation}"
        return None

    async def _decide(self, connection: Connection, order_id: str, reason: Reason) -> Resolution:
        found = await self._road.decide(connection, order_id, reason)
        return Resolution(found.order, found.question, found.decision)


def act_of(found: Resolution, connection: Connection) -> Act | None:
    """Return the act a decision asks the gateway for, None when the next step is not a call it can make."""
    decision, order = found.decision, found.order.order
    if decision.performed_by is not Performer.gateway:
        return None
    request = open_request(order.requests) if decision.action is Action.accept_request else None
    operation = _operation(found, request, connection.manifest)
    if operation is None or connection.manifest.offers(operation) is not Offered.api:
        return None
    if operation is Operation.seller_close and order.can_cancel is False:
        return None  # the platform's own word on this order wins over every rule
    lines = tuple((line.line_id, line.quantity - line.cancelled) for line in order.lines)
    return Act(
        operation=operation,
        order_id=order.order_id,
        key=f"{order.store}:{order.order_id}:{operation}",
        request_id=None if request is None else request.request_id,
        reason=decision.native_reason,
        lines=() if request is not None else lines,
    )


def _operation(found: Resolution, request: AfterSale | None, manifest: Manifest) -> Operation | None:
    if request is None:
        return _OPERATIONS.get(found.decision.action)
    received = found.question.scenario.order.return_state is ReturnState.received
    return operation_of(Deed.accept, request, manifest, goods_received=received)


def _why_not(found: Resolution) -> str:
    if found.decision.action is Action.close and found.order.order.can_cancel is False:
        return (
            "The rules allow a close, but the platform says that the seller cannot cancel this order now. "
            "Look at it in the platform's console."
        )
    return found.decision.explanation
