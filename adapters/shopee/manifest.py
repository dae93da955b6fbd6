"""What Shopee Open Platform v2 is and offers. Numbers come from API.md; those the platform does not publish say so."""

from __future__ import annotations

from datetime import timedelta

from gateway.model.after_sale import GoodsState
from gateway.ports import Limits, Manifest, Offered, Operation, Rate

PLATFORM = "shopee"

MANIFEST = Manifest(
    platform=PLATFORM,
    title="Shopee",
    capabilities={
        Operation.list_orders: Offered.api,
        Operation.list_after_sales: Offered.api,
        Operation.read_health: Offered.api,
        Operation.receive_pushes: Offered.api,
        Operation.fetch_lost_pushes: Offered.api,
        Operation.set_push_url: Offered.api,
        Operation.seller_close: Offered.api,
        Operation.cancel_lines: Offered.api,
        Operation.accept_cancellation: Offered.api,
        Operation.reject_cancellation: Offered.api,
        # No call agrees to a return without paying at once: `returns/confirm` refunds, `returns/offer` only proposes.
        Operation.approve_return: Offered.none,
        Operation.refund_return: Offered.api,
        Operation.offer_solution: Offered.api,
        Operation.accept_offer: Offered.api,
        Operation.open_dispute: Offered.api,
        Operation.cancel_dispute: Offered.api,
        # Needs one upload for each picture and a further write to hand them in: more than the one write of an effect.
        Operation.upload_evidence: Offered.none,
        Operation.ship: Offered.api,
        Operation.set_tracking: Offered.none,  # a number goes along with `ship`; no call changes it afterwards
        Operation.set_note: Offered.api,
        Operation.send_message: Offered.api,
    },
    limits=Limits(
        order_window=timedelta(days=15),
        order_page=100,
        order_batch=50,
        after_sale_window=timedelta(days=15),
        after_sale_page=100,
        after_sales_listed_whole=False,  # evidence deadline and way back stand in the detail only
    ),
    rates={"default": Rate(per_second=10.0, burst=20)},  # UNVERIFIED: the platform publishes no number (section 4)
    base_urls={
        "default": "https://partner.shopeemobile.com",
        "CN": "https://openplatform.shopee.cn",
        "BR": "https://openplatform.shopee.com.br",
        "sandbox": "https://openplatform.sandbox.test-stable.shopee.sg",
        "sandbox_cn": "https://openplatform.sandbox.test-stable.shopee.cn",
    },
    time_zones={
        "SG": "Asia/Singapore",
        "MY": "Asia/Kuala_Lumpur",
        "TH": "Asia/Bangkok",
        "ID": "Asia/Jakarta",
        "VN": "Asia/Ho_Chi_Minh",
        "PH": "Asia/Manila",
        "TW": "Asia/Taipei",
        "BR": "America/Sao_Paulo",
        "MX": "America/Mexico_City",
    },
    refresh_before=timedelta(minutes=30),  # of the 4 hours an access token lives (section 3)
    renewals_prolong=True,  # section 3: a renewal gives a new refresh token with its full life
    masks_buyers=True,
    # section 8: `returns/confirm` pays at once, wherever the goods are
    refunds_unreturned=frozenset({GoodsState.not_returning, GoodsState.to_send_back, GoodsState.sent_back}),
    tells_returns_arrive=True,  # section 8: the way back of the parcel stands in the detail
)
