"""What the TikTok Shop Open API is and offers a shop in Japan. Numbers come from API.md, or say that nobody tells."""

from __future__ import annotations

from datetime import timedelta

from gateway.model.after_sale import GoodsState
from gateway.ports import Limits, Manifest, Offered, Operation, Rate

PLATFORM = "tiktok_shop"

MANIFEST = Manifest(
    platform=PLATFORM,
    title="TikTok Shop",
    capabilities={
        Operation.list_orders: Offered.api,
        Operation.list_after_sales: Offered.api,
        Operation.read_health: Offered.none,  # no call tells rates or points
        Operation.receive_pushes: Offered.api,
        Operation.fetch_lost_pushes: Offered.none,
        # The call sets one topic of one shop; the address of all of an app's topics is set in the Partner Center.
        Operation.set_push_url: Offered.manual,
        Operation.seller_close: Offered.api,
        Operation.cancel_lines: Offered.none,  # the US and the UK only (section 4.1)
        Operation.accept_cancellation: Offered.api,
        Operation.reject_cancellation: Offered.api,
        Operation.approve_return: Offered.api,
        Operation.refund_return: Offered.api,
        Operation.offer_solution: Offered.api,
        Operation.accept_offer: Offered.none,  # buyers make no offers
        Operation.open_dispute: Offered.api,  # rejecting a return or a refund
        Operation.cancel_dispute: Offered.none,
        Operation.upload_evidence: Offered.none,  # no documented upload gives the image ids that a rejection takes
        Operation.ship: Offered.api,
        Operation.set_tracking: Offered.api,
        Operation.set_note: Offered.none,  # `seller_note` is read only
        Operation.send_message: Offered.api,
    },
    limits=Limits(
        order_window=timedelta(days=30),  # ours: the platform names no widest window
        order_page=100,  # UNVERIFIED (section 3.1)
        order_batch=50,  # UNVERIFIED (section 3.2)
        after_sale_window=timedelta(days=30),
        after_sale_page=50,
    ),
    rates={"default": Rate(per_second=10.0, burst=20)},  # dynamic, no number is published (section 8)
    base_urls={"default": "https://open-api.tiktokglobalshop.com"},
    time_zones={
        "JP": "Asia/Tokyo",
        "VN": "Asia/Ho_Chi_Minh",
        "TH": "Asia/Bangkok",
        "ID": "Asia/Jakarta",
        "MY": "Asia/Kuala_Lumpur",
        "SG": "Asia/Singapore",
        "PH": "Asia/Manila",
        "GB": "Europe/London",
    },
    refresh_before=timedelta(hours=12),  # of the 7 days or so that an access token lives (section 2.1)
    masks_buyers=True,
    refunds_unreturned=frozenset(
        {GoodsState.not_returning}
    ),  # section 5.3: `buyer_keep_item`, at the first review only
    keys_by_shop=True,  # the shop cipher
)
