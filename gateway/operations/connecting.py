"""Connecting stores: the link a seller opens, what the platform sends back, and tokens given by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from gateway.errors import DataError, Unavailable
from gateway.model.store import App, AppSecret, Credential, Role, Store, StoreState
from gateway.operations.apps import app_named, checked_name
from gateway.operations.context import Context
from gateway.operations.regions import locality_of
from gateway.ports import Adapter, Grant, ShopFacts
from gateway.storage import stores as rows


@dataclass(frozen=True, slots=True)
class Link:
    """Where a seller authorises the app; the platform then calls ``redirect_url``, which knows ``state``."""

    app: str
    url: str
    redirect_url: str
    state: str


@dataclass(frozen=True, slots=True)
class Connected:
    """One store that works now. ``unknown`` names what no table tells about its region (XXX and UTC stand there)."""

    store: Store
    new: bool
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a person copied from the platform's console. ``lasts`` None: not known, so it is renewed at first use."""

    access_token: str
    refresh_token: str
    lasts: timedelta | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says about a store that is being added; None: as the platform and the tables tell."""

    name: str | None = None
    region: str | None = None
    currency: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    app: App
    secret: AppSecret
    adapter: Adapter


async def connect_link(
    context: Context, app_id: str, redirect_url: str | None = None, *, base: str | None = None
) -> Link:
    """Return the link with which a seller lets app ``app_id`` act for a shop. It may be used once and ages.

    The platform sends the seller back to ``redirect_url``; without it to our callback page at ``base``: the public
    address, or else where this machine listens. Raises NotFound for an unknown app.
    """
    opened = await _open(context, app_id)
    redirect_url = redirect_url or _callback_page(context, opened.app, base)
    now = context.clock.now()
    state = await context.database.write(lambda c: rows.new_oauth_state(c, app_id, now))
    url = opened.adapter.authorise_url(opened.app, opened.secret, redirect_url, state, now)
    context.arrivals.expect(state)
    return Link(app_id, url, redirect_url, state)


def _callback_page(context: Context, app: App, base: str | None = None) -> str:
    base = base or context.configuration.public_url or f"http://{context.configuration.listen}"
    return f"{base.rstrip('/')}/oauth/{app.platform}/callback"


async def connect_with_state(context: Context, platform: str, callback: Mapping[str, str]) -> list[Connected]:
    """Connect what a platform's callback brings; its ``state`` must be one of ours, not used before and not aged.

    Raises DataError for a state that is not, and as `connect_with`.
    """
    state = callback.get("state", "")
    now = context.clock.now()
    app_id = await context.database.write(lambda c: rows.use_oauth_state(c, state, now))
    app = await app_named(context, app_id)
    if app.platform != platform:
        raise DataError(f"This authorisation was started for {app.platform}, not for {platform}. Ask for a new link.")
    connected = await connect_with(context, app_id, callback)
    context.arrivals.arrived(state, connected)
    return connected


async def connected_by(context: Context, link: Link, patience: float) -> list[Connected]:
    """Wait until a seller has used ``link``, and return the stores that it connected.

    Raises Unavailable when no callback has come within ``patience`` seconds of real time.
    """
    try:
        connected: list[Connected] = await context.arrivals.of(link.state, patience)
    except Unavailable as error:
        raise no_callback(link, patience) from error
    return connected


def no_callback(link: Link, patience: float) -> Unavailable:
    """Return the error of a link that nobody used in time."""
    return Unavailable(
        f"No callback arrived at {link.redirect_url} within {patience:.0f} s. Run the command again and "
        "open the fresh link; when the browser shows an address with a code, give that with --code and "
        "--shop-id."
    )


async def connect_with(context: Context, app_id: str, callback: Mapping[str, str]) -> list[Connected]:
    """Turn the callback's code into credentials and connect every shop they are for, in mode `observe` when new.

    A store that was connected before keeps its id, its mode and its orders. Raises DataError for a callback without
    a code, NotFound for an unknown app, and the error tree when the platform refuses the code.
    """
    opened = await _open(context, app_id)
    call = opened.adapter.exchange_call(opened.app, {"redirect_url": _callback_page(context, opened.app), **callback})
    channel = context.app_channel(opened.adapter, opened.app, opened.secret)
    answer = await channel.send(call)
    told = opened.adapter.read_grants(call, answer, context.clock.now())
    # a code works once: what it brought is stored before anything else can go wrong
    named = [grant for grant in told if grant.external_id]
    await context.database.write(lambda c: _save_grants(c, context, app_id, named))
    listed = await _shops(context, opened, told[0].credential if told else None)
    shops = [*(grant.shop for grant in told if grant.shop is not None), *listed]
    grants = _by_shop(told, shops, app_id)
    fresh = [grant for grant in grants if grant not in named]
    await context.database.write(lambda c: _save_grants(c, context, app_id, fresh))
    facts = {shop.external_id: shop for shop in shops}
    connected = [
        store
        for grant in grants
        if grant.external_id in facts
        for store in await _connect(context, opened, grant, facts.get(grant.external_id), Wishes())
    ]
    for grant in grants:  # shops that work are connected before one that does not is told about
        _region_of(facts.get(grant.external_id), grant.external_id, Wishes(), app_id)
    return connected


async def add_store(context: Context, app_id: str, external_id: str, tokens: Tokens, wishes: Wishes) -> list[Connected]:
    """Connect a shop, in each of its roles, with tokens that were obtained elsewhere.

    Raises DataError when the platform does not tell the shop's region and ``wishes`` does not either.
    """
    opened = await _open(context, app_id)
    if not tokens.access_token or not (tokens.refresh_token or tokens.lasts):
        raise DataError(
            "An access token is needed, and a refresh token or how long the access token lasts. "
            "Both stand in the platform's console; `gateway stores connect` fetches them by itself."
        )
    credential = _credential(tokens, context.clock.now())
    unasked = wishes.region and not opened.adapter.manifest.keys_by_shop
    shops = () if unasked else await _shops(context, opened, credential)
    facts = next((shop for shop in shops if shop.external_id == external_id), None)
    (grant,) = _by_shop([Grant(external_id, credential)], shops, app_id)
    _region_of(facts, external_id, wishes, app_id)
    await context.database.write(lambda c: _save_grants(c, context, app_id, [grant]))
    return await _connect(context, opened, grant, facts, wishes)


async def _shops(context: Context, opened: _Opened, credential: Credential | None) -> Sequence[ShopFacts]:
    channel = context.app_channel(opened.adapter, opened.app, opened.secret, credential)
    return await opened.adapter.describe_shops(channel)


def _by_shop(grants: Sequence[Grant], shops: Sequence[ShopFacts], app_id: str) -> list[Grant]:
    """Return one grant a shop, with what the platform told about each shop's credential.

    Raises DataError for tokens that name no shop and open none.
    """
    found: list[Grant] = []
    for grant in grants:
        meant = [shop for shop in shops if grant.external_id in {shop.external_id, ""}]
        if not meant and not grant.external_id:
            raise DataError(
                f"The authorisation of app {app_id} opens no shop. Authorise with an account that owns one."
            )
        found += [_of_shop(grant, shop) for shop in meant] or [grant]
    return found


def _of_shop(grant: Grant, shop: ShopFacts) -> Grant:
    extra = {**grant.credential.extra, **shop.extra}
    return Grant(shop.external_id, grant.credential.model_copy(update={"extra": extra}))


def _credential(tokens: Tokens, now: datetime) -> Credential:
    return Credential(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=now + (tokens.lasts or timedelta()),
    )


async def _open(context: Context, app_id: str) -> _Opened:
    app = await app_named(context, app_id)
    secret = await context.database.read(lambda c: rows.app_secret(c, context.vault, app_id))
    return _Opened(app, secret, context.adapter_for(app.platform))


def _save_grants(connection: Connection, context: Context, app_id: str, grants: Sequence[Grant]) -> None:
    for grant in grants:
        known = rows.credential_of(connection, context.vault, app_id, grant.external_id)
        version = known[1] if known else None
        rows.save_credential(connection, context.vault, app_id, grant.external_id, grant.credential, version)


async def _connect(
    context: Context, opened: _Opened, grant: Grant, facts: ShopFacts | None, wishes: Wishes
) -> list[Connected]:
    """Connect one account: a store for each role it may have on the platform, all with the one credential."""
    known = {
        store.role: store
        for store in await context.database.read(rows.stores)
        if (store.platform, store.external_id) == (opened.app.platform, grant.external_id)
    }
    return [
        await _again(context, opened, known[role])
        if role in known
        else await _anew(context, opened, grant, role, facts, wishes)
        for role in opened.adapter.manifest.roles
    ]


async def _again(context: Context, opened: _Opened, store: Store) -> Connected:
    await context.database.write(partial(_reconnect, store_id=store.id, app_id=opened.app.id))
    return Connected(store.model_copy(update={"state": StoreState.connected, "state_reason": ""}), new=False)


async def _anew(
    context: Context, opened: _Opened, grant: Grant, role: Role, facts: ShopFacts | None, wishes: Wishes
) -> Connected:
    region = _region_of(facts, grant.external_id, wishes, opened.app.id)
    manifest = opened.adapter.manifest
    locality = locality_of(manifest, region, currency=wishes.currency, time_zone=wishes.time_zone)
    name = wishes.name or f"{opened.app.platform}-{grant.external_id}"
    store = Store(
        id=checked_name(name if len(manifest.roles) == 1 else f"{name}-{role}", "store"),
        app=opened.app.id,
        platform=opened.app.platform,
        external_id=grant.external_id,
        role=role,
        region=region,
        currency=locality.currency,
        time_zone=locality.time_zone,
        name=facts.name if facts else "",
    )
    now = context.clock.now()
    await context.database.write(lambda c: rows.add_store(c, store, now))
    return Connected(store, new=True, unknown=locality.unknown)


def _reconnect(connection: Connection, store_id: str, app_id: str) -> None:
    store = rows.store_of(connection, store_id)
    if store.app != app_id:
        raise DataError(
            f"Store {store_id} belongs to app {store.app}, but app {app_id} was authorised. "
            f"Connect it with `gateway stores connect --app {store.app}`."
        )
    rows.set_state(connection, store_id, StoreState.connected, "")


def _region_of(facts: ShopFacts | None, external_id: str, wishes: Wishes, app_id: str) -> str:
    region = wishes.region or (facts.region if facts else "")
    if not region:
        raise DataError(
            f"The platform does not list shop {external_id} for app {app_id}, so its region is not known. Check "
            "the shop's id, or say the region with `gateway stores add --region`."
        )
    return region.upper()
