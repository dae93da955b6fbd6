"""xiaohongshu-ecommerce: authorise, refresh, orders and after-sales in pages, shipping, a review, and refusals."""

from __future__ import annotations

from typing import Any

from harness import given, tell
from xiaohongshu_ecommerce.client import XhsClient
from xiaohongshu_ecommerce.config import ClientConfig
from xiaohongshu_ecommerce.models.order import GetOrderDetailRequest, GetOrderListRequest

task = given()
client = XhsClient.create(
    ClientConfig(
        base_url=task["base_url"] + "/ark/open_api/v3/common_controller",
        app_id=task["app_id"],
        app_secret=task["app_secret"],
        version="2.0",
    )
)
first = client.set_tokens_from_auth_code(task["auth_code"])
renewed = client.oauth.refresh_token(first.refresh_token)


def raw(request: Any, method: str) -> dict[str, Any]:
    """Call without the library's own answer model, which knows none of the platform's camelCase keys."""
    request.method = method
    answer = client.order._execute(request)
    assert answer.success, answer
    return answer.data


pages: list[list[str]] = []
while True:
    listing = raw(
        GetOrderListRequest(
            start_time=task["time_from"],
            end_time=task["time_to"],
            time_type=1,
            page_no=len(pages) + 1,
            page_size=task["page_size"],
        ),
        "order.getOrderList",
    )
    pages.append([row["orderId"] for row in listing["orderList"]])
    if len(pages) >= listing["maxPageNo"]:
        break
detail = raw(GetOrderDetailRequest(order_id=task["to_ship"]), "order.getOrderDetail")

after_sales: list[list[str]] = []
while True:
    answer = client.after_sale.list_after_sale_infos(
        page_no=len(after_sales) + 1,
        page_size=1,
        start_time=task["time_from"] * 1000,
        end_time=task["time_to"] * 1000,
        time_type=1,
    )
    rows = answer.data.after_sale_basic_infos
    if not rows:
        break
    after_sales.append([row.returns_id for row in rows])
reviewed = client.after_sale.audit_returns(task["to_review"], action=1)
reviewed_twice = client.after_sale.audit_returns(task["to_review"], action=1)

shipped = client.order.order_deliver(task["to_ship"], "SF0000000001", "shunfeng")
refused = client.order.order_deliver(task["to_refuse"], "SF0000000002", "shunfeng")

tell(
    seller=first.seller_id,
    renewed={"success": renewed.success, "seller": renewed.data.seller_id},
    pages=pages,
    detail={"id": detail["orderId"], "status": detail["orderStatus"], "paid": detail["totalPayAmount"]},
    after_sales=after_sales,
    reviewed=reviewed.success,
    reviewed_twice={"success": reviewed_twice.success, "code": reviewed_twice.code},
    written=shipped.success,
    refused={"success": refused.success, "code": refused.code, "msg": refused.msg},
)
