"""Automations as people see them: what the file says, what it would have done, and switching them on and off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from gateway.cases import automations as kept
from gateway.cases.automation_file import Automation, Do, read_automations
from gateway.cases.automation_happenings import Happening, past, unmet
from gateway.cases.automations import ActDone, Result, Switch, acted_since, limit_hit
from gateway.cases.commands import Deed, operation_of
from gateway.cases.counts import counts_of
from gateway.cases.facts import question_of
from gateway.cases.found import Found
from gateway.cases.judging import judge, money_text
from gateway.errors import ConfigurationError, GatewayError, NotFound
from gateway.model.store import Store
from gateway.operations.context import Context
from gateway.orders.attested import facts_for
from gateway.orders.phase import phase_of
from gateway.orders.store import StoredOrder
from gateway.policy.decide import decide
from gateway.policy.decision import Cost
from gateway.policy.terms import Reason
from gateway.storage import stores as rows

_SHOWN = 500  # acts of a dry run that are told one by one


@dataclass(frozen=True, slots=True)
class ListedAutomation:
    """An automation and how it stands. ``state``: on, off, untried, or changed since it was tried."""

    automation: Automation
    state: str
    acted_today: int
    tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class WouldDo:
    """What an automation would have done about one thing that happened. ``because`` says why not, where it would not.

    ``cost`` is what the act is expected to cost, as people read it; empty where no rule prices it.
    """

    automation: str
    at: datetime
    store: str
    order_id: str
    subject: str
    act: str
    result: Result
    cost: str
    because: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What automations would have done since ``since``: by automation how often what, and one by one.

    ``not_meant`` counts what happened but did not meet their conditions; ``costs`` are by automation and currency.
    """

    since: datetime
    tried: list[str]
    counts: dict[str, dict[str, int]]
    not_meant: dict[str, int]
    costs: dict[str, dict[str, str]]
    acts: list[WouldDo]
    left_out: int


async def list_automations(context: Context) -> list[ListedAutomation]:
    """Return the automations of the file and how they stand. Raises ConfigurationError."""
    found = await check_automations(context)
    now = context.clock.now()

    def read(c: Connection) -> list[ListedAutomation]:
        listed = []
        for each in found:
            switch = kept.switch_of(c, each.name)
            today = acted_since(c, each.name, now - timedelta(days=1))
            listed.append(
                ListedAutomation(each, _state(each, switch), today, None if switch is None else switch.tried_at)
            )
        return listed

    return await context.database.read(read)


async def check_automations(context: Context) -> list[Automation]:
    """Return the automations of the file once all of it is right. Raises ConfigurationError naming line and key."""
    file = context.folder.automations
    found = read_automations(file)
    known = {each.id for each in await context.database.read(rows.stores)}
    for each in found:
        for store in each.stores:
            if store not in known:
                raise ConfigurationError(
                    f"{file}, line {each.line}: {each.name}.stores: there is no store {store}; there are "
                    f"{', '.join(sorted(known)) or 'none yet'}"
                )
    return found


async def list_acts(context: Context, *, automation: str | None = None, limit: int = 100) -> list[ActDone]:
    """Return what automations did, the newest first."""
    return await context.database.read(lambda c: kept.acts(c, automation, limit))


async def try_automations(context: Context, since: datetime, *, automation: str | None = None, by: str) -> DryRun:
    """Say what automations would have done since then, on what is stored; note that these texts were tried.

    Nothing is asked of a platform. Raises NotFound for an unknown name, ConfigurationError.
    """
    found = await check_automations(context)
    chosen = found if automation is None else [_named(found, automation)]
    now = context.clock.now()
    would = await context.database.read(lambda c: [_try(c, context, each, since) for each in chosen])

    def tried(c: Connection) -> None:
        for each in chosen:
            kept.note_tried(c, each, by, now)

    await context.database.write(tried)
    every = [act for _, acts, _ in would for act in acts]
    shown = sorted(every, key=lambda act: (act.at, act.automation, act.subject))
    return DryRun(
        since,
        [each.name for each in chosen],
        {each.name: dict(Counter(act.result.value for act in acts)) for each, acts, _ in would},
        {each.name: skipped for each, _, skipped in would},
        {each.name: _summed(acts) for each, acts, _ in would},
        shown[:_SHOWN],
        max(0, len(shown) - _SHOWN),
    )


