"""Where a platform sends an app's pushes."""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.errors import ConfigurationError, DataError
from gateway.operations.apps import app_named, list_apps
from gateway.operations.context import Context
from gateway.ports import Channel, PushSettings, PushSettingsPort
from gateway.storage import audit
from gateway.storage import stores as rows


async def push_settings(context: Context, app_id: str) -> PushSettings:
    """Return where an app's pushes go now. Raises NotFound, and ConfigurationError where no call tells."""
    port, channel = await _port(context, app_id)
    return await port.push_settings(channel)


async def set_push_url(context: Context, app_id: str, url: str | None = None, *, by: str = "gateway") -> PushSettings:
    """Send an app's pushes to ``url``, without it to this gateway's own address; return what the platform then tells.

    The platform tries the address first, so the gateway must be serving. Raises DataError for a malformed address or
    when the configuration has no public one, and otherwise as `push_settings`.
    """
    url = _checked(url) if url else await push_url(context, app_id)
    port, channel = await _port(context, app_id)
    await port.set_push_url(channel, url)
    now = context.clock.now()
    details = {"app": app_id, "url": url}
    await context.database.write(lambda c: audit.append(c, now, by, "push_url_set", details=details))
    return await port.push_settings(channel)


async def push_url(context: Context, app_id: str) -> str:
    """Return the address at which this gateway takes pushes for an app. Raises DataError without a public address."""
    app = await app_named(context, app_id)
    if not context.configuration.public_url:
        raise DataError(
            "The gateway does not know the address at which platforms reach it. Set `public_url` in gateway.yaml, "
            "or give the whole address with --url."
        )
    first = next(known for known in await list_apps(context) if known.platform == app.platform)
    base = f"{context.configuration.public_url.rstrip('/')}/webhooks/{app.platform}"
    return base if first.id == app.id else f"{base}/{app.id}"


async def _port(context: Context, app_id: str) -> tuple[PushSettingsPort, Channel]:
    app = await app_named(context, app_id)
    adapter = context.adapter_for(app.platform)
    if not isinstance(adapter, PushSettingsPort):
        raise ConfigurationError(
            f"{adapter.manifest.title} has no call for this: set the address of pushes in its console."
        )
    secret = await context.database.read(lambda c: rows.app_secret(c, context.vault, app_id))
    return adapter, context.app_channel(adapter, app, secret)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise DataError(f"--url: {url!r} is no address; write it like https://gateway.example.com/webhooks/shopee.")
    return url
