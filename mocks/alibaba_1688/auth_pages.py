"""Authorisation: the page a seller consents on, and the token calls, which are not signed (API.md section 3)."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from mocks.alibaba_1688.model import CHINA
from mocks.alibaba_1688.tokens import ACCESS_LIFE, BadGrant, Pair
from mocks.kit.jsonio import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.alibaba_1688.world import World

TOKEN_PATHS = (
    "/openapi/http/1/system.oauth2/getToken/{app_key}",
    "/openapi/param2/1/system.oauth2/getToken/{app_key}",
)
POSTPONE_PATH = "/openapi/param2/1/system.oauth2/postponeToken/{app_key}"


def install(app: web.Application, world: Callable[[], World]) -> None:
    """Add the consent page and the token calls."""
    pages = _Pages(world)
    app.router.add_get("/oauth/authorize", pages.authorize)
    for path in TOKEN_PATHS:
        app.router.add_route("*", path, pages.get_token)
    app.router.add_route("*", POSTPONE_PATH, pages.postpone)


class _Pages:
    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    async def authorize(self, request: web.Request) -> web.Response:
        world, query = self._world(), request.query
        redirect = query.get("redirect_uri", "")
        fits = query.get("client_id") == world.app.app_key and query.get("site") == "1688"
        if not fits or not redirect.startswith(("http://", "https://")):
            return web.Response(status=400, text="非法请求")
        chosen = query.get("member_id")
        if chosen is None:
            return web.Response(text=_page(world, query), content_type="text/html")
        if chosen not in world.accounts:
            return web.Response(status=400, text="非法请求")
        world.accounts[chosen].linked = True
        back = {"code": world.tokens.mint_code(chosen), "state": query.get("state", "")}
        joint = "&" if "?" in redirect else "?"
        raise web.HTTPFound(redirect + joint + urlencode(back))

    async def get_token(self, request: web.Request) -> web.Response:
        world, sent = self._world(), {**request.query, **dict(await request.post())}
        try:
            _check_client(world, request, sent, "grant_type")
            if sent["grant_type"] == "authorization_code":
                for name in ("redirect_uri", "code"):
                    _need(sent, name)
                pair = world.tokens.redeem(str(sent["code"]))
                world.accounts[pair.member_id].linked = True
                return answer(_granted(world, pair, with_refresh=True))
            if sent["grant_type"] == "refresh_token":
                _need(sent, "refresh_token")
                return answer(_granted(world, world.tokens.renew(str(sent["refresh_token"])), with_refresh=False))
            raise BadGrant("非法请求")
        except BadGrant as error:
            return _refused(error)

    async def postpone(self, request: web.Request) -> web.Response:
        world, sent = self._world(), {**request.query, **dict(await request.post())}
        try:
            _check_client(world, request, sent, "refresh_token")
            _need(sent, "access_token")
            return answer(_granted(world, world.tokens.postpone(str(sent["refresh_token"])), with_refresh=True))
        except BadGrant as error:
            return _refused(error)


def _check_client(world: World, request: web.Request, sent: Mapping[str, Any], *names: str) -> None:
    for name in ("client_id", "client_secret", *names):
        _need(sent, name)
    app = world.app
    if request.match_info["app_key"] != app.app_key or sent["client_id"] != app.app_key:
        raise BadGrant("非法请求")
    if sent["client_secret"] != app.secret:
        raise BadGrant("非法请求")


def _need(sent: Mapping[str, Any], name: str) -> None:
    if not sent.get(name):
        raise BadGrant("缺少必要参数")


def _refused(error: BadGrant) -> web.Response:
    kind = "invalid_request" if str(error) in {"缺少必要参数", "非法请求"} else "invalid_grant"
    return answer({"error": kind, "error_description": str(error)}, 400)


def _granted(world: World, pair: Pair, *, with_refresh: bool) -> dict[str, Any]:
    account = world.accounts[pair.member_id]
    body = {
        "access_token": pair.access_token,
        "expires_in": str(ACCESS_LIFE),
        "aliId": account.ali_id,
        "resource_owner": account.member.login_id,
        "memberId": account.member_id,
    }
    if with_refresh:
        ends = datetime.fromtimestamp(world.tokens.ends(pair.refresh_token), UTC).astimezone(CHINA)
        body["refresh_token"] = pair.refresh_token
        body["refresh_token_timeout"] = ends.strftime("%Y%m%d%H%M%S000%z")
    return body


def _page(world: World, query: Mapping[str, str]) -> str:
    links = "".join(
        f'<li><a href="?{escape(urlencode({**query, "member_id": member_id}))}">{escape(account.member.login_id)}</a>'
        for member_id, account in world.accounts.items()
    )
    return f"<html><body><h1>授权</h1><ul>{links}</ul></body></html>"
