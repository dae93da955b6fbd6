"""Section 3, the errors of both token calls: every row, provoked from outside.

=============================  ==================================================================================
auth/token/get                 provoked by
=============================  ==================================================================================
error_auth "Invalid code",     an unknown, a used, a ten minutes old code
invalid_code
invalid_shop_id                a shop that never was
invalid_main_acount_id         (so spelt) a main account that never was
=============================  ==================================================================================

=============================  ==================================================================================
auth/access_token/get          provoked by
=============================  ==================================================================================
error_auth "Invalid refresh_"  an unknown and a used token
refresh_token_expired          thirty days
error_shop_refresh_token       the token of another shop
error_merchant_refresh_token   the token of a shop used for its merchant
shop_access_expired            the authorization ends
shop_no_linked                 the seller revokes it
shop_banned                    the platform bans the shop
merchant_no_linked             a merchant that never was; every shop revoked
merchant_access_expired        the authorization of every shop ends
=============================  ==================================================================================

Each code is answered once more through the fault `platform_error`, to see that nothing is used up by a refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Reply

BAD_CODE = (("error_auth", "Invalid code"), ("invalid_code", None))


async def exchange(api: Api, code: str, **who: int) -> Reply:
    body = {"code": code, "partner_id": api.partner_id, **(who or {"shop_id": api.store["shop_id"]})}
    return await api.public_post("auth/token/get", body)


async def refresh(api: Api, refresh_token: str, **who: int) -> Reply:
    body: dict[str, Any] = {"refresh_token": refresh_token, "partner_id": api.partner_id}
    return await api.public_post("auth/access_token/get", {**body, **(who or {"shop_id": api.store["shop_id"]})})


def code_of(api: Api) -> tuple[str, int]:
    """An unused authorization code and the shop it is for."""
    first = api.credentials["auth_codes"][0]
    if isinstance(first, dict):
        return first["code"], first["shop_id"]
    return first, api.store["shop_id"]


async def test_code_that_never_was(api: Api) -> None:
    (await exchange(api, "0" * 32)).refused_as_one_of(*BAD_CODE)


async def test_code_used_twice(api: Api) -> None:
    code, shop_id = code_of(api)
    assert (await exchange(api, code, shop_id=shop_id)).error == ""
    (await exchange(api, code, shop_id=shop_id)).refused_as_one_of(*BAD_CODE)


async def test_shop_id_that_never_was(api: Api) -> None:
    code, shop_id = code_of(api)
    (await exchange(api, code, shop_id=4_294_967_295)).refused("invalid_shop_id")
    assert (await exchange(api, code, shop_id=shop_id)).error == "", "the refused call did not use the code up"


async def test_main_account_that_never_was(api: Api) -> None:
    code, _ = code_of(api)
    (await exchange(api, code, main_account_id=987_654_321)).refused("invalid_main_acount_id")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("invalid_code", None),
        ("invalid_shop_id", None),
        ("invalid_main_acount_id", None),
        ("error_auth", "Invalid code"),
    ],
)
async def test_token_get_row_switched(api: Api, error: str, message: str | None) -> None:
    await api.answers(error, message=message, operation="auth/token/get")
    code, shop_id = code_of(api)
    (await exchange(api, code, shop_id=shop_id)).refused(error, message)
    assert (await exchange(api, code, shop_id=shop_id)).error == "", "the code is still unused"


async def test_refresh_token_that_never_was(api: Api) -> None:
    (await refresh(api, "0" * 32)).refused("error_auth", "Invalid refresh_token.")


async def test_refresh_token_used_twice(api: Api) -> None:
    assert (await refresh(api, api.store["refresh_token"])).error == ""
    (await refresh(api, api.store["refresh_token"])).refused("error_auth", "Invalid refresh_token.")


async def test_refresh_token_of_another_shop(api: Api) -> None:
    (await refresh(api, api.stores[1]["refresh_token"])).refused("error_shop_refresh_token")
    assert (await refresh(api, api.store["refresh_token"])).error == ""


async def main_account(api: Api) -> dict[str, Any]:
    """The pair of a main account over every shop and merchant."""
    code, _ = code_of(api)
    return (await exchange(api, code, main_account_id=api.credentials["main_account_id"])).flat


async def test_refresh_token_of_a_shop_used_for_its_merchant(api: Api) -> None:
    merchant_id = (await main_account(api))["merchant_id_list"][0]
    code, shop_id = code_of(api)
    assert (await exchange(api, code, shop_id=shop_id)).error == "invalid_code", "used above"
    await api.load_credentials()
    code, shop_id = code_of(api)
    of_the_shop = (await exchange(api, code, shop_id=shop_id)).flat["refresh_token"]
    (await refresh(api, of_the_shop, merchant_id=merchant_id)).refused("error_merchant_refresh_token")


async def test_merchant_that_never_was(api: Api) -> None:
    (await refresh(api, api.store["refresh_token"], merchant_id=987_654)).refused("merchant_no_linked")


async def test_merchant_whose_shops_all_revoked(api: Api) -> None:
    pair = await main_account(api)
    for store in api.stores:
        await api.store_act("seller_revokes_authorization", store=store["shop_id"])
    answer = await refresh(api, pair["refresh_token"], merchant_id=pair["merchant_id_list"][0])
    answer.refused("merchant_no_linked")


async def test_merchant_whose_authorization_ended(api: Api) -> None:
    pair = await main_account(api)
    for store in api.stores:
        await api.store_act("expire_authorization", store=store["shop_id"])
    answer = await refresh(api, pair["refresh_token"], merchant_id=pair["merchant_id_list"][0])
    answer.refused("merchant_access_expired")


async def test_shop_whose_authorization_ended(api: Api) -> None:
    await api.store_act("expire_authorization")
    (await refresh(api, api.store["refresh_token"])).refused("shop_access_expired")


async def test_banned_shop(api: Api) -> None:
    await api.store_act("platform_bans_store")
    (await refresh(api, api.store["refresh_token"])).refused("shop_banned")


async def test_refresh_token_after_thirty_days(api: Api) -> None:
    await api.advance("P30DT1M")
    (await refresh(api, api.store["refresh_token"])).refused("refresh_token_expired")


async def test_refresh_after_the_seller_revoked(api: Api) -> None:
    await api.store_act("seller_revokes_authorization")
    (await refresh(api, api.store["refresh_token"])).refused("shop_no_linked")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("error_auth", "Invalid refresh_token."),
        ("refresh_token_expired", None),
        ("error_shop_refresh_token", None),
        ("error_merchant_refresh_token", None),
        ("shop_access_expired", None),
        ("shop_no_linked", None),
        ("shop_banned", None),
        ("merchant_no_linked", None),
        ("merchant_access_expired", None),
    ],
)
async def test_refresh_row_switched(api: Api, error: str, message: str | None) -> None:
    await api.answers(error, message=message, operation="auth/access_token/get")
    (await refresh(api, api.store["refresh_token"])).refused(error, message)
    assert (await refresh(api, api.store["refresh_token"])).error == "", "the token was not used up"


async def test_refresh_for_two_ids_at_once(api: Api) -> None:
    """`exactly one` of shop_id, merchant_id, supplier_id, user_id, principal_id."""
    both = await refresh(api, api.store["refresh_token"], shop_id=api.store["shop_id"], merchant_id=1_000_000)
    both.refused("error_param")
    none = await api.public_post(
        "auth/access_token/get",
        {"refresh_token": api.store["refresh_token"], "partner_id": api.partner_id},
    )
    none.refused("error_param")
