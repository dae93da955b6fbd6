"""Arranging shipments, and the numbers of parcels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.cases.commands import Command, Deed
from gateway.errors import DataError
from gateway.operations.commanding import Commanded, command
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.operations.resolving import Outcome
from gateway.ports import PickupPlace, ShippingChoices, ShippingWay, WayKind

_FLAGS = {
    "package_id": "--package",
    "tracking_number": "--tracking",
    "address_id": "--pickup",
    "slot_id": "--slot",
}


class _Undecided(Exception):
    """The platform leaves a choice that was not made; the text says which, and how it is made."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """How an order is to be shipped, as far as somebody chose it.

    ``pickup`` names an address, ``slot`` a time there; ``more`` are further parameters of `ship` (`gateway.ports.Act`).
    """

    package: str | None = None
    tracking: str | None = None
    pickup: str | None = None
    slot: str | None = None
    dropoff: bool = False
    more: Mapping[str, str] = field(default_factory=dict)

    def parameters(self) -> dict[str, str]:
        """Return what was chosen, by the names of `Act`. Raises DataError for choices that exclude each other."""
        if self.pickup is not None and self.dropoff:
            raise DataError("--pickup and --dropoff exclude each other: name one way of shipping.")
        if self.slot is not None and self.pickup is None:
            raise DataError("--slot names a time at an address: name it with --pickup ADDRESS.")
        way = WayKind.pickup.value if self.pickup else WayKind.dropoff.value if self.dropoff else None
        named = {
            "package_id": self.package,
            "tracking_number": self.tracking,
            "address_id": self.pickup,
            "slot_id": self.slot,
            "way": way,
        }
        return {**self.more, **{name: value for name, value in named.items() if value is not None}}


async def ship(
    context: Context,
    order_id: str,
    chosen: Shipment,
    *,
    store: str | None = None,
    dry_run: bool = False,
    approved: bool = False,
    by: str,
) -> Commanded:
    """Arrange the shipment of an order, or of one of its packages.

    What the platform leaves open and nobody chose comes back as ``choices``, with outcome `person`.
    Raises DataError for a choice the platform does not offer, and as `Commands.order`.
    """
    parameters = chosen.parameters()
    owner = await context.database.read(lambda c: store_of_order(c, order_id, store))
    await context.resolver.commands.check(owner, Command(Deed.ship, order_id))
    choices = await context.resolver.commands.shipping_choices(owner, order_id, chosen.package)
    if choices is not None:
        try:
            parameters = _complete(parameters, choices)
        except _Undecided as open_choice:
            return Commanded(
                store=owner,
                order_id=order_id,
                request_id=None,
                outcome=Outcome.person,
                words=str(open_choice),
                choices=choices,
            )
    wanted = Command(Deed.ship, order_id, parameters=parameters)
    return await command(context, owner, wanted, dry_run=dry_run, approved=approved, by=by)


async def set_tracking(
    context: Context,
    order_id: str,
    number: str,
    *,
    store: str | None = None,
    package: str | None = None,
    dry_run: bool = False,
    approved: bool = False,
    by: str,
) -> Commanded:
    """Set the tracking number of a parcel under way. Raises Refused where the platform has no such call."""
    owner = await context.database.read(lambda c: store_of_order(c, order_id, store))
    parameters = {"tracking_number": number, **({"package_id": package} if package else {})}
    wanted = Command(Deed.set_tracking, order_id, parameters=parameters)
    return await command(context, owner, wanted, dry_run=dry_run, approved=approved, by=by)


def _complete(given: Mapping[str, str], choices: ShippingChoices) -> dict[str, str]:
    """Return the parameters with what leaves no choice filled in.

    Raises _Undecided for a choice that is open, DataError for one the platform does not offer.
    """
    package = given.get("package_id")
    if package is None and len(choices.packages) > 1:
        raise _Undecided(f"The order has several parcels to ship: name one with --package ({_all(choices.packages)}).")
    if package is not None and choices.packages and package not in choices.packages:
        raise DataError(f"--package: no parcel {package} is to be shipped; there are {_all(choices.packages)}.")
    way = _way(given, choices.ways)
    parameters = {**given, "way": way.kind.value}
    if way.kind is WayKind.pickup and way.places:
        place = _place(given.get("address_id"), way.places)
        parameters["address_id"] = place.address_id
        if place.slots:
            parameters["slot_id"] = _slot(given.get("slot_id"), place)
    missing = [name for name in way.needs if not parameters.get(name)]
    if missing:
        flags = ", ".join(_FLAGS.get(name, f"--with {name}=...") for name in missing)
        branches = f" Branches: {_all(way.branches)}." if "branch_id" in missing and way.branches else ""
        raise _Undecided(f"Shipping by {way.kind.value} needs {flags}.{branches}")
    return parameters


def _way(given: Mapping[str, str], ways: Sequence[ShippingWay]) -> ShippingWay:
    by_kind = {way.kind: way for way in ways}
    if not by_kind:
        raise DataError("The platform offers no way to ship this order now. Look at it in the platform's console.")
    wanted = given.get("way")
    if wanted is None and "tracking_number" in given and WayKind.own_carrier in by_kind:
        return by_kind[WayKind.own_carrier]
    if wanted is None and len(by_kind) == 1:
        return ways[0]
    if wanted is None:
        raise _Undecided("The platform offers several ways to ship it: name one with --pickup ADDRESS or --dropoff.")
    found = by_kind.get(WayKind(wanted)) if wanted in set(WayKind) else None
    if found is None:
        raise DataError(f"The platform does not offer {wanted} for this order, but {_all(list(by_kind))}.")
    return found


def _place(wanted: str | None, places: Sequence[PickupPlace]) -> PickupPlace:
    found = [place for place in places if wanted in {None, place.address_id}]
    if not found:
        raise DataError(f"--pickup: no address {wanted}; there are {_all([place.address_id for place in places])}.")
    usual = [place for place in found if place.usual]
    if len(found) > 1 and len(usual) != 1:
        raise _Undecided("The carrier may come to several addresses: name one with --pickup ADDRESS.")
    return usual[0] if len(found) > 1 else found[0]


def _slot(wanted: str | None, place: PickupPlace) -> str:
    known = [slot_id for slot_id, _ in place.slots]
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is None:
        raise _Undecided(f"The carrier may come at several times to address {place.address_id}: name one with --slot.")
    if wanted not in known:
        raise DataError(f"--slot: no time {wanted} at address {place.address_id}; there are {_all(known)}.")
    return wanted


def _all(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"
