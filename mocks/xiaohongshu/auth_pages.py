"""The pages a shop's main account sees when authorising the app (API.md section 3)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from mocks.xiaohongshu.store_acts import authorise

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.xiaohongshu.world import World

BROWSER = "/ark/authorization"
MOBILE = "/thor/open/authorization"
_PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>Authorise</title>
<style>body{{font:16px sans-serif;max-width:32rem;margin:4rem auto}}button,select{{font:inherit;padding:.4rem}}</style>
</head><body><h1>Authorise</h1><p>App {app} asks. This is a simulator: choose whose main account you are.</p>
<form method="post"><select name="who">{options}</select> <button>authorise</button></form></body></html>"""


def install(app: web.Application, world: Callable[[], World]) -> None:
    """Add the pages; `world` gives the present state."""
    pages = _Pages(world)
    for path in (BROWSER, MOBILE):
        app.router.add_get(path, pages.show)
        app.router.add_post(path, pages.submit)


class _Pages:
    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    async def show(self, request: web.Request) -> web.Response:
        world = self._world()
        self._check(world, request)
        only = request.query.get("sellerId")
        shops = [shop for shop in world.shops.values() if only in (None, shop.seller_id)]
        options = "".join(f'<option value="{one.seller_id}">{escape(one.name)}</option>' for one in shops)
        return web.Response(text=_PAGE.format(app=world.app.app_id, options=options), content_type="text/html")

    async def submit(self, request: web.Request) -> web.Response:
        world = self._world()
        self._check(world, request)
        form = dict(parse_qsl((await request.read()).decode()))
        who = form.get("who") or request.query.get("sellerId") or next(iter(world.shops))
        shop = world.shops.get(who)
        if shop is None:
            raise web.HTTPBadRequest(text="no such shop")
        added = {"code": authorise(world, shop)}
        if "state" in request.query:
            added["state"] = request.query["state"]
        raise web.HTTPFound(_extended(request.query["redirectUri"], added))

    def _check(self, world: World, request: web.Request) -> None:
        if request.query.get("appId") != world.app.app_id:
            raise web.HTTPBadRequest(text=world.app.errors["unknown_app"].text)
        if not request.query.get("redirectUri"):
            raise web.HTTPBadRequest(text="there is no redirectUri")


def _extended(url: str, added: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
    return urlunsplit(parts._replace(query=query))
