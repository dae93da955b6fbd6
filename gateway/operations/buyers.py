"""The list of buyers who order in bad faith, and those who give back most (XHS-74, 75)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from gateway.cases.buyers import BuyerMark, MarkedBuyer, Refunder, clear_buyer, mark_buyer, marked, top_refunders
from gateway.errors import Refused
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.operations.stores import chosen_stores

_TOP_RULE, _TOP_NUMBER = "XHS-75", "buyers"
_TOP = 10  # where no rule says how many


@dataclass(frozen=True, slots=True)
class BuyerList:
    """The marks that stand, and of each store the buyers to whom money went back most often within ``days``."""

    marked: list[MarkedBuyer]
    top: list[Refunder]
    days: int


@dataclass(frozen=True, slots=True)
class Marked:
    """A buyer was put on the list, or taken off it: the one of this order."""

    store: str
    order_id: str
    mark: BuyerMark
    raised: bool


async def list_buyers(context: Context, *, store: str | None = None, days: int = 30) -> BuyerList:
    """Return the list. Buyers are named by their traces, never by name or the platform's id. Raises NotFound."""
    stores = [each.id for each in await chosen_stores(context, [store] if store is not None else [])]
    since = context.clock.now() - timedelta(days=days)
    advice = context.rules.advice.get(_TOP_RULE)
    most = _TOP if advice is None else advice.numbers[_TOP_NUMBER]

    def read(c: Connection) -> BuyerList:
        return BuyerList(marked(c, stores), top_refunders(c, context.vault, stores, since, most), days)

    return await context.database.read(read)


async def mark_buyer_of(context: Context, order: str, mark: BuyerMark, *, store: str | None = None, by: str) -> Marked:
    """Put the buyer of an order on the list. Raises NotFound, and Refused when who it is, is not known."""
    return await _set(context, order, mark, store=store, by=by, raised=True)


async def clear_buyer_of(context: Context, order: str, mark: BuyerMark, *, store: str | None = None, by: str) -> Marked:
    """Take the buyer of an order off the list. Raises as `mark_buyer_of`."""
    return await _set(context, order, mark, store=store, by=by, raised=False)


async def _set(context: Context, order: str, mark: BuyerMark, *, store: str | None, by: str, raised: bool) -> Marked:
    now = context.clock.now()
    change = mark_buyer if raised else clear_buyer

    def act(c: Connection) -> Marked:
        owner = store_of_order(c, order, store)
        if not change(c, context.vault, (owner, order), mark, by=by, now=now):
            raise Refused(
                f"Who bought order {order} is not known here: the platform does not tell it, or the person was erased."
            )
        return Marked(owner, order, mark, raised)

    return await context.database.write(act)
