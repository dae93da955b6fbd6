"""What happens to an account or to the app, through the control API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688.wanted import find_account
from mocks.kit.clock import parse_duration
from mocks.kit.platform import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.alibaba_1688.world import World
    from mocks.kit.bucket import Buckets


def perform(world: World, buckets: Buckets, name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Do an act about an account or the app; BadRequest when it is unknown or its details are wrong."""
    if name == "set_rate_limit":
        return buckets.set_as_told(details)
    act = ACTS.get(name)
    if act is None:
        raise BadRequest(f"unknown act {name!r}; known: set_rate_limit, {', '.join(ACTS)}")
    return act(world, details)


def _revoke(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    account = find_account(world, details.get("store"))
    account.linked = False
    world.tokens.end(account.member_id)
    return {"store": account.member_id, "linked": False}


def _expire_tokens(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    named = details.get("store")
    accounts = list(world.accounts.values()) if named is None else [find_account(world, named)]
    for account in accounts:
        world.tokens.expire(account.member_id, refresh_too=details.get("refresh") is True)
    return {"stores": [account.member_id for account in accounts]}


def _restrict(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    glob = details.get("operations")
    if glob is None:
        world.app.restricted.clear()
    else:
        world.app.restricted.add(str(glob))
    return {"restricted": sorted(world.app.restricted)}


def _set_app(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    world.app.app_key = str(details.get("app_key", world.app.app_key))
    world.app.secret = str(details.get("app_secret", world.app.secret))
    return {"app_key": world.app.app_key}


def _protocol_pay(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    account = find_account(world, details.get("store"))
    account.protocol_pay = _flag(details, "open", default=True)
    return {"store": account.member_id, "open": account.protocol_pay}


def _flag(details: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = details.get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(f"{name} must be true or false")
    return value


def _app_flag(field: str, name: str, *, default: bool) -> Callable[[World, Mapping[str, Any]], dict[str, Any]]:
    def act(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
        value = _flag(details, name, default=default)
        setattr(world.app, field, value)
        return {name: value}

    return act


def _stock(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    offer = world.offers.get(int(str(details.get("offer_id", 0)))) if str(details.get("offer_id")).isdigit() else None
    stock = details.get("stock", 0)
    if offer is None or not isinstance(stock, int) or stock < 0:
        raise BadRequest("offer_id must name an offer of the credentials, stock a whole number")
    for spec in offer.specs:
        spec.stock = stock
    return {"offer_id": str(offer.offer_id), "stock": stock}


def _habit(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    answers = details.get("answers", "agrees")
    if answers not in {"agrees", "refuses"}:
        raise BadRequest("answers must be agrees or refuses")
    world.supplier_refuses = answers == "refuses"
    for name in ("ships_after", "answers_after"):
        if name in details:
            target = "supplier_ships" if name == "ships_after" else "supplier_answers"
            setattr(world.timing, target, _seconds(details[name]))
    return {
        "answers": answers,
        "ships_after": _written(world.timing.supplier_ships),
        "answers_after": _written(world.timing.supplier_answers),
    }


def _timing(world: World, details: Mapping[str, Any]) -> dict[str, Any]:
    names = world.timing.__dataclass_fields__
    changes = {name: value for name, value in details.items() if name not in {"act", "store"}}
    for name, value in changes.items():
        if name not in names:
            raise BadRequest(f"no delay is called {name!r}; there are {', '.join(names)}")
        setattr(world.timing, name, _seconds(value))
    return {name: _written(getattr(world.timing, name)) for name in names}


def _seconds(value: object) -> int:
    return int(parse_duration(str(value)).total_seconds())


def _written(seconds: int) -> str:
    span = timedelta(seconds=seconds)
    return f"P{span.days}D" if span.seconds == 0 and span.days else f"PT{seconds}S"


ACTS: dict[str, Callable[[World, Mapping[str, Any]], dict[str, Any]]] = {
    "seller_revokes_authorization": _revoke,
    "expire_tokens": _expire_tokens,
    "restrict_calls": _restrict,
    "set_app": _set_app,
    "set_protocol_pay": _protocol_pay,
    "set_id_rounding": _app_flag("rounds_ids", "on", default=True),
    "set_creation_idempotency": _app_flag("idempotent_creation", "on", default=True),
    "platform_stops_deliveries": _app_flag("deliveries_stopped", "stopped", default=True),
    "set_stock": _stock,
    "set_supplier_habit": _habit,
    "set_timing": _timing,
}
