"""The app's webhook settings and the messages that never arrived (API.md section 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.kit.jsonio import read_object, write
from mocks.shopee.calling import Call, Reply
from mocks.shopee.errors import wrong
from mocks.shopee.push_health import delivery_status
from mocks.shopee.world import PUSH_KNOWN

if TYPE_CHECKING:
    from mocks.kit.push import Message
    from mocks.shopee.calling import Context
    from mocks.shopee.params import Params

LOST_LIFE = 3 * 86_400
LOST_PAGE = 100
MAX_BLOCKED = 500
TEST_BODY = write({"code": 0, "data": {"verify_info": "This is a verification message of the simulator."}})


async def set_app_push_config(ctx: Context, params: Params) -> Reply:
    """Change where pushes go and which; a new URL must take a test message within three seconds."""
    app = ctx.world.app
    on, off = _codes(params, "set_push_config_on"), _codes(params, "set_push_config_off")
    blocked = params.values.get("blocked_shop_id_list")
    if blocked is not None and (not isinstance(blocked, list) or len(blocked) > MAX_BLOCKED):
        raise wrong("blocked_shop_id_list must hold 500 shops or less.")
    url = params.optional_text("callback_url")
    if url:
        if not url.startswith(("http://", "https://")):
            raise wrong("callback_url is invalid.")
        if not await ctx.world.rig.pushes.probe(url, TEST_BODY):
            raise wrong("callback_url did not answer the verification message with 2xx and an empty body in 3s.")
        ctx.world.rig.pushes.url = url
        ctx.world.rig.pushes.enabled = True
    app.subscribed = (app.subscribed | on) - off
    if blocked is not None:
        app.blocked_shops = {int(shop_id) for shop_id in blocked}
    ctx.applied(None)
    return Reply({"result": "success"})


def _codes(params: Params, name: str) -> set[int]:
    codes = params.values.get(name)
    if codes is None:
        return set()
    if not isinstance(codes, list) or not set(codes) <= PUSH_KNOWN:
        raise wrong(f"{name} holds a push this simulator does not know; known: {sorted(PUSH_KNOWN)}.")
    return set(codes)


def get_app_push_config(ctx: Context, _params: Params) -> Reply:
    """Tell where pushes go, which are on, and whether deliveries do well."""
    app, pushes = ctx.world.app, ctx.world.rig.pushes
    return Reply(
        {
            "callback_url": pushes.url or "",
            "live_push_status": delivery_status(pushes, ctx.world.now()),
            "suspended_time": 0,
            "blocked_shop_id_list": sorted(app.blocked_shops),
            "push_config_on_list": sorted(app.subscribed),
            "push_config_off_list": sorted(PUSH_KNOWN - app.subscribed),
        }
    )


def _waiting(ctx: Context) -> list[Message]:
    oldest = ctx.world.now() - LOST_LIFE
    return sorted(
        (one for one in ctx.world.rig.pushes.lost if one.made_at >= oldest and one.seq > ctx.world.lost_confirmed),
        key=lambda one: one.seq,
    )


def get_lost_push_message(ctx: Context, _params: Params) -> Reply:
    """Give the oldest hundred messages of the last three days that never arrived."""
    waiting = _waiting(ctx)
    page = waiting[:LOST_PAGE]
    rows: list[dict[str, Any]] = []
    for one in page:
        envelope = read_object(one.body)
        row = {name: value for name, value in envelope.items() if name != "data"}
        row["data"] = envelope
        rows.append(row)
    return Reply(
        {
            "push_message_list": rows,
            "has_next_page": len(waiting) > LOST_PAGE,
            "last_message_id": page[-1].seq if page else 0,
        }
    )


def confirm_consumed_lost_push_message(ctx: Context, params: Params) -> Reply:
    """Let the client say up to which message it has seen the lost ones."""
    last = params.number("last_message_id")
    if last not in {one.seq for one in _waiting(ctx)}:
        raise wrong("last_message_id is invalid.")
    ctx.world.lost_confirmed = last
    ctx.applied(None)
    return Reply()


CALLS = {
    "push/set_app_push_config": Call("POST", "public", set_app_push_config),
    "push/get_app_push_config": Call("GET", "public", get_app_push_config),
    "push/get_lost_push_message": Call("GET", "public", get_lost_push_message),
    "push/confirm_consumed_lost_push_message": Call("POST", "public", confirm_consumed_lost_push_message),
}
