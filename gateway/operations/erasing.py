"""Forgetting the person behind an order: its own key goes, and with it all that was sealed with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, select

from gateway.cases.case import open_case_of
from gateway.cases.effects import effects_of
from gateway.errors import Conflict, NeedsApproval, NotFound
from gateway.inbox.events import forget_bodies_about
from gateway.model.order import Phase
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.orders import store as stored
from gateway.orders.links import links_of
from gateway.storage import audit, write_log
from gateway.storage.engines import parse_url
from gateway.storage.schema import after_sales, evidence

log = structlog.get_logger(__name__)

ERASED = "person_erased"
_ENDED = frozenset({Phase.completed, Phase.cancelled, Phase.closed})


@dataclass(frozen=True, slots=True)
class Erased:
    """An order whose person is forgotten. ``already``: that was so before.

    ``files`` are the numbers of its evidence files, which stay as sealed bytes that nobody can open; ``pushes`` tells
    of how many the bodies were dropped; ``also`` names linked orders, which may hold the same person. ``words`` tell
    what stays.
    """

    store: str
    order_id: str
    already: bool
    files: tuple[int, ...]
    pushes: int
    also: tuple[str, ...]
    words: str


async def erase_order(
    context: Context,
    order: str,
    *,
    store: str | None = None,
    because: str = "",
    yes: bool = False,
    force: bool = False,
    by: str,
) -> Erased:
    """Forget the person of an order for good, on the word of ``by``. Audited.

    The order's facts, its case, decisions and effects stay. Personal data is never stored again, however often the
    platform still shows it. Raises NeedsApproval without ``yes``; Conflict while a case of it is open or it has not
    ended, unless with ``force``, and while an effect on it is under way, whatever is said; NotFound and DataError
    where no one order is meant.
    """
    now = context.clock.now()

    def act(c: Connection) -> Erased:
        owner = store_of_order(c, order, store)
        found = stored.order(c, context.vault, owner, order)
        if found is None:
            raise NotFound(f"Store {owner} has no order {order}.")
        case = _check(c, owner, order, found.phase, force=force)
        if not yes:
            raise NeedsApproval(
                f"The person of order {order} would be forgotten for good: names, addresses, phones, messages, replies "
                "and evidence about it could never be opened again, here or by anybody. Repeat with --yes.",
                reasons=("cannot_be_undone",),
            )
        gone = stored.erase_person(c, owner, order)
        pushes = forget_bodies_about(c, owner, _names(c, owner, order))
        of_order = (evidence.c.store == owner) & (evidence.c.order_id == order)
        files = c.execute(select(evidence.c.seq).where(of_order).order_by(evidence.c.seq)).scalars().all()
        if gone or pushes:
            told = {"because": because, "case": case or "", "forced": "true" if force else ""}
            counted = {"files": str(len(files) or ""), "pushes": str(pushes or "")}
            details = {name: each for name, each in {**told, **counted}.items() if each}
            audit.append(c, now, by, ERASED, owner, order, details)
        return Erased(owner, order, not gone, tuple(files), pushes, _linked(c, owner, order), _WORDS)

    done = await context.database.write(act)
    file = parse_url(context.folder.database_url).file
    if file is not None and not await asyncio.to_thread(write_log.empty, file):
        log.warning("erase.log_not_emptied", order=order)  # somebody reads; it is emptied when the gateway stops
    return done


_WORDS = (
    "The platform and backups made before still have the person. A mark on a buyer (`gateway buyers list`) stays, as a "
    "hash that names nobody. What people wrote themselves as reasons of tasks, facts and answers stays as written."
)


def _check(c: Connection, store: str, order: str, phase: Phase, *, force: bool) -> str | None:
    """Return the open case of an order that may be erased. Raises Conflict saying why it may not."""
    under_way = next((each for each in effects_of(c, store, order) if each.state.is_open), None)
    if under_way is not None:
        raise Conflict(
            f"Effect {under_way.id} on order {order} is under way ({under_way.state}): wait until it is settled. "
            f"`gateway orders show {order}` tells how it stands."
        )
    case = open_case_of(c, store, order)
    if case is not None and not force:
        raise Conflict(
            f"Case {case.id} is open on order {order}: its messages and evidence would be lost to it. Let it end, stop "
            f"it with `gateway cases stop {case.id}`, or say --force."
        )
    if phase not in _ENDED and not force:
        raise Conflict(
            f"Order {order} has not ended (it is {phase}): whoever ships it or answers for it may still need the "
            "person. Wait until it has, or say --force."
        )
    return None if case is None else case.id


def _names(c: Connection, store: str, order: str) -> list[str]:
    requests = (after_sales.c.store == store) & (after_sales.c.order_id == order)
    return [order, *c.execute(select(after_sales.c.request_id).where(requests)).scalars()]


def _linked(c: Connection, store: str, order: str) -> tuple[str, ...]:
    sides = [(each.link.sale, each.link.purchase) for each in links_of(c, store, order)]
    both = {(side.store, side.order_id) for pair in sides for side in pair}
    return tuple(f"{each} of store {owner}" for owner, each in sorted(both - {(store, order)}))
