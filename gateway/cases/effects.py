"""Effects: calls with an outside consequence, done at most once each.

::

    committed ──► calling ──► confirmed
        ▲            ├──────► refused        the platform said no: nothing happened
        └────────────┤                       it never left, or came too fast: nothing happened, later again
                     └──────► unknown ──► confirmed | not_applied   settled by probes, however long it takes

The row is committed before the call and again after it. A process that dies while ``calling`` leaves an effect whose
outcome is unknown; the next start, or another process, finds it and probes. One that lives on but could not write what
came of a call finds that itself (`gateway.cases.left_calls`). Only one open effect may stand for one subject (an
order's end, one request, ...): the database refuses a second.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from gateway.cases.contact import is_language, record_sent
from gateway.cases.hands import HANDS
from gateway.errors import (
    AuthError,
    Conflict,
    NotAllowed,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
)
from gateway.ledger.booking import settle as settle_books
from gateway.ports import Act, Channel, Clock, EffectPort, Happened, Operation
from gateway.storage import audit, rule_files
from gateway.storage.database import Database
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import decisions, effects, intents
from gateway.storage.statements import insert_new, listed, one_of, run_many
from gateway.storage.vault import Vault
from gateway.work import leases
from gateway.work.queue import submit
from gateway.work.wake import wake_cases

log = structlog.get_logger(__name__)

WORK_KIND = "effect"

Guard = Callable[[Connection], object]
"""Asked in the transaction right before a call; raises when it may not be made any more."""

_ACT = TypeAdapter(Act)

# Statements are made once: making one costs more than running it.
_EFFECT = select(effects).where(effects.c.id == bindparam("the_id"))
_OF_ORDERS = (
    select(effects)
    .where(effects.c.store == bindparam("the_store"), one_of(effects.c.order_id, "ids"))
    .order_by(effects.c.created_at)
)
_CONFIRMED = select(effects.c.id).where(
    effects.c.store == bindparam("the_store"),
    effects.c.order_id == bindparam("the_order"),
    effects.c.subject == bindparam("the_subject"),
    effects.c.state == "confirmed",
)
_NEW_DECISION = insert(decisions)

# A write may still arrive at the platform after we stopped waiting for its answer. Only when it has not shown for
# this long do we believe that it never will.
CERTAIN_AFTER = timedelta(minutes=2)
_FIRST_PROBE = timedelta(seconds=2)
_LONGEST_BETWEEN_PROBES = timedelta(minutes=10)
_NO_PURPOSE = "other"  # of a message that was written for none that the policy knows
_NO_LANGUAGE = "und"

# These pull an order in different directions: never two of them at once.
_TURNS_ORDER = {
    Operation.ship,
    Operation.seller_close,
    Operation.cancel_lines,
    Operation.accept_cancellation,
    Operation.reject_cancellation,
}


class EffectState(StrEnum):
    """Where an effect stands."""

    committed = "committed"
    calling = "calling"
    unknown = "unknown"
    confirmed = "confirmed"
    refused = "refused"
    not_applied = "not_applied"

    @property
    def is_open(self) -> bool:
        """Return whether it may still reach the platform or is not known to have done so."""
        return self in {EffectState.committed, EffectState.calling, EffectState.unknown}


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect as stored. ``because`` says in words why it stands where it stands."""

    id: str
    intent: str
    decision: str
    store: str
    act: Act
    state: EffectState
    reference: str
    because: str
    attempts: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Intent:
    """Somebody's wish: that an order should end, with the true reason, or the word of what a person ordered."""

    id: str
    store: str
    order_id: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision to be recorded: canonical bytes of question and answer, and the rules it was made with."""

    rule_set: str
    scenario: bytes
    decision: bytes
    rule_files: bytes | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about an order, an answer to ``intent``."""

    intent: str
    store: str
    order_id: str
    recorded: Recorded


def subject_of(act: Act) -> str:
    """Return what must not be touched twice at once: an order's end, one request, one kind of act on an order."""
    if act.operation in _TURNS_ORDER:
        return f"end:{act.order_id}"
    if act.request_id is not None:
        return f"request:{act.request_id}"
    return f"{act.operation}:{act.order_id}"


