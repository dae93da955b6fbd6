"""Signature vectors, authorisation and tokens (API.md sections 1 to 3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson
import pytest

from adapters.shopee import adapter
from adapters.shopee.client import signature
from gateway.errors import DataError, StoreDisconnected
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import (
    BUYING,
    AfterSaleSource,
    Answer,
    Call,
    EffectPort,
    HealthSource,
    LostPushSource,
    Offered,
    Operation,
    OrderSource,
    PushSettingsPort,
    WebhookSource,
)

KEY = AppSecret(sign_key="7a6b6c6d6e6f70717273747576777879616263646566676869")
TOKEN = "59777174636562737266615546704c6d"
STAMP = datetime.fromtimestamp(1655714431, UTC)
APP = App(id="app-1", platform="shopee", key="2001887", base_url="https://partner.shopeemobile.com/")
CREDENTIAL = Credential(access_token=TOKEN, refresh_token="r", expires_at=STAMP + timedelta(hours=4))

PUBLIC = [
    ("/api/v2/auth/token/get", "d719b338885ad7d6c3330126b5b2fea13ea77ea5a33e65ccd13ff07eae4d5706"),
    ("/api/v2/shop/auth_partner", "e84a1565390bee88f407d4d8dd80c9e0ef3095bd4650395fc7aeb35bf999f1e2"),
    ("/api/v2/public/get_shops_by_partner", "4e96323bae042907978a37ed9fc6a10ed724321541d9d749d28b3c584300f19f"),
]
OF_SHOP = [
    ("/api/v2/shop/get_shop_info", "a09174792b5a1afb0f34e5c44600b8e8d8e2bdb8bcbc909ec93d2ba2a06dd808"),
    ("/api/v2/order/cancel_order", "bd13ca3fdea9cd7ffea03b95356896babe26afc9fa36d01dbb3165d3106c08fd"),
]


def call(path: str, **fields: Any) -> Call:
    return Call(operation="x.y", method="GET", path=path, **fields)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


@pytest.fixture
def store(rows: Any) -> Store:
    made: Store = rows.shop()
    return made


@pytest.mark.parametrize(("path", "expected"), PUBLIC)
def test_public_calls_are_signed_without_token_and_shop(path: str, expected: str, store: Store) -> None:
    signed = adapter.sign(call(path, scope="app"), APP, KEY, store, CREDENTIAL, STAMP)
    assert query_of(signed.url) == {"partner_id": "2001887", "timestamp": "1655714431", "sign": expected}


@pytest.mark.parametrize(("path", "expected"), OF_SHOP)
def test_calls_of_a_shop_are_signed_with_token_and_shop(path: str, expected: str, store: Store) -> None:
    signed = adapter.sign(call(path), APP, KEY, store, CREDENTIAL, STAMP)
    assert query_of(signed.url) == {
        "partner_id": "2001887",
        "timestamp": "1655714431",
        "sign": expected,
        "access_token": TOKEN,
        "shop_id": "14701711",
    }


def test_merchant_vector_of_the_same_function() -> None:
    parts = ("2001887", "/api/v2/global_product/get_category", "1655714431")
    found = signature(KEY, *parts, "09777174636962737266615546704c6d", "1000000")
    assert found == "4df70a8619270e89f36fc5672f56b547882359e828c9c811515b795378290310"


def test_query_and_body_are_not_covered_and_encoded_once(store: Store) -> None:
    plain = adapter.sign(call("/api/v2/order/cancel_order"), APP, KEY, store, CREDENTIAL, STAMP)
    full = Call(
        operation="x.y",
        method="POST",
        path="/api/v2/order/cancel_order",
        query=(("cursor", "a+b/c=&ü"), ("order_sn_list", "A,B")),
        body=b"{}",
    )
    signed = adapter.sign(full, APP, KEY, store, CREDENTIAL, STAMP)
    assert query_of(signed.url)["sign"] == query_of(plain.url)["sign"]
    assert query_of(signed.url)["cursor"] == "a+b/c=&ü"
    assert "cursor=a%2Bb%2Fc%3D%26%C3%BC" in signed.url
    assert signed.url.startswith("https://partner.shopeemobile.com/api/v2/order/cancel_order?")
    assert (signed.body, signed.headers["Content-Type"]) == (b"{}", "application/json")
    assert "Content-Type" not in plain.headers


@pytest.mark.parametrize(
    "change",
    [
        lambda: ("/api/v2/order/get_order_list", APP, KEY, CREDENTIAL, STAMP),
        lambda: ("/p", APP.model_copy(update={"key": "2001888"}), KEY, CREDENTIAL, STAMP),
        lambda: ("/p", APP, AppSecret(sign_key="other"), CREDENTIAL, STAMP),
        lambda: ("/p", APP, KEY, CREDENTIAL.model_copy(update={"access_token": "t"}), STAMP),
        lambda: ("/p", APP, KEY, CREDENTIAL, STAMP + timedelta(seconds=1)),
    ],
)
def test_the_sign_changes_with_each_thing_it_covers(change: Callable[[], Any], store: Store) -> None:
    path, app, secret, credential, now = change()
    base = adapter.sign(call("/p"), APP, KEY, store, CREDENTIAL, STAMP)
    other = adapter.sign(call(path), app, secret, store, credential, now)
    assert query_of(other.url)["sign"] != query_of(base.url)["sign"]


def test_a_shops_call_without_its_token_is_refused() -> None:
    with pytest.raises(StoreDisconnected, match="stores connect"):
        adapter.sign(call("/p"), APP, KEY, None, None, STAMP)


def test_the_link_carries_the_sign_of_the_sheet_and_the_state() -> None:
    url = adapter.authorise_url(APP, KEY, "https://gw.example.com/oauth/shopee/callback", "s/1", STAMP)
    assert urlsplit(url).path == "/api/v2/shop/auth_partner"
    query = query_of(url)
    assert query["sign"] == "e84a1565390bee88f407d4d8dd80c9e0ef3095bd4650395fc7aeb35bf999f1e2"
    assert query["redirect"] == "https://gw.example.com/oauth/shopee/callback?state=s%2F1"
    assert parse_qs(urlsplit(query["redirect"]).query) == {"state": ["s/1"]}


@pytest.mark.parametrize(
    ("callback", "body"),
    [
        ({"code": "c0de", "shop_id": "54804"}, {"code": "c0de", "shop_id": 54804, "partner_id": 2001887}),
        ({"code": "c", "main_account_id": "7"}, {"code": "c", "main_account_id": 7, "partner_id": 2001887}),
    ],
)
def test_a_callback_becomes_one_public_call(callback: dict[str, str], body: dict[str, Any]) -> None:
    made = adapter.exchange_call(APP, callback)
    assert (made.operation, made.method, made.path) == ("auth.token.get", "POST", "/api/v2/auth/token/get")
    assert (made.scope, made.effect, made.refreshable, made.idempotent) == ("app", False, False, "no")
    assert orjson.loads(made.body or b"") == body


@pytest.mark.parametrize(
    "callback", [{}, {"code": "c"}, {"shop_id": "1"}, {"code": "", "shop_id": "1"}, {"code": "c", "shop_id": "x"}]
)
def test_a_bad_callback_is_told(callback: dict[str, str]) -> None:
    with pytest.raises(DataError):
        adapter.exchange_call(APP, callback)


def test_a_refresh_names_exactly_one_shop(store: Store) -> None:
    made = adapter.refresh_call(APP, store, CREDENTIAL)
    assert (made.path, made.scope, made.refreshable) == ("/api/v2/auth/access_token/get", "app", False)
    assert orjson.loads(made.body or b"") == {"refresh_token": "r", "shop_id": 14701711, "partner_id": 2001887}


def grants(made: Call, **body: Any) -> Any:
    full = {"access_token": "a", "refresh_token": "b", "expire_in": 14400, "error": "", **body}
    return adapter.read_grants(made, Answer(200, {}, orjson.dumps(full)), STAMP)


def test_grants_of_a_shop_and_of_a_main_account(store: Store) -> None:
    shop_call = adapter.exchange_call(APP, {"code": "c", "shop_id": "54804"})
    (one,) = grants(shop_call)
    assert (one.external_id, one.credential.access_token, one.credential.refresh_token) == ("54804", "a", "b")
    assert one.credential.expires_at == STAMP + timedelta(hours=4)
    assert one.credential.refresh_expires_at == STAMP + timedelta(days=30)
    main_call = adapter.exchange_call(APP, {"code": "c", "main_account_id": "7"})
    assert [grant.external_id for grant in grants(main_call, shop_id_list=[33142, 46154])] == ["33142", "46154"]
    (refreshed,) = grants(adapter.refresh_call(APP, store, CREDENTIAL), shop_id=14701711)
    assert refreshed.external_id == "14701711"


def test_a_life_told_as_an_instant_is_taken_as_one() -> None:
    made = adapter.exchange_call(APP, {"code": "c", "shop_id": "1"})
    (one,) = grants(made, expire_in=1767001812)
    assert one.credential.expires_at == datetime.fromtimestamp(1767001812, UTC)
    for odd in (None, 0, -5, "x", 10**30):
        (one,) = grants(made, expire_in=odd) if odd != 10**30 else grants(made, expire_in=10**18)
        assert one.credential.expires_at == STAMP + timedelta(hours=4)


@pytest.mark.parametrize("body", [{"access_token": ""}, {"refresh_token": None}, {"shop_id_list": []}])
def test_an_answer_without_tokens_or_shops_is_told(body: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        grants(adapter.exchange_call(APP, {"code": "c", "main_account_id": "7"}), **body)


async def test_shops_are_read_page_by_page(paper: Any) -> None:
    shop = paper(
        {
            "public.get_shops_by_partner": [
                {"request_id": "r", "more": True, "authed_shop_list": [{"shop_id": 1, "region": "SG"}]},
                {"request_id": "r", "more": False, "authed_shop_list": [{"shop_id": 2, "region": "VN"}]},
            ]
        }
    )
    found = await adapter.describe_shops(shop)
    assert [(one.external_id, one.region) for one in found] == [("1", "SG"), ("2", "VN")]
    assert [dict(made.query)["page_no"] for made in shop.calls] == ["1", "2"]
    assert {made.scope for made in shop.calls} == {"app"}


def test_capabilities_match_what_is_implemented_both_ways() -> None:
    assert isinstance(adapter, OrderSource)
    assert isinstance(adapter, AfterSaleSource)
    assert isinstance(adapter, EffectPort)
    assert isinstance(adapter, HealthSource)
    assert isinstance(adapter, WebhookSource)
    assert isinstance(adapter, LostPushSource)
    assert isinstance(adapter, PushSettingsPort)
    from adapters.shopee import effects, probes  # noqa: PLC0415 - read beside the manifest only here

    no_effects = {"list_orders", "list_after_sales", "read_health"}
    no_effects |= {"receive_pushes", "fetch_lost_pushes", "set_push_url"}  # of the app, not of an order
    offered = {one for one in Operation if adapter.manifest.offers(one) is Offered.api and one not in no_effects}
    assert offered == set(effects._BUILDERS)
    assert offered == {*probes._OF_ORDER, *probes._OF_RETURN, Operation.send_message}
    assert set(adapter.manifest.capabilities) == set(Operation) - BUYING
    limits = adapter.manifest.limits
    assert (limits.order_window, limits.order_page, limits.order_batch) == (timedelta(days=15), 100, 50)
    assert adapter.manifest.rates["default"].per_second > 0
    assert adapter.manifest.time_zones["SG"] == "Asia/Singapore"
