"""What happens to a shop or to the app, through the control API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mocks.kit.clock import parse_duration
from mocks.kit.jsonio import write
from mocks.kit.platform import BadRequest, IllegalAct
from mocks.xiaohongshu.errors import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.xiaohongshu.gate import Limits
    from mocks.xiaohongshu.model import Shop
    from mocks.xiaohongshu.world import World

ENVELOPES = ("flat", "code_msg", "two_level", "contradicting")


def perform(world: World, limits: Limits, name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Do an act about a shop or the app; BadRequest when it is unknown or its details are wrong."""
    if name == "set_rate_limit":
        return _rate_limit(limits, details)
    act = ACTS.get(name)
    if act is None:
        raise BadRequest(f"unknown act {name!r}; known: set_rate_limit, {', '.join(ACTS)}")
    return act(world, details)


def _rate_limit(limits: Limits, details: Mapping[str, Any]) -> dict[str, Any]:
    dimension = details.get("dimension", "app")
    if dimension not in {"app", "method"}:
        raise BadRequest("dimension must be app or method")
    buckets = limits.app if dimension == "app" else limits.method
    return {"dimension": dimension} | buckets.set_as_told(details)


def _shops(world: World, details: Mapping[str, Any]) -> list[Shop]:
    wanted = details.get("store", details.get("seller_id"))
    found = [shop for shop in world.shops.values() if wanted is None or shop.seller_id == str(wanted)]
    if not found:
        raise BadRequest(f"no shop {wanted!r}; there are {list(world.shops)}")
    return found


def _revoke(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shop = _shops(world, details)[0]
    shop.linked = False
    return {"store": shop.seller_id, "linked": False}


def authorise(world: World, shop: Shop) -> str:
    """Let the shop's main account authorise the app and give the code; what was taken back stays useless."""
    if not shop.linked:
        world.tokens.revoke(shop.seller_id)
        shop.linked = True
    return world.tokens.mint_code(shop.seller_id)


def _authorise(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shop = _shops(world, details)[0]
    return {"store": shop.seller_id, "code": authorise(world, shop)}


def _expire_tokens(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shops = _shops(world, details)
    for shop in shops:
        world.tokens.expire(shop.seller_id, refresh_too=details.get("refresh") is True)
    return {"stores": [shop.seller_id for shop in shops]}


def _trouble(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    shop = _shops(world, details)[0]
    shop.troubled = details.get("on", True) is True
    return {"store": shop.seller_id, "troubled": shop.troubled}


def _restrict(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    glob = details.get("operations")
    if glob is None:
        world.app.restricted.clear()
    else:
        world.app.restricted.add(str(glob))
    return {"restricted": sorted(world.app.restricted)}


def _envelope(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    style = details.get("style")
    if style not in ENVELOPES:
        raise BadRequest(f"style must be one of {', '.join(ENVELOPES)}")
    world.app.envelope = str(style)
    return {"style": style}


def _error(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    table, name = world.app.errors, details.get("name")
    if name is not None:
        row = table.get(str(name))
        code = details.get("code", row.code if row else None)
        text = details.get("text", row.text if row else None)
        if row is None or not isinstance(code, int) or not isinstance(text, str):
            raise BadRequest(f"send name (one of {', '.join(table)}), code (number) and text")
        table[str(name)] = Row(code, text)
    return {one: {"code": row.code, "text": row.text} for one, row in table.items()}


def _quota(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    left = details.get("rows")
    if left is not None and (not isinstance(left, int) or isinstance(left, bool) or left < 0):
        raise BadRequest("rows must be a whole number, or null for no quota")
    world.app.decrypt_quota = left
    world.app.decrypt_down = details.get("down") is True
    return {"rows": left, "down": world.app.decrypt_down}


def _batch(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    size = details.get("size", 1)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise BadRequest("size must be a whole number, 1 or more")
    world.app.push_batch = size
    return {"size": size}


def _tests_url(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    pushes = world.rig.pushes
    url = details.get("url", pushes.url)
    if not isinstance(url, str):
        raise IllegalAct("there is no callback URL to test; send url")
    pushes.url = url
    pushes.send(kind="test", store="app", order_id=None, body=write({"test": True}), ladder=())
    return {"url": url}


def _timing(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    names = world.timing.__dataclass_fields__
    changes = {name: value for name, value in details.items() if name not in {"act", "store"}}
    for name, value in changes.items():
        if name not in names:
            raise BadRequest(f"no delay is called {name!r}; there are {', '.join(names)}")
        setattr(world.timing, name, int(parse_duration(str(value)).total_seconds()))
    return {name: _written(getattr(world.timing, name)) for name in names}


def _written(seconds: int) -> str:
    span = timedelta(seconds=seconds)
    return f"P{span.days}D" if span.seconds == 0 else f"PT{seconds}S"


ACTS: dict[str, Callable[[World, Mapping[str, Any]], dict[str, Any]]] = {
    "seller_revokes_authorization": _revoke,
    "seller_authorizes": _authorise,
    "expire_tokens": _expire_tokens,
    "set_seller_trouble": _trouble,
    "restrict_calls": _restrict,
    "set_envelope": _envelope,
    "set_error": _error,
    "set_decrypt_quota": _quota,
    "set_push_batch": _batch,
    "platform_tests_push_url": _tests_url,
    "set_timing": _timing,
}
