"""The road every effect takes: facts read anew, the rules asked, all of it committed, one call, the outcome settled.

Whoever wants an effect, a rule or a person, comes this way: there is no other to a platform's writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection as Transaction
from sqlalchemy import select

from gateway.cases.alone import OneAtATime
from gateway.cases.case import version_of_open
from gateway.cases.effects import (
    Decided,
    Effect,
    Effects,
    EffectState,
    Guard,
    Recorded,
    commit,
    confirmed,
    effect_of,
    effects_of,
    intent_of,
    record_decisions,
    record_intent,
)
from gateway.cases.found import Asked, Found, find_all, no_order
from gateway.cases.left_calls import being_called
from gateway.cases.turns import News
from gateway.cases.wording import TEXT_FOR_BUYER, objection_to_words
from gateway.errors import GatewayError, NeedsApproval, NotAllowed, NotSent, RateLimited
from gateway.ledger.booking import Spending, hand_over, hold
from gateway.ledger.points import hear, is_news
from gateway.model.store import Store, StoreMode
from gateway.orders.documents import read_request
from gateway.orders.store import StoredOrder
from gateway.orders.store import order as stored_order
from gateway.policy.decision import canonical_bytes as decision_bytes
from gateway.policy.rule_set import RuleSet
from gateway.policy.scenario import canonical_bytes as scenario_bytes
from gateway.policy.terms import Reason
from gateway.ports import Act, Clock, EffectPort, HealthSource, Operation, StoreHealth
from gateway.storage import audit
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.joined import Joined
from gateway.storage.schema import after_sales
from gateway.storage.vault import Vault
from gateway.sync.connections import Connection, Connections
from gateway.sync.pull import Pull
from gateway.sync.storing import Named, keep_all

log = structlog.get_logger(__name__)

PERSON_ORDER = "person_order"  # the audit entry that says what a person ordered by name, and what was shown first

_LOOKS = 5  # how often a caller itself looks for what became of an unclear call, before due work goes on looking
_BETWEEN_LOOKS = 2.0  # seconds of real time: a person waits, whatever the clock of a simulator does
_HAND_OVER = timedelta(seconds=30)  # when the daemon takes over an effect whose caller has vanished
_AGAIN = timedelta(seconds=2)

Objection = Callable[[Effect, Connection], Awaitable[str | None]]
"""Reads the facts anew and says why a committed effect no longer stands; None: it does."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of an order: ``words`` name the wish in the record, ``note`` says more about it."""

    words: str
    by: str
    note: Mapping[str, str] | None = None


