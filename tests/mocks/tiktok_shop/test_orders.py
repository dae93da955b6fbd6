"""Section 3: search, detail, the order's life and its fields."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.tiktok_shop.conftest import Api, Start

DAY, HOUR = 86_400, 3_600


# -- search and detail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["create_time", "update_time"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_hold_everything_once_in_order(start: Start, field: str, direction: str) -> None:
    api = await start(orders=60)
    found = await api.search(page_size=7, sort_field=field, sort_order=direction)
    stamps = [order[field] for order in found]
    assert stamps == sorted(stamps, reverse=direction == "DESC")
    truth = [one for one in await api.control_ok("GET", "/orders") if one["store"] == api.store["shop_id"]]
    assert Counter(order["id"] for order in found) == Counter(one["id"] for one in truth)
    assert {order["id"]: order["status"] for order in found} == {one["id"]: one["status"] for one in truth}


async def test_usual_sorting_is_by_creation_upwards(start: Start) -> None:
    api = await start(orders=30)
    stamps = [order["create_time"] for order in await api.search()]
    assert stamps == sorted(stamps)


async def test_a_page_token_survives_new_orders(api: Api) -> None:
    for _ in range(4):
        await api.order()
        await api.advance("PT1S")
    first = (await api.post("order/orders/search", {}, {"page_size": 2})).ok
    assert first["total_count"] == 4
    await api.order()
    query = {"page_size": 50, "page_token": first["next_page_token"]}
    rest = (await api.post("order/orders/search", {}, query)).ok
    assert len({o["id"] for o in first["orders"] + rest["orders"]}) == 5
    assert rest["next_page_token"] == ""
    (await api.post("order/orders/search", {}, {"page_size": 2, "page_token": "no token"})).refused(36009004)


async def test_windows_include_ge_and_exclude_lt(api: Api) -> None:
    order_id = await api.order()
    at = (await api.detail(order_id))["update_time"]
    for body, hits in (
        ({"update_time_ge": at}, 1),
        ({"update_time_ge": at + 1}, 0),
        ({"update_time_lt": at}, 0),
        ({"update_time_lt": at + 1}, 1),
        ({"create_time_ge": at, "create_time_lt": at + 1}, 1),
    ):
        assert len(await api.search(body)) == hits, body


async def test_filters(api: Api) -> None:
    await api.order(shipping_type="TIKTOK", buyer={"user_id": "7494845267308415300"})
    asked, _ = await api.asked()
    assert len(await api.search({"shipping_type": "TIKTOK"})) == 1
    assert len(await api.search({"buyer_user_id": "7494845267308415300"})) == 1
    assert [o["id"] for o in await api.search({"is_buyer_request_cancel": True})] == [asked]
    assert len(await api.search({"order_status": "AWAITING_SHIPMENT"})) == 2
    assert await api.search({"order_status": "UNPAID"}) == []
    warehouse = (await api.detail(asked))["warehouse_id"]
    assert len(await api.search({"warehouse_ids": [warehouse]})) == 2
    assert await api.search({"warehouse_ids": ["1"]}) == []


async def test_detail_reads_ids_joined_by_commas_and_repeated(api: Api, sign: Any) -> None:
    ids = [await api.order() for _ in range(3)]
    joined = (await api.get("order/orders", {"ids": ",".join(ids)}, version="202507")).ok["orders"]
    assert [order["id"] for order in joined] == ids
    path = "/order/202507/orders"
    query = await api.query(path)
    headers = {"x-tts-access-token": api.store["access_token"]}
    first_signed = sign(api.credentials["app_secret"], path, {**query, "ids": ids[0]})
    pairs = [*query.items(), *(("ids", one) for one in ids), ("sign", first_signed)]
    repeated = await api.raw("GET", path, pairs, headers=headers)
    assert [order["id"] for order in repeated.ok["orders"]] == ids


async def test_detail_limits_and_foreign_orders(api: Api) -> None:
    mine = await api.order()
    theirs = await api.order(store=api.stores[1]["shop_id"])
    (await api.get("order/orders", {"ids": f"{mine},{theirs}"})).refused(21008111)
    (await api.get("order/orders", {"ids": theirs})).refused(21008111)
    assert (await api.get("order/orders", {"ids": f"{mine},570000000000000001"})).ok["orders"][0]["id"] == mine
    await api.store_act("set_style", foreign_order="left_out", unknown_order="error")
    assert len((await api.get("order/orders", {"ids": f"{mine},{theirs}"})).ok["orders"]) == 1
    (await api.get("order/orders", {"ids": "570000000000000001"})).refused(21008111)
    (await api.get("order/orders", {"ids": ",".join(str(n) for n in range(51))})).refused(36009004)
    (await api.get("order/orders")).refused(36009004)


async def test_search_and_detail_show_the_same_order(start: Start) -> None:
    api = await start(orders=40)
    found = {order["id"]: order for order in await api.search()}
    shown = (await api.get("order/orders", {"ids": ",".join(found)})).ok["orders"]
    assert {order["id"]: order for order in shown} == found


# -- fields ---------------------------------------------------------------------------------------------------------


async def test_one_line_item_for_each_unit_and_yen_without_decimals(api: Api) -> None:
    order_id = await api.order(lines=[{"sku": "A", "title": "お茶", "quantity": 3, "price": "1790"}])
    order = await api.detail(order_id)
    assert len(order["line_items"]) == 3
    assert len({unit["id"] for unit in order["line_items"]}) == 3
    assert len({unit["sku_id"] for unit in order["line_items"]}) == 1
    for unit in order["line_items"]:
        assert "quantity" not in unit
        assert (unit["seller_sku"], unit["product_name"], unit["sale_price"]) == ("A", "お茶", "1790")
        assert unit["currency"] == "JPY"
    payment = order["payment"]
    assert payment["sub_total"] == "5370"
    assert int(payment["total_amount"]) == 5370 + int(payment["shipping_fee"])
    assert all(isinstance(value, str) for value in payment.values())
    assert (await api.truth(order_id))["money"]["total"] == payment["total_amount"]


async def test_sums_of_discounted_orders(start: Start) -> None:
    for order in await (await start(orders=80)).search():
        payment = {name: int(value) for name, value in order["payment"].items() if name != "currency"}
        assert payment["sub_total"] == (
            payment["original_total_product_price"] - payment["seller_discount"] - payment["platform_discount"]
        )
        assert payment["total_amount"] == payment["sub_total"] + payment["shipping_fee"]
        assert payment["sub_total"] == sum(int(unit["sale_price"]) for unit in order["line_items"])


async def test_ids_are_decimal_strings_beyond_a_float(api: Api) -> None:
    order = await api.detail(await api.order())
    ids = [order["id"], order["user_id"], order["line_items"][0]["id"], order["packages"][0]["id"]]
    assert all(isinstance(one, str) and one.isdigit() and int(one) > 2**53 for one in ids)


async def test_address_names_and_masks(api: Api) -> None:
    plain = (await api.detail(await api.order(buyer={"name": "見本 葉子", "last_kana": "ミホン"})))["recipient_address"]
    assert (plain["name"], plain["last_name"], plain["first_name"]) == ("見本 葉子", "見本", "葉子")
    assert plain["last_name_local_script"] == "ミホン"
    assert plain["region_code"] == "JP"
    assert [one["address_level"] for one in plain["district_info"]] == ["L0", "L1", "L2"]
    for how in ({"shipping_type": "TIKTOK"}, {"warehouse": True}):
        masked = (await api.detail(await api.order(**how)))["recipient_address"]
        assert all("*" in masked[name] for name in ("name", "phone_number", "address_line1", "first_name_local_script"))
        assert masked["district_info"][1]["address_name"]
    held = await api.detail(await api.order(phase="on_hold"))
    assert held["recipient_address"] == {}
    assert held["buyer_email"] == ""


async def test_the_platforms_warehouse_ships_by_itself(api: Api) -> None:
    order_id = await api.order(warehouse=True)
    assert (await api.detail(order_id))["fulfillment_type"] == "FULFILLMENT_BY_TIKTOK"
    (await api.ship(order_id)).refused(21001001)


async def test_fields_that_do_not_apply_are_missing(api: Api) -> None:
    order = await api.detail(await api.order(phase="unpaid"))
    assert order["status"] == "UNPAID"
    absent = {"paid_time", "rts_sla_time", "cancel_time", "cancel_reason", "delivery_time", "tracking_number"}
    assert absent.isdisjoint(order)
    assert None not in order.values()
    assert order["packages"] == []


# -- the life of an order -------------------------------------------------------------------------------------------


async def test_the_whole_way(api: Api) -> None:
    order_id = await api.order(phase="unpaid")
    paid_at = await api.now()
    await api.act(order_id, "buyer_pays")
    assert (await api.detail(order_id))["is_on_hold_order"] is True
    assert await api.status(order_id) == "ON_HOLD"
    await api.advance("PT59M59S")
    assert await api.status(order_id) == "ON_HOLD"
    await api.advance("PT1S")
    order = await api.detail(order_id)
    assert order["status"] == "AWAITING_SHIPMENT"
    assert order["update_time"] == paid_at + HOUR
    assert order["rts_sla_time"] == paid_at + HOUR + 3 * DAY
    assert order["rts_sla_time"] < order["tts_sla_time"] < order["shipping_due_time"]
    await api.act(order_id, "seller_ships")
    order = await api.detail(order_id)
    assert order["status"] == order["line_items"][0]["display_status"] == "AWAITING_COLLECTION"
    assert order["tracking_number"] == order["line_items"][0]["tracking_number"]
    await api.act(order_id, "carrier_collects")
    order = await api.detail(order_id)
    assert (order["status"], order["line_items"][0]["package_status"]) == ("IN_TRANSIT", "FULFILLING")
    await api.act(order_id, "carrier_delivers")
    assert await api.status(order_id) == "DELIVERED"
    await api.advance("P7D")
    api_store = await _renewed(api)
    order = await api.detail(order_id, api_store)
    assert order["status"] == order["line_items"][0]["display_status"] == "COMPLETED"


async def _renewed(api: Api) -> dict[str, Any]:
    data = (await api.token("refresh", refresh_token=api.store["refresh_token"], grant_type="refresh_token")).ok
    return {**api.store, "access_token": data["access_token"]}


@pytest.mark.parametrize(
    ("phase", "stay", "reason"),
    [
        ("unpaid", "P2D", "system_cancel_unpaid_time_out"),
        ("awaiting_shipment", "P6D", "system_cancel_order_reason_shipping_timeout"),
        ("awaiting_collection", "P3D", "system_cancel_order_untracked"),
        ("in_transit", "P8D", "system_cancel_order_exceed_edt_not_arrive"),
    ],
)
async def test_the_platform_gives_up(api: Api, phase: str, stay: str, reason: str) -> None:
    order_id = await api.order(phase=phase)
    await api.control_ok("POST", "/clock", {"advance": stay})
    truth = await api.truth(order_id)
    assert (truth["phase"], truth["ended"]) == ("cancelled", {"by": "system", "reason": reason})
    assert truth["times"]["cancelled"] == await api.now(), "at that very second"
    order = await api.detail(order_id, await _renewed(api))
    assert (order["cancellation_initiator"], order["cancel_reason"]) == ("SYSTEM", reason)
    assert {unit["cancel_user"] for unit in order["line_items"]} == {"SYSTEM"}


async def test_cross_border_parcels_may_take_longer(api: Api) -> None:
    order_id = await api.order(phase="in_transit", store=api.stores[1]["shop_id"])
    order = await api.detail(order_id, api.stores[1])
    assert order["delivery_due_time"] - order["delivery_sla_time"] == 15 * DAY
    local = await api.detail(await api.order(phase="in_transit"))
    assert local["delivery_due_time"] - local["delivery_sla_time"] == 3 * DAY


async def test_split_parcels(api: Api) -> None:
    order_id = await api.order(split=True, lines=[{"sku": "A", "quantity": 2}, {"sku": "B"}])
    order = await api.detail(order_id)
    assert order["split_or_combine_tag"] == "SPLIT"
    first, second = (one["id"] for one in order["packages"])
    await api.act(order_id, "seller_ships", package_number=first)
    order = await api.detail(order_id)
    assert order["status"] == "PARTIALLY_SHIPPING"
    by_sku = {unit["seller_sku"]: unit["display_status"] for unit in order["line_items"]}
    assert by_sku == {"A": "AWAITING_COLLECTION", "B": "AWAITING_SHIPMENT"}
    assert (await api.truth(order_id))["phase"] == "in_transit"
    await api.act(order_id, "carrier_collects", package_number=first)
    assert (await api.truth(order_id))["phase"] == "in_transit"
    assert await api.status(order_id) == "PARTIALLY_SHIPPING"
    await api.act(order_id, "seller_ships", package_number=second)
    assert await api.status(order_id) == "AWAITING_COLLECTION"
    await api.act(order_id, "carrier_collects")
    await api.act(order_id, "carrier_loses", package_number=first)
    order = await api.detail(order_id)
    assert order["status"] == "IN_TRANSIT", "cancelled only when all its items are"
    assert sorted(unit["display_status"] for unit in order["line_items"]) == ["CANCELLED", "CANCELLED", "IN_TRANSIT"]
    await api.act(order_id, "carrier_delivers")
    assert await api.status(order_id) == "DELIVERED"


@pytest.mark.parametrize(
    ("act", "reason", "restock"),
    [("carrier_loses", "package_lost", False), ("carrier_returns", "returned_to_shipper_other", True)],
)
async def test_what_becomes_of_parcels_on_the_road(api: Api, act: str, reason: str, restock: bool) -> None:
    order_id = await api.order(phase="in_transit")
    await api.act(order_id, act)
    assert await api.status(order_id) == "CANCELLED"
    one = await api.cancellation(order_id)
    assert (one["cancel_type"], one["role"], one["cancel_reason"]) == ("CANCEL", "SYSTEM", reason)
    assert one["should_replenish_stock"] is restock


async def test_update_time_is_that_of_the_last_status_change(api: Api) -> None:
    order_id = await api.order()
    before = (await api.detail(order_id))["update_time"]
    await api.advance("PT5M")
    await api.act(order_id, "buyer_requests_cancellation")
    order = await api.detail(order_id)
    assert (order["update_time"], order["is_buyer_request_cancel"]) == (before, True)
    await api.act(order_id, "buyer_withdraws_request")
    await api.store_act("set_style", requests_touch_order=True)
    await api.act(order_id, "buyer_requests_cancellation")
    assert (await api.detail(order_id))["update_time"] == before + 300


@pytest.mark.parametrize(
    ("phase", "act"),
    [
        ("unpaid", "seller_ships"),
        ("on_hold", "buyer_pays"),
        ("on_hold", "seller_ships"),
        ("awaiting_shipment", "buyer_pays"),
        ("awaiting_shipment", "carrier_collects"),
        ("awaiting_shipment", "buyer_confirms_receipt"),
        ("awaiting_shipment", "buyer_requests_refund"),
        ("awaiting_collection", "buyer_changes_address"),
        ("in_transit", "buyer_requests_return"),
        ("in_transit", "merchant_closes"),
        ("delivered", "carrier_loses"),
        ("delivered", "platform_cancels"),
        ("completed", "buyer_requests_refund"),
        ("completed", "carrier_delivers"),
        ("cancelled", "platform_holds"),
        ("cancelled", "buyer_ships_return"),
    ],
)
async def test_illegal_acts(api: Api, phase: str, act: str) -> None:
    order_id = await api.order(phase=phase)
    before = await api.truth(order_id)
    assert await api.illegal_act(order_id, act)
    assert await api.truth(order_id) == before


async def test_a_market_without_hold(api: Api) -> None:
    await api.store_act("seller_opens_store", region="GB")
    await api.load_credentials()
    gb = api.stores[2]
    order_id = await api.order(store=gb["shop_id"], phase="unpaid")
    await api.act(order_id, "buyer_pays")
    assert (await api.detail(order_id, gb))["status"] == "AWAITING_SHIPMENT"
    await api.act(order_id, "buyer_cancels")
    assert (await api.detail(order_id, gb))["status"] == "CANCELLED", "the remorse hour is there all the same"
    late = await api.order(store=gb["shop_id"])
    await api.advance("PT1H")
    await api.illegal_act(late, "buyer_cancels")


async def test_the_seed_holds_what_a_shop_sees(start: Start) -> None:
    api = await start(orders=200)
    orders = await api.control_ok("GET", "/orders")
    assert len(orders) == 200
    assert Counter(one["store"] for one in orders) == {store["shop_id"]: 100 for store in api.stores}
    phases = {one["phase"] for one in orders}
    assert phases == {
        *("unpaid", "on_hold", "awaiting_shipment", "awaiting_collection", "in_transit", "delivered"),
        *("completed", "cancelled"),
    }
    assert {one["ended"]["by"] for one in orders if one["ended"]} == {"buyer", "seller", "system"}
    assert any(one["cancellation"] for one in orders)
    assert any(one["status"] == "PARTIALLY_SHIPPING" for one in orders)
    assert {ret["status"] for one in orders for ret in one["returns"]} >= {
        "RETURN_OR_REFUND_REQUEST_PENDING",
        "BUYER_SHIPPED_ITEM",
        "RETURN_OR_REFUND_REQUEST_COMPLETE",
        "REFUND_OR_RETURN_REQUEST_REJECT",
    }
    assert any(line["returned"] for one in orders for line in one["lines"])
    assert {one["shipping_type"] for one in orders} == {"SELLER", "TIKTOK"}
    await api.advance("PT0S")
    assert await api.control_ok("GET", "/orders") == orders, "nothing is overdue at the start"


async def test_truth_and_platform_agree_on_every_seeded_order(start: Start) -> None:
    api = await start(orders=120)
    for truth in await api.control_ok("GET", "/orders"):
        store = next(one for one in api.stores if one["shop_id"] == truth["store"])
        order = await api.detail(truth["id"], store)
        assert order["status"] == truth["status"]
        assert order["payment"]["total_amount"] == truth["money"]["total"]
        assert order.get("rts_sla_time") == truth["times"]["ship_by"]
        assert order["create_time"] == truth["times"]["created"]
        assert order["is_buyer_request_cancel"] is (truth["cancellation"] is not None)
        units = {unit["id"]: unit["display_status"] for unit in order["line_items"]}
        assert units == {unit["line_item_id"]: unit["status"] for unit in truth["units"]}
        assert sum(line["quantity"] for line in truth["lines"]) == len(units)
        assert [one["id"] for one in order["packages"]] == [one["number"] for one in truth["packages"]]
