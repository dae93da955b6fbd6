"""Authorisation calls (API.md section 3): tokens, linked shops, address ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mocks.shopee.calling import Call, Reply
from mocks.shopee.errors import ApiError, required, wrong
from mocks.shopee.tokens import ACCESS_LIFE

if TYPE_CHECKING:
    from mocks.shopee.calling import Context
    from mocks.shopee.params import Params
    from mocks.shopee.tokens import Holder, Pair
    from mocks.shopee.world import World

ISSUE_LAG = 14
"""A pair from token/get has lost some seconds when it arrives."""


def _own_partner(ctx: Context, params: Params) -> None:
    if params.number("partner_id") != ctx.world.app.partner_id:
        raise ApiError("error_param", "Invalid partner_id.", gateway=True)


def _flat(pair: Pair) -> dict[str, Any]:
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expire_in": pair.expire_in,
    }


def _lists(holders: tuple[Holder, ...]) -> dict[str, Any]:
    return {
        "shop_id_list": [number for kind, number in holders if kind == "shop"],
        "merchant_id_list": [number for kind, number in holders if kind == "merchant"],
        "supplier_id_list": [],
        "user_id_list": [],
        "principal_id_list": [],
    }


def token_get(ctx: Context, params: Params) -> Reply:
    """Exchange a code for the first pair of a shop, or of everything under a main account."""
    _own_partner(ctx, params)
    text = params.text("code")
    book = ctx.world.tokens
    code = book.codes.get(text)
    if code is None:
        raise ApiError("error_auth", "Invalid code")
    if code.used or code.expires <= ctx.world.now():
        raise ApiError("invalid_code")
    has_shop = params.values.get("shop_id") is not None
    has_account = params.values.get("main_account_id") is not None
    if has_shop == has_account:
        raise required("shop_id") if not has_shop else wrong("shop_id and main_account_id exclude each other.")
    if has_account:
        if code.main_account_id is None or params.number("main_account_id") != code.main_account_id:
            raise ApiError("invalid_main_acount_id")
        holders = code.holders
    else:
        holders = (("shop", params.number("shop_id")),)
        if holders[0] not in code.holders or code.shop_id not in (None, holders[0][1]):
            raise ApiError("invalid_shop_id")
    code.used = True
    link(ctx.world, holders)
    pair = book.issue(holders, life=ACCESS_LIFE - ISSUE_LAG)
    return Reply(beside={**_flat(pair), **(_lists(holders) if has_account else {})})


def link(world: World, holders: tuple[Holder, ...]) -> None:
    """Link the shops with the app again for a year."""
    for kind, number in holders:
        if kind == "shop":
            shop = world.shops[number]
            shop.linked = True
            shop.authorised_at = world.now()
            shop.authorised_until = world.now() + 365 * 86_400


def access_token_get(ctx: Context, params: Params) -> Reply:
    """Spend a refresh token for a new pair of exactly one shop or merchant."""
    _own_partner(ctx, params)
    refresh_token = params.text("refresh_token")
    kinds = [
        name
        for name in ("shop_id", "merchant_id", "supplier_id", "user_id", "principal_id")
        if params.values.get(name) is not None
    ]
    if len(kinds) != 1:
        raise required("shop_id") if not kinds else wrong("exactly one id is expected.")
    number = params.number(kinds[0])
    kind = kinds[0].removesuffix("_id")
    _check_holder(ctx.world, kind, number)
    pair = ctx.world.tokens.renew(refresh_token, cast("Holder", (kind, number)))
    return Reply(beside={"partner_id": ctx.world.app.partner_id, kinds[0]: number, **_flat(pair)})


def _check_holder(world: World, kind: str, number: int) -> None:
    if kind == "shop":
        shop = world.shops.get(number)
        if shop is None or not shop.linked:
            raise ApiError("shop_no_linked")
        if shop.banned:
            raise ApiError("shop_banned")
        if shop.authorised_until <= world.now():
            raise ApiError("shop_access_expired")
        return
    shops = [shop for shop in world.shops.values() if kind == "merchant" and shop.merchant_id == number]
    if not shops or not any(shop.linked for shop in shops):
        raise ApiError("merchant_no_linked" if kind == "merchant" else "error_auth", None)
    if all(shop.authorised_until <= world.now() for shop in shops):
        raise ApiError("merchant_access_expired")


def get_token_by_resend_code(ctx: Context, params: Params) -> Reply:
    """Give lost tokens again for a code the platform mailed."""
    holders = ctx.world.tokens.resend_codes.pop(params.text("resend_code"), None)
    if holders is None:
        raise ApiError("invalid_code")
    pair = ctx.world.tokens.issue(holders)
    return Reply(beside={**_flat(pair), **_lists(holders)})


def get_shops_by_partner(ctx: Context, params: Params) -> Reply:
    """List the shops linked with the app, page by page."""
    size = params.page_size(default=100)
    page = params.optional_number("page_no", 1)
    if page < 1:
        raise wrong("page_no must be 1 or greater.")
    linked = [shop for shop in ctx.world.shops.values() if shop.linked]
    rows = [
        {
            "region": shop.region,
            "shop_id": shop.shop_id,
            "auth_time": shop.authorised_at,
            "expire_time": shop.authorised_until,
            "sip_affi_shop_list": [],
        }
        for shop in linked[(page - 1) * size : page * size]
    ]
    return Reply(beside={"authed_shop_list": rows, "more": len(linked) > page * size})


def get_shopee_ip_ranges(_ctx: Context, _params: Params) -> Reply:
    """List the addresses pushes come from: here, loopback."""
    return Reply(beside={"ip_list": ["127.0.0.1/32", "::1/128"]})


CALLS = {
    "auth/token/get": Call("POST", "public", token_get),
    "auth/access_token/get": Call("POST", "public", access_token_get),
    "public/get_token_by_resend_code": Call("POST", "public", get_token_by_resend_code),
    "public/get_shops_by_partner": Call("GET", "public", get_shops_by_partner),
    "public/get_shopee_ip_ranges": Call("GET", "public", get_shopee_ip_ranges),
}
