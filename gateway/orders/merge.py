"""One order from all that was read of it: whole object, newest wins, in whatever order the readings arrive.

Three things outlive a newer reading: a field it was not asked for (`Order.absent`), a clear value it shows with
asterisks only, and the earliest moment a request was seen open. A person (buyer, recipient) that a newer reading
leaves out altogether stays known too; forgetting is `gateway.orders.store.erase_person`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from gateway.model.after_sale import AfterSale, RequestState
from gateway.model.order import Buyer, Closure, Order, Recipient
from gateway.orders.known import Known
from gateway.orders.parts import IDENTITIES, merge_parts, silences

_Keep = Callable[[str, Known], None]

_PEOPLE = ("buyer", "recipient")
_LEAVES = {
    "buyer": tuple(name for name in Buyer.model_fields if name != "masked"),
    "recipient": tuple(name for name in Recipient.model_fields if name != "masked"),
}


def merge(stored: Order | None, incoming: Order) -> Order | None:
    """Return the order as known after ``incoming`` was read, or None when that changes nothing.

    An ``incoming`` with an older ``updated_at`` only fills what the stored one lacks. Of two readings with the same
    ``updated_at`` the one that comes later wins.
    """
    known = converge(None if stored is None else Known(stored), incoming)
    return None if known is None else known.order


def converge(stored: Known | None, incoming: Order) -> Known | None:
    """Return `merge` with the age of what was kept, so that the result never depends on the order of arrival."""
    if stored is None:
        return Known(incoming.model_copy(update={"requests": _by_age(incoming.requests)}))
    fresh = Known(incoming)
    newer, older = (fresh, stored) if incoming.updated_at >= stored.order.updated_at else (stored, fresh)
    merged = _join(newer, older, fresh)
    # comparing whole orders is slow, and a newer one always differs
    return None if merged.order.updated_at == stored.order.updated_at and merged == stored else merged


def tells_all(order: Order, unknown: Collection[str]) -> bool:
    """Return whether ``order`` is the result as it stands when merged into an older one.

    So it is when it hides nobody and is silent only about fields that are ``unknown`` of the older one too.
    """
    return hides_nobody(order) and order.absent.issubset(unknown)


def hides_nobody(order: Order) -> bool:
    """Return whether buyer and recipient are told, and in clear."""
    buyer, recipient = order.buyer, order.recipient
    return buyer is not None and not buyer.masked and recipient is not None and not recipient.masked


def merge_request(stored: AfterSale | None, incoming: AfterSale) -> AfterSale | None:
    """Return the request as known after ``incoming`` was read, or None when that changes nothing.

    The newest ``updated_at`` wins, and the earliest ``opened_at`` seen. A request that was settled and is open
    again, under the same id, counts from its new opening.
    """
    if stored is None:
        return incoming
    newer, older = (incoming, stored) if incoming.updated_at >= stored.updated_at else (stored, incoming)
    again = newer.state is RequestState.open and older.state is not RequestState.open
    if not again and older.opened_at < newer.opened_at:
        newer = newer.model_copy(update={"opened_at": older.opened_at})
    return None if newer == stored else newer


def settled_by(order: Order, request: AfterSale) -> AfterSale:
    """Return an open request as a newer reading of its order leaves it.

    A request that the platform keeps within the order (`AfterSale.in_order`) and that the newer order no longer
    carries is settled: done when the order is cancelled, else withdrawn (taken back, or refused; the platform does
    not say which). Of two readings of the same second the later one counts. Requests that are read apart from
    orders are never settled by silence.
    """
    carried = any(each.request_id == request.request_id for each in order.requests)
    if carried or not request.in_order or request.state is not RequestState.open:
        return request
    if request.updated_at > order.updated_at:
        return request
    state = RequestState.done if order.closure is Closure.cancelled else RequestState.withdrawn
    return request.model_copy(update={"state": state, "updated_at": order.updated_at})


def _join(newer: Known, older: Known, fresh: Known) -> Known:
    """Return ``newer`` with what only ``older`` knows. ``fresh`` is the one of the two that was read just now."""
    base = newer.order
    update: dict[str, object] = {}
    as_of: dict[str, datetime] = {}

    def keep(name: str, side: Known) -> None:
        moment = side.moment_of(name)
        if moment != base.updated_at:
            as_of[name] = moment

    absent = newer.order.absent & older.order.absent
    for name in _doubtful(newer, older):
        side = max(newer, older, key=lambda known: _weight(known, name, fresh))
        if name not in side.order.absent:
            update[name] = getattr(side.order, name)
            keep(name, side)
    for name in _PEOPLE:
        person = _person(name, newer, older, fresh, keep)
        if person != getattr(base, name):
            update[name] = person
    for name in IDENTITIES:
        if silent := silences(name, newer, older):
            side, other = sorted((newer, older), key=lambda known: _weight(known, name, fresh), reverse=True)
            update[name], moments, untold = merge_parts(name, silent, side, other, fresh)
            usual = as_of.get(name, base.updated_at)
            as_of |= {place: moment for place, moment in moments.items() if moment != usual}
            absent = (absent - silent) | untold
    if absent != base.absent:
        update["absent"] = absent
    if base.requests or older.order.requests:
        update["requests"] = _requests(newer.order, older.order)
    return Known(base.model_copy(update=update) if update else base, as_of)


def _doubtful(newer: Known, older: Known) -> set[str]:
    """Return the plain fields whose newest value need not be that of ``newer``."""
    names = {*newer.order.absent, *older.order.absent, *newer.as_of, *older.as_of}
    return {name for name in names if name in Order.model_fields} - {*_PEOPLE, "requests", "absent"}


def _weight(known: Known, name: str, fresh: Known) -> tuple[bool, datetime, bool]:
    return name not in known.order.absent, known.moment_of(name), known is fresh


def _person(name: str, newer: Known, older: Known, fresh: Known, keep: _Keep) -> Buyer | Recipient | None:
    """Return who is known: each value from the newest reading that shows it clear, else from the newest one.

    A reading that hides somebody may also name what it was not told of him in ``absent``: "recipient.phone".
    """
    ours: Buyer | Recipient | None = getattr(newer.order, name)
    theirs: Buyer | Recipient | None = getattr(older.order, name)
    if ours is None or theirs is None:
        side, person = (older, theirs) if ours is None else (newer, ours)
        if person is not None:
            for leaf in _LEAVES[name]:
                keep(f"{name}.{leaf}", side)
        return person
    if not ours.masked and not newer.as_of:
        return ours
    values: dict[str, object] = {}
    masked = set()
    for leaf in _LEAVES[name]:
        place = f"{name}.{leaf}"

        def weight(pair: tuple[Known, Buyer | Recipient], leaf: str = leaf, place: str = place) -> tuple[object, ...]:
            known, person = pair
            told = place not in known.order.absent
            return told, leaf not in person.masked, known.moment_of(place), known is fresh

        side, person = max((newer, ours), (older, theirs), key=weight)
        values[leaf] = getattr(person, leaf)
        if leaf in person.masked:
            masked.add(leaf)
        keep(place, side)
    return ours.model_copy(update={**values, "masked": frozenset(masked)})


def _requests(newer: Order, older: Order) -> tuple[AfterSale, ...]:
    """Return every request either reading names; see `settled_by` for one that the newer reading no longer names."""
    found = {request.request_id: settled_by(newer, request) for request in older.requests}
    for request in newer.requests:
        merged = merge_request(found.get(request.request_id), request)
        if merged is not None:
            found[request.request_id] = merged
    return _by_age(found.values())


def _by_age(requests: Iterable[AfterSale]) -> tuple[AfterSale, ...]:
    return tuple(sorted(requests, key=lambda request: (request.opened_at, request.request_id)))