def record_intent(connection: Connection, store: str, order_id: str, reason: str, by: str, at: datetime) -> str:
    """Note what somebody wants of an order, and why or what exactly; return the intent's id."""
    intent = uuid.uuid4().hex
    connection.execute(
        insert(intents).values(id=intent, store=store, order_id=order_id, reason=reason, by=by, at=to_micros(at))
    )
    audit.append(connection, at, by, "intent", store, order_id, {"intent": intent, "reason": reason})
    return intent


def intent_of(connection: Connection, intent: str) -> Intent:
    """Return a recorded intent. Raises NotFound."""
    row = connection.execute(select(intents).where(intents.c.id == intent)).first()
    if row is None:
        raise NotFound(f"No intent {intent}.")
    return Intent(row.id, row.store, row.order_id, row.reason, row.by)


def record_decision(
    connection: Connection, intent: str, store: str, order_id: str, recorded: Recorded, at: datetime
) -> str:
    """Keep the question and the answer, byte for byte, and the rules it was made with; return the decision's id."""
    return record_decisions(connection, [Decided(intent, store, order_id, recorded)], at)[0]


def record_decisions(connection: Connection, several: Sequence[Decided], at: datetime) -> list[str]:
    """Keep decisions as `record_decision` does; return their ids."""
    rows: list[dict[str, object]] = []
    kept: dict[bytes, str] = {}
    for each in several:
        recorded, files = each.recorded, each.recorded.rule_files
        if files is not None and files not in kept:
            kept[files] = rule_files.keep(connection, recorded.rule_set, files, at)
        rows.append(
            {
                "id": uuid.uuid4().hex,
                "intent": each.intent,
                "store": each.store,
                "order_id": each.order_id,
                "at": to_micros(at),
                "rule_set": recorded.rule_set,
                "scenario": recorded.scenario,
                "decision": recorded.decision,
                "rule_files": None if files is None else kept[files],
            }
        )
    run_many(connection, _NEW_DECISION, rows)
    ids = [str(row["id"]) for row in rows]
    told = [{"intent": each.intent, "decision": decision} for each, decision in zip(several, ids, strict=True)]
    audit.append_all(
        connection,
        [
            audit.NewEntry(at, "policy", "decision", each.store, each.order_id, details)
            for each, details in zip(several, told, strict=True)
        ],
    )
    return ids


def commit(
    connection: Connection,
    *,
    intent: str,
    decision: str,
    store: str,
    act: Act,
    known: Collection[str],
    now: datetime,
    due_at: datetime,
) -> str:
    """Commit to an effect, in the caller's transaction; return its id. Nothing is sent yet.

    The caller sends it at once; due work picks it up at ``due_at`` should the caller vanish. ``known`` are the effects
    on the order that were confirmed (`confirmed`) before its facts were read.
    Raises Conflict when an effect on the same subject is open, or was confirmed after the facts were read.
    """
    subject = subject_of(act)
    found = connection.execute(_CONFIRMED, {"the_store": store, "the_order": act.order_id, "the_subject": subject})
    if not set(known).issuperset(found.scalars()):
        raise Conflict(f"{act.order_id}: an effect was confirmed after these facts were read; decide again")
    effect = uuid.uuid4().hex
    put = connection.execute(
        insert_new(connection, effects).values(
            id=effect,
            intent=intent,
            decision=decision,
            store=store,
            order_id=act.order_id,
            operation=act.operation,
            subject=subject,
            act=_dump(act),
            state=EffectState.committed,
            reference="",
            because="",
            attempts=0,
            created_at=to_micros(now),
            changed_at=to_micros(now),
        )
    )
    if put.rowcount == 0:
        raise Conflict(f"{act.order_id}: another effect on it is under way; wait until it is settled")
    audit.append(connection, now, "gateway", "effect_committed", store, act.order_id, {"effect": effect})
    submit(connection, WORK_KIND, effect, due_at, b"")
    return effect


def confirmed(found: Iterable[Effect]) -> frozenset[str]:
    """Return the ids of those effects that are confirmed: what `commit` is to know of them."""
    return frozenset(each.id for each in found if each.state is EffectState.confirmed)


def effect_of(connection: Connection, effect: str) -> Effect:
    """Return one effect. Raises NotFound."""
    row = connection.execute(_EFFECT, {"the_id": effect}).mappings().first()
    if row is None:
        raise NotFound(f"No effect {effect}. List the order's effects with `gateway orders show`.")
    return load_effect(row)


