"""open-1688 (its module is `aop`): pages and detail of what an account buys, a purchase, a purchase without a token."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import aop.api as library
from aop.exceptions import ApiError
from aop.structure import Address, AppInfo, Cargo
from harness import given, tell

task = given()
app = AppInfo(task["app_key"], task["app_secret"])
domain = urlsplit(task["base_url"]).netloc
token = task["access_token"]


def purchase(access_token: str) -> dict[str, Any]:
    """Buy some of one offer, sent to an address written out in words."""
    address = Address("", "", "", "", "", "", "", "", "", "", "")
    for name, value in task["address"].items():
        setattr(address, name, value)
    cargo = Cargo()
    cargo.add(task["offer_id"], task["spec_id"], 2)
    return library.AlibabaTradeFastCreateOrderParam(app, access_token, address, cargo, domain=domain).get_response()


pages: list[list[str]] = []
while True:
    rows = library.AlibabaTradeGetBuyerOrderListParam(
        app,
        token,
        domain,
        page=str(len(pages) + 1),
        page_size=str(task["page_size"]),
        create_start_time=task["created_from"],
        create_end_time=task["created_to"],
    ).get_response()["result"]
    if not rows:
        break
    pages.append([row["baseInfo"]["idOfStr"] for row in rows])

row = library.AlibabaTradeGetBuyerViewParam(app, token, task["to_read"], domain=domain, web_site="1688").get_response()
base = row["result"]["baseInfo"]

bought = purchase(token)
refused = None
try:
    purchase("00000000-0000-0000-0000-000000000000")
except ApiError as error:
    refused = error.error_code

tell(
    pages=pages,
    detail={"id": base["idOfStr"], "status": base["status"], "total": base["totalAmount"]},
    written=bought["result"]["orderId"],
    refused=refused,
)
