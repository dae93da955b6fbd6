"""Section 12: what is pushed, how it is signed, and how an app says where to and what."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.shopee.conftest import Api, Receiver, Start


# -- what is pushed -------------------------------------------------------------------------------------------------


async def test_signature_covers_url_and_raw_body(
    api: Api, pushed: Receiver, push_sign: Callable[[str, str, bytes], str]
) -> None:
    order_sn = await api.order()
    await pushed.forget_the_making_of(order_sn)
    assert (await api.cancel(order_sn)).error == ""
    (push,) = await pushed.expect(3, 1, order_sn)
    assert push.headers["Authorization"] == push_sign(api.push_key, pushed.url, push.raw)
    assert push.headers["Content-Type"].startswith("application/json")
    assert push_sign(api.push_key, pushed.base, push.raw) != push.headers["Authorization"]


async def test_order_status_push(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order()
    await pushed.forget_the_making_of(order_sn)
    await api.act(order_sn, "seller_ships")
    pushes = await pushed.expect(3, 1, order_sn)
    body = pushes[-1].body
    assert body.keys() >= {"code", "shop_id", "timestamp", "data"}
    assert (body["code"], body["shop_id"], body["timestamp"]) == (3, api.store["shop_id"], await api.now())
    assert body["data"]["status"] == "PROCESSED"
    assert body["data"]["update_time"] == (await api.detail(order_sn))["update_time"]
    assert body["data"]["completed_scenario"] == ""
    assert isinstance(body["data"]["items"], list)


async def test_the_whole_way_is_pushed_in_status_words(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    for act in ("buyer_pays", "seller_ships", "carrier_collects", "carrier_delivers", "buyer_confirms_receipt"):
        await api.advance("PT10M")
        await api.act(order_sn, act)
    wanted = ["READY_TO_SHIP", "PROCESSED", "SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED"]
    await pushed.wait(lambda: {d.body["data"]["status"] for d in pushed.of(3, order_sn)} >= set(wanted))
    told = [d.body["data"]["status"] for d in pushed.of(3, order_sn)]
    assert [s for s in told if s in wanted] == wanted
    completed = next(d.body for d in pushed.of(3, order_sn) if d.body["data"]["status"] == "COMPLETED")
    assert completed["data"]["completed_scenario"] in {"NORMAL", "RRAOC"}


async def test_in_cancel_is_pushed(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order()
    await pushed.forget_the_making_of(order_sn)
    await api.advance("PT2H")
    await api.act(order_sn, "buyer_requests_cancellation", reason="Others")
    await pushed.wait(lambda: any(d.body["data"]["status"] == "IN_CANCEL" for d in pushed.of(3, order_sn)))


async def test_tracking_number_push(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order()
    await pushed.forget_the_making_of(order_sn)
    assert (await api.ship(order_sn)).error == ""
    (push,) = await pushed.expect(4, 1, order_sn)
    number = (await api.get("logistics/get_tracking_number", order_sn=order_sn)).ok["tracking_number"]
    assert push.body["data"]["tracking_no"] == number
    assert push.body["data"]["package_number"]


async def test_package_fulfillment_push(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order()
    await pushed.forget_the_making_of(order_sn)
    await api.act(order_sn, "seller_ships")
    await api.act(order_sn, "carrier_collects")
    await pushed.wait(
        lambda: any(d.body["data"]["fulfillment_status"] == "LOGISTICS_PICKUP_DONE" for d in pushed.of(30, order_sn))
    )
    assert {"ordersn", "package_number", "fulfillment_status", "update_time"} <= pushed.of(30)[0].body["data"].keys()


async def test_package_info_push(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order()
    await pushed.forget_the_making_of(order_sn)
    before = (await api.detail(order_sn))["ship_by_date"]
    await api.act(order_sn, "platform_extends_ship_by", days=2)
    after = (await api.detail(order_sn))["ship_by_date"]
    assert after == before + 2 * 86_400
    (push,) = await pushed.expect(47, 1, order_sn)
    data = push.body["data"]
    assert {"order_sn", "package_number", "changed_fields", "old", "new", "update_time"} <= data.keys()
    assert data["changed_fields"] == ["ship_by_date"]
    assert (data["old"]["ship_by_date"], data["new"]["ship_by_date"]) == (before, after)


async def test_return_push(api: Api, pushed: Receiver) -> None:
    order_sn, return_sn = await api.returned()
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""

    def changes() -> list[tuple[str, str]]:
        return [
            (v["update_field"], v["new_value"])
            for d in pushed.of(29, order_sn)
            for v in d.body["data"]["updated_values"]
        ]

    await pushed.wait(lambda: ("return_status", "ACCEPTED") in changes())
    data = pushed.of(29, order_sn)[-1].body["data"]
    assert (data["order_sn"], data["return_sn"]) == (order_sn, return_sn)
    assert {"update_field", "old_value", "new_value", "update_time"} <= data["updated_values"][0].keys()


async def test_authorization_pushes_are_partner_level(api: Api, pushed: Receiver) -> None:
    await api.store_act("seller_revokes_authorization")
    (push,) = await pushed.expect(2, 1)
    assert "shop_id" not in push.body
    told = push.body["data"]
    assert api.store["shop_id"] in {told.get("shop_id"), *told.get("shop_id_list", [])}


async def test_authorization_is_pushed(api: Api, pushed: Receiver) -> None:
    path, shop_id = "/api/v2/shop/auth_partner", api.store["shop_id"]
    query = {k: str(v) for k, v in (await api.public_query(path)).items()}
    query["redirect"] = "http://127.0.0.1:1/callback"
    async with api.http.post(
        api.base_url + path, params=query, data={"who": str(shop_id)}, allow_redirects=False
    ) as answer:
        assert answer.status in {302, 303}
    (push,) = await pushed.expect(1, 1)
    assert shop_id in {push.body["data"].get("shop_id"), *push.body["data"].get("shop_id_list", [])}


async def test_the_end_of_an_authorization_is_told_a_week_ahead(api: Api, pushed: Receiver) -> None:
    expiries = {
        s["shop_id"]: s["expire_time"]
        for s in (await api.public_get("public/get_shops_by_partner", page_size=100, page_no=1)).flat[
            "authed_shop_list"
        ]
    }
    soon = min(expiries.values())
    await api.advance(f"PT{soon - await api.now() - 7 * 86_400 + 3600}S")
    pushes = await pushed.expect(12, 1)
    data = pushes[0].body["data"]
    assert {"shop_expire_soon", "expire_before", "page_no", "total_page"} <= data.keys()
    assert set(data["shop_expire_soon"]) & {s for s, at in expiries.items() if at == soon}


# -- configuration --------------------------------------------------------------------------------------------------


async def test_setting_the_url_triggers_a_test_post(
    api: Api, receiver: Receiver, push_sign: Callable[[str, str, bytes], str]
) -> None:
    answer = await api.public_post(
        "push/set_app_push_config", {"callback_url": receiver.url, "set_push_config_on": [3, 4]}
    )
    assert answer.error == ""
    (probe,) = receiver.got
    assert probe.body["code"] == 0
    assert probe.body["data"]["verify_info"]
    assert probe.headers["Authorization"] == push_sign(api.push_key, receiver.url, probe.raw)
    config = (await api.public_get("push/get_app_push_config")).ok
    assert config["callback_url"] == receiver.url
    assert config["live_push_status"] in {"Normal", "Warning", "Suspended"}
    assert {3, 4} <= set(config["push_config_on_list"])


async def test_codes_switched_off_are_not_pushed(api: Api, receiver: Receiver) -> None:
    answer = await api.public_post(
        "push/set_app_push_config",
        {"callback_url": receiver.url, "set_push_config_on": [3], "set_push_config_off": [30, 4]},
    )
    assert answer.error == ""
    order_sn = await api.order()
    await api.act(order_sn, "seller_ships")
    await receiver.expect(3, 1, order_sn)
    await api.advance("PT1S")
    assert receiver.of(30) == []
    assert receiver.of(4) == []


async def test_blocked_shops_are_not_pushed(api: Api, receiver: Receiver) -> None:
    blocked, other = api.stores[:2]
    answer = await api.public_post(
        "push/set_app_push_config",
        {
            "callback_url": receiver.url,
            "set_push_config_on": [3],
            "blocked_shop_id_list": [blocked["shop_id"]],
        },
    )
    assert answer.error == ""
    silent = await api.order(phase="unpaid")
    told = await api.order(phase="unpaid", store=other["shop_id"])
    await api.act(silent, "buyer_pays")
    await api.act(told, "buyer_pays")
    await receiver.expect(3, 1, told)
    await api.advance("PT1S")
    assert receiver.of(3, silent) == []


async def test_pushes_go_to_the_base_given_at_the_start(
    start: Start, receiver: Receiver, push_sign: Callable[[str, str, bytes], str]
) -> None:
    api = await start(push_to=receiver.base)
    order_sn = await api.order(phase="unpaid")
    await api.act(order_sn, "buyer_pays")
    push = (await receiver.expect(3, 1, order_sn))[-1]
    assert push.path == "/webhooks/shopee"
    assert push.headers["Authorization"] == push_sign(api.push_key, f"{receiver.base}/webhooks/shopee", push.raw)


async def test_disabled_means_silence(api: Api, pushed: Receiver) -> None:
    await api.control_ok("PUT", "/push", {"url": pushed.url, "enabled": False})
    order_sn = await api.order(phase="unpaid")
    await api.act(order_sn, "buyer_pays")
    await api.advance("PT1H")
    assert pushed.got == []


async def test_poor_success_suspends_the_subscription(api: Api, pushed: Receiver) -> None:
    """More than 600 pushes in 6 hours and success under 30 %: disabled."""
    pushed.status = 500
    order_sn = await api.order()
    for _ in range(620):
        await api.act(order_sn, "buyer_replies", text="?")
    config = (await api.public_get("push/get_app_push_config")).ok
    assert config["live_push_status"] == "Suspended"
