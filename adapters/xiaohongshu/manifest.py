"""What the ARK open platform of Xiaohongshu is and offers. Numbers come from API.md; guesses say so."""

from __future__ import annotations

from datetime import timedelta

from gateway.ports import Limits, Manifest, Offered, Operation, Rate

PLATFORM = "xiaohongshu"

MANIFEST = Manifest(
    platform=PLATFORM,
    title="Xiaohongshu",
    capabilities={
        Operation.list_orders: Offered.api,
        Operation.list_after_sales: Offered.api,
        Operation.read_health: Offered.none,  # no method tells scores or points
        Operation.receive_pushes: Offered.api,
        Operation.fetch_lost_pushes: Offered.none,  # one retry after 5 minutes, then lost: polling is the backstop
        Operation.set_push_url: Offered.manual,  # typed into the app's page of the open platform
        Operation.seller_close: Offered.manual,  # section 4.6: a console operation, no call exists
        Operation.cancel_lines: Offered.none,
        Operation.accept_cancellation: Offered.api,
        Operation.reject_cancellation: Offered.api,  # section 6.3: only by shipping, so it needs a parcel
        Operation.approve_return: Offered.api,
        Operation.refund_return: Offered.api,
        Operation.offer_solution: Offered.none,  # section 6.6: no call changes an amount
        Operation.accept_offer: Offered.none,
        Operation.open_dispute: Offered.api,  # rejecting a return; the buyer may then call the platform in
        Operation.cancel_dispute: Offered.none,
        Operation.upload_evidence: Offered.manual,  # section 8: no method; the console takes it
        Operation.ship: Offered.api,
        Operation.set_tracking: Offered.api,
        Operation.set_note: Offered.api,
        Operation.send_message: Offered.manual,  # section 8: the buyer chat has no open API
    },
    limits=Limits(
        order_window=timedelta(minutes=30),
        order_page=100,
        order_batch=20,  # one detail call each, then receivers and masks of all of them in one call each
        after_sale_window=timedelta(minutes=30),
        after_sale_page=100,
        after_sales_listed_whole=False,  # amounts refunded, lines and parcels stand in the detail only
        order_created_window=timedelta(hours=24),
        after_sale_created_window=timedelta(hours=24),
    ),
    # Section 10: 100 calls a second for an app, which at most 5 shops share (section 3).
    rates={"default": Rate(per_second=20.0, burst=40)},
    base_urls={"default": "https://ark.xiaohongshu.com"},
    time_zones={"CN": "Asia/Shanghai"},
    # Section 3: a refresh gives a new token only to one with less than 30 minutes left.
    refresh_before=timedelta(minutes=20),
    renewals_prolong=True,  # section 3: a renewal gives a new refresh token with its full life
    masks_buyers=True,
    tells_returns_arrive=True,  # section 5.2: when the parcel was signed for
    pull_every=timedelta(minutes=5),  # sections 3 and 10: lists of one shop no more often than every 5 minutes
)
