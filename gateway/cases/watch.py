"""Looking, again and again, for what people must hear of: each thing is told once, and settled when it is over.

A look finds everything that holds now (`Alarm`), on indexes alone; what stands in the notices already is left, what
does not hold any more is settled. What had come true long before its store was connected is not told: a fresh gateway
reads many an order that was late last month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, select

from gateway.cases.notices import Level, notices_like, settle, tell
from gateway.policy.rule_set import RuleSet
from gateway.storage.moments import from_micros
from gateway.storage.schema import notices, stores
from gateway.storage.statements import one_of
from gateway.storage.vault import Vault

WATCH_KIND = "watch"
"""The kind of due work that looks; its key is `WATCH_KEY`."""
WATCH_KEY = "all"
WATCH_EVERY = timedelta(minutes=1)

AT_ONCE = 500  # written in one act: acts must be short
_DATED = "@"  # between the key of what recurs and the day it was told
OLD = timedelta(hours=24)  # what came true longer than this before its store was connected is no news


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that holds now. ``since``: when it came true, None where nobody knows: it counts as just now.

    What ``recurs`` may be over and come again: then it is told again, at most once a day.
    """

    key: str
    kind: str
    store: str
    order_id: str | None
    level: Level
    details: Mapping[str, object] = field(default_factory=dict)
    since: datetime | None = None
    recurs: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """With what is looked. ``renewals_prolong`` tells of a platform whether renewals prolong an authorisation."""

    vault: Vault
    rules: RuleSet
    valuations: Mapping[str, Mapping[str, object]]
    renewals_prolong: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found to write: alarms to tell, and keys of notices whose cause is gone."""

    to_tell: tuple[Alarm, ...] = ()
    to_settle: tuple[str, ...] = ()


def compare(c: Connection, alarms: Iterable[Alarm], kinds: frozenset[str], gone: Iterable[str], now: datetime) -> Look:
    """Return what is to be told of these alarms, and what to settle of the notices of their ``kinds``.

    ``gone`` are keys of further notices whose cause is known to be gone.
    """
    standing = {each.key for each in notices_like(c, kinds=kinds)}
    dated = {key.rpartition(_DATED)[0]: key for key in standing if _DATED in key}
    held = {}
    for each in alarms:
        key = dated.get(each.key, f"{each.key}{_DATED}{now:%Y-%m-%d}") if each.recurs else each.key
        held[key] = replace(each, key=key)
    begun = {row.id: from_micros(row.created_at) for row in c.execute(select(stores.c.id, stores.c.created_at))}
    news = [each for each in held.values() if each.key not in standing and _is_news(each, begun.get(each.store))]
    known = _told(c, [each.key for each in news])
    over = sorted((standing - held.keys()) | set(gone))
    return Look(tuple(each for each in news if each.key not in known), tuple(over))


def write(c: Connection, look: Look, now: datetime) -> int:
    """Tell and settle; return how many were told."""
    settle(c, look.to_settle, now)
    return sum(
        tell(
            c,
            key=each.key,
            kind=each.kind,
            store=each.store,
            order_id=each.order_id,
            level=each.level,
            details=each.details,
            now=now,
        )
        for each in look.to_tell
    )


def parts(look: Look) -> Iterable[Look]:
    """Return a look in pieces short enough to be written in one act each."""
    for start in range(0, max(len(look.to_tell), len(look.to_settle)), AT_ONCE):
        end = start + AT_ONCE
        yield Look(look.to_tell[start:end], look.to_settle[start:end])


def _is_news(alarm: Alarm, begun: datetime | None) -> bool:
    return alarm.since is None or begun is None or alarm.since > begun - OLD


def _told(c: Connection, keys: list[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(keys), AT_ONCE):
        wanted = {"keys": orjson.dumps(keys[start : start + AT_ONCE]).decode()}
        known.update(c.execute(select(notices.c.key).where(one_of(notices.c.key, "keys")), wanted).scalars())
    return known
