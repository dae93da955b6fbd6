"""Tokens, the shops of a token, and the page a seller agrees on (API.md 1 and 2)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from mocks.kit.jsonio import answer
from mocks.tiktok_shop.calling import Call
from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.model import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.tiktok_shop.calling import Context
    from mocks.tiktok_shop.model import Seller
    from mocks.tiktok_shop.tokens import Pair
    from mocks.tiktok_shop.world import World

SCOPES = frozenset(
    {
        "seller.authorization.info",
        "seller.order.info",
        "seller.return_refund.basic",
        "seller.fulfillment.basic",
        "seller.customer_service",
        "seller.event",
    }
)
AUTHORISED_FOR = 365 * DAY
TOKEN_GET = "/api/v2/token/get"  # noqa: S105 - a path
TOKEN_REFRESH = "/api/v2/token/refresh"  # noqa: S105 - a path
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Authorise</title>
<style>body{{font:16px sans-serif;max-width:32rem;margin:4rem auto}}button,select{{font:inherit;padding:.4rem}}</style>
</head><body><h1>Authorise</h1>{inner}</body></html>"""


def link(seller: Seller, now: int) -> None:
    """Let the seller authorise the app for a year with every scope."""
    seller.linked = True
    seller.scopes = set(SCOPES)
    seller.authorised_until = now + AUTHORISED_FOR


def token_get(world: World, query: Mapping[str, str]) -> dict[str, Any]:
    """Exchange an authorisation code; everything is in the query, nothing is signed."""
    _check_app(world, query, "authorized_code")
    code = query.get("auth_code", "")
    known = world.tokens.codes.get(code)
    if known is not None and not known.used:
        link(known.seller, world.now())
    return _shown(world.tokens.exchange(code))


def token_refresh(world: World, query: Mapping[str, str]) -> dict[str, Any]:
    """Renew a token; the refresh token is spent and a new one comes with the answer."""
    _check_app(world, query, "refresh_token")
    return _shown(world.tokens.renew(query.get("refresh_token", "")))


def _check_app(world: World, query: Mapping[str, str], grant: str) -> None:
    if query.get("app_key") != world.app.app_key:
        raise ApiError(36009004, "Invalid app_key. The 'app_key' query parameter is invalid.", status=401)
    if query.get("app_secret") != world.app.app_secret:
        raise ApiError(36009004, "Invalid app_secret. The 'app_secret' query parameter is invalid.", status=401)
    if query.get("grant_type") != grant:
        raise ApiError(36009004, f"Invalid grant_type. It must be '{grant}'.", status=401)


def _shown(pair: Pair) -> dict[str, Any]:
    seller = pair.seller
    return {
        "access_token": pair.access_token,
        "access_token_expire_in": pair.access_ends,
        "refresh_token": pair.refresh_token,
        "refresh_token_expire_in": pair.refresh_ends,
        "open_id": seller.open_id,
        "seller_name": seller.name,
        "seller_base_region": seller.base_region,
        "user_type": 0,
        "granted_scopes": sorted(seller.scopes),
    }


def shops(ctx: Context) -> dict[str, Any]:
    """List the shops of the token's seller; a cross-border seller has one in each region."""
    return {
        "shops": [
            {
                "id": shop.shop_id,
                "name": shop.name,
                "region": shop.region,
                "seller_type": shop.seller_type,
                "cipher": shop.cipher,
                "code": shop.code,
            }
            for shop in ctx.world.shops.values()
            if shop.seller is ctx.seller
        ]
    }


class ConsentPages:
    """The page on which a seller authorises the app; the code goes to the app's redirect URL or is shown."""

    paths = ("/open/authorize", "/oauth/authorize")

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    async def show(self, _request: web.Request) -> web.Response:
        """Ask which seller it is."""
        options = "".join(
            f'<option value="{seller.open_id}">{escape(seller.name)} ({seller.base_region})</option>'
            for seller in self._world().sellers.values()
        )
        inner = (
            "<p>This is a simulator: choose who you are.</p>"
            f'<form method="post"><select name="who">{options}</select> <button>authorise</button></form>'
        )
        return web.Response(text=_PAGE.format(inner=inner), content_type="text/html")

    async def submit(self, request: web.Request) -> web.Response:
        """Take the consent: send the browser to the redirect URL with `code` and `state`."""
        world = self._world()
        form = dict(parse_qsl((await request.read()).decode()))
        seller = world.sellers.get(form.get("who", next(iter(world.sellers))))
        if seller is None:
            return answer({"error": "no such seller"}, 400)
        link(seller, world.now())
        added = {"app_key": world.app.app_key, "code": world.tokens.mint_code(seller)}
        if "state" in request.query:
            added["state"] = request.query["state"]
        target = request.query.get("redirect_uri") or world.app.redirect_url
        if not target:
            inner = f"<p>The app has no redirect URL. Code: <code>{added['code']}</code></p>"
            return web.Response(text=_PAGE.format(inner=inner), content_type="text/html")
        parts = urlsplit(target)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
        raise web.HTTPFound(urlunsplit(parts._replace(query=query)))


CALLS = [Call("GET", "authorization/shops", shops, "seller.authorization.info", 36009004, shop_level=False)]
