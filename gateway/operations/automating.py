"""Automations at work: what waits is answered, within the limits, by the road everybody takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from gateway.cases.automation_file import Automation, Do, read_automations
from gateway.cases.automation_happenings import Happening, request_now, unmet, waiting
from gateway.cases.automations import (
    Result,
    above_limit,
    ask_person,
    begin,
    begun_and_gone,
    hold_back,
    is_on,
    note,
    refuse,
    results_of,
    tell_people,
)
from gateway.cases.case import open_case, open_case_of
from gateway.cases.commands import Command, Deed
from gateway.cases.effects import Effect, EffectState, effects_of, intent_of
from gateway.cases.turns import News
from gateway.errors import (
    AuthError,
    ConfigurationError,
    Conflict,
    GatewayError,
    RateLimited,
    Unavailable,
)
from gateway.model.store import StoreMode
from gateway.operations.context import Context
from gateway.storage import stores as rows
from gateway.storage.lane import CommitUnknown
from gateway.storage.vault import Vault
from gateway.work.queue import Claim, submit

log = structlog.get_logger(__name__)

AUTOMATION_KIND = "automations"
"""The kind of due work that lets automations answer what waits."""
_KEY = "all"
EVERY = timedelta(seconds=15)

_LATER = (Unavailable, RateLimited, AuthError, News, CommitUnknown)
_Act = Callable[[Connection, Automation, Happening, datetime], None]


async def plan_automations(context: Context) -> None:
    """Let the automations begin, or go on."""
    now = context.clock.now()
    await context.database.write(lambda c: submit(c, AUTOMATION_KIND, _KEY, now, b""))


class Automating:
    """Lets the automations of one gateway answer what waits."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told = ""

    async def take(self, _: Claim | None = None) -> datetime:
        """Answer what waits; return when to look again. A file that cannot be used is told, and nothing is done."""
        context = self._context
        try:
            automations = read_automations(context.folder.automations)
            self._told = ""
        except ConfigurationError as error:
            if str(error) != self._told:
                self._told = str(error)
                log.warning("automations.unusable", text=self._told)
            automations = []
        for automation in automations:
            await self.answer(automation)
        return context.clock.now() + EVERY

    async def answer(self, automation: Automation) -> None:
        """Answer what waits for one automation."""
        context = self._context
        for happening in await context.database.read(lambda c: self._to_answer(c, automation)):
            now = context.clock.now()
            begun = await context.database.write(lambda c, each=happening, now=now: _begin(c, automation, each, now))  # type: ignore[misc]  # bound
            if begun is not Result.begun:
                continue
            if automation.do is Do.accept:
                await self._accept(automation, happening)
        for happening in await context.database.read(lambda c: begun_and_gone(c, automation)):
            await self._end(automation, happening)

    def _to_answer(self, c: Connection, automation: Automation) -> list[Happening]:
        if not is_on(c, automation):
            return []
        stores = {each.id: each for each in rows.stores(c)}
        acting = {
            name
            for name, store in stores.items()
            if automation.do is not Do.accept or (store.mode is StoreMode.act and not rows.stopped(c, name))
        }
        return [
            each
            for each in waiting(c, automation)
            if each.store in acting
            and results_of(c, automation, each) in (set(), {Result.begun})
            and unmet(c, self._context.vault, automation, each) is None
        ]

    async def _accept(self, automation: Automation, happening: Happening) -> None:
        """Accept the buyer's request as a person who has not said yes to anything besides would.

        Once it is sent, it stands begun until it is known what became of it.
        """
        context, because, stop = self._context, "", refuse
        wanted = Command(Deed.accept, happening.order_id, happening.subject)
        guard = _StillMeant(context.vault, automation, happening)
        effect = await context.database.read(lambda c: _sent(c, automation, happening))
        if effect is None:
            try:
                carried = await context.resolver.commands.order(happening.store, wanted, by=automation.by, guard=guard)
                effect, because = carried.effect, carried.because
            except _LATER as error:
                log.warning("automation.later", automation=automation.name, error=type(error).__name__)
                return  # it stands begun, and is taken up again
            except _AboveLimit as error:
                because, stop = str(error), hold_back
            except GatewayError as error:  # it may have been committed before that
                effect, because = await context.database.read(lambda c: _sent(c, automation, happening)), str(error)
        now, seen = context.clock.now(), guard.seen
        if effect is not None:
            await context.database.write(lambda c: _note_end(c, automation, seen, effect, now))
        else:
            await context.database.write(lambda c: stop(c, automation, seen, because, now))

    async def _end(self, automation: Automation, happening: Happening) -> None:
        """Note what became of an answer to a request that does not wait any more."""
        context, now = self._context, self._context.clock.now()
        effect = await context.database.read(lambda c: _sent(c, automation, happening))
        if effect is None:  # the buyer took it back, or a person was faster
            await context.database.write(lambda c: note(c, automation, happening, Result.refused, now))
        else:
            await context.database.write(lambda c: _note_end(c, automation, happening, effect, now))


