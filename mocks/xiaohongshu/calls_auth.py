"""`oauth.*`: codes and refresh tokens for pairs (API.md section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu.calling import Call, Context
from mocks.xiaohongshu.errors import ApiError

if TYPE_CHECKING:
    from mocks.xiaohongshu.params import Params
    from mocks.xiaohongshu.tokens import Pair


def _pair(ctx: Context, pair: Pair) -> dict[str, Any]:
    shop = ctx.world.shops[pair.seller_id]
    if not shop.linked:
        raise ApiError("revoked")
    return {
        "accessToken": pair.access_token,
        "accessTokenExpiresAt": pair.access_ends * 1000,
        "refreshToken": pair.refresh_token,
        "refreshTokenExpiresAt": pair.refresh_ends * 1000,
        "sellerId": pair.seller_id,
        "sellerName": shop.name,
    }


def _get(ctx: Context, params: Params) -> dict[str, Any]:
    return _pair(ctx, ctx.world.tokens.exchange(params.text("code")))


def _refresh(ctx: Context, params: Params) -> dict[str, Any]:
    return _pair(ctx, ctx.world.tokens.refresh(params.text("refreshToken")))


CALLS = {
    "oauth.getAccessToken": Call(_get, kind="oauth"),
    "oauth.refreshToken": Call(_refresh, kind="oauth"),
}
