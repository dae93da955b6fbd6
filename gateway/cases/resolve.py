"""Ending an order that must end: read the facts, decide, commit, do the one next step, settle.

The platform is written to only through here. Right before a call the facts are read anew and the rules are asked
again: an effect whose decision no longer stands is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection as Transaction

from gateway.cases.counts import counts_of
from gateway.cases.effects import (
    Effect,
    Effects,
    EffectState,
    Recorded,
    commit,
    effect_of,
    intent_of,
    record_decision,
    record_intent,
)
from gateway.cases.facts import Question, question_of
from gateway.errors import GatewayError, NeedsApproval, NotAllowed, NotFound, NotSent, RateLimited
from gateway.model.after_sale import RequestKind, RequestState
from gateway.model.store import StoreMode
from gateway.orders.attested import facts_for
from gateway.orders.store import StoredOrder
from gateway.orders.store import order as stored_order
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.decision import canonical_bytes as decision_bytes
from gateway.policy.rule_set import RuleSet
from gateway.policy.scenario import canonical_bytes as scenario_bytes
from gateway.policy.terms import Action, Performer, Reason
from gateway.ports import Act, Clock, EffectPort, HealthSource, Offered, Operation
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from gateway.sync.connections import Connection, Connections
from gateway.sync.pull import Pull

_OPERATIONS = {Action.accept_request: Operation.accept_cancellation, Action.close: Operation.seller_close}
_PATIENCE = timedelta(seconds=10)  # how long `resolve` itself waits for an unclear answer to settle
_HAND_OVER = timedelta(seconds=30)  # when the daemon takes over an effect whose caller has vanished


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was decided for an order and what became of it. ``effect`` is None when nothing was called.

    ``because`` says why nothing was called: a person's task, an approval that is missing, or a dry run.
    """

    order: StoredOrder
    question: Question
    decision: Decision
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
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._rules = rules
        self._connections = connections
        self._pull_for = pull_for
        self._valuations = valuations
        self._effects = Effects(database, clock)

    async def ask(self, store_id: str, order_id: str, reason: Reason) -> Resolution:
        """Read the order anew and say what would be done, without doing it."""
        connection = await self._connections.open(store_id)
        return replace(await self._decide(connection, order_id, reason), because="dry run")

    async def resolve(
        self, store_id: str, order_id: str, reason: Reason, *, by: str, approved: bool = False
    ) -> Resolution:
        """Decide, and carry the decision's next step out when it is the gateway's to do.

        Raises NeedsApproval when a person must agree first (call again with ``approved``), NotAllowed when the
        store's mode or a stop forbids effects, Conflict when another effect on the order is under way.
        """
        connection = await self._connections.open(store_id)
        facts_read_at = self._clock.now()
        found = await self._decide(connection, order_id, reason)
        act = act_of(found, connection)
        if act is None:
            await self._record(found, reason, by)
            return replace(found, because=_why_not(found))
        self._check_mode(connection, found.decision, approved=approved)
        now = self._clock.now()

        def commit_all(c: Transaction) -> Effect:
            intent = record_intent(c, store_id, order_id, reason.value, by, now)
            decision = record_decision(c, intent, store_id, order_id, self._recorded(found), now)
            effect = commit(
                c,
                intent=intent,
                decision=decision,
                store=store_id,
                act=act,
                facts_read_at=facts_read_at,
                now=now,
                due_at=now + _HAND_OVER,
            )
            return effect_of(c, effect)

        effect = await self._database.write(commit_all)
        try:
            effect = await self._call(effect, connection)
        except (NotSent, RateLimited) as error:
            return replace(found, effect=effect, because=f"not sent yet, it will be tried again: {error}")
        effect = await self._settle_patiently(effect, connection)
        return replace(found, effect=effect)

    async def advance(self, effect_id: str) -> timedelta | None:
        """Take an open effect one step further; return the time until the next step, None once it is settled.

        This is what due work calls: after a restart, after an unclear answer, after a call that never left.
        """
        effect = await self._database.read(lambda c: effect_of(c, effect_id))
        if not effect.state.is_open:
            return None
        connection = await self._connections.open(effect.store)
        if effect.state is EffectState.unknown:
            effect, again = await self._effects.settle(effect, _port(connection), connection.channel)
            if again is None:
                await self._refresh(connection, effect.act.order_id)
            return again
        if effect.state is EffectState.calling:  # its caller is alive, or the next start will find it
            return _HAND_OVER
        if (objection := await self._objection(effect, connection)) is not None:
            await self._effects.drop(effect, objection)
            return None
        effect = await self._call(effect, connection)
        return timedelta(seconds=2) if effect.state is EffectState.unknown else None

    async def _objection(self, effect: Effect, connection: Connection) -> str | None:
        """Read the facts anew and decide again; return why the effect no longer stands, None when it does."""
        reason = Reason((await self._database.read(lambda c: intent_of(c, effect.intent))).reason)
        found = await self._decide(connection, effect.act.order_id, reason)
        act = act_of(found, connection)
        if act is None or (act.operation, act.reason) != (effect.act.operation, effect.act.reason):
            return f"the facts have changed before it was sent: {found.decision.explanation}"
        return None

    async def _call(self, effect: Effect, connection: Connection) -> Effect:
        effect = await self._effects.call(effect, _port(connection), connection.channel)
        if not effect.state.is_open:
            await self._refresh(connection, effect.act.order_id)
        return effect

    async def _settle_patiently(self, effect: Effect, connection: Connection) -> Effect:
        until = self._clock.now() + _PATIENCE
        while effect.state is EffectState.unknown and self._clock.now() < until:
            effect, again = await self._effects.settle(effect, _port(connection), connection.channel)
            if again is None:
                await self._refresh(connection, effect.act.order_id)
                break
            await self._clock.sleep_until(self._clock.now() + again)
        return effect

    async def _refresh(self, connection: Connection, order_id: str) -> None:
        await self._pull_for(connection).named([order_id])

    async def _decide(self, connection: Connection, order_id: str, reason: Reason) -> Resolution:
        await self._refresh(connection, order_id)
        store = connection.store
        health = (
            await connection.adapter.read_health(connection.channel)
            if isinstance(connection.adapter, HealthSource)
            else None
        )
        now = self._clock.now()

        def read(c: Transaction) -> tuple[StoredOrder, Question]:
            found = stored_order(c, self._vault, store.id, order_id)
            if found is None:
                raise NotFound(f"Store {store.id} has no order {order_id}. Check the number and the store.")
            skus = [line.sku for line in found.order.lines if line.sku]
            facts = facts_for(c, store.id, order_id, skus)
            counts = counts_of(c, store, self._rules, health, now)
            return found, question_of(found, store, reason, counts, facts, self._valuations.get(store.id, {}), now)

        found, question = await self._database.read(read)
        return Resolution(found, question, decide(question.scenario, self._rules))

    async def _record(self, found: Resolution, reason: Reason, by: str) -> None:
        order, now = found.order.order, self._clock.now()

        def act(c: Transaction) -> None:
            intent = record_intent(c, order.store, order.order_id, reason.value, by, now)
            record_decision(c, intent, order.store, order.order_id, self._recorded(found), now)

        await self._database.write(act)

    def _recorded(self, found: Resolution) -> Recorded:
        return Recorded(
            found.decision.rule_set, scenario_bytes(found.question.scenario), decision_bytes(found.decision)
        )

    def _check_mode(self, connection: Connection, decision: Decision, *, approved: bool) -> None:
        store = connection.store
        if store.mode is StoreMode.observe:
            raise NotAllowed(
                f"Store {store.id} is in mode observe: the gateway only reads there. "
                f"`gateway stores mode {store.id} ask` lets it act with your yes."
            )
        reasons = [reason.value for reason in decision.approval]
        if store.mode is StoreMode.ask:
            reasons.append("store_mode_ask")
        if reasons and not approved:
            raise NeedsApproval(
                f"{decision.action.value} on this order needs a person's yes ({', '.join(reasons)}). "
                "Look at `--dry-run`, then repeat with --yes.",
                reasons=tuple(reasons),
            )


