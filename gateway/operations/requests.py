"""Answering what buyers ask for: cancellations, refunds, returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from gateway.cases.commands import Command, Deed
from gateway.errors import DataError, NotFound
from gateway.model.after_sale import RequestState
from gateway.operations.commanding import Commanded, command
from gateway.operations.context import Context
from gateway.operations.resolving import Outcome
from gateway.ports import RejectReason
from gateway.storage.schema import after_sales


async def accept_request(
    context: Context,
    request: str,
    *,
    store: str | None = None,
    offer: bool = False,
    dry_run: bool = False,
    approved: bool = False,
    by: str,
) -> Commanded:
    """Grant what a buyer asks for, or take the ``offer`` the buyer made in a return.

    ``request`` is its id, or the number of an order with one open request. Raises as `Commands.order`.
    """
    owner, order_id, request_id = await context.database.read(lambda c: request_named(c, request, store))
    wanted = Command(Deed.take_offer if offer else Deed.accept, order_id, request_id)
    return await command(context, owner, wanted, dry_run=dry_run, approved=approved, by=by)


async def reject_request(
    context: Context,
    request: str,
    *,
    reason: str | None = None,
    more: Mapping[str, str] | None = None,
    store: str | None = None,
    dry_run: bool = False,
    approved: bool = False,
    by: str,
) -> Commanded:
    """Reject what a buyer asks for, with a reason where the platform takes one.

    Where it tells its reasons and none is named they come back as ``reasons``, with outcome `person`. ``more`` is
    what a reason asks for besides. Raises DataError for a reason it does not take, and as `Commands.order`.
    """
    owner, order_id, request_id = await context.database.read(lambda c: request_named(c, request, store))
    await context.resolver.commands.check(owner, Command(Deed.reject, order_id, request_id))
    reasons = await context.resolver.commands.reasons(owner, request_id)
    if reasons and reason is None:
        words = "The platform wants a reason: name one of these with --reason, and what it asks for with --with."
        return Commanded(
            store=owner,
            order_id=order_id,
            request_id=request_id,
            outcome=Outcome.person,
            words=words,
            reasons=reasons,
        )
    if reasons is not None:
        _check_reason(reasons, reason, more or {})
    wanted = Command(Deed.reject, order_id, request_id, reason, dict(more or {}))
    return await command(context, owner, wanted, dry_run=dry_run, approved=approved, by=by)


async def offer_solution(
    context: Context,
    request: str,
    solution: str,
    *,
    amount: str | None = None,
    store: str | None = None,
    dry_run: bool = False,
    approved: bool = False,
    by: str,
) -> Commanded:
    """Propose another end of a return to the buyer: `refund` or `return_refund`, with another ``amount``.

    Raises DataError for another solution, and as `Commands.order`.
    """
    if solution not in {"refund", "return_refund"}:
        raise DataError(f"{solution!r} is no solution: give refund (the buyer keeps the goods) or return_refund.")
    owner, order_id, request_id = await context.database.read(lambda c: request_named(c, request, store))
    parameters = {"solution": solution, **({"amount": amount} if amount is not None else {})}
    wanted = Command(Deed.offer, order_id, request_id, parameters=parameters)
    return await command(context, owner, wanted, dry_run=dry_run, approved=approved, by=by)


def request_named(connection: Connection, name: str, store: str | None) -> tuple[str, str, str]:
    """Return store, order and id of the request called ``name``, or of the one open request of that order.

    Raises NotFound, and DataError when the name alone does not say which is meant.
    """
    table = after_sales
    columns = select(table.c.store, table.c.order_id, table.c.request_id).order_by(table.c.store, table.c.request_id)
    if store is not None:
        columns = columns.where(table.c.store == store)
    found = connection.execute(columns.where(table.c.request_id == name)).all()
    if not found:
        waiting = columns.where(table.c.order_id == name, table.c.state == RequestState.open.value)
        found = connection.execute(waiting).all()
    match found:
        case []:
            raise NotFound(
                f"No request {name} is known, and no order of that number with an open one. `gateway today` lists "
                "what waits; `gateway sync` fetches what is new."
            )
        case [row]:
            return row.store, row.order_id, row.request_id
        case several:
            named = ", ".join(f"{row.request_id} of {row.store}" for row in several)
            raise DataError(f"{name} may be several requests: {named}. Name one, with --store where the ids are equal.")


def _check_reason(reasons: Sequence[RejectReason], reason: str | None, given: Mapping[str, str]) -> None:
    if not reasons:
        if reason is not None or given:
            raise DataError("The platform takes no reason, and nothing besides, for rejecting this: leave them out.")
        return
    chosen = next((each for each in reasons if each.reason_id == reason), None)
    if chosen is None:
        known = "; ".join(f"{each.reason_id}: {each.title}" for each in reasons)
        raise DataError(f"--reason: the platform does not take {reason} here, but {known}.")
    missing = [asked for asked in chosen.asks if asked.required and not given.get(asked.name)]
    if missing:
        named = "; ".join(f"--with {asked.name}=... ({asked.title})" for asked in missing)
        raise DataError(f"Reason {chosen.reason_id} ({chosen.title}) also needs {named}.")
    if unasked := sorted(set(given) - {asked.name for asked in chosen.asks}):
        known = ", ".join(asked.name for asked in chosen.asks) or "nothing"
        raise DataError(f"--with: reason {chosen.reason_id} does not ask for {', '.join(unasked)}, but for {known}.")
