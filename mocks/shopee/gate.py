"""The common parameter checks before every call, in the order of API.md section 13, line 1."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mocks.shopee.errors import ApiError
from mocks.shopee.tokens import hex_hmac

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.kit.bucket import Buckets
    from mocks.shopee.model import Shop
    from mocks.shopee.world import World

WINDOW = 300
MAX_SHOP_ID = 4_294_967_295


def _param(text: str) -> ApiError:
    return ApiError("error_param", text, gateway=True)


def check_public(world: World, path: str, query: Mapping[str, str], remote: str | None) -> None:
    """Check partner, time window and sign of a Public call; raises ApiError for the first that fails."""
    _check_partner(world, query, remote)
    _check_time(world, query)
    if not query.get("sign"):
        raise _param("There is no sign in query.")
    _check_sign(world, query, f"{query['partner_id']}{path}{query['timestamp']}")


def check_shop(world: World, path: str, query: Mapping[str, str], remote: str | None) -> Shop:
    """Check a Shop call and give the shop it is about; raises ApiError for the first check that fails."""
    _check_partner(world, query, remote)
    _check_time(world, query)
    for name in ("sign", "access_token", "shop_id"):
        if not query.get(name):
            raise _param(f"There is no {name} in query.")
    raw_id = query["shop_id"]
    if not raw_id.isdigit() or int(raw_id) > MAX_SHOP_ID:
        raise _param("shop_id is invalid, should be an integer between 0 and 4294967295.")
    token = query["access_token"]
    _check_sign(world, query, f"{query['partner_id']}{path}{query['timestamp']}{token}{raw_id}")
    if not world.tokens.alive(token):
        raise ApiError("invalid_acceess_token", gateway=True)
    shop = world.shops.get(int(raw_id))
    if shop is None:
        raise ApiError("partner_shop_no_link", gateway=True)
    _check_shop_state(world, shop)
    if not world.tokens.serves(token, ("shop", shop.shop_id)):
        raise ApiError("error_auth", "Invalid access_token.", gateway=True)
    return shop


def check_limits(world: World, buckets: Buckets, operation: str, caller: str) -> None:
    """Check what the app may call, its daily total and the rate limit."""
    for glob, code in world.app.restricted.items():
        if fnmatchcase(operation, glob):
            raise ApiError(code, gateway=True)
    day = (datetime.fromtimestamp(world.now(), UTC) + timedelta(hours=8)).toordinal()
    today = world.app.calls_today.get(day, 0)
    if world.app.daily_limit is not None and today >= world.app.daily_limit:
        raise ApiError("error_limit", gateway=True)
    wait = buckets.take(caller, world.rig.clock.now())
    if wait:
        raise RateLimited(wait)
    world.app.calls_today = {day: today + 1}


class RateLimited(ApiError):
    """The rate limit is reached; `retry_after` seconds later the call would pass."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("error_rate_limit", gateway=True)


def _check_partner(world: World, query: Mapping[str, str], remote: str | None) -> None:
    given = query.get("partner_id")
    if not given:
        raise _param("There is no partner_id in query.")
    if not given.isdigit():
        raise _param("Invalid partner_id.")
    if int(given) != world.app.partner_id:
        raise ApiError("invalid_partner_id", gateway=True)
    if world.app.key_expired:
        raise ApiError("error_partner_key_expired", gateway=True)
    declared = world.app.declared_ips
    if declared is not None and (remote or "") not in declared:
        text = f"Request Source IP ({remote}) is undeclared. Please declare it in the console."
        raise ApiError("source_ip_undeclared", text, gateway=True)


def _check_time(world: World, query: Mapping[str, str]) -> None:
    given = query.get("timestamp")
    if not given:
        raise _param("no timestamp")
    if not given.isdigit():
        raise _param("Invalid timestamp")
    if not world.rig.clock.is_about_now(int(given), WINDOW):
        raise _param("Timestamp is expired.")


def _check_sign(world: World, query: Mapping[str, str], base: str) -> None:
    right = hex_hmac(world.app.partner_key, base)
    if not hmac.compare_digest(right.encode(), query["sign"].encode()):
        raise ApiError("error_sign", gateway=True)


def _check_shop_state(world: World, shop: Shop) -> None:
    if not shop.linked or shop.authorised_until <= world.now():
        raise ApiError("shop_no_linked", gateway=True)
    if shop.banned:
        raise ApiError("shop_banned", gateway=True)
    if shop.kyc_missing:
        raise ApiError("error_kyc_auth", "seller registration incomplete", gateway=True)