class _AboveLimit(Conflict):
    """What the buyer asks for by now is above the automation's limit: a person decides."""


class _StillMeant:
    """Asked as an answer is committed to: whether the automation still means the request, as it was just read.

    What waited was found in what was stored, and the platform may tell another amount, kind or phase by now.
    """

    def __init__(self, vault: Vault, automation: Automation, happening: Happening) -> None:
        self._vault = vault
        self._automation = automation
        self.seen = happening  # as it was last read

    def __call__(self, c: Connection) -> None:
        """Raise Conflict where a condition is not met any more, and `_AboveLimit`."""
        found = request_now(c, self._automation, self.seen)
        if found is None:
            raise Conflict(f"request {self.seen.subject} has changed: it is not what this automation answers.")
        self.seen = found
        because = unmet(c, self._vault, self._automation, found)
        if because is not None:
            raise Conflict(f"request {found.subject} or its order has changed: {because}.")
        because = above_limit(self._automation, found)
        if because is not None:
            raise _AboveLimit(because)


def _begin(c: Connection, automation: Automation, happening: Happening, now: datetime) -> Result | None:
    """Begin an answer; what stays within this database is done in the same transaction."""
    begun = begin(c, automation, happening, now)
    if begun is not Result.begun or automation.do is Do.accept:
        return begun
    _ACTS[automation.do](c, automation, happening, now)
    return Result.done


def _open_case(c: Connection, automation: Automation, happening: Happening, now: datetime) -> None:
    if automation.reason is None:
        raise RuntimeError("an automation that opens cases has a reason")
    standing = open_case_of(c, happening.store, happening.order_id)
    if standing is not None and standing.reason != automation.reason.value:
        refuse(c, automation, happening, f"case {standing.id} is open, for the reason {standing.reason}.", now)
        return
    open_case(
        c,
        store=happening.store,
        order_id=happening.order_id,
        reason=automation.reason.value,
        by=automation.by,
        now=now,
        via="automation",
    )
    note(c, automation, happening, Result.done, now)


def _open_task(c: Connection, automation: Automation, happening: Happening, now: datetime) -> None:
    ask_person(c, automation, happening, now)
    note(c, automation, happening, Result.done, now)


def _tell(c: Connection, automation: Automation, happening: Happening, now: datetime) -> None:
    tell_people(c, automation, happening, now)
    note(c, automation, happening, Result.done, now)


_ACTS: dict[Do, _Act] = {Do.open_case: _open_case, Do.task: _open_task, Do.tell: _tell}


def _sent(c: Connection, automation: Automation, happening: Happening) -> Effect | None:
    """Return the latest effect for this request that this automation wanted, None when none is on record."""
    found = [
        each for each in effects_of(c, happening.store, happening.order_id) if each.act.request_id == happening.subject
    ]
    return next((each for each in reversed(found) if intent_of(c, each.intent).by == automation.by), None)


def _note_end(c: Connection, automation: Automation, happening: Happening, effect: Effect, now: datetime) -> None:
    """Note what became of what was sent, once that is known."""
    if effect.state is EffectState.confirmed:
        note(c, automation, happening, Result.done, now)
    elif not effect.state.is_open:
        refuse(c, automation, happening, effect.because, now)
