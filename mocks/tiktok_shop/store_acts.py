"""What happens to a shop, a seller or the app, through the control API, and the platform's own calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mocks.kit.clock import parse_duration
from mocks.kit.platform import BadRequest
from mocks.tiktok_shop.calls_auth import SCOPES
from mocks.tiktok_shop.model import DAY
from mocks.tiktok_shop.seed import open_shop
from mocks.tiktok_shop.wanted import find_shop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.kit.bucket import Buckets
    from mocks.tiktok_shop.model import Seller, Shop
    from mocks.tiktok_shop.world import World

NOTICE = 30 * DAY


def perform(world: World, buckets: Buckets, name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Do an act about a shop or the app; BadRequest when it is unknown or its details are wrong."""
    if name == "set_rate_limit":
        return buckets.set_as_told(details)
    act = ACTS.get(name)
    if act is None:
        raise BadRequest(f"unknown act {name!r}; known: set_rate_limit, {', '.join(ACTS)}")
    return act(world, details)


def _shop(world: World, details: Mapping[str, Any]) -> Shop:
    return find_shop(world, details.get("store"))


def _revoke(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    seller = _shop(world, details).seller
    seller.linked = False
    for shop in world.shops.values():
        if shop.seller is seller:
            detail = {"message": "Seller Deauthorized: The seller has canceled the authorization."}
            world.push(6, detail, shop=shop)
    return {"store": _shop(world, details).shop_id, "linked": False}


def _expire_tokens(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    wanted = list(world.shops.values()) if details.get("store") is None else [_shop(world, details)]
    for shop in wanted:
        world.tokens.expire(shop.seller, refresh_too=details.get("refresh") is True)
    return {"stores": [shop.shop_id for shop in wanted]}


def _set_authorisation_end(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shop = _shop(world, details)
    ends = world.now() + int(parse_duration(str(details.get("in", "P30D"))).total_seconds())
    shop.seller.authorised_until = ends
    for pair in world.tokens.access.values():
        if pair.seller is shop.seller:
            pair.access_ends, pair.refresh_ends = min(pair.access_ends, ends), min(pair.refresh_ends, ends)
    arm_expiry_notice(world, shop.seller)
    return {"store": shop.shop_id, "authorised_until": ends}


def _activity(of_seller: bool, value: bool) -> Callable[[World, Mapping[str, Any]], dict[str, Any]]:
    def act(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
        shop = _shop(world, details)
        if of_seller:
            shop.seller.active = value
        else:
            shop.active = value
        return {"store": shop.shop_id, "active": value}

    return act


def _restrict(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    seller, scopes = _shop(world, details).seller, details.get("scopes")
    if scopes is not None and not (isinstance(scopes, list) and set(scopes) <= SCOPES):
        raise BadRequest(f"scopes must be a list out of {sorted(SCOPES)}, or null for all")
    seller.scopes = set(SCOPES) if scopes is None else set(scopes)
    return {"scopes": sorted(seller.scopes)}


def _declare_ips(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    ips = details.get("ips")
    if ips is not None and not isinstance(ips, list):
        raise BadRequest("ips must be a list, or null for no check")
    world.app.declared_ips = ips
    return {"ips": ips}


def _open_store(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    region = details.get("region", "GB")
    if region not in {"GB", "JP"}:
        raise BadRequest("region must be GB or JP")
    seller = next(one.seller for one in world.shops.values() if one.seller_type == "CROSS_BORDER")
    shop = open_shop(world, seller, world.new_id("7494", 19), str(region), "CROSS_BORDER")
    return {"store": shop.shop_id, "shop_cipher": shop.cipher}


def _reason_offline(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    reason = details.get("reason")
    if not isinstance(reason, str):
        raise BadRequest("reason must be a reason's name")
    world.app.offline_reasons.add(reason)
    return {"offline": sorted(world.app.offline_reasons)}


def _message_quota(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    number = details.get("messages")
    if not isinstance(number, int) or number < 0:
        raise BadRequest("messages must be a whole number")
    world.app.message_quota = number
    return {"messages": number}


def _sensitive(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    found = details.get("words")
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise BadRequest("words must be a list of texts")
    world.app.sensitive = tuple(one.lower() for one in found)
    return {"words": list(world.app.sensitive)}


def _ladder(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    waits = details.get("seconds")
    if not isinstance(waits, list) or not all(isinstance(one, int) and one > 0 for one in waits):
        raise BadRequest("seconds must be a list of whole numbers: the wait before each further try")
    world.app.ladder = tuple(waits)
    return {"seconds": waits}


def _redirect(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    url = details.get("url")
    if not isinstance(url, str):
        raise BadRequest("url must be a text, empty for none")
    world.app.redirect_url = url
    return {"url": url}


def _style(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    names = world.style.__dataclass_fields__
    for name, value in details.items():
        if name in {"act", "store"}:
            continue
        if name not in names or type(value) is not type(getattr(world.style, name)):
            raise BadRequest(f"{name!r} is no choice or has the wrong type; there are {', '.join(names)}")
        allowed = _CHOICES.get(name)
        if allowed is not None and value not in allowed:
            raise BadRequest(f"{name} must be one of {', '.join(allowed)}")
        setattr(world.style, name, value)
    return {name: getattr(world.style, name) for name in names}


_CHOICES = {
    "free_cancel_type": ("BUYER_CANCEL", "CANCEL"),
    "foreign_order": ("error", "left_out"),
    "unknown_order": ("error", "left_out"),
}


def _timing(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    names = world.timing.__dataclass_fields__
    for name, value in details.items():
        if name in {"act", "store"}:
            continue
        if name not in names:
            raise BadRequest(f"no delay is called {name!r}; there are {', '.join(names)}")
        setattr(world.timing, name, int(parse_duration(str(value)).total_seconds()))
    return {name: _written(getattr(world.timing, name)) for name in names}


def _written(seconds: int) -> str:
    span = timedelta(seconds=seconds)
    return f"P{span.days}D" if span.seconds == 0 else f"PT{seconds}S"


def start_calendar(world: World) -> None:
    """Set the platform's own dates: the warnings before each authorisation ends."""
    for seller in world.sellers.values():
        arm_expiry_notice(world, seller)


def arm_expiry_notice(world: World, seller: Seller) -> None:
    """Let push 7 come 30 days before the authorisation ends, then daily until it is renewed."""
    ends = seller.authorised_until

    def notice() -> None:
        if seller.authorised_until != ends:
            if seller.authorised_until > ends:
                arm_expiry_notice(world, seller)
            return
        if not seller.linked or world.now() >= ends:
            return
        detail = {"message": "The authorization expires soon.", "expiration_time": str(ends)}
        for shop in world.shops.values():
            if shop.seller is seller:
                world.push(7, detail, shop=shop)
        world.later(world.now() + DAY, notice)

    world.later(max(ends - NOTICE, world.now()), notice)


ACTS: dict[str, Callable[[World, Mapping[str, Any]], dict[str, Any]]] = {
    "seller_revokes_authorization": _revoke,
    "expire_tokens": _expire_tokens,
    "set_authorization_end": _set_authorisation_end,
    "platform_bans_store": _activity(False, False),
    "platform_unbans_store": _activity(False, True),
    "platform_bans_seller": _activity(True, False),
    "platform_unbans_seller": _activity(True, True),
    "restrict_scopes": _restrict,
    "set_declared_ips": _declare_ips,
    "seller_opens_store": _open_store,
    "platform_retires_reason": _reason_offline,
    "set_message_quota": _message_quota,
    "set_sensitive_words": _sensitive,
    "set_push_ladder": _ladder,
    "set_redirect_url": _redirect,
    "set_style": _style,
    "set_timing": _timing,
}
