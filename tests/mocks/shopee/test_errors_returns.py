"""Section 8, "Errors": the rows about a return and its negotiation (disputes: test_errors_disputes).

=============================================  ===============================================================
row                                            provoked by
=============================================  ===============================================================
error_param "Return SN or ID is invalid."      an unknown or foreign return_sn; on the list switched
error_data "The return you queried ..."        the same on offer, accept_offer, get_available_solutions
error_return_status                            confirm and offer after the return ended
error_negotiation_status                       offering while it is the buyer's turn; switched
error_no_buyer_offer                           accept_offer when the buyer offered nothing
error_ongoing_dispute                          offer while a dispute runs
err_data "Cannot accept your own offer."       accept_offer right after the seller's own offer
error_validation                               offer on a return the warehouse checks
error_return_request_type                      offer on an in-transit and on an on-the-spot return
rraoc_refund_not_allowed                       REFUND offered after completion
=============================================  ===============================================================

"Switched" is the fault `platform_error`; every row is answered by it once more, and nothing is applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Reply

UNKNOWN = "260101NOSUCHRET"
INVALID_SN = ("error_param", "Return SN or ID is invalid.")
NO_SUCH = ("error_data", "The return you queried doesn't exist")
WRONG_STATUS = ("error_return_status", "The return status cannot support this action")


async def confirm(api: Api, return_sn: str) -> Reply:
    return await api.post("returns/confirm", {"return_sn": return_sn})


async def offer(api: Api, return_sn: str, solution: str = "RETURN_REFUND", amount: float | None = None) -> Reply:
    body: dict[str, Any] = {"return_sn": return_sn, "proposed_solution": solution}
    if amount is not None:
        body["proposed_adjusted_refund_amount"] = amount
    return await api.post("returns/offer", body)


async def some_offer(api: Api, return_sn: str, solution: str = "RETURN_REFUND") -> Reply:
    """An offer of an amount that the solutions allow."""
    solutions = (await api.get("returns/get_available_solutions", return_sn=return_sn)).ok
    terms = solutions["offer_return_refund" if solution == "RETURN_REFUND" else "offer_refund"]
    return await offer(api, return_sn, solution, terms["max_refund_amount"])


async def accept_offer(api: Api, return_sn: str) -> Reply:
    return await api.post("returns/accept_offer", {"return_sn": return_sn})


# -- unknown return -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["get_return_detail", "confirm", "dispute"])
async def test_unknown_return_by_sn(api: Api, call: str) -> None:
    if call == "get_return_detail":
        answer = await api.get("returns/get_return_detail", return_sn=UNKNOWN)
    elif call == "confirm":
        answer = await confirm(api, UNKNOWN)
    else:
        body = {"return_sn": UNKNOWN, "email": "seller@example.com", "dispute_reason_id": 42}
        answer = await api.post("returns/dispute", body)
    answer.refused(*INVALID_SN)


@pytest.mark.parametrize("call", ["offer", "accept_offer", "get_available_solutions"])
async def test_unknown_return_by_query(api: Api, call: str) -> None:
    if call == "offer":
        answer = await offer(api, UNKNOWN, amount=1)
    elif call == "accept_offer":
        answer = await accept_offer(api, UNKNOWN)
    else:
        answer = await api.get("returns/get_available_solutions", return_sn=UNKNOWN)
    answer.refused(*NO_SUCH)


async def test_list_says_it_too(api: Api) -> None:
    """The row names the list, which takes no return_sn: only the platform itself can bring this about."""
    await api.answers(*INVALID_SN[:1], message=INVALID_SN[1], operation="returns/get_return_list")
    (await api.get("returns/get_return_list", page_no=1, page_size=10)).refused(*INVALID_SN)


async def test_return_of_another_shop(api: Api) -> None:
    _, return_sn = await api.returned()
    other = api.stores[1]
    answer = await api.get("returns/get_return_detail", other, return_sn=return_sn)
    answer.refused(*INVALID_SN)
    (await api.post("returns/confirm", {"return_sn": return_sn}, other)).refused(*INVALID_SN)
    assert await api.effects("returns/confirm") == []


@pytest.mark.parametrize(
    "call", ["query_proof", "get_return_dispute_reason", "get_reverse_tracking_info", "get_shipping_carrier"]
)
async def test_unknown_return_elsewhere(api: Api, call: str) -> None:
    assert (await api.get(f"returns/{call}", return_sn=UNKNOWN)).error != ""


# -- wrong state ----------------------------------------------------------------------------------------------------


async def test_confirm_twice(api: Api) -> None:
    _, return_sn = await api.returned()
    assert (await confirm(api, return_sn)).error == ""
    (await confirm(api, return_sn)).refused(*WRONG_STATUS)
    assert len(await api.effects("returns/confirm")) == 1


async def test_confirm_after_the_buyer_withdrew(api: Api) -> None:
    order_sn, return_sn = await api.returned()
    await api.act(order_sn, "buyer_withdraws_request")
    (await confirm(api, return_sn)).refused(*WRONG_STATUS)
    assert await api.effects("returns/confirm") == []


async def test_offer_after_the_refund(api: Api) -> None:
    _, return_sn = await api.returned()
    assert (await confirm(api, return_sn)).error == ""
    (await offer(api, return_sn, "REFUND", 1)).refused(*WRONG_STATUS)
    assert await api.effects("returns/offer") == []


async def test_offer_when_it_is_the_buyers_turn(api: Api) -> None:
    _, return_sn = await api.returned()
    assert (await some_offer(api, return_sn)).error == ""
    (await offer(api, return_sn, "RETURN_REFUND", 1)).refused("error_negotiation_status")
    assert len(await api.effects("returns/offer")) == 1


async def test_accept_without_a_buyers_offer(api: Api) -> None:
    _, return_sn = await api.returned()
    (await accept_offer(api, return_sn)).refused("error_no_buyer_offer")
    assert await api.effects("returns/accept_offer") == []


async def test_offer_while_a_dispute_runs(api: Api) -> None:
    _, return_sn = await api.disputed()
    (await offer(api, return_sn, "REFUND", 1)).refused("error_ongoing_dispute")
    assert await api.effects("returns/offer") == []


async def test_accepting_ones_own_offer(api: Api) -> None:
    _, return_sn = await api.returned()
    assert (await some_offer(api, return_sn)).error == ""
    (await accept_offer(api, return_sn)).refused("err_data", "Cannot accept your own offer.")
    assert await api.effects("returns/accept_offer") == []


async def test_offer_on_a_warehouse_checked_return(api: Api) -> None:
    _, return_sn = await api.returned(validation="warehouse_validation")
    (await offer(api, return_sn, "REFUND", 1)).refused("error_validation")
    assert await api.effects("returns/offer") == []


@pytest.mark.parametrize("request_type", [1, 2])
async def test_offer_on_a_return_that_is_not_normal(api: Api, request_type: int) -> None:
    _, return_sn = await api.returned(request_type=request_type)
    (await offer(api, return_sn, "REFUND", 1)).refused("error_return_request_type")
    assert await api.effects("returns/offer") == []


async def test_refund_only_after_completion(api: Api) -> None:
    _, return_sn = await api.returned(phase="completed")
    assert (await api.return_detail(return_sn))["return_refund_type"] == "RRAOC"
    (await offer(api, return_sn, "REFUND", 1)).refused("rraoc_refund_not_allowed")
    assert await api.effects("returns/offer") == []


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        ("error_return_status", "The return status cannot support this action", "offer"),
        ("error_negotiation_status", None, "offer"),
        ("error_no_buyer_offer", None, "accept_offer"),
        ("error_ongoing_dispute", None, "offer"),
        ("err_data", "Cannot accept your own offer.", "accept_offer"),
        ("error_data", "The return you queried doesn't exist", "offer"),
        ("error_validation", None, "offer"),
        ("error_return_request_type", None, "offer"),
        ("rraoc_refund_not_allowed", None, "offer"),
    ],
)
async def test_row_switched(api: Api, error: str, message: str | None, call: str) -> None:
    _, return_sn = await api.returned()
    before = await api.return_detail(return_sn)
    await api.answers(error, operation=f"returns/{call}")
    calls = {
        "offer": lambda: offer(api, return_sn, "REFUND", 1),
        "accept_offer": lambda: accept_offer(api, return_sn),
    }
    (await calls[call]()).refused(error, message)
    assert await api.return_detail(return_sn) == before
    assert await api.effects(f"returns/{call}") == []


# -- amounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [0, -1, 1_000_000_000, 1.005])
async def test_offer_of_an_amount_that_can_not_be(api: Api, amount: float) -> None:
    """More than zero, within min..max, and with the currency's number of decimals."""
    _, return_sn = await api.returned()
    answer = await offer(api, return_sn, "REFUND", amount)
    assert answer.error != ""
    assert await api.effects("returns/offer") == []


