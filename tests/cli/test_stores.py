"""Connecting shops, seeing that one is gone, and coming back, against a simulator's real HTTP."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.slow  # whole gateways, command by command

SG, MY = "shopee-301000101", "shopee-301000202"


def _states(gateway) -> dict[str, str]:
    return {each["store"]["id"]: each["store"]["state"] for each in gateway.done("stores", "list")}


def _one_code(shopee, shop: str) -> str:
    """Authorise one shop on the platform's page, as its owner would, and return the code."""
    told = shopee.read("/credentials")
    page = shopee.client.post(
        f"{shopee.base_url}/auth",
        params={
            "partner_id": told["partner_id"],
            "auth_type": "seller",
            "redirect_uri": "http://127.0.0.1:9/oauth/shopee/callback",
            "response_type": "code",
        },
        data={"who": shop},
    )
    assert page.status_code == 302, page.text
    return parse_qs(urlsplit(page.headers["location"]).query)["code"][0]


def test_a_main_account_connects_all_its_shops_in_mode_observe(registered, shopee) -> None:
    told = shopee.read("/credentials")
    connected = registered.done(
        "stores", "connect", "--app", "demo", "--code", told["auth_codes"][0],
        "--main-account-id", told["main_account_id"],
    )  # fmt: skip
    assert [
        (each["store"]["id"], each["store"]["region"], each["store"]["currency"], each["store"]["time_zone"])
        for each in connected
    ] == [
        ("shopee-301000101", "SG", "SGD", "Asia/Singapore"),
        ("shopee-301000202", "MY", "MYR", "Asia/Kuala_Lumpur"),
        ("shopee-301000303", "VN", "VND", "Asia/Ho_Chi_Minh"),
        ("shopee-301000404", "TW", "TWD", "Asia/Taipei"),
        ("shopee-301000505", "BR", "BRL", "America/Sao_Paulo"),
    ]
    assert all(each["new"] and each["store"]["mode"] == "observe" and each["unknown"] == [] for each in connected)
    assert all(each["works"] for each in registered.done("stores", "check"))


def test_a_code_works_once(connected, shopee) -> None:
    code = _one_code(shopee, "301000101")
    assert connected("stores", "connect", "--app", "demo", "--code", code, "--shop-id", "301000101").code == 0
    again = connected("stores", "connect", "--app", "demo", "--code", code, "--shop-id", "301000101")
    assert again.code == 6
    assert "stores connect" in again.err


def test_a_callback_without_an_account_says_what_is_missing(registered) -> None:
    ended = registered("stores", "connect", "--app", "demo", "--code", "0" * 20)
    assert ended.code == 2
    assert "shop_id" in ended.err


def test_the_link_alone_can_be_asked_for(registered, shopee) -> None:
    told = registered.done("stores", "connect", "--app", "demo", "--wait", "0")
    assert told["url"].startswith(f"{shopee.base_url}/api/v2/shop/auth_partner?")
    assert told["redirect_url"] == "http://127.0.0.1:8600/oauth/shopee/callback"
    assert len(told["state"]) >= 32


def test_a_revoked_store_is_flagged_and_the_others_still_sync(connected, shopee) -> None:
    shopee.do("/acts", {"act": "seller_revokes_authorization", "store": 301000101})
    ended = connected("sync", "--json")
    assert ended.code == 6
    by_store = {each["store"]: each for each in ended.json}
    assert by_store[SG]["report"] is None
    assert by_store[SG]["kind"] == "StoreDisconnected"
    assert "gateway stores connect --app demo" in by_store[SG]["words"]
    others = [each for name, each in by_store.items() if name != SG]
    assert len(others) == 4
    assert all(each["report"]["seen"] >= 8 for each in others)
    states = _states(connected)
    assert states.pop(SG) == "disconnected"
    assert set(states.values()) == {"connected"}
    again = connected("sync", "--store", SG, "--json")
    assert again.code == 6
    assert ". Connect it again with `gateway stores connect --app demo`" in again.json[0]["words"]
    checked = connected("stores", "check", "--json")
    assert checked.code == 6
    wrong = [each for each in checked.json if not each["works"]]
    assert [each["store"] for each in wrong] == [SG]
    assert "gateway stores connect --app demo" in wrong[0]["words"]
    assert "stores" in {each["check"] for each in connected("doctor", "--json").json if each["state"] == "warn"}


def test_a_reconnected_store_keeps_its_mode_and_its_orders(pulled, shopee) -> None:
    pulled.done("stores", "mode", SG, "ask")
    before = pulled.done("orders", "list", "--store", SG)["orders"]
    assert before
    shopee.do("/acts", {"act": "seller_revokes_authorization", "store": 301000101})
    assert pulled("sync", "--store", SG).code == 6
    assert pulled("sync", "--store", SG).code == 6  # still gone: told again, nothing crashes
    code = _one_code(shopee, "301000101")
    back = pulled.done("stores", "connect", "--app", "demo", "--code", code, "--shop-id", "301000101")
    assert [(each["store"]["id"], each["new"], each["store"]["mode"]) for each in back] == [(SG, False, "ask")]
    assert _states(pulled)[SG] == "connected"
    assert pulled.done("orders", "list", "--store", SG)["orders"] == before
    assert pulled("sync", "--store", SG).code == 0


