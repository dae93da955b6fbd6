"""Section 3: authorisation, exchange, refresh, renewal; which account a token speaks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.alibaba_1688.conftest import Api

REDIRECT = "http://127.0.0.1/back"


async def granted(api: Api, code: str, name: str = "getToken") -> dict[str, str]:
    reply = await api.token_call(
        name, grant_type="authorization_code", need_refresh_token="true", redirect_uri=REDIRECT, code=code
    )
    assert reply.http == 200, reply.body
    return dict(reply.body)


async def lists(api: Api, token: str) -> bool:
    reply = await api.call("alibaba.trade.getBuyerOrderList", who={"access_token": token})
    return "error_code" not in reply.body


async def test_a_code_gives_tokens_once(api: Api, unix: Callable[[str], int]) -> None:
    code = api.credentials["auth_codes"][0]
    body = await granted(api, code)
    assert body["expires_in"] == "36000"
    assert body["memberId"] == api.member
    assert body["resource_owner"]
    assert body["aliId"]
    assert re.fullmatch(r"\d{17}\+0800", body["refresh_token_timeout"])
    assert unix(body["refresh_token_timeout"]) > await api.now() + 150 * 86_400
    assert await lists(api, body["access_token"])
    again = await api.token_call(grant_type="authorization_code", redirect_uri=REDIRECT, code=code)
    assert again.http == 400
    assert set(again.body) == {"error", "error_description"}


async def test_a_code_lives_two_minutes(api: Api) -> None:
    first, second = api.credentials["auth_codes"]
    await api.advance("PT1M59S")
    await granted(api, first)
    await api.advance("PT2S")
    late = await api.token_call(grant_type="authorization_code", redirect_uri=REDIRECT, code=second)
    assert late.body["error"]


async def test_the_other_path_of_the_exchange(api: Api) -> None:
    form = {
        "grant_type": "authorization_code",
        "need_refresh_token": "true",
        "client_id": api.app_key,
        "client_secret": api.secret,
        "redirect_uri": REDIRECT,
        "code": api.credentials["auth_codes"][1],
    }
    reply = await api.raw(f"http/1/system.oauth2/getToken/{api.app_key}", form)
    assert reply.body["memberId"] == api.other["member_id"]


async def test_the_consent_page_sends_back_with_code_and_state(api: Api) -> None:
    asked = {"client_id": api.app_key, "site": "1688", "redirect_uri": REDIRECT, "state": "s&1"}
    async with api.http.get(f"{api.base_url}/oauth/authorize", params=asked) as page:
        assert page.status == 200
        assert api.store["login_id"] in await page.text()
    chosen = {**asked, "member_id": api.other["member_id"]}
    async with api.http.get(f"{api.base_url}/oauth/authorize", params=chosen, allow_redirects=False) as back:
        assert back.status == 302
        query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert query["state"] == ["s&1"]
    assert (await granted(api, query["code"][0]))["memberId"] == api.other["member_id"]
    async with api.http.get(f"{api.base_url}/oauth/authorize", params={**asked, "client_id": "1"}) as wrong:
        assert wrong.status == 400
        assert await wrong.text() == "非法请求"


async def test_refreshing_keeps_the_refresh_token(api: Api) -> None:
    refresh = api.store["refresh_token"]
    reply = await api.token_call(grant_type="refresh_token", refresh_token=refresh)
    assert "refresh_token" not in reply.body
    assert reply.body["access_token"] != api.store["access_token"]
    assert await lists(api, reply.body["access_token"])
    assert (await api.token_call(grant_type="refresh_token", refresh_token=refresh)).http == 200


async def test_an_access_token_lives_ten_hours(api: Api) -> None:
    await api.advance("PT9H59M59S")
    assert await lists(api, api.store["access_token"])
    await api.advance("PT1S")
    assert not await lists(api, api.store["access_token"])


async def test_postponing_replaces_the_refresh_token(api: Api) -> None:
    old = api.store["refresh_token"]
    reply = await api.token_call("postponeToken", access_token=api.store["access_token"], refresh_token=old)
    assert reply.body["refresh_token"] != old
    assert (await api.token_call(grant_type="refresh_token", refresh_token=old)).http == 400
    assert (await api.token_call(grant_type="refresh_token", refresh_token=reply.body["refresh_token"])).http == 200


async def test_bad_token_requests(api: Api) -> None:
    missing = await api.token_call(grant_type="refresh_token")
    assert missing.body["error_description"] == "缺少必要参数"
    wrong = await api.token_call(grant_type="refresh_token", refresh_token="x", client_secret="no")
    assert wrong.body["error_description"] == "非法请求"
    dead = await api.token_call(grant_type="refresh_token", refresh_token="x")
    assert dead.http == 400


async def test_taking_the_authorisation_back_kills_both_tokens(api: Api) -> None:
    await api.store_act("seller_revokes_authorization", store=api.member)
    assert not await lists(api, api.store["access_token"])
    assert (await api.token_call(grant_type="refresh_token", refresh_token=api.store["refresh_token"])).http == 400
    assert await lists(api, api.other["access_token"])
    await api.load_credentials()
    assert await lists(api, (await granted(api, api.credentials["auth_codes"][0]))["access_token"])


async def test_the_calls_name_chooses_the_side(api: Api) -> None:
    """One account sells one order and buys another; each shows on its own side only."""
    sold, bought = await api.order(), await api.bought()
    listed = {
        name: [row["baseInfo"]["idOfStr"] for row in (await api.call(f"alibaba.trade.get{name}OrderList")).ok["result"]]
        for name in ("Seller", "Buyer")
    }
    assert listed == {"Seller": [sold], "Buyer": [bought]}
    asked = {"webSite": "1688", "orderId": sold}
    assert (await api.call("alibaba.trade.get.sellerView", asked)).ok
    (await api.call("alibaba.trade.get.buyerView", asked)).flat("400_3")
    (await api.call("alibaba.trade.get.sellerView", asked, who=api.other)).flat("400_3")


async def test_one_order_between_two_accounts_shows_to_both(api: Api) -> None:
    order = await api.order(role="buyer", counterpart=api.other["member_id"])
    seller = (await api.call("alibaba.trade.getSellerOrderList", who=api.other)).ok
    buyer = (await api.call("alibaba.trade.getBuyerOrderList")).ok
    assert [row["baseInfo"]["idOfStr"] for row in seller["result"]] == [order]
    assert [row["baseInfo"]["idOfStr"] for row in buyer["result"]] == [order]
