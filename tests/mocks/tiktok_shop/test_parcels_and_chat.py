"""Section 6: shipping, tracking, messages, and their codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.mocks.tiktok_shop.conftest import Api

CORRECT = "seller_reject_apply_item_is_correct"


# -- parcels --------------------------------------------------------------------------------------------------------


async def test_seller_shipping_takes_the_sellers_number(api: Api) -> None:
    order_id = await api.order()
    assert (await api.ship(order_id)).ok == {}
    order = await api.detail(order_id)
    assert (order["status"], order["tracking_number"]) == ("AWAITING_COLLECTION", "TRACK1")
    package = (await api.get(f"fulfillment/packages/{await api.package(order_id)}")).ok
    assert (package["package_status"], package["tracking_number"]) == ("PROCESSING", "TRACK1")
    assert package["orders"][0]["id"] == order_id
    assert package["order_line_item_ids"] == [unit["id"] for unit in order["line_items"]]
    assert package["split_and_combine_tag"] == "DEFAULT"
    (effect,) = await api.effects("fulfillment/packages/ship")
    assert effect["order_id"] == order_id


async def test_tiktok_shipping_makes_the_number_itself(api: Api) -> None:
    order_id = await api.order(shipping_type="TIKTOK")
    (await api.ship(order_id)).refused(21001001)
    (await api.ship(order_id, handover_method="THROW")).refused(21001001)
    (await api.ship(order_id, handover_method="PICKUP")).refused(21001001)
    slot = {"start_time": await api.now() + 3600, "end_time": await api.now() + 7200}
    assert (await api.ship(order_id, handover_method="PICKUP", pickup_slot=slot)).code == 0
    assert (await api.detail(order_id))["tracking_number"]
    assert (await api.ship(await api.order(shipping_type="TIKTOK"), handover_method="DROP_OFF")).code == 0


async def test_21001001_parameter(api: Api) -> None:
    order_id = await api.order()
    bodies: list[dict[str, Any]] = [
        {"handover_method": "PICKUP"},
        {"self_shipment": {}},
        {"self_shipment": {"tracking_number": "1"}},
    ]
    for body in bodies:
        (await api.ship(order_id, **body)).refused(21001001)
    (await api.post("fulfillment/packages/search", {}, {"page_size": 51})).refused(21001001)


async def test_21011001_package_not_found(api: Api) -> None:
    theirs = await api.order(store=api.stores[1]["shop_id"])
    package = (await api.detail(theirs, api.stores[1]))["packages"][0]["id"]
    own = {"self_shipment": {"tracking_number": "T", "shipping_provider_id": "1"}}
    for name in (package, "1150000000000000001"):
        (await api.post(f"fulfillment/packages/{name}/ship", own)).refused(21011001)
        (await api.get(f"fulfillment/packages/{name}")).refused(21011001)
    order_id = await api.order()
    assert (await api.cancel(order_id)).code == 0
    (await api.ship(order_id)).refused(21011001)


async def test_21011006_already_shipped(api: Api) -> None:
    order_id = await api.order()
    assert (await api.ship(order_id)).code == 0
    (await api.ship(order_id)).refused(21011006)


async def test_21011007_a_request_blocks_shipping(api: Api) -> None:
    order_id, cancel_id = await api.asked()
    (await api.ship(order_id)).refused(21011007, "Package item has after-sale request")
    assert "blocked" in await api.illegal_act(order_id, "seller_ships")
    body = {"reject_reason": "seller_reject_apply_product_has_been_packed"}
    assert (await api.post(f"return_refund/cancellations/{cancel_id}/reject", body)).code == 0
    assert (await api.ship(order_id)).code == 0


async def test_an_order_on_hold_has_no_parcel(api: Api) -> None:
    order_id = await api.order(phase="on_hold")
    assert (await api.detail(order_id))["packages"] == []
    own = {"tracking_number": "T", "shipping_provider_id": "1"}
    (await api.post(f"fulfillment/orders/{order_id}/packages", own)).refused(21011001)


async def test_batch(api: Api) -> None:
    good, bad = await api.order(), await api.order()
    assert (await api.ship(bad)).code == 0
    own = {"tracking_number": "T", "shipping_provider_id": "1"}
    rows = [{"id": await api.package(one), "self_shipment": own} for one in (good, bad)]
    (error,) = (await api.post("fulfillment/packages/ship", {"packages": rows})).ok["errors"]
    assert (error["code"], error["detail"]["package_id"]) == (21011006, rows[1]["id"])
    assert await api.status(good) == "AWAITING_COLLECTION"
    (await api.post("fulfillment/packages/ship", {})).refused(21001001)


async def test_mark_as_shipped_and_change_the_number(api: Api) -> None:
    order_id = await api.order()
    own = {"tracking_number": "T1", "shipping_provider_id": "1"}
    data = (await api.post(f"fulfillment/orders/{order_id}/packages", own, version="202610")).ok
    assert (data["order_id"], data["package_id"]) == (order_id, await api.package(order_id))
    path = f"fulfillment/packages/{data['package_id']}/shipping_info/update"
    assert (await api.post(path, {**own, "tracking_number": "T2"})).ok == {}
    assert (await api.detail(order_id))["tracking_number"] == "T2"
    row = {"shipping_info_list": [{**own, "tracking_number": "T22"}]}
    assert (await api.post(path, row, version="202610")).ok == {}
    assert (await api.detail(order_id))["tracking_number"] == "T22"
    order_path = f"fulfillment/orders/{order_id}/shipping_info/update"
    assert (await api.post(order_path, {**own, "tracking_number": "T3"})).ok == {}
    assert (await api.truth(order_id))["packages"][0]["tracking_number"] == "T3"
    await api.act(order_id, "carrier_collects")
    (await api.post(path, own)).refused(21001001)
    (await api.post(f"fulfillment/orders/{await api.order(shipping_type='TIKTOK')}/packages", own)).refused(21001001)
    (await api.post("fulfillment/orders/57/packages", own)).refused(21001001)
    theirs = await api.order(store=api.stores[1]["shop_id"])
    (await api.post(f"fulfillment/orders/{theirs}/packages", own)).refused(21008111)


async def test_tracking_tells_the_way_newest_first(api: Api) -> None:
    order_id = await api.order(phase="unpaid")
    assert (await api.get(f"fulfillment/orders/{order_id}/tracking")).ok == {"tracking": []}
    await api.act(order_id, "buyer_pays")
    await api.advance("PT1H")
    for act in ("seller_ships", "carrier_collects", "carrier_delivers"):
        await api.act(order_id, act)
        await api.advance("PT1H")
    events = (await api.get(f"fulfillment/orders/{order_id}/tracking")).ok["tracking"]
    assert [one["description"] for one in events] == ["Delivered", "Picked up by the carrier", "Shipment arranged"]
    assert events[0]["update_time_millis"] == (await api.detail(order_id))["delivery_time"] * 1000


async def test_package_search(api: Api) -> None:
    waiting, gone = await api.order(), await api.order(phase="in_transit")
    found = (await api.post("fulfillment/packages/search", {}, {"page_size": 1})).ok
    query = {"page_size": 10, "page_token": found["next_page_token"]}
    rest = (await api.post("fulfillment/packages/search", {}, query)).ok
    assert {one["id"] for one in found["packages"] + rest["packages"]} == {
        await api.package(waiting),
        await api.package(gone),
    }
    body = {"package_status": "FULFILLING"}
    (one,) = (await api.post("fulfillment/packages/search", body, {"page_size": 10})).ok["packages"]
    assert (one["id"], one["status"]) == (await api.package(gone), "FULFILLING")


# -- messages -------------------------------------------------------------------------------------------------------


async def opened(api: Api, order_id: str) -> str:
    buyer = (await api.detail(order_id))["user_id"]
    return str((await api.post("customer_service/conversations", {"buyer_user_id": buyer})).ok["conversation_id"])


def text(words: str) -> dict[str, Any]:
    return {"type": "TEXT", "content": json.dumps({"content": words}, ensure_ascii=False)}


async def test_a_message_to_the_buyer(api: Api) -> None:
    order_id = await api.order()
    chat = await opened(api, order_id)
    assert await opened(api, order_id) == chat, "an old one is opened again under the same id"
    path = f"customer_service/conversations/{chat}/messages"
    sent = await api.post(path, {**text("申し訳ございません"), "sender_role": "CUSTOMER_SERVICE"}, version="202606")
    assert sent.ok["message_id"]
    card = {"type": "ORDER_CARD", "content": json.dumps({"order_id": order_id})}
    assert (await api.post(path, card)).code == 0
    await api.act(order_id, "buyer_replies", text="はい")
    newest, _, first = (await api.get(path, {"page_size": 10})).ok["messages"]
    assert json.loads(newest["content"]) == {"content": "はい"}
    assert newest["sender"]["role"] == "BUYER"
    assert (first["id"], first["type"]) == (sent.ok["message_id"], "TEXT")
    (shown,) = (await api.get("customer_service/conversations", {"page_size": 20, "locale": "ja-JP"})).ok[
        "conversations"
    ]
    assert (shown["id"], shown["unread_count"], shown["can_send_message"]) == (chat, 1, True)
    buyer = next(one for one in shown["participants"] if one["role"] == "BUYER")
    assert buyer["user_id"] == (await api.detail(order_id))["user_id"]
    assert buyer["im_user_id"] != buyer["user_id"]
    assert (await api.post(f"{path}/read")).ok == {}
    (shown,) = (await api.get("customer_service/conversations", {"page_size": 20})).ok["conversations"]
    assert shown["unread_count"] == 0
    assert len(await api.effects("customer_service/conversations/messages")) == 2


async def test_what_is_no_message(api: Api) -> None:
    path = f"customer_service/conversations/{await opened(api, await api.order())}/messages"
    for body in (
        {"type": "TEXT", "content": "plain"},
        {"type": "TEXT", "content": "[]"},
        {"type": "TEXT", "content": "{}"},
        {"type": "TEXT", "content": {"content": "not a text"}},
        {"type": "SONG", "content": "{}"},
        {"type": "IMAGE", "content": '{"url": "x"}'},
        {**text("x"), "sender_role": "BOSS"},
        text("あ" * 2001),
    ):
        (await api.post(path, body)).refused(36009004)
    assert (await api.post(path, text("あ" * 2000))).code == 0


async def test_codes_of_messages(api: Api) -> None:
    order_id = await api.order()
    path = f"customer_service/conversations/{await opened(api, order_id)}/messages"
    await api.store_act("set_sensitive_words", words=["Umbrella"])
    (await api.post(path, text("an umbrella"))).refused(45101006)
    await api.store_act("set_message_quota", messages=1)
    assert (await api.post(path, text("one"))).code == 0
    (await api.post(path, text("two"))).refused(45101004)
    await api.advance("P1D")
    assert (await api.post(path, text("two"))).code == 0, "the quota is daily"
    await api.store_act("set_message_quota", messages=100)
    (await api.post(path, text("x"), store=api.stores[1])).refused(45102007)
    (await api.post("customer_service/conversations/1/messages", text("x"))).refused(45102007)
    (await api.post("customer_service/conversations", {"buyer_user_id": "749"})).refused(45102007)
    (await api.get("customer_service/conversations", {"page_size": 21})).refused(36009004)


async def test_an_old_acquaintance_may_not_be_written_to(api: Api) -> None:
    order_id = await api.order(phase="cancelled", placed_at=await api.now() - 59 * 86_400)
    chat = await opened(api, order_id)
    await api.store_act("set_authorization_end", **{"in": "P100D"})
    await api.advance("P2D")
    (await api.post(f"customer_service/conversations/{chat}/messages", text("x"))).refused(45102007)
    await api.act(order_id, "buyer_replies")
    assert (await api.post(f"customer_service/conversations/{chat}/messages", text("x"))).code == 0
