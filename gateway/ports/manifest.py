"""What a platform declares of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from gateway.model.after_sale import GoodsState
from gateway.model.store import Role


class Operation(StrEnum):
    """What a platform may or may not offer. The word of capabilities, effects and the journal."""

    list_orders = "list_orders"
    list_after_sales = "list_after_sales"
    read_health = "read_health"
    receive_pushes = "receive_pushes"
    fetch_lost_pushes = "fetch_lost_pushes"
    set_push_url = "set_push_url"
    seller_close = "seller_close"
    cancel_lines = "cancel_lines"
    accept_cancellation = "accept_cancellation"
    reject_cancellation = "reject_cancellation"
    approve_return = "approve_return"
    refund_return = "refund_return"
    offer_solution = "offer_solution"
    accept_offer = "accept_offer"
    open_dispute = "open_dispute"
    cancel_dispute = "cancel_dispute"
    upload_evidence = "upload_evidence"
    ship = "ship"
    set_tracking = "set_tracking"  # on goods that are on their way; a number given when shipping is part of `ship`
    set_note = "set_note"
    send_message = "send_message"
    create_order = "create_order"  # this and the following: what only a store that buys does
    request_refund = "request_refund"
    withdraw_request = "withdraw_request"
    send_back = "send_back"
    link_sale = "link_sale"  # tell the platform which sale a purchase is for


BUYING = frozenset(
    {
        Operation.create_order,
        Operation.request_refund,
        Operation.withdraw_request,
        Operation.send_back,
        Operation.link_sale,
    }
)
"""What only a store with role `buyer` does: declared where a platform has such stores."""


class Offered(StrEnum):
    """Who can do an operation on a platform."""

    api = "api"
    manual = "manual"  # only a person in the platform's console
    none = "none"


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: ``per_second`` calls refill, ``burst`` may come at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may ask for at most."""

    order_window: timedelta  # widest span of a list by update time
    order_page: int
    order_batch: int  # ids a detail call takes
    after_sale_window: timedelta
    after_sale_page: int
    after_sales_listed_whole: bool = True  # False: the list leaves things out, so each one is read by itself too
    # widest span of a list by creation time, for a store's first pull; None: that pull goes by update time too
    order_created_window: timedelta | None = None
    after_sale_created_window: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a platform is and offers, readable without calling it."""

    platform: str
    title: str
    capabilities: Mapping[Operation, Offered]
    limits: Limits
    rates: Mapping[str, Rate]  # endpoint group -> bucket of one store; "default" must be there
    base_urls: Mapping[str, str]  # region or "default"/"sandbox" -> host
    time_zones: Mapping[str, str]  # region -> IANA zone
    refresh_before: timedelta  # refresh a token this long before it ends
    masks_buyers: bool  # whether names and phones may arrive hidden by asterisks
    keys_by_shop: bool = False  # a credential needs a further key of its shop, which `describe_shops` tells
    roles: tuple[Role, ...] = (Role.seller,)  # an account becomes one store for each; they share its credential
    only: Mapping[Operation, Role] = field(default_factory=dict)  # done from one side of an order alone
    pull_every: timedelta | None = None  # the platform wants a shop's lists asked no more often; None: says nothing
    renewals_prolong: bool = False  # each renewal of a token makes the seller's authorisation last longer
    tells_returns_arrive: bool = False  # shows that a buyer's parcel came back; else a person has to say so
    refunds_unreturned: frozenset[GoodsState] = frozenset()  # where goods may be that are paid for and not wanted back

    def offers(self, operation: Operation, role: Role | None = None) -> Offered:
        """Return who can do ``operation`` in a store of ``role``, or in any store; not declared is not offered."""
        side = Role.buyer if operation in BUYING else self.only.get(operation)
        if role is not None and side is not None and side is not role:
            return Offered.none
        return self.capabilities.get(operation, Offered.none)

    def seen_by(self, role: Role) -> Manifest:
        """Return the manifest as it holds for a store of ``role``."""
        return replace(self, capabilities={each: self.offers(each, role) for each in self.capabilities})
