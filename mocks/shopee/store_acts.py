"""What happens to a shop or to the app, through the control API, and the platform's own calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mocks.kit.clock import parse_duration
from mocks.kit.platform import BadRequest
from mocks.shopee import health
from mocks.shopee.model import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.kit.bucket import Buckets
    from mocks.shopee.model import Shop
    from mocks.shopee.world import World

EXPIRY_NOTICE = 7 * DAY


def perform(world: World, buckets: Buckets, name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Do an act about a shop or the app; BadRequest when it is unknown or its details are wrong."""
    if name == "set_rate_limit":
        return buckets.set_as_told(details)
    act = ACTS.get(name)
    if act is None:
        raise BadRequest(f"unknown act {name!r}; known: {', '.join(ACTS)}")
    return act(world, details)


def _shops(world: World, details: Mapping[str, Any]) -> list[Shop]:
    wanted = details.get("store", details.get("shop_id"))
    found = [shop for shop in world.shops.values() if wanted is None or str(shop.shop_id) == str(wanted)]
    if not found:
        raise BadRequest(f"no shop {wanted!r}; there are {list(world.shops)}")
    return found


def _points(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    points, kind = details.get("points", 1), details.get("violation_type", 6)
    if not isinstance(points, int) or not isinstance(kind, int) or points < 1:
        raise BadRequest("points and violation_type must be whole numbers")
    shop = _shops(world, details)[0]
    health.issue_points(world, shop, points, kind)
    return {"store": str(shop.shop_id), "points": health.points_of(world, shop)}


def _revoke(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shop = _shops(world, details)[0]
    unlink(world, shop)
    return {"store": str(shop.shop_id), "linked": False}


def unlink(world: World, shop: Shop) -> None:
    """Let the seller take the authorisation back; push 2 follows."""
    shop.linked = False
    detail = {
        "authorize_type": "cancel shop authorization by user",
        "extra": f"shop id {shop.shop_id} ({shop.region}) has been cancelled authorization successfully",
        "shop_id": shop.shop_id,
        "success": 1,
    }
    world.push(2, detail, shop=None)


def announce_link(world: World, shop: Shop) -> None:
    """Push 1: a seller authorised the app."""
    detail = {
        "authorize_type": "shop authorization by user",
        "extra": f"shop id {shop.shop_id} ({shop.region}) has been authorized successfully",
        "shop_id": shop.shop_id,
        "success": 1,
    }
    world.push(1, detail, shop=None)


def _expire_tokens(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shops = _shops(world, details)
    for shop in shops:
        world.tokens.expire(("shop", shop.shop_id), refresh_too=details.get("refresh") is True)
    return {"stores": [str(shop.shop_id) for shop in shops]}


def _expire_authorisation(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shop = _shops(world, details)[0]
    shop.authorised_until = world.now()
    return {"store": str(shop.shop_id)}


def _flag(field: str, value: bool) -> Callable[[World, Mapping[str, Any]], dict[str, Any]]:
    def act(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
        shop = _shops(world, details)[0]
        setattr(shop, field, value)
        return {"store": str(shop.shop_id), field: value}

    return act


def _resend(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shop = _shops(world, details)[0]
    code = f"{world.tokens.rng.getrandbits(128):032x}"
    world.tokens.resend_codes[code] = (("shop", shop.shop_id),)
    return {"resend_code": code}


def _key_expires(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    world.app.key_expired = details.get("expired", True) is True
    return {"expired": world.app.key_expired}


def _restrict(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    glob, code = details.get("operations"), details.get("code", "error_api_permission")
    if glob is None:
        world.app.restricted.clear()
    else:
        world.app.restricted[str(glob)] = str(code)
    return {"restricted": world.app.restricted}


def _daily_limit(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    calls = details.get("calls")
    if calls is not None and not isinstance(calls, int):
        raise BadRequest("calls must be a whole number, or null for no limit")
    world.app.daily_limit = calls
    return {"calls": calls}


def _declare_ips(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    ips = details.get("ips")
    if ips is not None and not isinstance(ips, list):
        raise BadRequest("ips must be a list, or null for no check")
    world.app.declared_ips = ips
    return {"ips": ips}


def _status_style(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    style = details.get("style")
    if style not in {"http", "always_200"}:
        raise BadRequest("style must be http or always_200")
    world.app.gateway_as_200 = style == "always_200"
    return {"style": style}


def _timing(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    names = world.timing.__dataclass_fields__
    changes = {name: value for name, value in details.items() if name != "act"}
    for name, value in changes.items():
        if name not in names:
            raise BadRequest(f"no delay is called {name!r}; there are {', '.join(names)}")
        setattr(world.timing, name, int(parse_duration(str(value)).total_seconds()))
    return {name: _written(getattr(world.timing, name)) for name in names}


def _written(seconds: int) -> str:
    span = timedelta(seconds=seconds)
    return f"P{span.days}D" if span.seconds == 0 else f"PT{seconds}S"


def start_calendar(world: World) -> None:
    """Set the platform's own dates: the weekly evaluation, and the warning before an authorisation ends."""
    health.arm_weekly(world)
    for shop in world.shops.values():
        _arm_expiry_notice(world, shop)


def _arm_expiry_notice(world: World, shop: Shop) -> None:
    ends = shop.authorised_until

    def notice() -> None:
        if shop.authorised_until != ends:
            _arm_expiry_notice(world, shop)
        elif shop.linked:
            detail = {
                "merchant_expire_soon": [],
                "shop_expire_soon": [shop.shop_id],
                "user_expire_soon": [],
                "expire_before": ends,
                "page_no": 1,
                "total_page": 1,
            }
            world.push(12, detail, shop=None)

    world.later(ends - EXPIRY_NOTICE, notice)


ACTS: dict[str, Callable[[World, Mapping[str, Any]], dict[str, Any]]] = {
    "platform_issues_points": _points,
    "seller_revokes_authorization": _revoke,
    "expire_tokens": _expire_tokens,
    "expire_authorization": _expire_authorisation,
    "platform_bans_store": _flag("banned", True),
    "platform_unbans_store": _flag("banned", False),
    "platform_requires_registration": _flag("kyc_missing", True),
    "seller_completes_registration": _flag("kyc_missing", False),
    "platform_mails_resend_code": _resend,
    "expire_partner_key": _key_expires,
    "restrict_calls": _restrict,
    "set_daily_limit": _daily_limit,
    "set_declared_ips": _declare_ips,
    "set_status_style": _status_style,
    "set_timing": _timing,
}
