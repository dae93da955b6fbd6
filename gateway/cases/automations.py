"""What automations did, whether they are on, and how much more they may do.

Each happening is answered once: what leaves this database is noted as begun before it is done, and a gateway that dies
in between finds it begun, and looks what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from gateway.cases.automation_file import Automation, Do
from gateway.cases.automation_happenings import Happening, request_of, within
from gateway.cases.notices import Level, key_of, tell
from gateway.cases.tasks import TaskKind, open_task
from gateway.errors import Conflict
from gateway.model.after_sale import RequestState
from gateway.storage import audit
from gateway.storage.moments import from_micros, from_micros_or_none, to_micros
from gateway.storage.schema import automation_acts, automation_switches
from gateway.storage.statements import insert_new

BURST_RULE = "TTJ-21"
"""The rule for which automations are throttled: a platform looks into bursts of cancellations."""


class Result(StrEnum):
    """What became of an answer. What was sent stands ``begun`` until the platform's answer is known."""

    begun = "begun"
    done = "done"  # of an effect: the platform has confirmed it
    refused = "refused"  # by the rules, the platform, or because nothing was left to do
    held_by_limit = "held_by_limit"


@dataclass(frozen=True, slots=True)
class ActDone:
    """One row of what an automation did."""

    automation: str
    store: str
    order_id: str
    subject: str
    act: str
    result: Result
    amount_minor: int | None
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Switch:
    """Which text of an automation was tried on history, and whether it is on."""

    automation: str
    digest: str
    tried_at: datetime
    tried_by: str
    enabled: bool
    switched_at: datetime | None
    switched_by: str | None

    def runs(self, automation: Automation) -> bool:
        """Return whether an automation is on, with the very text that was tried."""
        return self.enabled and self.digest == automation.digest


def switch_of(c: Connection, automation: str) -> Switch | None:
    """Return the switch of an automation, None when it was never tried."""
    row = c.execute(select(automation_switches).where(automation_switches.c.automation == automation)).first()
    if row is None:
        return None
    return Switch(
        row.automation,
        row.digest,
        from_micros(row.tried_at),
        row.tried_by,
        bool(row.enabled),
        from_micros_or_none(row.switched_at),
        row.switched_by,
    )


def note_tried(c: Connection, automation: Automation, by: str, now: datetime) -> None:
    """Note that this text was tried on history. Another text than that which is on switches it off."""
    known = switch_of(c, automation.name)
    on = known is not None and known.runs(automation)
    values = {"digest": automation.digest, "tried_at": to_micros(now), "tried_by": by, "enabled": on}
    row = {"automation": automation.name, **values, "switched_at": None, "switched_by": None}
    if c.execute(insert_new(c, automation_switches), row).rowcount == 0:
        mine = automation_switches.c.automation == automation.name
        c.execute(update(automation_switches).where(mine).values(**values))
    audit.append(c, now, by, "automation_tried", "", None, {"automation": automation.name, "digest": automation.digest})


def switch(c: Connection, automation: str, *, on: bool, digest: str | None, by: str, now: datetime) -> Switch:
    """Switch an automation on, where exactly this text (``digest``) was tried, or off. Raises Conflict."""
    known = switch_of(c, automation)
    if on and (known is None or known.digest != digest):
        what = "was not tried on history" if known is None else "has changed since it was tried on history"
        raise Conflict(
            f"Automation {automation} {what}. See first what it would have done: "
            f"`gateway automations dry-run {automation} --since DATE`."
        )
    if known is None or (not on and not known.enabled):
        raise Conflict(f"Automation {automation} is off already.")
    mine = automation_switches.c.automation == automation
    values: dict[str, Any] = {"enabled": on, "switched_at": to_micros(now), "switched_by": by}
    c.execute(update(automation_switches).where(mine).values(**values))
    what = "automation_enabled" if on else "automation_disabled"
    audit.append(c, now, by, what, "", None, {"automation": automation, "digest": known.digest})
    found = switch_of(c, automation)
    if found is None:
        raise RuntimeError("a row that was just written is gone")
    return found


def is_on(c: Connection, automation: Automation) -> bool:
    """Return whether an automation is on now."""
    found = switch_of(c, automation.name)
    return found is not None and found.runs(automation)


def results_of(c: Connection, automation: Automation, happening: Happening) -> set[Result]:
    """Return what is noted of an automation's answer to a happening; empty: nothing yet."""
    table = automation_acts
    mine = (table.c.automation == automation.name) & (table.c.store == happening.store)
    found = c.execute(select(table.c.result).where(mine, table.c.subject == happening.subject)).scalars()
    return {Result(each) for each in found}


def begun_and_gone(c: Connection, automation: Automation) -> list[Happening]:
    """Return the requests that an automation has begun to answer, of which no end is noted and that wait no more."""
    table, other = automation_acts, automation_acts.alias("other")
    same = (other.c.automation == table.c.automation) & (other.c.store == table.c.store)
    ended = exists().where(same, other.c.subject == table.c.subject, other.c.result != Result.begun.value)
    mine = (table.c.automation == automation.name) & (table.c.act == Do.accept.value) & ~ended
    rows = c.execute(select(table.c.store, table.c.subject).where(mine).order_by(table.c.id)).all()
    found = (request_of(c, row.store, row.subject) for row in rows)
    return [each for each in found if each is not None and each.request_state is not RequestState.open]