async def test_offer_with_decimals_in_a_currency_without(api: Api) -> None:
    store = next(s for s in api.stores if s["currency"] in {"VND", "IDR"})
    order_sn = await api.order(store=store["shop_id"], phase="delivered")
    await api.act(order_sn, "buyer_requests_return")
    return_sn = (await api.return_of(order_sn, store))["return_sn"]
    terms = (await api.get("returns/get_available_solutions", store, return_sn=return_sn)).ok["offer_refund"]
    body = {
        "return_sn": return_sn,
        "proposed_solution": "REFUND",
        "proposed_adjusted_refund_amount": terms["max_refund_amount"] - 0.5,
    }
    assert (await api.post("returns/offer", body, store)).error != ""
    assert await api.effects("returns/offer") == []


async def test_offer_of_a_solution_that_is_none(api: Api) -> None:
    _, return_sn = await api.returned()
    assert (await offer(api, return_sn, "REPLACEMENT", 1)).error != ""


# -- the list's windows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["create_time", "update_time"])
async def test_return_window_above_fifteen_days(api: Api, prefix: str) -> None:
    now = await api.now()
    span = {f"{prefix}_from": now - 16 * 86_400, f"{prefix}_to": now}
    answer = await api.get("returns/get_return_list", page_no=1, page_size=10, **span)
    assert answer.error != ""
    span = {f"{prefix}_from": now - 15 * 86_400, f"{prefix}_to": now}
    assert (await api.get("returns/get_return_list", page_no=1, page_size=10, **span)).error == ""


async def test_update_window_before_the_create_window(api: Api) -> None:
    now = await api.now()
    answer = await api.get(
        "returns/get_return_list",
        page_no=1,
        page_size=10,
        create_time_from=now - 86_400,
        create_time_to=now,
        update_time_from=now - 2 * 86_400,
        update_time_to=now,
    )
    assert answer.error != ""
