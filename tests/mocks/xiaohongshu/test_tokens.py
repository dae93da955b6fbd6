"""Section 3: codes, lives, the four refresh rules, revoking."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api, Receiver

DAY_MS = 86_400_000


async def test_a_code_becomes_a_pair_with_its_lives(api: Api) -> None:
    told = (await api.oauth("oauth.getAccessToken", code=api.credentials["auth_codes"][0])).ok
    now = await api.now() * 1000
    assert told["accessTokenExpiresAt"] == now + 7 * DAY_MS
    assert told["refreshTokenExpiresAt"] == now + 14 * DAY_MS
    assert re.fullmatch(r"token-[0-9a-f]{32}-[0-9a-f]{32}", told["accessToken"])
    assert told["refreshToken"].startswith("refresh-")
    assert re.fullmatch(r"[0-9a-f]{24}", told["sellerId"])
    assert told["sellerName"]
    store = {"access_token": told["accessToken"]}
    assert (await api.call("common.getExpressCompanyList", store)).ok


async def test_codes_serve_the_shops_in_turn(api: Api) -> None:
    codes = api.credentials["auth_codes"]
    sellers = [(await api.oauth("oauth.getAccessToken", code=code)).ok["sellerId"] for code in codes[:2]]
    assert sorted(sellers) == sorted(store["seller_id"] for store in api.stores)


async def test_the_same_code_gives_the_same_pair_for_ten_minutes(api: Api) -> None:
    code = api.credentials["auth_codes"][0]
    first = (await api.oauth("oauth.getAccessToken", code=code)).ok
    await api.advance("PT9M59S")
    assert (await api.oauth("oauth.getAccessToken", code=code)).ok == first
    await api.advance("PT1S")
    (await api.oauth("oauth.getAccessToken", code=code)).refused(None, "code")
    (await api.oauth("oauth.getAccessToken", code="code-unknown")).refused(None, "code")
    (await api.oauth("oauth.getAccessToken")).refused(-2000400, "code")


async def test_above_thirty_minutes_a_refresh_changes_nothing(api: Api) -> None:
    store = api.stores[0]
    began = await api.now() * 1000
    await api.advance("P6DT23H29M59S")
    told = (await api.oauth("oauth.refreshToken", refreshToken=store["refresh_token"])).ok
    assert (told["accessToken"], told["refreshToken"]) == (store["access_token"], store["refresh_token"])
    assert told["accessTokenExpiresAt"] == began + 7 * DAY_MS
    assert told["refreshTokenExpiresAt"] == began + 14 * DAY_MS


async def test_below_thirty_minutes_there_is_a_new_pair_and_the_old_token_lives_five_minutes(api: Api) -> None:
    store = api.stores[0]
    await api.advance("P6DT23H30M1S")
    told = (await api.oauth("oauth.refreshToken", refreshToken=store["refresh_token"])).ok
    assert told["accessToken"] != store["access_token"]
    assert told["refreshToken"] != store["refresh_token"]
    assert told["accessTokenExpiresAt"] == await api.now() * 1000 + 7 * DAY_MS
    fresh = {"access_token": told["accessToken"]}
    await api.advance("PT4M59S")
    for one in (store, fresh):
        assert (await api.call("common.getExpressCompanyList", one)).ok
    await api.advance("PT1S")
    (await api.call("common.getExpressCompanyList", store)).refused(None, "accessToken")
    assert (await api.call("common.getExpressCompanyList", fresh)).ok
    (await api.oauth("oauth.refreshToken", refreshToken=store["refresh_token"])).refused(None, "refreshToken")


async def test_an_expired_access_token_is_refused_and_refreshed(api: Api) -> None:
    store = api.stores[0]
    await api.advance("P7D")
    (await api.call("common.getExpressCompanyList", store)).refused(None, "accessToken", "过期")
    told = (await api.oauth("oauth.refreshToken", refreshToken=store["refresh_token"])).ok
    assert (await api.call("common.getExpressCompanyList", {"access_token": told["accessToken"]})).ok


async def test_an_expired_refresh_token_needs_a_new_authorisation(api: Api) -> None:
    await api.advance("P14D")
    refused = await api.oauth("oauth.refreshToken", refreshToken=api.stores[0]["refresh_token"])
    refused.refused(None, "refreshToken", "授权")
    code = (await api.store_act("seller_authorizes"))["code"]
    assert (await api.oauth("oauth.getAccessToken", code=code)).ok["sellerId"] == api.seller_id


async def test_tokens_may_be_made_to_expire(api: Api) -> None:
    await api.store_act("expire_tokens")
    (await api.call("common.getExpressCompanyList")).refused(None, "accessToken")
    assert (await api.call("common.getExpressCompanyList", api.other)).ok
    assert (await api.oauth("oauth.refreshToken", refreshToken=api.stores[0]["refresh_token"])).ok
    await api.app_act("expire_tokens", refresh=True)
    (await api.oauth("oauth.refreshToken", refreshToken=api.other["refresh_token"])).refused(None, "refreshToken")


async def test_missing_and_unknown_tokens_are_refused(api: Api) -> None:
    fields = await api.system("common.getExpressCompanyList")
    (await api.raw(fields)).refused(None, "accessToken")
    (await api.raw({**fields, "accessToken": "token-x"})).refused(None, "accessToken")


async def test_a_revoked_shop_is_refused_until_it_authorises_again(api: Api) -> None:
    store = api.stores[0]
    await api.store_act("seller_revokes_authorization")
    (await api.call("common.getExpressCompanyList", store)).refused(None, "授权")
    (await api.oauth("oauth.refreshToken", refreshToken=store["refresh_token"])).refused(None, "授权")
    code = (await api.store_act("seller_authorizes"))["code"]
    told = (await api.oauth("oauth.getAccessToken", code=code)).ok
    assert (await api.call("common.getExpressCompanyList", {"access_token": told["accessToken"]})).ok
    (await api.call("common.getExpressCompanyList", store)).refused(None, "accessToken")


async def test_the_authorisation_page_redirects_with_code_and_state(api: Api, receiver: Receiver) -> None:
    for path, extra in (("/ark/authorization", {}), ("/thor/open/authorization", {"fullscreen": "true"})):
        query = {"appId": api.app_id, "redirectUri": "http://127.0.0.1:9/back?own=1", "state": "s t", **extra}
        seller = api.other["seller_id"]
        if extra:
            query["sellerId"] = seller
        async with api.http.get(api.base_url + path, params=query) as page:
            assert page.status == 200
            assert seller in await page.text()
        async with api.http.post(
            api.base_url + path, params=query, data={"who": seller}, allow_redirects=False
        ) as answer:
            assert answer.status == 302
            back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert back["own"] == ["1"]
        assert back["state"] == ["s t"]
        assert back["code"][0].startswith("code-")
        assert (await api.oauth("oauth.getAccessToken", code=back["code"][0])).ok["sellerId"] == seller


async def test_the_page_refuses_an_unknown_app(api: Api) -> None:
    query = {"appId": "nobody", "redirectUri": "http://127.0.0.1:9/back"}
    async with api.http.get(api.base_url + "/ark/authorization", params=query) as page:
        assert page.status == 400
