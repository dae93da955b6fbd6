"""Section 4: the seller's cancellations, their search, the answer to the buyer's, and each code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.tiktok_shop.conftest import Api

HOUR, DAY = 3_600, 86_400
OUT_OF_STOCK = "seller_cancel_reason_out_of_stock"
UNPAID_STOCK = "seller_cancel_unpaid_reason_out_of_stock"
PACKED = "seller_reject_apply_product_has_been_packed"
NO_LONGER = "ecom_order_unpaid_canceled_reason_no_longer_needed"


# -- the seller cancels ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["on_hold", "awaiting_shipment"])
@pytest.mark.parametrize(
    "reason",
    [
        "seller_cancel_reason_wrong_price",
        OUT_OF_STOCK,
        "seller_cancel_paid_reason_buyer_requested_cancellation",
        "seller_cancel_paid_reason_address_not_deliver",
        "seller_cancel_order_reason_potential_fraud",
    ],
)
async def test_a_paid_order(api: Api, phase: str, reason: str) -> None:
    order_id = await api.order(phase=phase)
    total = (await api.detail(order_id))["payment"]["total_amount"]
    data = (await api.cancel(order_id, reason)).ok
    assert data["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"
    order = await api.detail(order_id)
    assert (order["status"], order["cancel_reason"], order["cancellation_initiator"]) == ("CANCELLED", reason, "SELLER")
    assert {(u["display_status"], u["cancel_user"], u["cancel_reason"]) for u in order["line_items"]} == {
        ("CANCELLED", "SELLER", reason)
    }
    one = await api.cancellation(order_id)
    assert (one["cancel_id"], one["cancel_type"], one["role"]) == (data["cancel_id"], "CANCEL", "SELLER")
    assert one["refund_amount"]["refund_total"] == total
    assert one["should_replenish_stock"] is True
    assert (await api.truth(order_id))["money"]["refunded"] == "0"
    await api.advance("PT10M")
    assert (await api.cancellation(order_id))["cancel_status"] == "CANCELLATION_REQUEST_COMPLETE"
    assert (await api.truth(order_id))["money"]["refunded"] == total


@pytest.mark.parametrize("word", ["wrong_price", "out_of_stock", "buyer_requested_cancellation"])
async def test_an_unpaid_order_has_nothing_to_refund(api: Api, word: str) -> None:
    order_id = await api.order(phase="unpaid")
    data = (await api.cancel(order_id, f"seller_cancel_unpaid_reason_{word}")).ok
    assert data["cancel_status"] == "CANCELLATION_REQUEST_COMPLETE"
    assert "refund_amount" not in await api.cancellation(order_id)
    assert await api.status(order_id) == "CANCELLED"


async def test_whether_unpaid_orders_may_be_cancelled_is_settable(api: Api) -> None:
    await api.store_act("set_style", unpaid_cancel=False)
    (await api.cancel(await api.order(phase="unpaid"), UNPAID_STOCK)).refused(25001003)


async def test_all_lines_named_are_the_whole_order(api: Api) -> None:
    for way in ("order_line_item_ids", "order_line_list", "skus"):
        order_id = await api.order(lines=[{"sku": "A", "quantity": 2}])
        units = (await api.detail(order_id))["line_items"]
        named: dict[str, Any] = {
            "order_line_item_ids": [unit["id"] for unit in units],
            "order_line_list": [{"order_line_item_id": unit["id"]} for unit in units],
            "skus": [{"sku_id": units[0]["sku_id"], "quantity": 2}],
        }
        assert (await api.cancel(order_id, **{way: named[way]})).code == 0
        assert await api.status(order_id) == "CANCELLED"


async def test_units_may_be_cancelled_where_the_market_allows(api: Api) -> None:
    await api.store_act("seller_opens_store", region="GB")
    await api.load_credentials()
    gb = api.stores[2]
    order_id = await api.order(store=gb["shop_id"], lines=[{"sku": "A", "quantity": 3, "price": "5.00"}])
    sku = (await api.detail(order_id, gb))["line_items"][0]["sku_id"]
    part: dict[str, Any] = {"skus": [{"sku_id": sku, "quantity": 2}], "store": gb}
    (await api.cancel(order_id, "seller_cancel_reason_wrong_price", **part)).refused(25005010)
    assert (await api.cancel(order_id, **part)).code == 0
    order = await api.detail(order_id, gb)
    assert order["status"] == "AWAITING_SHIPMENT"
    assert sorted(u["display_status"] for u in order["line_items"]) == ["AWAITING_SHIPMENT", "CANCELLED", "CANCELLED"]
    truth = await api.truth(order_id)
    assert (truth["lines"][0]["quantity"], truth["lines"][0]["cancelled"]) == (3, 2)
    assert truth["cancellations"][0]["refund_amount"] == "10.00"
    (await api.cancel(order_id, store=gb)).refused(25001011)
    await api.advance("PT10M")
    assert (await api.cancel(order_id, store=gb)).code == 0
    assert (await api.detail(order_id, gb))["status"] == "CANCELLED"


# -- each code of the seller's cancellation -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cancel_reason": OUT_OF_STOCK},
        {"order_id": 5, "cancel_reason": OUT_OF_STOCK},
        {"order_id": "570000000000000001", "cancel_reason": OUT_OF_STOCK},
        "[1]",
        "not json",
    ],
)
async def test_25001001_bad_parameter(api: Api, body: Any) -> None:
    (await api.post("return_refund/cancellations", body)).refused(25001001)


async def test_25001001_lines_that_do_not_fit(api: Api) -> None:
    order_id = await api.order(lines=[{"sku": "A", "quantity": 2}])
    (unit, _) = (await api.detail(order_id))["line_items"]
    both = {"order_line_item_ids": [unit["id"]], "order_line_list": [{"order_line_item_id": unit["id"]}]}
    for named in (
        both,
        {"order_line_item_ids": ["577000000000000001"]},
        {"skus": [{"sku_id": unit["sku_id"], "quantity": 3}]},
        {"skus": [{"sku_id": "1", "quantity": 1}]},
        {"skus": "A"},
    ):
        (await api.cancel(order_id, **named)).refused(25001001)
    (await api.cancel(order_id)).ok  # noqa: B018 - asserts the success


async def test_the_official_partial_sample_is_refused(api: Api) -> None:
    """It fills both exclusive line fields and names a reason that is not a seller's cancel reason."""
    order_id = await api.order()
    reason = "ecom_order_delivered_refund_and_return_reason_wrong_product_seller"
    unit = (await api.detail(order_id))["line_items"][0]["id"]
    body = {"order_line_item_ids": [unit], "order_line_list": [{"order_line_item_id": unit}]}
    (await api.cancel(order_id, reason, **body)).refused(25001001)
    (await api.cancel(order_id, reason)).refused(25001014)


