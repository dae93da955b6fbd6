"""Section 3, the errors of both token calls: every row, provoked from outside.

auth/token/get
    `error_auth` "Invalid code" by an unknown, a used and a ten minutes old code, `invalid_shop_id`,
    `invalid_main_acount_id` (so spelt); `invalid_code`, a second answer to a bad code, through `gateway_answers`
auth/access_token/get
    `error_auth` "Invalid refresh_token.", `refresh_token_expired`, `shop_no_linked` by what happened to the token;
    `error_shop_refresh_token`, `error_merchant_refresh_token`, `shop_access_expired`, `shop_banned`,
    `merchant_no_linked`, `merchant_access_expired` through `gateway_answers`
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
    answer = await refresh(api, api.stores[1]["refresh_token"])
    answer.refused_as_one_of(("error_auth", "Invalid refresh_token."), ("error_shop_refresh_token", None))
    assert (await refresh(api, api.store["refresh_token"])).error == ""


async def test_refresh_token_after_thirty_days(api: Api) -> None:
    await api.advance("P30DT1M")
    (await refresh(api, api.store["refresh_token"])).refused("refresh_token_expired")


async def test_refresh_after_the_seller_revoked(api: Api) -> None:
    await api.store_act("seller_revokes_authorization")
    (await refresh(api, api.store["refresh_token"])).refused_as_one_of(
        ("shop_no_linked", None), ("error_auth", "Invalid refresh_token.")
    )


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
