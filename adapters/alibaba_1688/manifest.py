"""What the 1688 Open Platform is and offers. Numbers come from API.md; those the platform does not publish say so."""

from __future__ import annotations

from datetime import timedelta

from gateway.model.store import Role
from gateway.ports import Limits, Manifest, Offered, Operation, Rate

PLATFORM = "alibaba_1688"
PAGE = 20
"""Orders and refunds a page: the most that the seller's list takes (section 4.3)."""

MANIFEST = Manifest(
    platform=PLATFORM,
    title="1688",
    capabilities={
        Operation.list_orders: Offered.api,
        Operation.list_after_sales: Offered.api,
        Operation.read_health: Offered.none,
        Operation.receive_pushes: Offered.api,
        Operation.fetch_lost_pushes: Offered.api,
        Operation.set_push_url: Offered.manual,  # in the app's console
        Operation.seller_close: Offered.api,  # either side, unpaid orders only
        Operation.cancel_lines: Offered.none,
        # A buyer who wants a paid order cancelled applies for a refund: there is no other request (section 11).
        Operation.accept_cancellation: Offered.none,
        Operation.reject_cancellation: Offered.none,
        Operation.approve_return: Offered.api,
        Operation.refund_return: Offered.api,  # money only; goods that came back are checked in by a person
        Operation.offer_solution: Offered.none,
        Operation.accept_offer: Offered.none,
        Operation.open_dispute: Offered.api,
        Operation.cancel_dispute: Offered.manual,
        Operation.upload_evidence: Offered.api,
        Operation.ship: Offered.api,
        Operation.set_tracking: Offered.manual,
        Operation.set_note: Offered.manual,  # `order.memoAdd` is known by its name alone
        Operation.send_message: Offered.manual,
        Operation.create_order: Offered.api,
        Operation.request_refund: Offered.api,
        Operation.withdraw_request: Offered.api,
        Operation.send_back: Offered.api,
        Operation.link_sale: Offered.api,
    },
    limits=Limits(
        order_window=timedelta(days=90),  # of our own: the platform names none
        order_page=PAGE,
        order_batch=1,
        after_sale_window=timedelta(days=90),  # of our own, within the 730 days the list reaches back
        after_sale_page=PAGE,
        after_sales_listed_whole=False,  # the deadline stands in the detail only
    ),
    rates={"default": Rate(per_second=5.0, burst=5)},  # UNVERIFIED: set by contract, not published (section 4.3)
    base_urls={"default": "https://gw.open.1688.com"},
    time_zones={"CN": "Asia/Shanghai"},
    refresh_before=timedelta(minutes=30),  # of the 10 hours an access token lives (section 3)
    masks_buyers=True,
    roles=(Role.seller, Role.buyer),
    only={
        Operation.approve_return: Role.seller,
        Operation.refund_return: Role.seller,
        Operation.ship: Role.seller,
        Operation.open_dispute: Role.buyer,
        Operation.upload_evidence: Role.buyer,
    },
)
