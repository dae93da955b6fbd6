"""pyshopee (its v2 module is `pyshopee2`): authorise, refresh, pages, detail, a cancellation and a refused one."""

from __future__ import annotations

import sys
import types

from harness import given, tell

# The library imports a browser driver for a way of authorising that nobody takes here.
sys.modules["selenium"] = types.ModuleType("selenium")
sys.modules["selenium"].webdriver = None

from pyshopee2 import client as library  # noqa: E402 - after the stand-in

task = given()
library.Client.BASE_URL = task["base_url"]
shop = library.Client(
    task["shop_id"], task["partner_id"], task["partner_key"], task["redirect_url"], code=task["auth_code"]
)

first_token, expires_in, refresh_token = shop.get_token()
shop.get_access_token(task["shop_id"], task["partner_id"], task["partner_key"], refresh_token)

pages: list[list[str]] = []
further: dict[str, str] = {}
while True:
    page = shop.order.get_order_list(
        time_range_field="create_time",
        time_from=task["time_from"],
        time_to=task["time_to"],
        page_size=task["page_size"],
        **further,
    )["response"]
    pages.append([row["order_sn"] for row in page["order_list"]])
    if not page["more"]:
        break
    further = {"cursor": page["next_cursor"]}

wanted = "buyer_username,item_list,total_amount,cancel_reason"
detail = shop.order.get_order_detail(order_sn_list=task["to_cancel"], response_optional_fields=wanted)
order = detail["response"]["order_list"][0]
cancelled = shop.order.cancel_order(
    order_sn=task["to_cancel"],
    cancel_reason="OUT_OF_STOCK",
    item_list=[{"item_id": line["item_id"], "model_id": line["model_id"]} for line in order["item_list"]],
)
refused = shop.order.cancel_order(order_sn=task["to_refuse"], cancel_reason="CUSTOMER_REQUEST")

tell(
    renewed=shop.access_token != first_token,
    expires_in=expires_in,
    pages=pages,
    detail={"id": order["order_sn"], "status": order["order_status"], "total": order["total_amount"]},
    written=cancelled["error"],
    refused=refused["error"],
)