def act_of(found: Resolution, connection: Connection) -> Act | None:
    """Return the act a decision asks the gateway for, None when the next step is not a call it can make."""
    decision, order = found.decision, found.order.order
    operation = _OPERATIONS.get(decision.action)
    if operation is None or decision.performed_by is not Performer.gateway:
        return None
    if connection.adapter.manifest.offers(operation) is not Offered.api:
        return None
    if operation is Operation.seller_close and order.can_cancel is False:
        return None  # the platform's own word on this order wins over every rule
    request = next(
        (
            request.request_id
            for request in order.requests
            if request.kind is RequestKind.cancellation and request.state is RequestState.open
        ),
        None,
    )
    lines = tuple((line.line_id, line.quantity - line.cancelled) for line in order.lines)
    accepting = operation is Operation.accept_cancellation
    return Act(
        operation=operation,
        order_id=order.order_id,
        key=f"{order.store}:{order.order_id}:{operation}",
        request_id=request if accepting else None,
        reason=decision.native_reason,
        lines=() if accepting else lines,
    )


def _why_not(found: Resolution) -> str:
    if found.decision.action is Action.close and found.order.order.can_cancel is False:
        return (
            "The rules allow a close, but the platform says that the seller cannot cancel this order now. "
            "Look at it in the platform's console."
        )
    return found.decision.explanation


def _port(connection: Connection) -> EffectPort:
    if not isinstance(connection.adapter, EffectPort):
        raise GatewayError(
            f"The {connection.store.platform} adapter offers no effects; this is a fault of the gateway."
        )
    return connection.adapter
