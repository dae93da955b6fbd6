"""tiktok-shop-api: authorise, refresh, shops, pages, details, a cancellation and a refused one, a webhook."""

from __future__ import annotations

from harness import given, tell
from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError
from tiktok_shop_api.generated.models import (
    CancelOrderRequest,
    GetOrderListRequest,
    UpdateShopWebhookRequest,
    UpdateShopWebhookRequestEventType,
)

task = given()
auth = TikTokShopAuth(task["app_key"], task["app_secret"], base_url=task["base_url"])
first = auth.exchange_code(task["auth_code"])
tokens = auth.refresh(first.refresh_token)

client = TikTokShop(task["app_key"], task["app_secret"], tokens.access_token, base_url=task["base_url"])
shops = [shop.id for shop in client.authorization.get_authorized_shops().data.shops]
shop = client.with_shop(shop_cipher=task["shop_cipher"])

pages: list[list[str]] = []
token = None
while True:
    more = {"page_token": token} if token else {}
    page = shop.orders.get_order_list(
        body=GetOrderListRequest(create_time_ge=task["time_from"], create_time_lt=task["time_to"]),
        page_size=task["page_size"],
        **more,
    ).data
    pages.append([order.id for order in page.orders or []])
    token = page.next_page_token
    if not token:
        break

details = shop.orders.get_order_detail(ids=[task["to_cancel"], task["to_refuse"]]).data.orders
order = next(order for order in details if order.id == task["to_cancel"])
reason = "seller_cancel_reason_out_of_stock"
cancelled = shop.return_and_refund.cancel_order(
    body=CancelOrderRequest(order_id=task["to_cancel"], cancel_reason=reason)
)
refused = None
try:
    shop.return_and_refund.cancel_order(body=CancelOrderRequest(order_id=task["to_refuse"], cancel_reason=reason))
except TikTokShopError as error:
    refused = error.code

shop.event.update_shop_webhook(
    body=UpdateShopWebhookRequest(
        address=task["webhook"], event_type=UpdateShopWebhookRequestEventType("ORDER_STATUS_CHANGE")
    )
)
webhooks = [hook.address for hook in shop.event.get_shop_webhooks().data.webhooks]

tell(
    renewed=tokens.access_token != first.access_token,
    shops=shops,
    pages=pages,
    details=sorted(one.id for one in details),
    detail={
        "id": order.id,
        "status": order.status,
        "total": order.payment.total_amount,
        "units": len(order.line_items),
    },
    written=cancelled.data.cancel_status,
    refused=refused,
    webhooks=webhooks,
)
