"""Whether the platforms' hosts answer, and whether their clock agrees with ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from gateway.clock import SystemClock
from gateway.errors import NotSent
from gateway.model.store import App
from gateway.operations.context import Context
from gateway.transport.causes import read_failure
from gateway.transport.client import Timeouts, make_client

_PATIENCE = Timeouts(connect=5.0, read=5.0, pool=5.0)


@dataclass(frozen=True, slots=True)
class Reached:
    """What a host answered. ``trouble`` names the failure, empty when it answered anything at all.

    ``skew`` is our clock minus the host's; None when it told no date, or while a simulator's clock is followed.
    """

    app: App
    trouble: str = ""
    skew: timedelta | None = None


async def reach(context: Context, apps: Sequence[App]) -> list[Reached]:
    """Ask the host of every app for its front page, without any credential."""
    async with make_client(timeouts=_PATIENCE) as client:
        return list(await asyncio.gather(*(_reach(context, client, app) for app in apps)))


async def _reach(context: Context, client: httpx.AsyncClient, app: App) -> Reached:
    try:
        answer = await client.get(app.base_url)
    except httpx.HTTPError as error:
        return Reached(app, _why(error))
    told = _date(answer.headers.get("Date"))
    if told is None or not isinstance(context.clock, SystemClock):
        return Reached(app)
    return Reached(app, skew=context.clock.now() - told)


def _why(error: httpx.HTTPError) -> str:
    """Return why there was no answer; httpx's class alone says nothing (`gateway.transport.causes`)."""
    if not isinstance(read_failure("doctor", "", error), NotSent):
        return f"connected, but no usable answer: {type(error).__name__}"
    cause = error.__cause__
    return f"no connection: {type(getattr(cause, '__cause__', None) or cause or error).__name__}"


def _date(text: str | None) -> datetime | None:
    try:
        told = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return told if told is not None and told.tzinfo is not None else None
