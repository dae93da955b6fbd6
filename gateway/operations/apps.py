"""Our registrations with the platforms."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sqlalchemy import Connection

from gateway.errors import DataError, NotFound
from gateway.model.store import App, AppSecret
from gateway.operations.context import Context
from gateway.storage import audit
from gateway.storage import stores as rows

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")


async def add_app(
    context: Context,
    *,
    name: str,
    platform: str,
    key: str,
    secret: AppSecret,
    base_url: str | None = None,
    replace: bool = False,
    by: str = "gateway",
) -> App:
    """Register an app under our own ``name``; without ``base_url`` its calls go to the platform's own host.

    ``replace`` corrects an app that is there; its stores stay. Raises ConfigurationError for an unknown platform,
    DataError for a malformed value or a name that is taken.
    """
    adapter = context.adapter_for(platform)
    app = App(
        id=checked_name(name, "app"),
        platform=platform,
        key=_filled(key, "--key: the platform's public id of the app (Shopee: partner_id)"),
        base_url=_checked_url(base_url or adapter.manifest.base_urls["default"]),
    )
    _filled(secret.sign_key, "the app's secret")
    now = context.clock.now()

    def act(connection: Connection) -> None:
        before = next((known for known in rows.apps(connection) if known.id == app.id), None)
        if before is not None and not replace:
            raise DataError(f"There is an app {app.id} already. Choose another name, or correct it with --replace.")
        if before is not None and before.platform != platform:
            raise DataError(f"App {app.id} is one of {before.platform}; its stores cannot move to {platform}.")
        rows.add_app(connection, context.vault, app, secret, now)
        audit.append(connection, now, by, "app_replaced" if before else "app_added", details={"app": app.id})

    await context.database.write(act)
    return app


async def app_named(context: Context, app_id: str) -> App:
    """Return an app. Raises NotFound naming those that exist."""
    apps = await list_apps(context)
    found = next((app for app in apps if app.id == app_id), None)
    if found is None:
        raise NotFound(
            f"There is no app {app_id}. Known: {', '.join(app.id for app in apps) or 'none'}. "
            "Register it with `gateway apps add`."
        )
    return found


async def list_apps(context: Context) -> list[App]:
    """Return every app, without its secret."""
    return await context.database.read(rows.apps)


def checked_name(name: str, what: str) -> str:
    """Return ``name`` when it can stand in commands and addresses. Raises DataError."""
    if _NAME.fullmatch(name) is None:
        raise DataError(f"{name!r} cannot name the {what}: use up to 60 letters, digits, dots, dashes and underscores.")
    return name


def _filled(text: str, what: str) -> str:
    if not text.strip():
        raise DataError(f"Empty: {what}. Give it as the platform's console shows it.")
    return text.strip()


def _checked_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise DataError(f"--base-url: {text!r} is no address of a host; write it like https://partner.example.com.")
    return text.rstrip("/")
