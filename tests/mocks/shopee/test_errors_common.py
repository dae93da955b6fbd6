"""Section 4, "Business errors common to most pages", the prefixed codes and the validation wording: every row.

The common codes are answered through the fault `platform_error` (no act of a client brings a network error
about); `error_not_found`, `error_param` and `error_server` are provoked naturally or by a fault as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api

COMMON: list[tuple[str, str | None]] = [
    ("error_not_found", None),
    ("error_param", None),
    ("error_permission", None),
    ("error_server", "System error. Please try again later."),
    ("error_network", None),
    ("error_data", None),
    ("error_shop", "shopid is invalid"),
    ("order.error_limit", "Can not cancel this order"),
    ("common.error_auth", None),
    ("common.invalid_shop", None),
    ("logistics.error_param", None),
    ("returnsn.illegal", None),
    ("order. error_param", None),
]


@pytest.mark.parametrize(("error", "message"), COMMON, ids=[e for e, _ in COMMON])
async def test_row_is_answered_and_nothing_is_applied(api: Api, error: str, message: str | None) -> None:
    order_sn = await api.order()
    await api.answers(error, operation="order/*")
    answer = await api.cancel(order_sn)
    answer.refused(error, message)
    assert await api.effects("order/cancel_order") == []
    assert await api.status(order_sn) == "READY_TO_SHIP"


async def test_unknown_order_is_not_found(api: Api) -> None:
    answer = await api.get("order/get_order_detail", order_sn_list="260101NOSUCHSN")
    answer.refused("error_not_found", "Wrong parameters, detail: the order is not found.")


async def test_order_of_another_shop_is_not_found(api: Api) -> None:
    order_sn = await api.order(store=api.stores[1]["shop_id"])
    answer = await api.get("order/get_order_detail", order_sn_list=order_sn)
    answer.refused("error_not_found", "Wrong parameters, detail: the order is not found.")


REQUIRED = [
    ("GET", "order/get_order_list", "time_range_field"),
    ("GET", "order/get_order_list", "time_from"),
    ("GET", "order/get_order_list", "time_to"),
    ("GET", "order/get_order_list", "page_size"),
    ("GET", "order/get_order_detail", "order_sn_list"),
    ("GET", "order/get_shipment_list", "page_size"),
    ("GET", "order/get_package_detail", "package_number_list"),
    ("POST", "order/set_note", "order_sn"),
    ("POST", "order/cancel_order", "order_sn"),
    ("POST", "order/cancel_order", "cancel_reason"),
    ("POST", "order/handle_buyer_cancellation", "order_sn"),
    ("POST", "order/handle_buyer_cancellation", "operation"),
    ("POST", "order/get_estimate_cancel_value", "order_sn"),
    ("GET", "logistics/get_shipping_parameter", "order_sn"),
    ("POST", "logistics/ship_order", "order_sn"),
    ("GET", "logistics/get_tracking_number", "order_sn"),
    ("GET", "logistics/get_tracking_info", "order_sn"),
    ("POST", "logistics/update_shipping_order", "order_sn"),
    ("GET", "returns/get_return_list", "page_no"),
    ("GET", "returns/get_return_list", "page_size"),
    ("GET", "account_health/get_metric_source_detail", "metric_id"),
    ("GET", "account_health/get_punishment_history", "punishment_status"),
    ("GET", "payment/get_escrow_detail", "order_sn"),
]


@pytest.mark.parametrize(("method", "call", "missing"), REQUIRED, ids=[f"{c}:{p}" for _, c, p in REQUIRED])
async def test_required_field_missing(api: Api, method: str, call: str, missing: str) -> None:
    """Wording: "Wrong parameters, detail: order_sn is a required field."; every other field is there."""
    now = await api.now()
    order_sn = await api.order(phase="awaiting_shipment")
    filled = {
        "time_range_field": "create_time",
        "time_from": now - 60,
        "time_to": now,
        "page_size": 10,
        "page_no": 1,
        "order_sn_list": order_sn,
        "package_number_list": "none",
        "order_sn": order_sn,
        "cancel_reason": "CUSTOMER_REQUEST",
        "operation": "ACCEPT",
        "note": "n",
        "metric_id": 3,
        "punishment_status": 1,
    }
    del filled[missing]
    wanted = {
        "order/get_order_list": ["time_range_field", "time_from", "time_to", "page_size"],
        "order/cancel_order": ["order_sn", "cancel_reason"],
        "order/handle_buyer_cancellation": ["order_sn", "operation"],
        "returns/get_return_list": ["page_no", "page_size"],
        "account_health/get_metric_source_detail": ["metric_id", "page_no", "page_size"],
        "account_health/get_punishment_history": ["punishment_status", "page_no", "page_size"],
        "order/set_note": ["order_sn", "note"],
    }.get(call, [])
    sent = {k: v for k, v in filled.items() if k in wanted}
    answer = await (api.get(call, **sent) if method == "GET" else api.post(call, sent))
    answer.refused("error_param", f"Wrong parameters, detail: {missing} is a required field.")
    assert await api.effects() == []


PAGED = [
    "order/get_order_list",
    "order/get_shipment_list",
    "returns/get_return_list",
    "account_health/get_metric_source_detail",
    "account_health/get_penalty_point_history",
    "account_health/get_punishment_history",
]


@pytest.mark.parametrize("call", PAGED)
async def test_page_size_above_100(api: Api, call: str) -> None:
    now = await api.now()
    sent = {
        "time_range_field": "create_time",
        "time_from": now - 60,
        "time_to": now,
        "page_no": 1,
        "metric_id": 3,
        "punishment_status": 1,
    }
    (await api.get(call, **sent, page_size=101)).refused(
        "error_param", "Wrong parameters, detail: page_size must be 100 or less."
    )
    assert (await api.get(call, **sent, page_size=100)).error == ""


@pytest.mark.parametrize("page_size", [0, -1, "ten"])
async def test_page_size_that_is_no_size(api: Api, page_size: object) -> None:
    now = await api.now()
    answer = await api.get(
        "order/get_order_list",
        time_range_field="create_time",
        time_from=now - 60,
        time_to=now,
        page_size=page_size,
    )
    assert answer.error == "error_param"
    assert answer.message.startswith("Wrong parameters, detail: ")


async def test_body_that_is_no_json(api: Api) -> None:
    path = "/api/v2/order/cancel_order"
    answer = await api.raw("POST", path, await api.shop_query(path), data="{not json")
    assert answer.error == "error_param"
    assert await api.effects() == []


async def test_field_of_the_wrong_type(api: Api) -> None:
    answer = await api.post("order/cancel_order", {"order_sn": 7, "cancel_reason": "CUSTOMER_REQUEST"})
    assert answer.error == "error_param"
    answer = await api.post("order/cancel_order", ["a list"])
    assert answer.error == "error_param"


async def test_every_answer_has_a_request_id_of_its_own(api: Api) -> None:
    ids = {(await api.get("order/get_shipment_list", page_size=1)).body["request_id"] for _ in range(5)}
    assert len(ids) == 5
