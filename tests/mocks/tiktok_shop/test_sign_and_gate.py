"""Sections 2 and 8: the sign, the common checks, tokens, and the codes of both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from mocks.tiktok_shop.sign import call_sign, webhook_sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.tiktok_shop.conftest import Api, Start

SECRET, KEY = "e59af819cc", "29a39d"
SEARCH = "/order/202309/orders/search"
VECTORS = [
    (
        "/authorization/202309/shops",
        {"timestamp": "1623812664"},
        "",
        "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8",
    ),
    (
        "/return_refund/202309/cancellations",
        {"timestamp": "1767225600", "shop_cipher": "ROW_JPtest"},
        '{"order_id":"576461413038785752","cancel_reason":"seller_cancel_reason_out_of_stock"}',
        "fca314a55fad9ba91a837512039c7a5adf028837655392b1fe1091f3071dcd56",
    ),
    (
        SEARCH,
        {
            "page_size": "20",
            "page_token": "aDU2dHIzMlFDY0J0eDl4S1Z6cUhQdz09",
            "shop_cipher": "ROW_JPtest",
            "sort_field": "update_time",
            "sort_order": "ASC",
            "timestamp": "1767225600",
        },
        '{"order_status":"AWAITING_SHIPMENT","update_time_ge":1767139200}',
        "2ce121c0d6cba76999815d13422ed6062d4315b482e7516b94e1eef73b5fb374",
    ),
]
PUSH_VECTOR = (
    b'{"type":11,"tts_notification_id":"7327112393057371910","shop_id":"7494049642642441621","timestamp":1644412885,'
    b'"data":{"order_id":"576486316948490001","cancellations_role":"BUYER",'
    b'"cancel_status":"CANCELLATION_REQUEST_PENDING","cancel_id":"4035318504086604100","create_time":1627587600}}'
)


@pytest.mark.parametrize(("path", "query", "body", "expected"), VECTORS)
def test_vectors(sign: Callable[..., str], path: str, query: dict[str, str], body: str, expected: str) -> None:
    pairs = {"app_key": KEY, **query}
    assert call_sign(SECRET, path, [*pairs.items(), ("sign", "x"), ("access_token", "y")], body.encode()) == expected
    assert sign(SECRET, path, pairs, body) == expected


def test_webhook_vector(push_sign: Callable[[str, str, bytes], str]) -> None:
    expected = "4e5754b1886c3fcd9e7316cce940471f77c477f89d8f9afffec740d9017e25d5"
    assert webhook_sign(KEY, SECRET, PUSH_VECTOR) == push_sign(KEY, SECRET, PUSH_VECTOR) == expected


async def spoilt(api: Api, sign: Callable[..., str], **changes: Any) -> Any:
    """An order search with some query values changed (None: left out) before signing."""
    query = {**await api.query(SEARCH), "page_size": "10", **changes}
    query = {name: value for name, value in query.items() if value is not None}
    query["sign"] = sign(api.credentials["app_secret"], SEARCH, query, "{}")
    headers = {"x-tts-access-token": api.store["access_token"], "content-type": "application/json"}
    return await api.raw("POST", SEARCH, query, "{}", headers)


async def test_a_wrong_sign_is_106001(api: Api, sign: Callable[..., str]) -> None:
    query = {**await api.query(SEARCH), "page_size": "10"}
    query["sign"] = sign(api.credentials["app_secret"], SEARCH, query, "{}")
    headers = {"x-tts-access-token": api.store["access_token"]}
    assert (await api.raw("POST", SEARCH, query, "{}", headers)).code == 0
    message = "Invalid credentials. The 'sign' query parameter is invalid."
    (await api.raw("POST", SEARCH, query, "{ }", headers)).refused(106001, message, http=401)
    upper = {**query, "sign": query["sign"].upper()}
    (await api.raw("POST", SEARCH, upper, "{}", headers)).refused(106001, message, http=401)
    (await api.raw("POST", SEARCH, {**query, "page_size": "20"}, "{}", headers)).refused(106001, http=401)


async def test_the_access_token_in_the_query_is_not_signed(api: Api, sign: Callable[..., str]) -> None:
    assert (await spoilt(api, sign, access_token="whatever")).code == 0


@pytest.mark.parametrize(("shift", "passes"), [(-300, True), (-301, False), (30, True), (31, False)])
async def test_clock_window(api: Api, sign: Callable[..., str], shift: int, passes: bool) -> None:
    answer = await spoilt(api, sign, timestamp=str(await api.now() + shift))
    if passes:
        assert answer.code == 0
    else:
        answer.refused(36009004, "timestamp", http=401)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"timestamp": "17952"}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"app_key": "else"}, "app_key"),
        ({"app_key": None}, "app_key"),
    ],
)
async def test_36009004_is_overloaded(api: Api, sign: Callable[..., str], changes: Any, words: str) -> None:
    (await spoilt(api, sign, **changes)).refused(36009004, words, http=401)


async def test_a_missing_sign_and_a_missing_token_are_36009004(api: Api, sign: Callable[..., str]) -> None:
    query = {**await api.query(SEARCH), "page_size": "10"}
    (await api.raw("POST", SEARCH, query, "{}")).refused(36009004, "sign", http=401)
    query["sign"] = sign(api.credentials["app_secret"], SEARCH, query, "{}")
    (await api.raw("POST", SEARCH, query, "{}")).refused(36009004, "x-tts-access-token", http=401)


async def test_a_wrong_business_parameter_of_orders_is_36009004(api: Api) -> None:
    for query in ({}, {"page_size": 0}, {"page_size": 101}, {"page_size": 10, "sort_field": "id"}):
        (await api.post("order/orders/search", {}, query)).refused(36009004)
    for body in ({"order_status": "CANCEL"}, {"warehouse_ids": ["1"] * 101}, "[]", "{"):
        (await api.post("order/orders/search", body, {"page_size": 10})).refused(36009004)


async def test_unknown_and_expired_tokens(api: Api) -> None:
    (await api.get("order/orders", {"ids": "1"}, store={**api.store, "access_token": "ROW_no"})).refused(
        105001, http=401
    )
    await api.store_act("expire_tokens")
    (await api.get("order/orders", {"ids": "1"})).refused(105002, "Expired credentials", http=401)


async def test_an_access_token_lives_seven_days(api: Api) -> None:
    await api.advance("P6DT23H59M")
    assert (await api.get("authorization/shops")).code == 0
    await api.advance("PT1M")
    (await api.get("authorization/shops")).refused(105002, http=401)


async def test_missing_scope(api: Api) -> None:
    await api.store_act("restrict_scopes", scopes=["seller.order.info"])
    assert (await api.search()) == []
    (await api.post("return_refund/cancellations/search", {})).refused(105005, http=401)
    await api.store_act("restrict_scopes", scopes=None)
    assert (await api.post("return_refund/cancellations/search", {})).code == 0


async def test_shop_cipher(api: Api, sign: Callable[..., str]) -> None:
    for cipher in (None, "", "ROW_else"):
        (await spoilt(api, sign, shop_cipher=cipher)).refused(106013, http=401)
    (await spoilt(api, sign, shop_cipher=api.stores[1]["shop_cipher"])).refused(101000, http=401)


async def test_source_address(api: Api) -> None:
    await api.store_act("set_declared_ips", ips=["198.51.100.7"])
    (await api.get("authorization/shops")).refused(36009033, http=401)
    await api.store_act("set_declared_ips", ips=["127.0.0.1"])
    assert (await api.get("authorization/shops")).code == 0


async def test_inactive_shop_and_seller(api: Api) -> None:
    await api.store_act("platform_bans_store")
    (await api.get("order/orders", {"ids": "1"})).refused(36009043, http=401)
    await api.store_act("platform_bans_seller")
    (await api.get("order/orders", {"ids": "1"})).refused(36009044, http=401)
    await api.store_act("platform_unbans_seller")
    await api.store_act("platform_unbans_store")
    assert (await api.get("order/orders", {"ids": "1"})).code == 0


async def test_rate_limit(api: Api) -> None:
    await api.store_act("set_rate_limit", per_second=1, burst=2)
    assert [(await api.get("event/webhooks")).code for _ in range(2)] == [0, 0]
    limited = await api.get("event/webhooks")
    limited.refused(36009002, "Too many requests", http=429)
    assert limited.headers["Retry-After"] == "1"
    assert (await api.get("event/webhooks", store=api.stores[1])).code == 0, "the limit is per shop"
    await api.advance("PT1S")
    assert (await api.get("event/webhooks")).code == 0


@pytest.mark.parametrize("code", [36009003, 10002014, 10002015, 10006402, 10037002, 10037003, 10037004])
async def test_the_servers_own_troubles_come_by_fault(api: Api, code: int) -> None:
    await api.faults({"operation": "order/orders/*", "fault": "platform_error", "code": str(code), "times": 1})
    (await api.post("order/orders/search", {}, {"page_size": 1})).refused(code)
    assert await api.search() == []


async def test_any_six_digit_version_and_nothing_else(api: Api) -> None:
    for version in ("202309", "202507", "202612", "999999"):
        assert (await api.get("order/orders", {"ids": "1"}, version=version)).ok == {"orders": []}
    for version in ("2309", "v202309", "20230901"):
        assert (await api.get("order/orders", {"ids": "1"}, version=version)).http == 404
    assert (await api.get("order/nothing")).http == 404
    assert (await api.post("order/orders", {})).http == 404


async def test_errors_may_all_come_with_200(api: Api) -> None:
    await api.store_act("set_style", errors_as_200=True)
    (await api.get("order/orders", {"ids": "1"}, store={**api.store, "access_token": "no"})).refused(105001)


# -- tokens ---------------------------------------------------------------------------------------------------------


async def test_exchange_of_a_code(api: Api) -> None:
    code = api.credentials["auth_codes"][1]
    data = (await api.token("get", auth_code=code, grant_type="authorized_code")).ok
    now = await api.now()
    assert data["access_token_expire_in"] == now + 7 * 86_400, "an instant, not a duration"
    assert data["refresh_token_expire_in"] > data["access_token_expire_in"]
    assert (data["user_type"], data["seller_base_region"]) == (0, "CN")
    assert "seller.order.info" in data["granted_scopes"]
    store = {**api.stores[1], "access_token": data["access_token"]}
    (shop,) = (await api.get("authorization/shops", store=store)).ok["shops"]
    assert (shop["id"], shop["region"], shop["seller_type"]) == (api.stores[1]["shop_id"], "JP", "CROSS_BORDER")
    assert shop["cipher"] == api.stores[1]["shop_cipher"]
    assert (await api.token("get", auth_code=code, grant_type="authorized_code")).code == 105001, "once only"
    codes = (await api.control_ok("GET", "/credentials"))["auth_codes"]
    assert codes[0] == api.credentials["auth_codes"][0]
    assert codes[1] != code


async def test_refresh_gives_a_new_pair_and_spends_the_old(api: Api) -> None:
    old = api.store
    data = (await api.token("refresh", refresh_token=old["refresh_token"], grant_type="refresh_token")).ok
    assert data["refresh_token"] != old["refresh_token"]
    assert (await api.get("authorization/shops", store={**old, "access_token": data["access_token"]})).code == 0
    assert (await api.get("authorization/shops")).code == 0, "the old access token lives to its end"
    again = await api.token("refresh", refresh_token=old["refresh_token"], grant_type="refresh_token")
    assert again.code == 105001
    assert (await api.control_ok("GET", "/credentials"))["stores"][0]["access_token"] == data["access_token"]


@pytest.mark.parametrize(
    "changes", [{"app_secret": "no"}, {"app_key": "no"}, {"grant_type": "authorization_code"}, {"auth_code": "no"}]
)
async def test_token_refusals(api: Api, changes: dict[str, str]) -> None:
    asked = {"auth_code": api.credentials["auth_codes"][0], "grant_type": "authorized_code", **changes}
    answer = await api.token("get", **asked)
    assert answer.code in {36009004, 105001}
    assert answer.http == 401
    assert "data" not in answer.body


async def test_expired_codes_and_refresh_tokens(api: Api) -> None:
    code = api.credentials["auth_codes"][0]
    await api.advance("PT31M")
    assert (await api.token("get", auth_code=code, grant_type="authorized_code")).code == 105002
    await api.store_act("expire_tokens", refresh=True)
    refresh = api.store["refresh_token"]
    assert (await api.token("refresh", refresh_token=refresh, grant_type="refresh_token")).code == 105002


async def test_a_revoked_authorisation(api: Api) -> None:
    await api.store_act("seller_revokes_authorization")
    (await api.get("authorization/shops")).refused(105001, http=401)
    refresh = api.store["refresh_token"]
    assert (await api.token("refresh", refresh_token=refresh, grant_type="refresh_token")).code == 105001
    code = (await api.control_ok("GET", "/credentials"))["auth_codes"][0]
    data = (await api.token("get", auth_code=code, grant_type="authorized_code")).ok
    assert (await api.get("authorization/shops", store={**api.store, "access_token": data["access_token"]})).code == 0


@pytest.mark.parametrize("path", ["/open/authorize", "/oauth/authorize"])
async def test_the_page_a_seller_agrees_on(api: Api, path: str) -> None:
    await api.store_act("set_redirect_url", url="https://gateway.invalid/callback?x=1")
    async with api.http.get(api.base_url + path, params={"service_id": "1", "state": "s t"}) as page:
        assert "sample_seller_local" in await page.text()
    async with api.http.post(
        api.base_url + path,
        params={"service_id": "1", "state": "s t"},
        data={"who": api.stores[1]["open_id"]},
        allow_redirects=False,
    ) as sent:
        assert sent.status == 302
        query = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert (query["x"], query["state"]) == (["1"], ["s t"])
    data = (await api.token("get", auth_code=query["code"][0], grant_type="authorized_code")).ok
    assert data["open_id"] == api.stores[1]["open_id"]


async def test_a_cross_border_seller_may_have_several_shops(api: Api) -> None:
    await api.store_act("seller_opens_store", region="GB")
    shops = (await api.get("authorization/shops", store=api.stores[1])).ok["shops"]
    assert [shop["region"] for shop in shops] == ["JP", "GB"]
    assert {shop["seller_type"] for shop in shops} == {"CROSS_BORDER"}
    await api.load_credentials()
    gb = api.stores[2]
    order_id = await api.order(store=gb["shop_id"], lines=[{"price": "12.50", "quantity": 2}])
    order = await api.detail(order_id, gb)
    assert (order["payment"]["currency"], order["payment"]["sub_total"]) == ("GBP", "25.00")
    assert order["is_on_hold_order"] is False


async def test_multipart_bodies_are_not_signed(api: Api, sign: Callable[..., str]) -> None:
    path = "/customer_service/202309/images/upload"
    query = await api.query(path)
    query["sign"] = sign(api.credentials["app_secret"], path, query)
    form = aiohttp.FormData()
    form.add_field("data", b"\xff\xd8\xff", filename="a.jpg", content_type="image/jpeg")
    headers = {"x-tts-access-token": api.store["access_token"]}
    async with api.http.post(api.base_url + path, params=query, data=form, headers=headers) as answer:
        body = json.loads(await answer.read())
    assert body["code"] == 0
    assert set(body["data"]) == {"url", "width", "height"}


async def test_same_seed_same_world(start: Start) -> None:
    first, again, other = await start(orders=30), await start(orders=30), await start(orders=30, seed=8)
    assert first.credentials == again.credentials
    assert await first.control_ok("GET", "/orders") == await again.control_ok("GET", "/orders")
    assert first.credentials["app_secret"] != other.credentials["app_secret"]
