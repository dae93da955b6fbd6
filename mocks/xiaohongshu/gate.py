"""The common checks before every call: app, timestamp, sign, method, limits, token (API.md sections 1 to 3, 10)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mocks.kit.bucket import Buckets
from mocks.xiaohongshu.errors import ApiError, required, wrong

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import Shop
    from mocks.xiaohongshu.params import Params
    from mocks.xiaohongshu.world import World

VERSION = "2.0"
PER_APP = 100.0
PER_METHOD = 200.0
VIRTUAL_BURST = 1_000_000
"""A virtual clock stands still, so a bucket would never refill; only a limit set by hand bites then."""


def sign_of(method: str, app_id: str, timestamp: str, version: str, secret: str) -> str:
    """Sign a call: lower-case hex of MD5 over the fixed text (section 2)."""
    text = f"{method}?appId={app_id}&timestamp={timestamp}&version={version}{secret}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def push_sign_of(path: str, params: dict[str, str], secret: str) -> str:
    """Sign a push: the path, then the sorted query and header parameters, raw, then the secret (section 9)."""
    joined = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    return hashlib.md5(f"{path}?{joined}{secret}".encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Limits:
    """The rate limits: one bucket for the app, one for each method of it."""

    app: Buckets = field(default_factory=lambda: Buckets(PER_APP, int(PER_APP)))
    method: Buckets = field(default_factory=lambda: Buckets(PER_METHOD, int(PER_METHOD)))

    def restart(self, *, virtual: bool) -> None:
        """Go back to the published figures."""
        self.app.set(PER_APP, VIRTUAL_BURST if virtual else int(PER_APP))
        self.method.set(PER_METHOD, VIRTUAL_BURST if virtual else int(PER_METHOD))

    def check(self, world: World, method: str) -> None:
        """Take one call or refuse it; nothing tells the client how long to wait."""
        now = world.rig.clock.now()
        if self.app.take("app", now):
            raise ApiError("rate_app")
        if self.method.take(method, now):
            raise ApiError("rate_method")


def check_app(world: World, params: Params) -> str:
    """Check app, timestamp, version and sign; give the method."""
    method = params.text("method")
    if not params.has("appId"):
        raise required("appId")
    if params.text("appId") != world.app.app_id:
        raise ApiError("unknown_app")
    given = params.number("timestamp")
    if not world.rig.clock.is_about_now(given, world.timing.sign_window):
        raise ApiError("timestamp")
    if params.text("version") != VERSION:
        raise wrong(f"version应为{VERSION}")
    right = sign_of(method, world.app.app_id, params.text("timestamp"), VERSION, world.app.app_secret)
    if not params.has("sign") or not hmac.compare_digest(right.encode(), params.text("sign").encode()):
        raise ApiError("sign")
    return method


def check_permission(world: World, method: str) -> None:
    """Check what the app may call."""
    if any(fnmatchcase(method, glob) for glob in world.app.restricted):
        raise ApiError("no_permission")


def check_token(world: World, params: Params) -> Shop:
    """Check the access token and give its shop."""
    if not params.has("accessToken"):
        raise ApiError("token_missing")
    shop = world.shops[world.tokens.holder(params.text("accessToken"))]
    if not shop.linked:
        raise ApiError("revoked")
    if shop.troubled:
        raise ApiError("seller")
    return shop
