"""Acts on orders, what they may say, and what a probe saw of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.ports.manifest import Operation


@dataclass(frozen=True, slots=True)
class Act:
    """One effect to be carried out on an order: what the adapter turns into a write call.

    ``key`` is the gateway's own, sent where a platform takes idempotency keys. ``lines`` pairs line ids with
    quantities for `cancel_lines`; ``request_id`` names the after-sale request that is answered.

    ``parameters`` are texts by name, the same names on every platform:

    * `ship`: ``way`` (a `ShippingWay.kind`), ``package_id``, ``address_id``, ``slot_id``, ``branch_id``,
      ``tracking_number``, ``sender_name``, ``carrier``; what is left out the adapter chooses, or refuses
    * `set_tracking`: ``tracking_number``, ``package_id``
    * `offer_solution`: ``solution`` (`refund` or `return_refund`), ``amount`` in major units
    * `send_message`: ``text``, and for the check before it is sent ``purpose`` (a `Purpose`) and ``language`` (of the
      buyer, BCP 47; default: the region's); ``announced_close_at`` (ISO 8601) where the text tells one; ``since``
      (whole seconds since the epoch): a probe looks for the words among what was sent then or later
    * `open_dispute`: what the `RejectReason` asks for
    * `request_refund`: ``solution``, ``amount`` and ``shipping_amount`` (default: all that was paid for the lines),
      ``text``, ``evidence`` (links, by blanks); ``lines`` default to all, ``reason`` is a `RejectReason`'s id
    * `send_back`: ``carrier``, ``tracking_number``, ``text``, ``evidence``
    * `create_order`: ``recipient`` (JSON) or ``address_id``, ``message``; ``order_id`` is our own number, by which the
      order is looked for after a lost answer; ``lines`` pair what the platform's catalogue calls a variant with units
    """

    operation: Operation
    order_id: str
    key: str
    request_id: str | None = None
    reason: str | None = None  # the platform's own word
    lines: tuple[tuple[str, int], ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


class Happened(StrEnum):
    """What a probe saw."""

    applied = "applied"
    not_applied = "not_applied"
    undecided = "undecided"  # ask again later


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a probe, with the platform's words it rests on (no personal data)."""

    happened: Happened
    because: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing a rejection must or may bring along: the name of the act's parameter, and what it is for."""

    name: str
    title: str
    required: bool


@dataclass(frozen=True, slots=True)
class RejectReason:
    """One reason the platform takes for rejecting a request."""

    reason_id: str
    title: str
    asks: Sequence[Asked] = ()


class WayKind(StrEnum):
    """How a parcel gets to its carrier."""

    pickup = "pickup"  # the carrier fetches it
    dropoff = "dropoff"  # the seller brings it
    own_carrier = "own_carrier"  # the seller chose a carrier the platform does not work with


@dataclass(frozen=True, slots=True)
class PickupPlace:
    """An address a carrier may fetch from. ``usual``: the shop's own choice; ``slots``: id and words of each time."""

    address_id: str
    title: str
    usual: bool
    slots: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ShippingWay:
    """One way to ship, and the parameters of `ship` it cannot do without."""

    kind: WayKind
    needs: Sequence[str] = ()
    places: Sequence[PickupPlace] = ()
    branches: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ShippingChoices:
    """What the platform leaves to the seller. Several ``packages``: one must be named before ways can be told."""

    packages: Sequence[str]
    ways: Sequence[ShippingWay]


@dataclass(frozen=True, slots=True)
class RefundChoices:
    """What a refund that we ask for may say: its reasons, and the most that can be asked (minor units)."""

    reasons: Sequence[RejectReason]
    most_minor: int
    most_goods_minor: int
    most_shipping_minor: int