class Road:
    """Reads, decides, records, calls and settles, for one gateway."""

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
        self._sleep = sleep
        self.alone = OneAtATime()
        self.database = database
        self.clock = clock
        self.rules = rules
        self.effects = Effects(database, clock, vault)
        self._vault = vault
        self._connections = connections
        self._pull_for = pull_for
        self._valuations = valuations
        # what is asked at about the same time is read and stored together
        self._keep: Joined[Named, None] = Joined(database.write, self._keep_all)
        self._find: Joined[Asked, Found] = Joined(database.read, self.find_all)

    async def open(self, store_id: str) -> Connection:
        """Return the connection to a store. Raises NotFound or StoreDisconnected."""
        return await self._connections.open(store_id)

    async def decide(
        self, connection: Connection, order_id: str, reason: Reason, request_id: str | None = None
    ) -> Found:
        """Read the order, and the request where the platform keeps it apart, anew, and ask the rules.

        Raises NotFound when there is no such order, and the error tree when it cannot be read.
        """
        await self.read_anew(connection, order_id, request_id)
        return await self._find(Asked(connection.store, order_id, reason))

    def find_all(self, c: Transaction, asked: Sequence[Asked], now: datetime | None = None) -> list[Found]:
        """Ask the rules about orders as they are stored now. Raises NotFound and DataError as `found.find_all`."""
        return find_all(c, asked, self.rules, self._valuations, now or self.clock.now())

    async def read_anew(self, connection: Connection, order_id: str, request_id: str | None = None) -> None:
        """Read all that a platform tells for a decision: the order as `refresh` does, and its store's health."""
        await self.refresh(connection, order_id, request_id)
        store = connection.store
        health = (
            await connection.adapter.read_health(connection.channel)
            if isinstance(connection.adapter, HealthSource)
            else None
        )
        if health is not None:
            await self._hear(store, health, self.clock.now())

    async def _hear(self, store: Store, health: StoreHealth, now: datetime) -> None:
        """Book the points the platform tells, when they are news."""
        if await self.database.read(lambda c: is_news(c, store.id, store.platform, health.penalty_points)):
            await self.database.write(lambda c: hear(c, store.id, store.platform, health.penalty_points, now))

    async def order(self, connection: Connection, order_id: str, request_id: str | None = None) -> StoredOrder:
        """Return an order, read anew. Raises NotFound, and the error tree when it cannot be read."""
        await self.refresh(connection, order_id, request_id)
        store = connection.store.id
        found = await self.database.read(lambda c: stored_order(c, self._vault, store, order_id))
        if found is None:
            raise no_order(store, order_id)
        return found

    async def refresh(self, connection: Connection, order_id: str, request_id: str | None = None) -> None:
        """Read an order anew, and before it the request named, unless the platform keeps it within the order."""
        pull = self._pull_for(connection)
        if request_id is not None and await self._kept_apart(connection.store.id, request_id):
            await pull.named_requests([request_id])
        await self._keep(await pull.read_named([order_id]))

    def _keep_all(self, c: Transaction, several: Sequence[Named]) -> list[None]:
        keep_all(c, several, self.clock.now())
        return [None] * len(several)

    async def _kept_apart(self, store: str, request_id: str) -> bool:
        query = select(after_sales.c.document).where(
            after_sales.c.store == store, after_sales.c.request_id == request_id
        )
        document = await self.database.read(lambda c: c.execute(query).scalar_one_or_none())
        return document is None or not read_request(document).in_order

    async def check_mode(self, connection: Connection, what: str, needs: Sequence[str], *, approved: bool) -> None:
        """Return when the store lets ``what`` happen now, a person having ``approved`` or not.

        ``needs`` say why a yes is needed. Raises NotAllowed in mode `observe` or while effects are stopped, and
        NeedsApproval when a yes is missing.
        """
        store = connection.store
        if store.mode is StoreMode.observe:
            raise NotAllowed(
                f"Store {store.id} is in mode observe: the gateway only reads there. "
                f"`gateway stores mode {store.id} ask` lets it act with your yes."
            )
        if await self.database.read(lambda c: rows.stopped(c, store.id)):
            raise NotAllowed(
                f"Effects are stopped in store {store.id}, so nothing was done. "
                "`gateway stop-effects --resume` (with --store for one store) lets them go on."
            )
        reasons = [*needs, *(["store_mode_ask"] if store.mode is StoreMode.ask else [])]
        if reasons and not approved:
            raise NeedsApproval(
                f"{what} needs a person's yes ({', '.join(reasons)}). "
                "Look at it with --dry-run, then repeat with --yes.",
                reasons=tuple(reasons),
            )

    async def record(self, found: Found, wanted: Wanted, *, store: Store | None = None) -> None:
        """Keep a wish and the policy's answer to it where no effect follows.

        With the ``store``, the answer's next step is handed to a person: what it spends is held for it. Raises
        Conflict when somebody else has taken that meanwhile.
        """
        now = self.clock.now()

        def record(c: Transaction) -> None:
            intent, _ = _record(c, found, wanted, now, self.rules)
            if store is not None:
                hand_over(c, store, **self.spending(found, wanted.by, now), intent=intent)

        await self.database.write(record)

    def spending(self, found: Found, by: str, now: datetime) -> Spending:
        """Return by what a close is booked."""
        return {
            "order_id": found.order.order.order_id,
            "decision": found.decision,
            "scenario": found.question.scenario,
            "by": by,
            "rules": self.rules,
            "now": now,
        }

    async def confirmed(self, store_id: str, order_id: str) -> Collection[str]:
        """Return the effects on an order that are confirmed: to be asked before its facts are read, for `commit`."""
        return confirmed(await self.database.read(lambda c: effects_of(c, store_id, order_id)))

    async def commit(
        self,
        found: Found,
        act: Act,
        wanted: Wanted,
        known: Collection[str],
        store: Store,
        *,
        guard: Guard | None = None,
    ) -> Effect:
        """Commit to ``act`` together with the wish, the decision it rests on, and what it spends.

        ``known`` is what was `confirmed` before the facts were read. ``guard`` is asked first, in the same
        transaction. Raises News when the order has changed since, Conflict, and what the guard raises; then nothing
        is recorded.
        """
        now = self.clock.now()

        def commit_all(c: Transaction) -> Effect:
            self._check_fresh(c, found)
            if guard is not None:
                guard(c)
            intent, decision = _record(c, found, wanted, now, self.rules)
            effect = commit(
                c,
                intent=intent,
                decision=decision,
                store=found.order.order.store,
                act=act,
                known=known,
                now=now,
                due_at=now + _HAND_OVER,
            )
            if act.operation is Operation.seller_close:
                hold(c, store, **self.spending(found, wanted.by, now), holder=effect)
            return effect_of(c, effect)

        return await self.database.write(commit_all)

    def _check_fresh(self, c: Transaction, found: Found) -> None:
        """Raise News when the order, or what its open case knows of it, is not as it was ``found`` any more."""
        order = found.order.order
        stored = stored_order(c, self._vault, order.store, order.order_id)
        same = stored is not None and stored.order == order
        if not same or version_of_open(c, order.store, order.order_id) != found.version:
            raise News(f"Order {order.order_id} has changed since its facts were read; decide again.")

    async def carry(self, effect: Effect, connection: Connection, *, guard: Guard | None = None) -> tuple[Effect, str]:
        """Send a committed effect and wait a little for it to settle; return it, and why it waits if it does.

        Raises what the ``guard`` raises; nothing is sent then.
        """
        try:
            effect = await self.call(effect, connection, guard=guard)
        except (NotSent, RateLimited) as error:
            return effect, f"not sent yet, it will be tried again: {error}"
        return await self.settled_soon(effect, connection), ""

    async def settled_soon(self, effect: Effect, connection: Connection) -> Effect:
        """Look a few times for what became of an unclear call; return the effect as it then stands."""
        for look in range(_LOOKS):
            if effect.state is not EffectState.unknown:
                break
            if look:
                await self._sleep(_BETWEEN_LOOKS)
            effect = await self._look(effect, connection)
        return effect

    async def _look(self, effect: Effect, connection: Connection) -> Effect:
        """Probe once. A platform that does not answer now leaves the effect as unknown as it was."""
        try:
            return (await self.settle(effect, connection))[0]
        except GatewayError as error:
            log.warning("effect.not_probed", effect=effect.id, store=effect.store, error=type(error).__name__)
            return effect

    async def advance(self, effect_id: str, objection: Objection) -> timedelta | None:
        """Take an open effect one step further; return the time until the next step, None once it is settled.

        The caller has the order to itself (`alone`).
        """
        effect = await self.database.read(lambda c: effect_of(c, effect_id))
        if not effect.state.is_open:
            return None
        connection = await self.open(effect.store)
        if effect.state is EffectState.calling:
            if await self.database.read(lambda c: being_called(c, effect_id)):
                return _HAND_OVER
            effect = await self.effects.interrupted(effect)
        if effect.state is EffectState.unknown:
            return (await self.settle(effect, connection))[1]
        if effect.state is not EffectState.committed:
            return None
        if (because := await objection(effect, connection)) is not None:
            await self.effects.drop(effect, because)
            return None
        effect = await self.call(effect, connection)
        return _AGAIN if effect.state is EffectState.unknown else None

    async def call(self, effect: Effect, connection: Connection, *, guard: Guard | None = None) -> Effect:
        """Send a committed effect once, unless its words may not be sent; read what came of it.

        Raises NotSent or RateLimited when it did not reach the platform, and what the ``guard`` raises.
        """
        if effect.act.operation in TEXT_FOR_BUYER:
            wish = (await self.database.read(lambda c: intent_of(c, effect.intent))).reason
            because = objection_to_words(effect.act, connection.store, wish, self.clock.now())
            if because is not None:
                return await self.effects.drop(effect, because)
        effect = await self.effects.call(effect, _port(connection), connection.channel, guard=guard)
        if not effect.state.is_open:
            await self._look_after(effect, connection)
        return effect

    async def settle(self, effect: Effect, connection: Connection) -> tuple[Effect, timedelta | None]:
        """Probe an unknown effect; return it with the time until the next probe, None once it is settled."""
        effect, again = await self.effects.settle(effect, _port(connection), connection.channel)
        if again is None:
            await self._look_after(effect, connection)
        return effect, again

    async def _look_after(self, effect: Effect, connection: Connection) -> None:
        """Read what came of an effect. It stands settled, whether this works or not: the next pull reads it too."""
        try:
            await self.refresh(connection, effect.act.order_id, effect.act.request_id)
        except GatewayError as error:
            log.warning("effect.not_read_after", effect=effect.id, store=effect.store, error=type(error).__name__)


