"""Section 2's six sign vectors, section 12's push vector, and what the gateway does with a right and a wrong sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.shopee.conftest import Api

KEY = "7a6b6c6d6e6f70717273747576777879616263646566676869"
SHOP_TOKEN = "59777174636562737266615546704c6d"
MERCHANT_TOKEN = "09777174636962737266615546704c6d"

VECTORS = {
    "token_get": (
        "2001887/api/v2/auth/token/get1655714431",
        "d719b338885ad7d6c3330126b5b2fea13ea77ea5a33e65ccd13ff07eae4d5706",
    ),
    "auth_link": (
        "2001887/api/v2/shop/auth_partner1655714431",
        "e84a1565390bee88f407d4d8dd80c9e0ef3095bd4650395fc7aeb35bf999f1e2",
    ),
    "get_shops_by_partner": (
        "2001887/api/v2/public/get_shops_by_partner1655714431",
        "4e96323bae042907978a37ed9fc6a10ed724321541d9d749d28b3c584300f19f",
    ),
    "get_shop_info": (
        f"2001887/api/v2/shop/get_shop_info1655714431{SHOP_TOKEN}14701711",
        "a09174792b5a1afb0f34e5c44600b8e8d8e2bdb8bcbc909ec93d2ba2a06dd808",
    ),
    "cancel_order": (
        f"2001887/api/v2/order/cancel_order1655714431{SHOP_TOKEN}14701711",
        "bd13ca3fdea9cd7ffea03b95356896babe26afc9fa36d01dbb3165d3106c08fd",
    ),
    "merchant": (
        f"2001887/api/v2/global_product/get_category1655714431{MERCHANT_TOKEN}1000000",
        "4df70a8619270e89f36fc5672f56b547882359e828c9c811515b795378290310",
    ),
}

PUSH_URL = "https://gw.example.com/webhooks/shopee"
PUSH_BODY = (
    b'{"data":{"items":[],"ordersn":"220810QSK8S7BX","status":"PROCESSED","completed_scenario":"",'
    b'"update_time":1660123127},"shop_id":727720655,"code":3,"timestamp":1660123127}'
)
PUSH_SIGN = "4932aba04ba0d88605842797d2606f714a107ef180145047da5db0c743654801"


@pytest.mark.parametrize(("base", "expected"), VECTORS.values(), ids=VECTORS.keys())
def test_the_sheets_vectors_come_out(sign: Callable[[str, str], str], base: str, expected: str) -> None:
    assert sign(KEY, base) == expected


def test_the_push_vector_comes_out(push_sign: Callable[[str, str, bytes], str]) -> None:
    assert len(PUSH_BODY) == 170
    assert push_sign(KEY, PUSH_URL, PUSH_BODY) == PUSH_SIGN


async def test_a_public_call_is_accepted(api: Api) -> None:
    answer = await api.public_get("public/get_shops_by_partner", page_size=100, page_no=1)
    listed = {s["shop_id"] for s in answer.flat["authed_shop_list"]}
    assert listed == {s["shop_id"] for s in api.stores}


async def test_a_shop_get_is_accepted(api: Api) -> None:
    assert (await api.get("order/get_shipment_list", page_size=10)).ok["order_list"] == []


async def test_a_shop_post_is_accepted_with_its_common_parameters_in_the_query(api: Api) -> None:
    order_sn = await api.order()
    (await api.post("order/set_note", {"order_sn": order_sn, "note": "fragile"})).ok  # noqa: B018 - asking for it is the check
    assert (await api.detail(order_sn, "note"))["note"] == "fragile"


@pytest.mark.parametrize("changed", ["partner_id", "timestamp", "access_token", "shop_id"])
async def test_the_sign_covers_each_common_parameter(api: Api, changed: str) -> None:
    """Section 2: a changed common parameter is refused under the old sign, whatever the check order is."""
    path = "/api/v2/order/get_shipment_list"
    query = await api.shop_query(path)
    if changed == "timestamp":
        query[changed] += 1
        (await api.raw("GET", path, {**query, "page_size": 10})).refused("error_sign", "Wrong sign.")
        return
    if changed == "access_token":
        query[changed] = api.stores[1]["access_token"]
    elif changed == "shop_id":
        query[changed] = api.stores[1]["shop_id"]
    else:
        query[changed] += 1
    assert (await api.raw("GET", path, {**query, "page_size": 10})).error != ""


async def test_the_sign_covers_the_path(api: Api) -> None:
    query = await api.shop_query("/api/v2/order/get_shipment_list")
    answer = await api.raw("GET", "/api/v2/order/get_order_list", {**query, "page_size": 10})
    answer.refused("error_sign", "Wrong sign.")


async def test_business_parameters_are_not_covered(api: Api) -> None:
    """Section 1: query parameters that the sign does not name are not protected."""
    path = "/api/v2/order/get_shipment_list"
    query = await api.shop_query(path)
    for page_size in (1, 100):
        assert (await api.raw("GET", path, {**query, "page_size": page_size})).ok["more"] is False


async def test_a_shop_api_refuses_the_public_base(api: Api) -> None:
    path = "/api/v2/order/get_shipment_list"
    query = {
        **await api.public_query(path),
        "access_token": api.store["access_token"],
        "shop_id": api.store["shop_id"],
        "page_size": 10,
    }
    (await api.raw("GET", path, query)).refused("error_sign", "Wrong sign.")


async def test_the_key_is_text_not_hex(api: Api, sign: Callable[[str, str], str]) -> None:
    """A sign made with any other key is refused; the accepted one is over the key's text."""
    path = "/api/v2/order/get_shipment_list"
    query = await api.shop_query(path)
    query["sign"] = sign(api.partner_key.swapcase() + "0", "anything")
    (await api.raw("GET", path, {**query, "page_size": 10})).refused("error_sign", "Wrong sign.")


@pytest.mark.parametrize("spelling", [str.upper, lambda sign: sign[:-1], lambda sign: "0" * 64, lambda _: "x"])
async def test_anything_but_the_lowercase_hex_is_refused(api: Api, spelling: Callable[[str], str]) -> None:
    path = "/api/v2/order/get_shipment_list"
    query = await api.shop_query(path)
    query["sign"] = spelling(str(query["sign"]))
    (await api.raw("GET", path, {**query, "page_size": 10})).refused("error_sign", "Wrong sign.")


async def test_the_authorization_link_takes_a_public_sign(api: Api) -> None:
    path = "/api/v2/shop/auth_partner"
    query = {**await api.public_query(path), "redirect": "http://127.0.0.1:1/callback"}
    sent = {k: str(v) for k, v in query.items()}
    async with api.http.get(api.base_url + path, params=sent, allow_redirects=False) as answer:
        assert answer.status in {200, 302, 303, 307}, await answer.text()
    sent["sign"] = "0" * 64
    async with api.http.get(api.base_url + path, params=sent, allow_redirects=False) as answer:
        text = await answer.text()
    assert "error_sign" in text
