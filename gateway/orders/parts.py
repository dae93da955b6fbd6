"""Lines, packages and payments of which a reading tells something for some and nothing for others.

``Order.absent`` then holds a dotted name: "packages.tracking_number" says that a package without a number in this
reading may well have one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.model.base import Frozen
from gateway.model.order import LineItem, Package, Payment
from gateway.orders.known import Known

IDENTITIES = {"lines": "line_id", "packages": "package_id", "payments": "payment_id"}
_FIELDS: dict[str, frozenset[str]] = {
    "lines": frozenset(LineItem.model_fields),
    "packages": frozenset(Package.model_fields),
    "payments": frozenset(Payment.model_fields),
}


def silences(name: str, *readings: Known) -> frozenset[str]:
    """Return the dotted names about the parts ``name`` that matter when the readings are merged."""
    prefix = f"{name}."
    named = {each for known in readings for each in known.order.absent if each.startswith(prefix)}
    # what was kept before goes on being weighed against every further reading
    kept = {prefix + each.rpartition(".")[2] for known in readings for each in known.as_of if each.startswith(prefix)}
    return frozenset(each for each in named | kept if each.removeprefix(prefix) in _FIELDS[name])


def merge_parts(
    name: str, silent: frozenset[str], side: Known, other: Known, fresh: Known
) -> tuple[tuple[Frozen, ...], dict[str, datetime], frozenset[str]]:
    """Return the parts of ``side`` with what only ``other`` tells, how old each such value is, and what is untold.

    A value that is there was told, even when its reading is silent about other parts. ``fresh`` is the reading that
    came last: it wins when two are equally old.
    """
    identity = IDENTITIES[name]
    twins: dict[str, Any] = {getattr(part, identity): part for part in getattr(other.order, name)}
    parts: list[Frozen] = []
    moments: dict[str, datetime] = {}
    untold: set[str] = set()
    filled: set[str] = set()
    for part in getattr(side.order, name):
        key = getattr(part, identity)
        update: dict[str, object] = {}
        for told in silent:
            leaf = told.rpartition(".")[2]
            place = f"{name}.{key}.{leaf}"
            speaking = [
                (known.moment_of(place, name), known is fresh, getattr(each, leaf))
                for known, each in ((side, part), (other, twins.get(key)))
                if each is not None and (getattr(each, leaf) or told not in known.order.absent)
            ]
            if not speaking:
                untold.add(told)
                continue
            moments[place], _, update[leaf] = max(speaking, key=lambda word: word[:2])
            if told in side.order.absent and not getattr(part, leaf):
                filled.add(told)
        parts.append(part.model_copy(update=update))
    return tuple(parts), moments, (silent & side.order.absent) - (filled - untold)
