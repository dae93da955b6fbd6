"""The common checks before every call (API.md 2.2, 2.3 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.sign import sign_fits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mocks.kit.bucket import Buckets
    from mocks.tiktok_shop.calling import Call
    from mocks.tiktok_shop.model import Seller, Shop
    from mocks.tiktok_shop.world import World

OLDEST = 300
NEWEST = 30


def _overloaded(words: str) -> ApiError:
    return ApiError(36009004, words, status=401)


def check_app(world: World, query: Mapping[str, str], remote: str | None) -> None:
    """Check app key and clock window of a signed call, and where it comes from."""
    for name in ("app_key", "timestamp", "sign"):
        if not query.get(name):
            raise _overloaded(f"Missing parameter. The '{name}' query parameter is missing.")
    if query["app_key"] != world.app.app_key:
        raise _overloaded("Invalid app_key. The 'app_key' query parameter is invalid.")
    given = query["timestamp"]
    if not (given.isascii() and given.isdigit()) or len(given) != 10:
        raise _overloaded("Invalid timestamp. The 'timestamp' query parameter must have 10 digits.")
    if not world.rig.clock.is_about_now(int(given), OLDEST, NEWEST):
        raise _overloaded("Invalid timestamp. The 'timestamp' query parameter is outside the allowed window.")
    if world.app.declared_ips is not None and (remote or "") not in world.app.declared_ips:
        raise ApiError(36009033)


def check_sign(world: World, path: str, pairs: Sequence[tuple[str, str]], body: bytes) -> None:
    """Check the sign; the body counts unless it is multipart (then it is given empty)."""
    given = next((value for name, value in pairs if name == "sign"), "")
    if not sign_fits(world.app.app_secret, path, pairs, body, given):
        raise ApiError(106001)


def check_caller(world: World, call: Call, query: Mapping[str, str], token: str | None) -> tuple[Seller, Shop | None]:
    """Check token, scope and shop, and give the seller and (of shop-level calls) the shop."""
    if not token:
        raise _overloaded("Invalid 'x-tts-access-token'. The header is missing.")
    seller = world.tokens.seller_of(token)
    if not seller.active:
        raise ApiError(36009044)
    if call.scope not in seller.scopes:
        raise ApiError(105005)
    if not call.shop_level:
        return seller, None
    cipher = query.get("shop_cipher")
    shop = next((one for one in world.shops.values() if one.cipher == cipher), None)
    if shop is None:
        raise ApiError(106013)
    if shop.seller is not seller:
        raise ApiError(101000)
    if not shop.active:
        raise ApiError(36009043)
    return seller, shop


def check_rate(world: World, buckets: Buckets, caller: str) -> None:
    """Check the rate limit of app and shop."""
    wait = buckets.take(caller, world.rig.clock.now())
    if wait:
        raise ApiError(36009002, retry_after=wait)