async def test_25001011_already_cancelling(api: Api) -> None:
    order_id, _ = await api.asked()
    (await api.cancel(order_id)).refused(25001011)
    second = await api.order()
    (await api.cancel(second)).ok  # noqa: B018 - asserts the success
    (await api.cancel(second)).refused(25001011)


async def test_25001051_complete_or_cancelled(api: Api) -> None:
    (await api.cancel(await api.order(phase="completed"))).refused(25001051)
    order_id = await api.order()
    (await api.cancel(order_id)).ok  # noqa: B018 - asserts the success
    await api.advance("PT10M")
    (await api.cancel(order_id)).refused(25001051)


async def test_25001014_bad_reason(api: Api) -> None:
    (await api.cancel(await api.order(), "no_such_reason")).refused(25001014)


@pytest.mark.parametrize("reason", [NO_LONGER, "system_cancel_unpaid_time_out", "package_lost", PACKED])
async def test_25001015_not_for_the_seller(api: Api, reason: str) -> None:
    (await api.cancel(await api.order(), reason)).refused(25001015)


async def test_25001020_offline(api: Api) -> None:
    await api.store_act("platform_retires_reason", reason=OUT_OF_STOCK)
    order_id = await api.order()
    (await api.cancel(order_id)).refused(25001020)
    assert (await api.cancel(order_id, "seller_cancel_reason_wrong_price")).code == 0


@pytest.mark.parametrize(
    ("phase", "reason"), [("unpaid", OUT_OF_STOCK), ("awaiting_shipment", UNPAID_STOCK), ("on_hold", UNPAID_STOCK)]
)
async def test_25001021_reason_not_for_the_status(api: Api, phase: str, reason: str) -> None:
    order_id = await api.order(phase=phase)
    (await api.cancel(order_id, reason)).refused(25001021, "Reason not match order status")
    assert (await api.truth(order_id))["phase"] == phase


