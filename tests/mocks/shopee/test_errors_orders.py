"""Section 5, the refusals of the order reads: every row, provoked from outside.

order.order_list_invalid_time  span over 15 days, from = to, from > to
error_param                    a status that is no filter, a time field that is none, 51 orders at once
error_not_found                an unknown order, alone and among known ones
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api

DAY = 86_400
INVALID_TIME = (
    "order.order_list_invalid_time",
    "Start time must be earlier than end time and diff in 15days.",
)


@pytest.mark.parametrize(
    ("back", "span"), [(20 * DAY, 15 * DAY + 1), (40 * DAY, 40 * DAY), (DAY, 0), (DAY, -1), (0, -DAY)]
)
@pytest.mark.parametrize("field", ["create_time", "update_time"])
async def test_time_window_refused(api: Api, field: str, back: int, span: int) -> None:
    start = await api.now() - back
    answer = await api.get(
        "order/get_order_list", time_range_field=field, time_from=start, time_to=start + span, page_size=10
    )
    answer.refused(*INVALID_TIME)


async def test_fifteen_days_exactly_are_accepted(api: Api) -> None:
    start = await api.now() - 15 * DAY
    answer = await api.get(
        "order/get_order_list",
        time_range_field="create_time",
        time_from=start,
        time_to=start + 15 * DAY,
        page_size=10,
    )
    assert answer.ok["order_list"] == []


async def list_with(api: Api, **params: object) -> str:
    now = await api.now()
    sent = {"time_range_field": "create_time", "time_from": now - 60, "time_to": now, "page_size": 10, **params}
    answer = await api.get("order/get_order_list", **sent)
    return "" if not answer.error else f"{answer.error}|{answer.message}"


@pytest.mark.parametrize("status", ["TO_RETURN", "RETRY_SHIP", "TO_CONFIRM_RECEIVE", "PENDING", "unpaid", "WEATHER"])
async def test_status_that_is_no_filter(api: Api, status: str) -> None:
    assert (await list_with(api, order_status=status)).startswith("error_param|")


@pytest.mark.parametrize("field", ["pay_time", "", "CREATE_TIME"])
async def test_time_field_that_is_none(api: Api, field: str) -> None:
    assert (await list_with(api, time_range_field=field)).startswith("error_param|")


@pytest.mark.parametrize("cursor", ["not-a-cursor", "-1"])
async def test_cursor_that_was_never_given(api: Api, cursor: str) -> None:
    assert (await list_with(api, cursor=cursor)).startswith("error_param|")


async def test_detail_of_51_orders(api: Api) -> None:
    wanted = ",".join(f"260101TEST{n:04d}" for n in range(51))
    answer = await api.get("order/get_order_detail", order_sn_list=wanted)
    assert answer.error == "error_param"
    assert answer.message.startswith("Wrong parameters, detail: ")


async def test_detail_of_an_unknown_order_alone(api: Api) -> None:
    answer = await api.get("order/get_order_detail", order_sn_list="260101NOSUCHSN")
    answer.refused("error_not_found", "Wrong parameters, detail: the order is not found.")


async def test_package_detail_of_51_packages(api: Api) -> None:
    wanted = ",".join(f"OFG{n:012d}" for n in range(51))
    answer = await api.get("order/get_package_detail", package_number_list=wanted)
    assert answer.error == "error_param"


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("POST", "order/set_note"),
        ("POST", "order/get_estimate_cancel_value"),
        ("GET", "logistics/get_shipping_parameter"),
        ("GET", "logistics/get_tracking_number"),
        ("GET", "logistics/get_tracking_info"),
        ("GET", "payment/get_escrow_detail"),
    ],
)
async def test_unknown_order_elsewhere(api: Api, method: str, call: str) -> None:
    """The sheet gives the code (`error_not_found` is common to most pages), not a text per page."""
    sent = {"order_sn": "260101NOSUCHSN", "note": "n"}
    if call.endswith("estimate_cancel_value"):
        sent = {**sent, "partial_cancel_item_list": [{"item_id": 1, "model_id": 0, "model_quantity": 1}]}  # type: ignore[dict-item]  # one body of mixed fields
    answer = await (api.get(call, order_sn=sent["order_sn"]) if method == "GET" else api.post(call, sent))
    assert answer.error.split(".")[-1] == "error_not_found"
