"""Calls that were left: by a process that died in mid-call, or by this one, which could not write what came of it.

Nobody knows what became of them. They become ``unknown``, and are looked for at the platform until that is known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.cases.effects import WORK_KIND, Effect, EffectState, load_effect, move_effect, open_effects
from gateway.cases.hands import HANDS
from gateway.storage.schema import effects
from gateway.work import leases
from gateway.work.queue import submit
from gateway.work.wake import wake_cases


def take_over_interrupted(connection: Connection, now: datetime, *, living: Collection[str] = ()) -> int:
    """Mark effects that a dead process left in mid-call as unknown, and make open ones due; return how many.

    ``living`` names the processes that are at work beside each other (`gateway.work.leases.living`): what one of them
    calls is left to it, and only what was interrupted becomes due. Where nobody else can be, all open ones do.
    """
    calling = effects.c.state == EffectState.calling
    if living:
        calling &= effects.c.caller.is_(None) | effects.c.caller.not_in(sorted(living))
    interrupted = [load_effect(row) for row in connection.execute(select(effects).where(calling)).mappings().all()]
    for effect in interrupted:
        move_effect(
            connection, effect, EffectState.unknown, "the process ended while the platform was being called", now
        )
    for effect in interrupted if living else open_effects(connection):
        _make_due(connection, effect, now)
    return len(interrupted)


def has_lost() -> bool:
    """Return whether this process has made a call and may not have been able to note what came of it."""
    return bool(HANDS.lost)


def take_over_lost(connection: Connection, now: datetime) -> Sequence[str]:
    """Mark what this process has `has_lost` as unknown, and make it due; return what was looked at, for `forget_lost`.

    The database may have failed as it was written: that stands as being called by a process that lives, so that
    nobody else would ever look for it.
    """
    looked_at = sorted(HANDS.lost)
    mine = effects.c.id.in_(looked_at) & (effects.c.caller == leases.this_process())
    rows = connection.execute(select(effects).where(mine, effects.c.state == EffectState.calling)).mappings().all()
    for effect in map(load_effect, rows):
        move_effect(connection, effect, EffectState.unknown, "what came of the call could not be noted", now)
        _make_due(connection, effect, now)
    return looked_at


def forget_lost(looked_at: Collection[str]) -> None:
    """Look no more for what was taken over: it is stored."""
    HANDS.forget(looked_at)


def _make_due(connection: Connection, effect: Effect, now: datetime) -> None:
    submit(connection, WORK_KIND, effect.id, now, b"")
    wake_cases(connection, effect.store, [effect.act.order_id], now, "effect")


def being_called(connection: Connection, effect: str) -> bool:
    """Tell whether somebody is calling an effect that stands so: this process, or another that shows that it lives."""
    if HANDS.holds(effect):
        return True
    caller = connection.execute(select(effects.c.caller).where(effects.c.id == effect)).scalar_one()
    return caller is not None and caller != leases.this_process() and caller in leases.living(connection)
