"""Section 4, "Gateway errors": every row, provoked from outside.

Each row is brought about by what a client or the platform does; `platform_error`, a fault that makes the platform
answer a code once, stands beside it to show that nothing is applied with any of them.

=============================  ==================================================================================
row                            provoked by
=============================  ==================================================================================
error_sign                     a wrong sign
error_auth (6 texts)           the token of another shop; `platform_error`
invalid_acceess_token          a token that never was; an expired one
invalid_partner_id             a partner_id that never was
partner_shop_no_link           a shop that never was
shop_no_linked                 the seller revokes the authorization
shop_banned, error_kyc_auth    the platform bans the shop, wants its registration
error_param (12 texts)         missing, malformed, old parameters; an unknown path
error_partner_key_expired      the key expires
error_api_permission and kin   the calls are restricted
error_rate_limit               too many calls; fault `rate_limit_code`, fault `http_429`
error_limit                    the daily total is set and reached
api_suspended                  a v1 path
source_ip_undeclared           other addresses are declared
=============================  ==================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.shopee.conftest import Api

LIST = "/api/v2/order/get_shipment_list"

TOKEN_REFUSED = (
    ("invalid_acceess_token", "Invalid access_token, please have a check."),
    ("error_auth", "Invalid access_token."),
)
LINK_REFUSED = (
    ("partner_shop_no_link", "Invalid partner_id or shop_id, please have a check."),
    ("shop_no_linked", "Partner and shop has no linked."),
    ("error_auth", "Invalid partner_id or shopid."),
)

ONE_TEXT: list[tuple[str, str | None]] = [
    ("error_sign", "Wrong sign."),
    ("error_auth", "Invalid access_token."),
    ("invalid_acceess_token", "Invalid access_token, please have a check."),
    ("invalid_partner_id", "Invalid partner_id, please have a check."),
    ("partner_shop_no_link", "Invalid partner_id or shop_id, please have a check."),
    ("shop_no_linked", "Partner and shop has no linked."),
    ("shop_banned", "The shop account has been banned. ..."),
    ("error_kyc_auth", None),
    ("error_partner_key_expired", None),
    ("error_api_permission", None),
    ("error_ashop_api_permission", None),
    ("error_api_call_restricted", None),
    ("error_rate_limit", "Too many requests. You have reached the rate limit. Please try again later."),
    ("error_limit", None),
    ("api_suspended", None),
]
"""Rows with one text: the simulator itself must know it."""

CHOSEN_TEXT: list[tuple[str, str]] = [
    ("error_auth", "Invalid partner_id or shopid."),
    ("error_auth", "partner_id is invalid"),
    ("error_auth", "No permission to current api."),
    ("error_auth", "The App is deleted"),
    ("error_auth", "System error, please try again later."),
]
"""Further texts of a code, for states of an app that no client can bring about: the test names the text."""


async def refused_without_a_trace(api: Api, error: str, message: str | None) -> None:
    """The next cancel_order is refused so and applies nothing; the one after it is applied."""
    order_sn = await api.order()
    before = await api.effects()
    await api.answers(
        error, message=message if (error, message) in CHOSEN_TEXT else None, operation="order/cancel_order"
    )
    (await api.cancel(order_sn)).refused(error, message)
    assert await api.effects() == before
    assert await api.status(order_sn) == "READY_TO_SHIP"
    assert (await api.cancel(order_sn)).error == "", "the answer was asked for once"


@pytest.mark.parametrize(("error", "message"), ONE_TEXT, ids=[e for e, _ in ONE_TEXT])
async def test_row_is_answered_and_nothing_is_applied(api: Api, error: str, message: str | None) -> None:
    await refused_without_a_trace(api, error, message)


@pytest.mark.parametrize(("error", "message"), CHOSEN_TEXT, ids=[m for _, m in CHOSEN_TEXT])
async def test_text_is_answered_and_nothing_is_applied(api: Api, error: str, message: str) -> None:
    await refused_without_a_trace(api, error, message)


async def refused_in_this_state(api: Api, error: str, message: str | None) -> None:
    order_sn = (await api.control_ok("GET", "/orders"))[0]["id"]
    before = await api.effects()
    (await api.post("order/cancel_order", {"order_sn": order_sn, "cancel_reason": "CUSTOMER_REQUEST"})).refused(
        error, message
    )
    assert await api.effects() == before
    assert (await api.truth(order_sn))["status"] == "READY_TO_SHIP"


async def test_banned_shop(api: Api) -> None:
    await api.order()
    await api.store_act("platform_bans_store")
    await refused_in_this_state(api, "shop_banned", "The shop account has been banned. ...")
    assert (await api.get("order/get_shipment_list", api.stores[1], page_size=1)).error == ""


async def test_seller_registration_incomplete(api: Api) -> None:
    await api.order()
    await api.store_act("platform_requires_registration")
    await refused_in_this_state(api, "error_kyc_auth", "seller registration incomplete")


async def test_partner_key_to_be_reset(api: Api) -> None:
    await api.order()
    await api.app_act("expire_partner_key")
    await refused_in_this_state(api, "error_partner_key_expired", None)


@pytest.mark.parametrize("error", ["error_api_permission", "error_ashop_api_permission", "error_api_call_restricted"])
async def test_call_the_app_may_not_make(api: Api, error: str) -> None:
    await api.order()
    await api.app_act("restrict_calls", operations="order/cancel_*", code=error)
    await refused_in_this_state(api, error, None)
    assert (await api.get("order/get_shipment_list", page_size=1)).error == "", "the others may be made"


async def test_daily_call_total(api: Api) -> None:
    """Reached; again after 00:00 UTC+8, which is 16:00 UTC."""
    await api.order()
    await api.app_act("set_daily_limit", calls=2)
    for _ in range(2):
        assert (await api.get("order/get_shipment_list", page_size=1)).error == ""
    await refused_in_this_state(api, "error_limit", None)
    now = await api.now()
    to_midnight = (16 * 3600 - now) % 86_400 or 86_400
    await api.advance(f"PT{to_midnight - 1}S")
    store = {**api.store}
    if to_midnight > 14_000:
        await api.control_ok("POST", "/acts", {"act": "set_daily_limit", "calls": None})
        store = await api.renewed()
        await api.app_act("set_daily_limit", calls=1)
    (await api.get("order/get_shipment_list", store, page_size=1)).refused("error_limit")
    await api.advance("PT2S")
    assert (await api.get("order/get_shipment_list", store, page_size=1)).error == ""


async def test_undeclared_address(api: Api) -> None:
    await api.order()
    await api.app_act("set_declared_ips", ips=["192.0.2.1"])
    await refused_in_this_state(api, "source_ip_undeclared", "Request Source IP (127.0.0.1) is undeclared. ...")
    await api.app_act("set_declared_ips", ips=["127.0.0.1"])
    assert (await api.get("order/get_shipment_list", page_size=1)).error == ""


async def test_wrong_sign(api: Api) -> None:
    query = {**await api.shop_query(LIST), "sign": "0" * 64, "page_size": 10}
    (await api.raw("GET", LIST, query)).refused("error_sign", "Wrong sign.")


MISSING = ["partner_id", "sign", "access_token", "shop_id"]


@pytest.mark.parametrize("name", MISSING)
async def test_common_parameter_missing(api: Api, name: str) -> None:
    query = {**await api.shop_query(LIST), "page_size": 10}
    del query[name]
    (await api.raw("GET", LIST, query)).refused("error_param", f"There is no {name} in query.")


async def test_no_timestamp(api: Api) -> None:
    query = {**await api.shop_query(LIST), "page_size": 10}
    del query["timestamp"]
    answer = await api.raw("GET", LIST, query)
    answer.refused("error_param")
    assert "timestamp" in answer.message.lower()


def _signed_at(api: Api, sign: Callable[[str, str], str], timestamp: object) -> dict[str, Any]:
    store = api.store
    base = f"{api.partner_id}{LIST}{timestamp}{store['access_token']}{store['shop_id']}"
    return {
        "partner_id": api.partner_id,
        "timestamp": timestamp,
        "sign": sign(api.partner_key, base),
        "access_token": store["access_token"],
        "shop_id": store["shop_id"],
        "page_size": 10,
    }


async def test_invalid_timestamp(api: Api, sign: Callable[[str, str], str]) -> None:
    answer = await api.raw("GET", LIST, _signed_at(api, sign, "yesterday"))
    assert answer.error == "error_param"
    assert answer.message.startswith("Invalid timestamp")


@pytest.mark.parametrize("offset", [-301, 301, -86_400])
async def test_timestamp_is_expired(api: Api, sign: Callable[[str, str], str], offset: int) -> None:
    query = _signed_at(api, sign, await api.now() + offset)
    (await api.raw("GET", LIST, query)).refused("error_param", "Timestamp is expired.")


@pytest.mark.parametrize("offset", [-299, 0, 299])
async def test_timestamp_within_five_minutes(api: Api, sign: Callable[[str, str], str], offset: int) -> None:
    query = _signed_at(api, sign, await api.now() + offset)
    assert (await api.raw("GET", LIST, query)).error == ""


async def test_partner_id_is_no_integer(api: Api) -> None:
    query = {**await api.shop_query(LIST), "partner_id": "abc", "page_size": 10}
    (await api.raw("GET", LIST, query)).refused("error_param", "Invalid partner_id.")


@pytest.mark.parametrize("shop_id", ["abc", "-1", "4294967296"])
async def test_shop_id_out_of_range(api: Api, shop_id: str) -> None:
    query = {**await api.shop_query(LIST, {**api.store, "shop_id": shop_id}), "page_size": 10}
    (await api.raw("GET", LIST, query)).refused(
        "error_param", "shop_id is invalid, should be an integer between 0 and 4294967295."
    )


async def test_path_that_is_no_call(api: Api) -> None:
    (await api.get("order/get_order_weather")).refused(
        "error_param", "Permission denied. This API is currently offline or the request path is incorrect."
    )


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_call_with_the_wrong_method_is_refused(api: Api, method: str) -> None:
    answer = await api.raw(method, LIST, {**await api.shop_query(LIST), "page_size": 10})
    assert answer.error != ""
    assert "response" not in answer.body


async def test_unknown_partner(api: Api, sign: Callable[[str, str], str]) -> None:
    now = await api.now()
    path = "/api/v2/public/get_shops_by_partner"
    query = {
        "partner_id": api.partner_id + 1,
        "timestamp": now,
        "sign": sign(api.partner_key, f"{api.partner_id + 1}{path}{now}"),
        "page_size": 10,
        "page_no": 1,
    }
    (await api.raw("GET", path, query)).refused_as_one_of(
        ("invalid_partner_id", "Invalid partner_id, please have a check."),
        ("error_auth", "partner_id is invalid"),
        ("error_param", "Invalid partner_id."),
    )


async def test_token_that_never_was(api: Api) -> None:
    answer = await api.get("order/get_shipment_list", {**api.store, "access_token": "f" * 32}, page_size=10)
    answer.refused_as_one_of(*TOKEN_REFUSED)


async def test_token_of_another_shop(api: Api) -> None:
    mixed = {"access_token": api.stores[1]["access_token"], "shop_id": api.store["shop_id"]}
    answer = await api.get("order/get_shipment_list", mixed, page_size=10)
    answer.refused_as_one_of(*TOKEN_REFUSED, *LINK_REFUSED)


async def test_token_after_four_hours(api: Api) -> None:
    await api.advance("PT3H59M")
    assert (await api.get("order/get_shipment_list", page_size=10)).error == ""
    await api.advance("PT2M")
    (await api.get("order/get_shipment_list", page_size=10)).refused_as_one_of(*TOKEN_REFUSED)


async def test_shop_that_never_linked(api: Api) -> None:
    answer = await api.get("order/get_shipment_list", {**api.store, "shop_id": 4_294_967_295}, page_size=10)
    answer.refused_as_one_of(*LINK_REFUSED, *TOKEN_REFUSED)


async def test_shop_after_the_seller_revoked(api: Api) -> None:
    order_sn = await api.order()
    await api.store_act("seller_revokes_authorization")
    answer = await api.cancel(order_sn)
    answer.refused("shop_no_linked", "Partner and shop has no linked.")
    assert await api.effects("order/cancel_order") == []
    other = await api.get("order/get_shipment_list", api.stores[1], page_size=10)
    assert other.error == "", "the other shop goes on"


async def test_rate_limit_code(api: Api) -> None:
    order_sn = await api.order()
    await api.faults({"operation": "order/cancel_order", "fault": "rate_limit_code", "times": 1})
    (await api.cancel(order_sn)).refused(
        "error_rate_limit", "Too many requests. You have reached the rate limit. Please try again later."
    )
    assert await api.effects("order/cancel_order") == []


async def test_rate_limit_status(api: Api) -> None:
    await api.faults({"operation": "order/*", "fault": "http_429", "times": 1})
    path = LIST
    query = {k: str(v) for k, v in {**await api.shop_query(path), "page_size": 10}.items()}
    async with api.http.get(api.base_url + path, params=query) as answer:
        assert answer.status == 429


async def test_calls_faster_than_the_limit_are_refused(api: Api) -> None:
    """The limit is on the platform's clock: it gives free again when time goes on, and each shop has its own."""
    await api.app_act("set_rate_limit", per_second=2, burst=3)
    answers = [await api.get("order/get_shipment_list", page_size=1) for _ in range(4)]
    assert [a.error for a in answers[:3]] == ["", "", ""]
    answers[3].refused(
        "error_rate_limit", "Too many requests. You have reached the rate limit. Please try again later."
    )
    assert answers[3].http == 429
    assert (await api.get("order/get_shipment_list", api.stores[1], page_size=1)).error == ""
    await api.advance("PT2S")
    assert (await api.get("order/get_shipment_list", page_size=1)).error == ""


@pytest.mark.parametrize("path", ["/api/v1/orders/basics", "/api/v1/orders/cancel"])
async def test_v1_call(api: Api, path: str) -> None:
    answer = await api.raw("POST", path, await api.public_query(path), {})
    answer.refused("api_suspended")


async def test_gateway_errors_come_with_4xx_and_business_errors_with_200(api: Api) -> None:
    """Section 4: public code is written as if; the simulator supports both ways, this one by default."""
    assert (await api.get("order/get_order_detail", order_sn_list="260101NOSUCHSN")).http == 200
    query = {**await api.shop_query(LIST), "sign": "0" * 64, "page_size": 10}
    assert 400 <= (await api.raw("GET", LIST, query)).http < 500


async def test_gateway_errors_come_with_200_when_switched(api: Api) -> None:
    await api.app_act("set_status_style", style="always_200")
    query = {**await api.shop_query(LIST), "sign": "0" * 64, "page_size": 10}
    answer = await api.raw("GET", LIST, query)
    answer.refused("error_sign", "Wrong sign.")
    assert answer.http == 200
