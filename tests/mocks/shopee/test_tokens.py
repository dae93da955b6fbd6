"""Section 3: codes, tokens, their lives, and the two public calls beside them."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Reply


def code_of(api: Api) -> tuple[str, int]:
    first = api.credentials["auth_codes"][0]
    if isinstance(first, dict):
        return first["code"], first["shop_id"]
    return first, api.store["shop_id"]


async def refresh(api: Api, store: dict[str, Any]) -> Reply:
    return await api.public_post(
        "auth/access_token/get",
        {
            "refresh_token": store["refresh_token"],
            "partner_id": api.partner_id,
            "shop_id": store["shop_id"],
        },
    )


async def works(api: Api, store: dict[str, Any]) -> bool:
    return (await api.get("order/get_shipment_list", store, page_size=1)).error == ""


async def test_the_code_exchange_is_flat_and_its_token_works(api: Api) -> None:
    code, shop_id = code_of(api)
    answer = await api.public_post("auth/token/get", {"code": code, "partner_id": api.partner_id, "shop_id": shop_id})
    got = answer.flat
    assert {"request_id", "error", "message", "access_token", "refresh_token", "expire_in"} <= got.keys()
    assert 14_000 <= got["expire_in"] <= 14_400
    assert await works(api, {"shop_id": shop_id, "access_token": got["access_token"]})


async def test_reauthorizing_replaces_both_tokens(api: Api) -> None:
    code, shop_id = code_of(api)
    old = next(s for s in api.stores if s["shop_id"] == shop_id)
    answer = await api.public_post("auth/token/get", {"code": code, "partner_id": api.partner_id, "shop_id": shop_id})
    assert answer.flat["access_token"] != old["access_token"]
    assert answer.flat["refresh_token"] != old["refresh_token"]
    (await refresh(api, old)).refused("error_auth", "Invalid refresh_token.")


async def test_a_code_lives_ten_minutes(api: Api) -> None:
    async def exchanged_after(wait: str) -> Reply:
        sent_back = parse_qs(urlsplit(await authorize(api, "/api/v2/shop/auth_partner")).query)
        await api.advance(wait)
        body = {
            "code": sent_back["code"][0],
            "partner_id": api.partner_id,
            "shop_id": int(sent_back["shop_id"][0]),
        }
        return await api.public_post("auth/token/get", body)

    assert (await exchanged_after("PT9M50S")).error == ""
    (await exchanged_after("PT10M10S")).refused_as_one_of(("error_auth", "Invalid code"), ("invalid_code", None))


async def authorize(api: Api, path: str) -> str:
    """Follow the authorization link as a seller who agrees; the address the seller is sent to."""
    query = {**await api.public_query(path), "redirect": "http://127.0.0.1:1/callback?own=1"}
    url, sent = api.base_url + path, {k: str(v) for k, v in query.items()}
    async with api.http.get(url, params=sent) as answer:
        page = await answer.text()
        assert answer.status == 200, page
        assert f'value="{api.store["shop_id"]}"' in page, "the seller chooses a shop"
    form = {"who": str(api.store["shop_id"])}
    async with api.http.post(url, params=sent, data=form, allow_redirects=False) as answer:
        assert answer.status in {302, 303}, await answer.text()
        return answer.headers["Location"]


async def test_the_authorization_link_sends_the_seller_back_with_code_and_shop(api: Api) -> None:
    location = await authorize(api, "/api/v2/shop/auth_partner")
    assert location.startswith("http://127.0.0.1:1/callback?")
    query = parse_qs(urlsplit(location).query)
    assert query["own"] == ["1"]
    assert query["code"][0]
    assert int(query["shop_id"][0]) in {s["shop_id"] for s in api.stores}


async def test_a_refresh_is_flat_and_names_the_shop(api: Api) -> None:
    got = (await refresh(api, api.store)).flat
    assert got["partner_id"] == api.partner_id
    assert got["shop_id"] == api.store["shop_id"]
    assert got["expire_in"] == 14_400
    assert got["access_token"] != api.store["access_token"]
    assert got["refresh_token"] != api.store["refresh_token"]


async def test_a_chain_of_refreshes(api: Api) -> None:
    store = api.store
    for _ in range(4):
        store = {**store, **(await refresh(api, store)).flat}
        assert await works(api, store)


async def test_the_old_access_token_lives_five_minutes_after_a_refresh(api: Api) -> None:
    fresh = {**api.store, **(await refresh(api, api.store)).flat}
    await api.advance("PT4M50S")
    assert await works(api, api.store)
    await api.advance("PT20S")
    assert not await works(api, api.store)
    assert await works(api, fresh)


async def test_an_access_token_has_many_uses_and_four_hours(api: Api) -> None:
    fresh = {**api.store, **(await refresh(api, api.store)).flat}
    for _ in range(5):
        assert await works(api, fresh)
    await api.advance("PT3H59M")
    assert await works(api, fresh)
    await api.advance("PT2M")
    assert not await works(api, fresh)


async def test_a_refresh_token_lives_thirty_days(api: Api) -> None:
    await api.advance("P29DT23H")
    assert (await refresh(api, api.store)).error == ""


async def test_pairs_are_per_shop(api: Api) -> None:
    first, second = api.stores[:2]
    assert (await refresh(api, first)).error == ""
    assert await works(api, second)
    assert (await refresh(api, second)).error == ""


async def test_a_main_account_shares_its_first_pair_and_each_id_gets_its_own(api: Api) -> None:
    body = {
        "code": code_of(api)[0],
        "partner_id": api.partner_id,
        "main_account_id": api.credentials["main_account_id"],
    }
    first = (await api.public_post("auth/token/get", body)).flat
    assert {"shop_id_list", "merchant_id_list", "supplier_id_list", "user_id_list", "principal_id_list"} <= first.keys()
    assert set(first["shop_id_list"]) == {s["shop_id"] for s in api.stores}
    shops = [{**first, "shop_id": shop_id} for shop_id in first["shop_id_list"]]
    for shop in shops:
        assert await works(api, shop), "one access token for all"
    own = [(await refresh(api, shop)).flat for shop in shops]
    assert len({pair["access_token"] for pair in own}) == len(shops), "one refresh token, spent once per id"
    merchant = {"refresh_token": first["refresh_token"], "partner_id": api.partner_id}
    merchant["merchant_id"] = first["merchant_id_list"][0]
    answer = (await api.public_post("auth/access_token/get", merchant)).flat
    assert answer["merchant_id"] == first["merchant_id_list"][0]
    for shop in shops:
        (await refresh(api, shop)).refused("error_auth", "Invalid refresh_token.")


async def test_lost_tokens_come_back_by_resend_code(api: Api) -> None:
    code = (await api.store_act("platform_mails_resend_code"))["resend_code"]
    answer = await api.public_post("public/get_token_by_resend_code", {"resend_code": code})
    pair = answer.body.get("response", answer.body)
    assert answer.error == ""
    assert await works(api, {**api.store, "access_token": pair["access_token"]})


async def test_expire_tokens_ends_access_and_leaves_the_refresh(api: Api) -> None:
    await api.store_act("expire_tokens")
    assert not await works(api, api.store)
    assert await works(api, {**api.store, **(await refresh(api, api.store)).flat})


async def test_shops_by_partner(api: Api) -> None:
    answer = (await api.public_get("public/get_shops_by_partner", page_size=1, page_no=1)).flat
    assert answer["more"] is True
    entry = answer["authed_shop_list"][0]
    assert {"region", "shop_id", "auth_time", "expire_time", "sip_affi_shop_list"} <= entry.keys()
    assert 0 < entry["expire_time"] - entry["auth_time"] <= 365 * 86_400
    seen = {entry["shop_id"]}
    page_no = 1
    while answer["more"]:
        page_no += 1
        answer = (await api.public_get("public/get_shops_by_partner", page_size=1, page_no=page_no)).flat
        seen |= {s["shop_id"] for s in answer["authed_shop_list"]}
    assert seen == {s["shop_id"] for s in api.stores}


async def test_a_revoked_shop_leaves_the_list(api: Api) -> None:
    await api.store_act("seller_revokes_authorization")
    answer = (await api.public_get("public/get_shops_by_partner", page_size=100, page_no=1)).flat
    assert api.store["shop_id"] not in {s["shop_id"] for s in answer["authed_shop_list"]}


async def test_ip_ranges(api: Api) -> None:
    ranges = (await api.public_get("public/get_shopee_ip_ranges")).body
    found = ranges.get("ip_list") or ranges["response"]["ip_list"]
    assert found
    assert all(ip_network(entry) for entry in found)