def keep_decision(c: Transaction, found: Found, intent: str, now: datetime, rules: RuleSet) -> str:
    """Keep the question and the answer, byte for byte, as an answer to ``intent``; return the decision's id."""
    return keep_decisions(c, [(found, intent)], now, rules)[0]


def keep_decisions(c: Transaction, several: Sequence[tuple[Found, str]], now: datetime, rules: RuleSet) -> list[str]:
    """Keep questions and answers, each an answer to an intent, as `keep_decision` does; return the decisions' ids."""
    return record_decisions(c, [_decided(found, intent, rules) for found, intent in several], now)


def _decided(found: Found, intent: str, rules: RuleSet) -> Decided:
    order = found.order.order
    scenario, decision = scenario_bytes(found.question.scenario), decision_bytes(found.decision)
    recorded = Recorded(found.decision.rule_set, scenario, decision, rules.of_store(order.store).archive)
    return Decided(intent, order.store, order.order_id, recorded)


def _record(c: Transaction, found: Found, wanted: Wanted, now: datetime, rules: RuleSet) -> tuple[str, str]:
    order = found.order.order
    intent = record_intent(c, order.store, order.order_id, wanted.words, wanted.by, now)
    if wanted.note is not None:
        details = {**wanted.note, "intent": intent}
        audit.append(c, now, wanted.by, PERSON_ORDER, order.store, order.order_id, details)
    return intent, keep_decision(c, found, intent, now, rules)


def _port(connection: Connection) -> EffectPort:
    if not isinstance(connection.adapter, EffectPort):
        raise GatewayError(
            f"The {connection.store.platform} adapter offers no effects; this is a fault of the gateway."
        )
    return connection.adapter