def test_a_wrong_secret_flags_the_stores_until_it_is_put_right(connected, shopee) -> None:
    told = shopee.read("/credentials")
    add = ["apps", "add", "demo", "--platform", "shopee", "--key", told["partner_id"], "--base-url", shopee.base_url]
    taken = connected(*add, "--secret-env", "S", env={"S": "0" * 50})
    assert taken.code == 2
    assert "--replace" in taken.err
    connected.done(*add, "--secret-env", "S", "--replace", env={"S": "0" * 50})
    checked = connected("stores", "check", SG, "--json")
    assert checked.code == 6
    assert "gateway apps add demo --replace" in checked.json[0]["words"]
    assert _states(connected)[SG] == "disconnected"
    connected.done(*add, "--secret-env", "S", "--replace", env={"S": told["partner_key"]})
    assert connected.done("stores", "check", SG)[0]["works"]
    assert _states(connected)[SG] == "connected"


def test_tokens_by_hand_come_from_variables_or_a_file(registered, shopee, tmp_path) -> None:
    told = {str(each["shop_id"]): each for each in shopee.read("/credentials")["stores"]}
    first, second = told["301000101"], told["301000202"]
    added = registered.done(
        "stores", "add", "--app", "demo", "--shop-id", "301000101", "--name", "singapore",
        "--access-token-env", "ACCESS", "--refresh-token-env", "REFRESH", "--expires-in", "14400",
        env={"ACCESS": first["access_token"], "REFRESH": first["refresh_token"]},
    )  # fmt: skip
    assert [(each["store"]["id"], each["store"]["region"]) for each in added] == [("singapore", "SG")]
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({name: second[name] for name in ("access_token", "refresh_token")}))
    registered.done("stores", "add", "--app", "demo", "--shop-id", "301000202", "--tokens-file", file)
    assert all(each["works"] for each in registered.done("stores", "check"))
    # the second one's life was not known: its first use renewed it, and the renewed one was stored
    assert all(each["report"]["seen"] for each in registered.done("sync"))


def test_what_is_wrong_with_tokens_is_said(registered, tmp_path) -> None:
    add = ["stores", "add", "--app", "demo", "--shop-id", "301000101"]
    missing = registered(*add, "--access-token-env", "NO_SUCH_TOKEN")
    assert missing.code == 2
    assert "NO_SUCH_TOKEN" in missing.err
    assert registered(*add).code == 2
    file = tmp_path / "tokens.json"
    for text, word in (("{", "line 1"), ("[]", "JSON object"), ('{"access_token": 1}', "access_token")):
        file.write_text(text)
        ended = registered(*add, "--tokens-file", file)
        assert ended.code == 2
        assert word in ended.err
    file.write_text('{"access_token": "0000"}')
    assert "refresh token" in registered(*add, "--tokens-file", file).err
    file.write_text('{"access_token": "0000", "refresh_token": "0000"}')
    foreign = registered("stores", "add", "--app", "demo", "--shop-id", "77", "--tokens-file", file)
    assert foreign.code == 2
    assert "--region" in foreign.err


def test_unknown_names_are_told_with_those_that_exist(connected) -> None:
    for command in (
        ["stores", "mode", "nowhere", "ask"],
        ["stores", "check", "nowhere"],
        ["sync", "--store", "nowhere"],
        ["stop-effects", "--store", "nowhere"],
        ["orders", "list", "--store", "nowhere"],
        ["quarantine", "list", "--store", "nowhere"],
    ):
        ended = connected(*command)
        assert ended.code == 1, command
        assert SG in ended.err
    ended = connected("stores", "connect", "--app", "nobody", "--wait", "0")
    assert ended.code == 1
    assert "demo" in ended.err


def test_apps_are_checked_and_their_secrets_never_shown(registered, shopee) -> None:
    ended = registered("apps", "list")
    assert "demo" in ended.out
    assert shopee.read("/credentials")["partner_key"] not in ended.out + registered("apps", "list", "--json").out
    add = ["apps", "add", "other", "--key", "1", "--secret-env", "S"]
    unknown = registered(*add, "--platform", "nowhere", env={"S": "x"})
    assert unknown.code == 4
    assert "shopee" in unknown.err
    assert registered(*add, "--platform", "shopee", "--base-url", "no address", env={"S": "x"}).code == 2
    assert registered(*add, "--platform", "shopee").code == 2  # S is not set


def test_an_unreachable_host_is_no_lost_authorisation(connected, shopee, free_port) -> None:
    told = shopee.read("/credentials")
    connected.done(
        "apps", "add", "demo", "--platform", "shopee", "--key", told["partner_id"], "--replace",
        "--secret-env", "S", "--base-url", f"http://127.0.0.1:{free_port}", env={"S": told["partner_key"]},
    )  # fmt: skip
    checked = connected("stores", "check", SG, "--json")
    assert checked.code == 5
    assert checked.json[0]["kind"] == "NotSent"
    assert _states(connected)[SG] == "connected"
    ended = connected("doctor", "--json")
    assert ended.code == 4
    assert "does not answer" in next(each for each in ended.json if each["check"] == "platform (demo)")["found"]
