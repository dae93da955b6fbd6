"""What the gateway checks before any API sees a call, in the order of API.md section 4.1."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mocks.alibaba_1688 import signing
from mocks.alibaba_1688.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.alibaba_1688.calling import Call
    from mocks.alibaba_1688.model import Account
    from mocks.alibaba_1688.world import World
    from mocks.kit.bucket import Buckets

WINDOW_MS = 600_000
"""By how much a timestamp may be off: ten minutes, as old gateways had it (API.md section 2, UNVERIFIED)."""


def check_app(world: World, app_key: str, path: str, params: Mapping[str, str]) -> None:
    """Check app key, signature and timestamp; raises GatewayError for the first that fails."""
    if app_key != world.app.app_key:
        raise GatewayError("gw.AppKeyNotFound")
    if not params.get(signing.SIGNATURE):
        raise GatewayError("gw.SignatureMissing")
    if not signing.fits(world.app.secret, path, params):
        raise GatewayError("gw.SignatureInvalid")
    stamp = params.get("_aop_timestamp", "")
    if stamp and not (stamp.isdigit() and world.rig.clock.is_about_now(int(stamp) / 1000, WINDOW_MS / 1000)):
        raise GatewayError("gw.TimestampInvalid")


def check_user(world: World, call: Call, params: Mapping[str, str]) -> Account | None:
    """Give the account whose token the call carries; an API that needs no user ignores a wrong one."""
    member_id = world.tokens.holder(params.get("access_token", ""))
    account = world.accounts.get(member_id or "")
    if account is not None and account.linked:
        return account
    if call.user:
        raise GatewayError("401")
    return None


def check_limits(world: World, buckets: Buckets, operation: str) -> None:
    """Check the app's permission for the API, then its calls a second."""
    name = operation.rpartition("/")[2]
    if any(fnmatchcase(name, glob) or fnmatchcase(operation, glob) for glob in world.app.restricted):
        raise GatewayError("gw.APIACLDecline")
    if buckets.take(operation, world.rig.clock.now()):
        raise GatewayError("gw.QosAppFrequencyLimit")