def effects_of(connection: Connection, store: str, order_id: str) -> list[Effect]:
    """Return the effects on an order, oldest first."""
    return effects_of_orders(connection, [(store, order_id)]).get((store, order_id), [])


def effects_of_orders(connection: Connection, orders: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Effect]]:
    """Return the effects on orders (store, order), oldest first; an order without any is left out."""
    by_store: dict[str, set[str]] = {}
    for store, order_id in orders:
        by_store.setdefault(store, set()).add(order_id)
    found: dict[tuple[str, str], list[Effect]] = {}
    for store, ids in by_store.items():
        for row in connection.execute(_OF_ORDERS, {"the_store": store, "ids": listed(ids)}).mappings():
            found.setdefault((store, row["order_id"]), []).append(load_effect(row))
    return found


def open_effects(connection: Connection) -> list[Effect]:
    """Return every effect that is not settled."""
    still_open = [state for state in EffectState if state.is_open]
    rows = connection.execute(select(effects).where(effects.c.state.in_(still_open))).mappings()
    return [load_effect(row) for row in rows]


class Effects:
    """Carries committed effects out and settles unclear ones."""

    def __init__(self, database: Database, clock: Clock, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault

    async def call(self, effect: Effect, port: EffectPort, channel: Channel, *, guard: Guard | None = None) -> Effect:
        """Send a committed effect, once. The caller has just read the facts and decided anew.

        ``guard`` is asked in the transaction that marks it as being called.
        Raises NotSent or RateLimited when it did not reach the platform: it is committed again and may be called
        later. Raises Conflict when somebody else is calling it, what the guard raises, and what the database raises:
        what came of the call is looked for then (`gateway.cases.left_calls`).
        """
        with HANDS.hold(effect.id):
            try:
                return await self._call(effect, port, channel, guard)
            except (NotSent, RateLimited) as error:  # that is noted
                never_left = error
        raise never_left

    async def _call(self, effect: Effect, port: EffectPort, channel: Channel, guard: Guard | None) -> Effect:
        await self._start(effect, guard)
        try:
            reference = await port.perform(channel, effect.act)
        except (NotSent, RateLimited) as error:
            await self._to(effect, EffectState.committed, str(error))
            raise
        except OutcomeUnknown as error:
            return await self._to(effect, EffectState.unknown, str(error))
        except (PlatformError, AuthError, NotAllowed) as error:
            return await self._to(effect, EffectState.refused, str(error))
        return await self._to(effect, EffectState.confirmed, "the platform confirmed it", reference)

    async def settle(self, effect: Effect, port: EffectPort, channel: Channel) -> tuple[Effect, timedelta | None]:
        """Probe an unknown effect; return it with the time until the next probe, None once it is settled."""
        finding = await port.probe(channel, effect.act)
        waited = self._clock.now() - effect.changed_at
        if finding.happened is Happened.applied:
            return await self._to(effect, EffectState.confirmed, f"a probe saw it: {finding.because}"), None
        if finding.happened is Happened.not_applied and waited >= CERTAIN_AFTER:
            because = f"a probe did not see it: {finding.because}"
            effect = await self._to(effect, EffectState.not_applied, because, seen=effect)
            return effect, _FIRST_PROBE if effect.state.is_open else None
        return effect, min(max(waited, _FIRST_PROBE), _LONGEST_BETWEEN_PROBES)

    async def interrupted(self, effect: Effect) -> Effect:
        """Mark an effect in mid-call as unknown: whoever called it is gone, or was overtaken."""
        return await self._to(effect, EffectState.unknown, "whoever was calling the platform did not come back")

    async def drop(self, effect: Effect, because: str) -> Effect:
        """Give a committed effect up before it was sent: the facts have changed.

        Raises Conflict when it is being sent, or was: a call under way can no longer be taken back.
        """
        dropped = await self._to(effect, EffectState.not_applied, because, seen=effect)
        if dropped.state.is_open:
            raise Conflict(f"Effect {effect.id} was taken up elsewhere meanwhile: it is {dropped.state} now.")
        return dropped

    async def _start(self, effect: Effect, guard: Guard | None) -> None:
        now = to_micros(self._clock.now())

        def act(connection: Connection) -> None:
            if guard is not None:
                guard(connection)
            taken = connection.execute(
                update(effects)
                .where(effects.c.id == effect.id, effects.c.state == EffectState.committed)
                .values(
                    state=EffectState.calling,
                    attempts=effects.c.attempts + 1,
                    changed_at=now,
                    caller=leases.this_process(),
                )
            )
            if taken.rowcount != 1:
                raise Conflict(f"Effect {effect.id} is no longer waiting to be sent; somebody else took it.")

        await self._database.write(act)

    async def _to(
        self, effect: Effect, state: EffectState, because: str, reference: str = "", *, seen: Effect | None = None
    ) -> Effect:
        """Move an effect on; return it as it stands then. ``seen``: only if nobody has moved it since it was so."""
        now = self._clock.now()

        def move(connection: Connection) -> Effect:
            standing = effect_of(connection, effect.id)
            if not standing.state.is_open:  # somebody else has settled it meanwhile, and what is settled stays so
                return standing
            if seen is not None and (standing.state, standing.attempts) != (seen.state, seen.attempts):
                return standing
            moved = move_effect(connection, effect, state, because, now, reference)
            message = moved.act.operation is Operation.send_message and "text" in moved.act.parameters
            if not message or moved.state.is_open:  # without its text it was settled, and put on record, before
                return moved
            if moved.state is EffectState.confirmed:
                # an effect whose outcome was unknown was sent before that was noted, not when the probe saw it
                sent_at = effect.changed_at if effect.state is EffectState.unknown else now
                _note_message(connection, self._vault, moved, sent_at, now)
            return _without_text(connection, moved)

        return await self._database.write(move)


def move_effect(
    connection: Connection, effect: Effect, state: EffectState, because: str, now: datetime, reference: str = ""
) -> Effect:
    """Move an effect on, with what hangs on it: its books, its case, the audit trail. Return it as it stands then."""
    connection.execute(
        update(effects)
        .where(effects.c.id == effect.id)
        .values(state=state, because=because, reference=reference, changed_at=to_micros(now))
    )
    if not state.is_open:  # an outcome nobody knows keeps what it holds
        happened = state is EffectState.confirmed
        settle_books(
            connection, effect.store, effect.act.order_id, holder=effect.id, happened=happened, at=now, because=because
        )
        wake_cases(connection, effect.store, [effect.act.order_id], now, "effect")
    details = {"effect": effect.id, "state": state.value, "because": because, "reference": reference}
    audit.append(connection, now, "gateway", f"effect_{state}", effect.store, effect.act.order_id, details)
    log.info("effect", effect=effect.id, state=state.value, operation=effect.act.operation.value, store=effect.store)
    return effect_of(connection, effect.id)


def _note_message(connection: Connection, vault: Vault, effect: Effect, sent_at: datetime, now: datetime) -> None:
    """Put the words of a confirmed message on record, sealed, with what they announced.

    It never raises for what the act holds: that the platform confirmed it must be noted whatever it said.
    """
    given = effect.act.parameters
    sent_at = min(sent_at, now)
    announced = datetime.fromisoformat(given["announced_close_at"]) if "announced_close_at" in given else None
    language = given.get("language", "")
    record_sent(
        connection,
        vault,
        store=effect.store,
        order_id=effect.act.order_id,
        purpose=given.get("purpose", _NO_PURPOSE),
        language=language if is_language(language) else _NO_LANGUAGE,
        text=given.get("text"),
        at=sent_at,
        by="gateway",
        now=now,
        effect=effect.id,
        announced_close_at=announced if announced is not None and announced > sent_at else None,
    )


def _without_text(connection: Connection, effect: Effect) -> Effect:
    """Take the words out of a settled message: what was sent is kept sealed, and what was not, nobody needs."""
    told = {name: value for name, value in effect.act.parameters.items() if name != "text"}
    act = replace(effect.act, parameters=told)
    connection.execute(update(effects).where(effects.c.id == effect.id).values(act=_dump(act)))
    return replace(effect, act=act)


def _dump(act: Act) -> bytes:
    return _ACT.dump_json(act)


def load_effect(row: RowMapping) -> Effect:
    """Return an effect from its row."""
    return Effect(
        id=row["id"],
        intent=row["intent"],
        decision=row["decision"],
        store=row["store"],
        act=_ACT.validate_json(row["act"]),
        state=EffectState(row["state"]),
        reference=row["reference"],
        because=row["because"],
        attempts=row["attempts"],
        created_at=from_micros(row["created_at"]),
        changed_at=from_micros(row["changed_at"]),
    )
