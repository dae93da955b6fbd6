"""The pages a seller sees when authorising the app, or taking the authorisation back (API.md section 3)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from mocks.kit.jsonio import answer
from mocks.shopee import gate
from mocks.shopee.calls_auth import link
from mocks.shopee.errors import ApiError
from mocks.shopee.store_acts import announce_link, unlink

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.shopee.tokens import Holder
    from mocks.shopee.world import World

LINK = "/api/v2/shop/auth_partner"
WITHDRAWAL = "/api/v2/shop/cancel_auth_partner"
NEWER_LINK = "/auth"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px sans-serif;max-width:32rem;margin:4rem auto}}button,select{{font:inherit;padding:.4rem}}</style>
</head><body><h1>{title}</h1><p>App {partner} asks. This is a simulator: choose who you are.</p>
<form method="post"><select name="who">{options}</select> <button>{button}</button></form></body></html>"""


def install(app: web.Application, world: Callable[[], World]) -> None:
    """Add the pages; `world` gives the present state."""
    pages = _Pages(world)
    for path in (LINK, WITHDRAWAL):
        app.router.add_get(path, pages.show)
        app.router.add_post(path, pages.submit)
    app.router.add_get(NEWER_LINK, pages.show)
    app.router.add_post(NEWER_LINK, pages.submit)


class _Pages:
    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    async def show(self, request: web.Request) -> web.Response:
        world = self._world()
        refused = self._refused(world, request)
        if refused is not None:
            return refused
        withdrawing = request.path == WITHDRAWAL
        choices = [(str(shop.shop_id), f"shop {shop.shop_id} ({shop.region})") for shop in world.shops.values()]
        if not withdrawing:
            choices.append(("main", f"main account {world.app.main_account_id} with every shop"))
        page = _PAGE.format(
            title="Cancel authorisation" if withdrawing else "Authorise",
            partner=world.app.partner_id,
            options="".join(f'<option value="{value}">{escape(text)}</option>' for value, text in choices),
            button="cancel authorisation" if withdrawing else "authorise",
        )
        return web.Response(text=page, content_type="text/html")

    async def submit(self, request: web.Request) -> web.Response:
        world = self._world()
        refused = self._refused(world, request)
        if refused is not None:
            return refused
        form = dict(parse_qsl((await request.read()).decode()))
        who = form.get("who", next(iter(map(str, world.shops))))
        added = self._withdraw(world, who) if request.path == WITHDRAWAL else self._authorise(world, who)
        if "state" in request.query:
            added["state"] = request.query["state"]
        raise web.HTTPFound(_extended(_target(request), added))

    def _refused(self, world: World, request: web.Request) -> web.Response | None:
        try:
            if request.path == NEWER_LINK:
                if request.query.get("partner_id") != str(world.app.partner_id):
                    raise ApiError("invalid_partner_id", gateway=True)
            else:
                gate.check_public(world, request.path, request.query, request.remote)
            if not _target(request):
                raise ApiError("error_param", "There is no redirect in query.", gateway=True)
        except ApiError as error:
            body = {"error": error.code, "message": error.text, "request_id": world.request_id()}
            return answer(body, error.status)
        return None

    def _authorise(self, world: World, who: str) -> dict[str, str]:
        account = world.app.main_account_id
        if who == "main":
            link(world, world.holders())
            for shop in world.shops.values():
                announce_link(world, shop)
            code = world.tokens.mint_code(world.holders(), shop_id=None, main_account_id=account)
            return {"code": code, "main_account_id": str(account)}
        shop = world.shops[_shop_id(world, who)]
        link(world, (("shop", shop.shop_id),))
        announce_link(world, shop)
        holders: tuple[Holder, ...] = (("shop", shop.shop_id),)
        code = world.tokens.mint_code(holders, shop_id=shop.shop_id, main_account_id=None)
        return {"code": code, "shop_id": str(shop.shop_id)}

    def _withdraw(self, world: World, who: str) -> dict[str, str]:
        shop = world.shops[_shop_id(world, who)]
        unlink(world, shop)
        return {"shop_id": str(shop.shop_id)}


def _shop_id(world: World, who: str) -> int:
    if not who.isdigit() or int(who) not in world.shops:
        raise web.HTTPBadRequest(text="no such shop")
    return int(who)


def _target(request: web.Request) -> str:
    return request.query.get("redirect", "") or request.query.get("redirect_uri", "")


def _extended(url: str, added: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
    return urlunsplit(parts._replace(query=query))