def limit_hit(automation: Automation, happening: Happening, last_hour: int, last_day: int) -> str | None:
    """Return which limit keeps an automation from answering by itself, None when none does. Pure."""
    limits = automation.limits
    if last_hour >= limits.per_hour:
        return f"it has acted {last_hour} times within the hour, of {limits.per_hour} ({BURST_RULE})."
    if last_day >= limits.per_day:
        return f"it has acted {last_day} times within a day, of {limits.per_day} ({BURST_RULE})."
    return above_limit(automation, happening)


def above_limit(automation: Automation, happening: Happening) -> str | None:
    """Return that the amount at stake is more than an automation decides about, None when it is not. Pure."""
    most = automation.limits.amount_at_most
    return "the amount is above its limit, or not known." if most and not within(most, happening) else None


def acted_since(c: Connection, automation: str, since: datetime) -> int:
    """Return how often an automation began to act after an instant."""
    table = automation_acts
    mine = (table.c.automation == automation) & (table.c.result == Result.begun.value)
    count = select(func.count()).select_from(table).where(mine, table.c.at > to_micros(since))
    return int(c.execute(count).scalar_one())


def begin(c: Connection, automation: Automation, happening: Happening, now: datetime) -> Result | None:
    """Begin to answer a happening: `begun` when it may be done now, `held_by_limit` when a person is to.

    None when it was answered, the automation was switched off, or there is nothing to do. Again for what was begun
    and has no end, it is `begun`.
    """
    if not is_on(c, automation):
        return None
    known = results_of(c, automation, happening)
    if known:
        return Result.begun if known == {Result.begun} else None
    hour, day = (acted_since(c, automation.name, now - span) for span in (timedelta(hours=1), timedelta(days=1)))
    because = limit_hit(automation, happening, hour, day)
    if because is None:
        note(c, automation, happening, Result.begun, now)
        return Result.begun
    hold_back(c, automation, happening, because, now)
    return Result.held_by_limit


def hold_back(c: Connection, automation: Automation, happening: Happening, because: str, now: datetime) -> None:
    """Note that a limit leaves an answer to a person, tell people, and make it a person's task."""
    note(c, automation, happening, Result.held_by_limit, now)
    _tell(c, automation, happening, "automation_held", because, now)
    _ask(c, automation, happening, f"The automation {automation.name} was held back: {because}", now)


def refuse(c: Connection, automation: Automation, happening: Happening, because: str, now: datetime) -> None:
    """Note that an answer was not possible, and tell people."""
    note(c, automation, happening, Result.refused, now)
    _tell(c, automation, happening, "automation_refused", because, now)


def note(c: Connection, automation: Automation, happening: Happening, result: Result, now: datetime) -> None:
    """Note what became of an answer, once."""
    row = {
        "automation": automation.name,
        "store": happening.store,
        "order_id": happening.order_id,
        "subject": happening.subject,
        "act": automation.do.value,
        "result": result.value,
        "amount_minor": happening.amount_minor,
        "currency": happening.order.currency,
        "at": to_micros(now),
    }
    c.execute(insert(automation_acts), row)
    told = {"automation": automation.name, "act": automation.do.value, "subject": happening.subject}
    told["digest"] = automation.digest
    audit.append(c, now, automation.by, f"automation_{result}", happening.store, happening.order_id, told)


def ask_person(c: Connection, automation: Automation, happening: Happening, now: datetime) -> None:
    """Do what an automation does that makes a task."""
    _ask(c, automation, happening, automation.words, now)


def tell_people(c: Connection, automation: Automation, happening: Happening, now: datetime) -> None:
    """Do what an automation does that tells people."""
    _tell(c, automation, happening, "automation_told", "", now)


def acts(c: Connection, automation: str | None = None, limit: int = 100) -> list[ActDone]:
    """Return what automations did, the newest first."""
    query = select(automation_acts).order_by(automation_acts.c.id.desc()).limit(limit)
    if automation is not None:
        query = query.where(automation_acts.c.automation == automation)
    return [_load(row) for row in c.execute(query)]


def _tell(c: Connection, automation: Automation, happening: Happening, kind: str, because: str, now: datetime) -> None:
    tell(
        c,
        key=key_of(kind, automation.name, happening.store, happening.subject),
        kind=kind,
        store=happening.store,
        order_id=happening.order_id,
        level=Level.urgent if kind == "automation_held" else Level.warning,
        details={
            "automation": automation.name,
            "act": automation.do.value,
            "when": automation.when.value,
            "subject": happening.subject,
            "because": because,
        },
        now=now,
    )


def _ask(c: Connection, automation: Automation, happening: Happening, words: str, now: datetime) -> None:
    open_task(
        c,
        case_id=None,
        store=happening.store,
        order_id=happening.order_id,
        kind=TaskKind.ask_person,
        subject=key_of(happening.subject, automation.name),
        details={"order": happening.order_id, "explanation": words, "automation": automation.name},
        due_by=None if happening.request is None else happening.request.answer_by,
        now=now,
    )


def _load(row: Row[Any]) -> ActDone:
    return ActDone(
        row.automation,
        row.store,
        row.order_id,
        row.subject,
        row.act,
        Result(row.result),
        row.amount_minor,
        row.currency,
        from_micros(row.at),
    )