async def test_25001028_lock_and_the_internal_codes_come_by_fault(api: Api) -> None:
    order_id = await api.order()
    for code in (25001028, 36009003):
        fault = {"operation": "return_refund/cancellations", "fault": "platform_error", "code": str(code), "times": 1}
        await api.faults(fault)
        (await api.cancel(order_id)).refused(code)
    fault = {"operation": "return_refund/*/search", "fault": "platform_error", "code": "25020008", "times": 1}
    await api.faults(fault)
    (await api.post("return_refund/cancellations/search", {})).refused(25020008)
    assert await api.status(order_id) == "AWAITING_SHIPMENT"
    assert await api.effects() == []


@pytest.mark.parametrize("phase", ["awaiting_collection", "in_transit", "delivered"])
async def test_25001045_shipped(api: Api, phase: str) -> None:
    (await api.cancel(await api.order(phase=phase))).refused(25001045)


async def test_awaiting_collection_is_settable(api: Api) -> None:
    await api.store_act("set_style", collection_cancel=True)
    order_id = await api.order(phase="awaiting_collection")
    assert (await api.cancel(order_id)).code == 0
    assert await api.status(order_id) == "CANCELLED"


async def test_25001046_risk_control(api: Api) -> None:
    order_id = await api.order()
    await api.act(order_id, "platform_holds")
    (await api.cancel(order_id)).refused(25001046)
    await api.act(order_id, "platform_releases")
    assert (await api.cancel(order_id)).code == 0


async def test_25005011_too_many_lines(api: Api) -> None:
    await api.store_act("seller_opens_store", region="GB")
    await api.store_act("set_style", line_limit=2)
    await api.load_credentials()
    gb = api.stores[2]
    order_id = await api.order(store=gb["shop_id"], lines=[{"sku": "A", "quantity": 4}])
    sku = (await api.detail(order_id, gb))["line_items"][0]["sku_id"]
    (await api.cancel(order_id, skus=[{"sku_id": sku, "quantity": 3}], store=gb)).refused(25005011)
    assert (await api.cancel(order_id, skus=[{"sku_id": sku, "quantity": 2}], store=gb)).code == 0


async def test_25020005_no_permission(api: Api) -> None:
    theirs = await api.order(store=api.stores[1]["shop_id"])
    (await api.cancel(theirs)).refused(25020005)
    await api.act(theirs, "buyer_requests_cancellation")
    cancel_id = (await api.truth(theirs))["cancellation"]["cancel_id"]
    (await api.post(f"return_refund/cancellations/{cancel_id}/approve")).refused(25020005)
    (await api.post(f"return_refund/cancellations/{cancel_id}/reject", {"reject_reason": PACKED})).refused(25020005)
    (await api.get(f"return_refund/orders/{theirs}/aftersale_eligibility")).refused(25020005)
    (await api.get("return_refund/reject_reasons", {"return_or_cancel_id": cancel_id})).refused(25020005)


# -- the buyer ------------------------------------------------------------------------------------------------------


