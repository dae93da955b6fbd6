"""Section 6, both error tables: every row, provoked from outside.

order.error_limit                    tracking exists; shipped; delivered; completed; already cancelled
order.error_param (warehouse)        a platform-warehouse order
order.error_permission               the fault `platform_error`
error_param "... required field."    order_sn, cancel_reason, item_list left out
error_not_found                      an unknown order
order.cancel_order_invalid_status /
order.order_status_invalid           every status that is not IN_CANCEL; both codes through `platform_error`
logistics.cancel_forder_failed       the fault `platform_error`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api

LIMIT = ("order.error_limit", "Can not cancel this order")
NOT_IN_CANCEL = "Invalid order_status.The order status should be IN_CANCEL."


@pytest.mark.parametrize("phase", ["awaiting_collection", "in_transit", "delivered", "completed", "cancelled"])
@pytest.mark.parametrize("reason", ["CUSTOMER_REQUEST", "OUT_OF_STOCK"])
async def test_too_late_or_already_cancelled(api: Api, phase: str, reason: str) -> None:
    order_sn = await api.order(phase=phase)
    before = await api.detail(order_sn, "cancel_by,cancel_reason")
    (await api.cancel(order_sn, reason)).refused(*LIMIT)
    assert await api.detail(order_sn, "cancel_by,cancel_reason") == before
    assert await api.effects("order/cancel_order") == []


async def test_second_cancel_of_a_cancelled_order(api: Api) -> None:
    order_sn = await api.order()
    assert (await api.cancel(order_sn)).error == ""
    (await api.cancel(order_sn)).refused(*LIMIT)
    assert len(await api.effects("order/cancel_order")) == 1


async def test_cancel_after_the_seller_arranged_shipment(api: Api) -> None:
    order_sn = await api.order()
    assert (await api.ship(order_sn)).error == ""
    number = (await api.get("logistics/get_tracking_number", order_sn=order_sn)).ok["tracking_number"]
    assert number
    (await api.cancel(order_sn)).refused(*LIMIT)


async def test_platform_warehouse_order(api: Api) -> None:
    order_sn = await api.order(warehouse=True)
    (await api.cancel(order_sn)).refused("order.error_param", "You can not cancel warehouse order.")
    assert await api.effects("order/cancel_order") == []


async def test_shop_not_linked(api: Api) -> None:
    order_sn = await api.order()
    await api.answers("order.error_permission", operation="order/cancel_order")
    (await api.cancel(order_sn)).refused(
        "order.error_permission", "Please link shop and partner on seller center first."
    )
    assert await api.effects("order/cancel_order") == []


@pytest.mark.parametrize("missing", ["order_sn", "cancel_reason"])
async def test_field_missing(api: Api, missing: str) -> None:
    body = {"order_sn": await api.order(), "cancel_reason": "CUSTOMER_REQUEST"}
    del body[missing]
    (await api.post("order/cancel_order", body)).refused(
        "error_param", f"Wrong parameters, detail: {missing} is a required field."
    )
    assert await api.effects() == []


@pytest.mark.parametrize("sent", [{}, {"item_list": []}])
async def test_item_list_missing_with_out_of_stock(api: Api, sent: dict[str, Any]) -> None:
    order_sn = await api.order()
    answer = await api.post("order/cancel_order", {"order_sn": order_sn, "cancel_reason": "OUT_OF_STOCK", **sent})
    answer.refused("error_param", "Wrong parameters, detail: item_list is a required field.")
    assert await api.status(order_sn) == "READY_TO_SHIP"


@pytest.mark.parametrize("call", ["order/cancel_order", "order/handle_buyer_cancellation"])
async def test_unknown_order(api: Api, call: str) -> None:
    body = {"order_sn": "260101NOSUCHSN", "cancel_reason": "CUSTOMER_REQUEST", "operation": "ACCEPT"}
    (await api.post(call, body)).refused("error_not_found", "Wrong parameters, detail: the order is not found.")


async def test_order_of_another_shop(api: Api) -> None:
    order_sn = await api.order(store=api.stores[1]["shop_id"])
    (await api.cancel(order_sn)).refused("error_not_found", "Wrong parameters, detail: the order is not found.")
    assert await api.status(order_sn, api.stores[1]) == "READY_TO_SHIP"


@pytest.mark.parametrize("reason", ["Out of Stock", "out_of_stock", "BUYER_REQUEST", "", "WEATHER"])
async def test_reason_that_is_none(api: Api, reason: str) -> None:
    order_sn = await api.order()
    answer = await api.post("order/cancel_order", {"order_sn": order_sn, "cancel_reason": reason})
    assert answer.error.split(".")[-1] == "error_param"
    assert await api.status(order_sn) == "READY_TO_SHIP"


async def test_undeliverable_area_elsewhere_than_tw_and_my(api: Api) -> None:
    store = next(s for s in api.stores if s["region"] not in {"TW", "MY"})
    order_sn = await api.order(store=store["shop_id"])
    answer = await api.cancel(order_sn, "UNDELIVERABLE_AREA", store=store)
    assert answer.error.split(".")[-1] == "error_param"
    assert await api.status(order_sn, store) == "READY_TO_SHIP"


async def test_cod_not_supported_on_an_order_without_cod(api: Api) -> None:
    order_sn = await api.order()
    answer = await api.cancel(order_sn, "COD_NOT_SUPPORTED")
    assert answer.error.split(".")[-1] == "error_param"
    assert await api.status(order_sn) == "READY_TO_SHIP"


async def test_out_of_stock_item_that_is_not_in_the_order(api: Api) -> None:
    order_sn = await api.order()
    answer = await api.cancel(order_sn, "OUT_OF_STOCK", item_list=[{"item_id": 1, "model_id": 1}])
    assert answer.error.split(".")[-1] == "error_param"
    assert await api.status(order_sn) == "READY_TO_SHIP"


@pytest.mark.parametrize("quantity", [0, -1, 99])
async def test_partial_quantity_that_can_not_be(api: Api, quantity: int) -> None:
    order_sn = await api.order(lines=[{"sku": "A", "title": "Mug", "quantity": 3, "price": 10}])
    line = (await api.lines(order_sn))[0]
    part = {"item_id": line["item_id"], "model_id": line["model_id"], "model_quantity": quantity}
    answer = await api.cancel(order_sn, "OUT_OF_STOCK", partial_cancel_item_list=[part])
    assert answer.error.split(".")[-1] in {"error_param", "error_limit"}
    assert (await api.lines(order_sn))[0]["cancelled_qty"] == 0


@pytest.mark.parametrize(
    "phase",
    [
        "unpaid",
        "on_hold",
        "awaiting_shipment",
        "awaiting_collection",
        "in_transit",
        "delivered",
        "completed",
        "cancelled",
    ],
)
@pytest.mark.parametrize("operation", ["ACCEPT", "REJECT"])
async def test_answer_to_a_request_that_was_never_made(api: Api, phase: str, operation: str) -> None:
    order_sn = await api.order(phase=phase)
    before = await api.status(order_sn)
    answer = await api.post("order/handle_buyer_cancellation", {"order_sn": order_sn, "operation": operation})
    answer.refused_as_one_of(
        ("order.cancel_order_invalid_status", NOT_IN_CANCEL), ("order.order_status_invalid", NOT_IN_CANCEL)
    )
    assert await api.status(order_sn) == before
    assert await api.effects("order/handle_buyer_cancellation") == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("order.cancel_order_invalid_status", NOT_IN_CANCEL),
        ("order.order_status_invalid", NOT_IN_CANCEL),
        ("logistics.cancel_forder_failed", None),
    ],
)
async def test_answer_refused_by_the_platform(api: Api, error: str, message: str | None) -> None:
    order_sn = await api.order()
    await api.advance("PT2H")
    await api.act(order_sn, "buyer_requests_cancellation", reason="Others")
    assert await api.status(order_sn) == "IN_CANCEL"
    await api.answers(error, operation="order/handle_buyer_cancellation")
    answer = await api.post("order/handle_buyer_cancellation", {"order_sn": order_sn, "operation": "ACCEPT"})
    answer.refused(error, message)
    assert await api.status(order_sn) == "IN_CANCEL"
    assert await api.effects("order/handle_buyer_cancellation") == []


@pytest.mark.parametrize("operation", ["accept", "APPROVE", ""])
async def test_operation_that_is_none(api: Api, operation: str) -> None:
    order_sn = await api.order()
    await api.advance("PT2H")
    await api.act(order_sn, "buyer_requests_cancellation", reason="Others")
    answer = await api.post("order/handle_buyer_cancellation", {"order_sn": order_sn, "operation": operation})
    assert answer.error.split(".")[-1] == "error_param"
    assert await api.status(order_sn) == "IN_CANCEL"


async def test_second_answer_to_one_request(api: Api) -> None:
    order_sn = await api.order()
    await api.advance("PT2H")
    await api.act(order_sn, "buyer_requests_cancellation", reason="Others")
    body = {"order_sn": order_sn, "operation": "ACCEPT"}
    assert (await api.post("order/handle_buyer_cancellation", body)).error == ""
    (await api.post("order/handle_buyer_cancellation", body)).refused_as_one_of(
        ("order.cancel_order_invalid_status", NOT_IN_CANCEL), ("order.order_status_invalid", NOT_IN_CANCEL)
    )
    assert len(await api.effects("order/handle_buyer_cancellation")) == 1