async def enable_automation(context: Context, automation: str, *, by: str) -> Switch:
    """Switch an automation on. Raises Conflict until exactly its text was tried; NotFound, ConfigurationError."""
    chosen = _named(await check_automations(context), automation)
    now = context.clock.now()
    return await context.database.write(
        lambda c: kept.switch(c, chosen.name, on=True, digest=chosen.digest, by=by, now=now)
    )


async def disable_automation(context: Context, automation: str, *, by: str) -> Switch:
    """Switch an automation off at once, whatever the file says now. Raises Conflict when it is off."""
    now = context.clock.now()
    return await context.database.write(lambda c: kept.switch(c, automation, on=False, digest=None, by=by, now=now))


def _named(found: Iterable[Automation], name: str) -> Automation:
    chosen = next((each for each in found if each.name == name), None)
    if chosen is None:
        raise NotFound(
            f"automations.yaml names no automation {name}. `gateway automations list` shows those there are."
        )
    return chosen


def _state(automation: Automation, switch: Switch | None) -> str:
    if switch is None:
        return "untried"
    if switch.digest != automation.digest:
        return "changed"
    return "on" if switch.enabled else "off"


def _try(
    c: Connection, context: Context, automation: Automation, since: datetime
) -> tuple[Automation, list[WouldDo], int]:
    """Play the past through, limits included: what was done counts against what came later."""
    begun: list[datetime] = []
    acts: list[WouldDo] = []
    skipped = 0
    for each in past(c, automation, since):
        if unmet(c, context.vault, automation, each) is not None:
            skipped += 1
            continue
        hour, day = (sum(at > each.at - span for at in begun) for span in (timedelta(hours=1), timedelta(days=1)))
        because = limit_hit(automation, each, hour, day)
        would = WouldDo(
            automation.name,
            each.at,
            each.store,
            each.order_id,
            each.subject,
            automation.do.value,
            Result.done if because is None else Result.held_by_limit,
            "",
            because or "",
        )
        if because is None:
            begun.append(each.at)
            would = _judged(c, context, automation, each, would)
        acts.append(would)
    return automation, acts, skipped


def _judged(c: Connection, context: Context, automation: Automation, happening: Happening, would: WouldDo) -> WouldDo:
    """Add what the rules say of the act at that time, and what it costs."""
    if automation.do not in {Do.accept, Do.open_case}:
        return would
    store = rows.store_of(c, happening.store)
    try:
        found = _found(c, context, store, happening, automation.reason or Reason.unwilling)
        if automation.do is Do.open_case:
            return replace(would, cost=_spelt(found.decision.cost), because=found.decision.explanation)
        manifest = context.adapter_for(store.platform).manifest
        operation = operation_of(Deed.accept, happening.request, manifest, goods_received=False)
        judgement = judge(operation, found, context.rules.of_store(store.id))
    except GatewayError as error:
        return replace(would, result=Result.refused, because=str(error))
    against = judgement.forbidden_by or judgement.needs
    words = f"{'forbidden by' if judgement.forbidden_by else 'needs a yes:'} {', '.join(against)}"
    return replace(
        would,
        result=Result.refused if against else Result.done,
        cost=_spelt(judgement.cost),
        because=words if against else "",
    )


def _found(c: Connection, context: Context, store: Store, happening: Happening, reason: Reason) -> Found:
    order, at = happening.order, happening.at
    stored = StoredOrder(order, phase_of(order), 1, at, at, {})
    facts = facts_for(c, store.id, order.order_id, [line.sku for line in order.lines if line.sku])
    counts = counts_of(c, store, context.rules, at, order_id=order.order_id)
    valuation = context.configuration.valuation.get(store.id, {})
    question = question_of(stored, store, reason, counts, facts, valuation, at)
    return Found(stored, question, decide(question.scenario, context.rules.of_store(store.id)))


def _spelt(cost: Cost | None) -> str:
    return "" if cost is None else money_text(cost)


def _summed(acts: Iterable[WouldDo]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for each in acts:
        if each.cost and each.result is Result.done:
            amount, currency = each.cost.split()
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(amount)
    return {currency: str(amount) for currency, amount in sums.items()}