async def test_the_free_hour(api: Api) -> None:
    order_id = await api.order(phase="on_hold")
    assert "between the free hour and the shipment" in await api.illegal_act(order_id, "buyer_requests_cancellation")
    await api.act(order_id, "buyer_cancels", reason=NO_LONGER)
    one = await api.cancellation(order_id)
    assert (one["cancel_type"], one["role"], one["cancel_reason"]) == ("BUYER_CANCEL", "BUYER", NO_LONGER)
    assert one["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"
    assert (await api.truth(order_id))["ended"] == {"by": "buyer", "reason": NO_LONGER}
    await api.store_act("set_style", free_cancel_type="CANCEL")
    second = await api.order(phase="on_hold")
    await api.act(second, "buyer_cancels")
    assert (await api.cancellation(second))["cancel_type"] == "CANCEL"
    third = await api.order()
    assert "free hour is over" in await api.illegal_act(third, "buyer_cancels")


async def test_a_request_approved(api: Api) -> None:
    order_id, cancel_id = await api.asked()
    order = await api.detail(order_id)
    assert order["is_buyer_request_cancel"] is True
    assert order["request_cancel_time"] == await api.now()
    one = await api.cancellation(order_id)
    assert one["cancel_status"] == "CANCELLATION_REQUEST_PENDING"
    deadline = await api.now() + 2 * DAY
    assert one["seller_next_action_response"] == [{"action": "SELLER_RESPOND_BUYER_CANCEL", "deadline": deadline}]
    assert one["should_replenish_stock"] is False
    assert (await api.truth(order_id))["lines"][0]["cancel_requested"] == 1
    assert (await api.post(f"return_refund/cancellations/{cancel_id}/approve")).ok == {}
    order = await api.detail(order_id)
    assert (order["status"], order["cancellation_initiator"]) == ("CANCELLED", "BUYER")
    assert order["is_buyer_request_cancel"] is False
    one = await api.cancellation(order_id)
    assert (one["cancel_status"], one["should_replenish_stock"]) == ("CANCELLATION_REQUEST_SUCCESS", True)
    assert "seller_next_action_response" not in one
    truth = await api.truth(order_id)
    assert (truth["lines"][0]["cancel_requested"], truth["lines"][0]["cancelled"]) == (0, 1)


@pytest.mark.parametrize("body", [None, {}, "{}"])
async def test_approve_takes_an_empty_body(api: Api, body: Any) -> None:
    _, cancel_id = await api.asked()
    assert (await api.post(f"return_refund/cancellations/{cancel_id}/approve", body)).ok == {}


async def test_a_request_rejected(api: Api) -> None:
    order_id, cancel_id = await api.asked()
    reasons = (await api.get("return_refund/reject_reasons", {"return_or_cancel_id": cancel_id, "locale": "ja-JP"})).ok
    names = [one["name"] for one in reasons["reasons"]]
    assert PACKED in names
    assert all(one["text"] for one in reasons["reasons"])
    image = {"image_id": "x", "mime_type": "image/png", "height": 200, "width": 200}
    body = {"reject_reason": names[0], "comment": "梱包済み", "images": [image]}
    assert (await api.post(f"return_refund/cancellations/{cancel_id}/reject", body)).ok == {}
    assert (await api.cancellation(order_id))["cancel_status"] == "CANCELLATION_REQUEST_CANCEL"
    assert await api.status(order_id) == "AWAITING_SHIPMENT"
    assert (await api.truth(order_id))["cancellation"] is None
    await api.advance("P2D")
    assert (await api.truth(order_id))["phase"] == "awaiting_shipment"
    await api.act(order_id, "buyer_requests_cancellation")


async def test_a_request_withdrawn(api: Api) -> None:
    order_id, cancel_id = await api.asked()
    await api.act(order_id, "buyer_withdraws_request")
    assert (await api.cancellation(order_id))["cancel_status"] == "CANCELLATION_REQUEST_CANCEL"
    (await api.post(f"return_refund/cancellations/{cancel_id}/approve")).refused(25011012)
    (await api.post(f"return_refund/cancellations/{cancel_id}/reject", {"reject_reason": PACKED})).refused(25011011)


async def test_silence_for_48_hours_accepts(api: Api) -> None:
    order_id, cancel_id = await api.asked()
    await api.advance("P1DT23H59M59S")
    assert (await api.cancellation(order_id))["cancel_status"] == "CANCELLATION_REQUEST_PENDING"
    await api.advance("PT1S")
    assert (await api.cancellation(order_id))["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"
    assert await api.status(order_id) == "CANCELLED"
    (await api.post(f"return_refund/cancellations/{cancel_id}/reject", {"reject_reason": PACKED})).refused(25020010)
    assert (await api.truth(order_id))["cancellations"][0]["ended_as"] == "auto_approved"


async def test_deadline_may_be_set(api: Api) -> None:
    await api.store_act("set_timing", cancel_answer="P1D")
    order_id, _ = await api.asked()
    (step,) = (await api.cancellation(order_id))["seller_next_action_response"]
    assert step["deadline"] == await api.now() + DAY
    await api.advance("P1D")
    assert await api.status(order_id) == "CANCELLED"


async def test_codes_of_the_answers(api: Api) -> None:
    _, cancel_id = await api.asked()
    approve, reject = (f"return_refund/cancellations/{cancel_id}/{word}" for word in ("approve", "reject"))
    (await api.post(reject, {})).refused(25001001)
    (await api.post(reject, {"reject_reason": "seller_reject_apply_item_is_correct"})).refused(25001001)
    (await api.post(reject, "[]")).refused(25001001)
    assert (await api.post(approve)).code == 0
    (await api.post(approve)).refused(25011012)
    (await api.post(reject, {"reject_reason": PACKED})).refused(25020010)
    for word, body in (("approve", None), ("reject", {"reject_reason": PACKED})):
        (await api.post(f"return_refund/cancellations/4030000000000000001/{word}", body)).refused(25007006)


async def test_the_path_takes_the_cancel_id_not_the_order_id(api: Api) -> None:
    order_id, _ = await api.asked()
    (await api.post(f"return_refund/cancellations/{order_id}/approve")).refused(25007006)


async def test_approval_of_a_held_order_is_25001003(api: Api) -> None:
    order_id, cancel_id = await api.asked()
    await api.act(order_id, "platform_holds")
    (await api.post(f"return_refund/cancellations/{cancel_id}/approve")).refused(25001003)


async def test_approval_after_a_part_has_left_is_25001045(api: Api) -> None:
    order_id = await api.order(split=True, lines=[{"sku": "A"}, {"sku": "B"}])
    first = (await api.detail(order_id))["packages"][0]["id"]
    await api.act(order_id, "seller_ships", package_number=first)
    await api.act(order_id, "buyer_requests_cancellation")
    await api.act(order_id, "carrier_collects", package_number=first)
    cancel_id = (await api.cancellation(order_id))["cancel_id"]
    (await api.post(f"return_refund/cancellations/{cancel_id}/approve")).refused(25001045)
    await api.advance("P2D")
    assert (await api.cancellation(order_id))["cancel_status"] == "CANCELLATION_REQUEST_CANCEL"
    assert await api.status(order_id) == "PARTIALLY_SHIPPING"


async def test_same_key_same_answer_and_one_effect(api: Api) -> None:
    order_id, cancel_id = await api.asked()
    path, key = f"return_refund/cancellations/{cancel_id}/approve", {"idempotency_key": "c4-1"}
    assert [(await api.post(path, None, key)).ok for _ in range(2)] == [{}, {}]
    (await api.post(path, None, {"idempotency_key": "other"})).refused(25011012)
    (effect,) = await api.effects("return_refund/cancellations/approve")
    assert (effect["order_id"], effect["idempotency_key"]) == (order_id, "c4-1")
    (await api.post(path, None, {"idempotency_key": "k" * 256})).refused(25001001)


async def test_the_seller_cancel_has_no_idempotency(api: Api) -> None:
    order_id = await api.order()
    assert (await api.cancel(order_id)).code == 0
    (await api.cancel(order_id)).refused(25001011)
    assert len(await api.effects("return_refund/cancellations")) == 1


# -- search ---------------------------------------------------------------------------------------------------------


async def test_search_filters_and_pages(api: Api) -> None:
    asked, cancel_id = await api.asked(buyer={"user_id": "7494845267308415300"})
    await api.advance("PT1S")
    cancelled = [await api.order() for _ in range(3)]
    for order_id in cancelled:
        (await api.cancel(order_id)).ok  # noqa: B018 - asserts the success
    await api.act(await api.order(store=api.stores[1]["shop_id"]), "buyer_requests_cancellation")

    async def ids(body: dict[str, Any], **query: Any) -> list[str]:
        page = (await api.post("return_refund/cancellations/search", body, query)).ok
        return [one["order_id"] for one in page["cancellations"]]

    assert await ids({"cancel_types": ["BUYER_CANCEL"]}) == [asked]
    assert await ids({"cancel_status": ["CANCELLATION_REQUEST_PENDING"]}) == [asked]
    assert await ids({"cancel_ids": [cancel_id]}) == [asked]
    assert await ids({"buyer_user_ids": ["7494845267308415300"]}) == [asked]
    assert set(await ids({"order_ids": cancelled})) == set(cancelled)
    assert len(await ids({"create_time_ge": await api.now()})) == 3
    assert await ids({"update_time_lt": await api.now()}) == [asked]
    first = (await api.post("return_refund/cancellations/search", {}, {"page_size": "3"})).ok
    assert first["total_count"] == 4
    rest = (await api.post("return_refund/cancellations/search", {}, {"page_token": first["next_page_token"]})).ok
    assert len({one["cancel_id"] for one in first["cancellations"] + rest["cancellations"]}) == 4
    assert rest["next_page_token"] == ""
    for query in ({"page_size": 51}, {"page_size": "x"}, {"sort_field": "id"}, {"page_token": "?"}):
        (await api.post("return_refund/cancellations/search", {}, query)).refused(25001001)
    (await api.post("return_refund/cancellations/search", {"cancel_status": ["CANCELLED"]})).refused(25001001)


async def test_reason_words_follow_the_locale(api: Api) -> None:
    order_id = await api.order()
    (await api.cancel(order_id)).ok  # noqa: B018 - asserts the success
    assert (await api.cancellation(order_id))["cancel_reason_text"] == "Out of stock"
    assert (await api.cancellation(order_id, locale="ja-JP"))["cancel_reason_text"] == "在庫切れ"


# -- what may be asked ----------------------------------------------------------------------------------------------


async def eligible(api: Api, order_id: str, kind: str, user: str = "SELLER") -> dict[str, Any]:
    query = {"initiate_aftersale_user": user, "request_types": kind}
    data = (await api.get(f"return_refund/orders/{order_id}/aftersale_eligibility", query)).ok
    (sku,) = data["sku_eligibility"]
    (row,) = sku["line_item_eligibility"]
    assert row["request_type"] == kind
    assert row["order_line_items_ids"]
    return dict(row)


@pytest.mark.parametrize(
    ("phase", "code", "some"),
    [
        ("unpaid", None, UNPAID_STOCK),
        ("on_hold", None, OUT_OF_STOCK),
        ("awaiting_shipment", None, OUT_OF_STOCK),
        ("awaiting_collection", 25001045, None),
        ("in_transit", 25001045, None),
        ("completed", 25001051, None),
        ("cancelled", 25001051, None),
    ],
)
async def test_eligibility_tells_what_cancelling_does(api: Api, phase: str, code: int | None, some: str | None) -> None:
    order_id = await api.order(phase=phase)
    row = await eligible(api, order_id, "CANCEL")
    assert row["eligible"] is (code is None)
    assert (await api.truth(order_id))["cancellable"] is (code is None)
    if some:
        assert some in row["available_reason_names"]
        assert (await api.cancel(order_id, row["available_reason_names"][0])).code == 0
    else:
        assert row["ineligible_code"] == code
        (await api.cancel(order_id)).refused(code or 0)


async def test_eligibility_of_refunds(api: Api) -> None:
    delivered, moving = await api.order(phase="delivered"), await api.order(phase="in_transit")
    assert (await eligible(api, delivered, "REFUND"))["eligible"] is True
    assert (await eligible(api, delivered, "RETURN_AND_REFUND"))["eligible"] is False
    assert (await eligible(api, delivered, "RETURN_AND_REFUND", "BUYER"))["eligible"] is True
    assert (await eligible(api, moving, "REFUND"))["ineligible_code"] == 25001003
    assert (await eligible(api, moving, "REFUND", "BUYER"))["eligible"] is True
    (await api.get(f"return_refund/orders/{moving}/aftersale_eligibility", {"request_types": "X"})).refused(25001001)
    both = (
        await api.get(f"return_refund/orders/{moving}/aftersale_eligibility", {"request_types": "CANCEL,REFUND"})
    ).ok
    assert len(both["sku_eligibility"][0]["line_item_eligibility"]) == 2


async def test_decisions_open_on_a_request(api: Api) -> None:
    _, cancel_id = await api.asked()
    query = {"return_or_cancel_id": cancel_id}
    rows = {d["decision"]: d for d in (await api.get("return_refund/decision_eligibility", query)).ok["decisions"]}
    assert set(rows) == {"APPROVE_REQUEST_CANCEL", "REJECT_REQUEST_CANCEL"}
    assert all(row["eligible"] for row in rows.values())
    assert PACKED in {one["name"] for one in rows["REJECT_REQUEST_CANCEL"]["available_reject_reasons"]}
    assert (await api.post(f"return_refund/cancellations/{cancel_id}/approve")).code == 0
    query["check_decisions"] = "APPROVE_REQUEST_CANCEL,APPROVE_REFUND"
    rows = {d["decision"]: d for d in (await api.get("return_refund/decision_eligibility", query)).ok["decisions"]}
    assert [rows[name]["ineligible_code"] for name in rows] == [25011012, 25020004]
    (await api.get("return_refund/decision_eligibility", {**query, "check_decisions": "NO"})).refused(25001001)
    (await api.get("return_refund/decision_eligibility", {"return_or_cancel_id": "1"})).refused(25007006)
