"""``gateway apps add / list / push``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import table
from gateway.cli.secrets import secret_of
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.model.store import App
    from gateway.ports import PushSettings

group = typer.Typer(help="Our registrations with the platforms.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="apps")


@group.command("add")
@with_session
def add(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="APP", help="Our name for it.")],
    platform: Annotated[str, typer.Option(help="shopee, ...")],
    key: Annotated[str, typer.Option(help="The platform's public id of the app (Shopee: partner_id).")],
    secret_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable that holds the app's secret.")
    ] = None,
    secret_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Or a file that holds it.")] = None,
    push_key_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The variable that holds the key of pushes, when the platform has one."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="The host to call.  [default: the platform's own]")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Correct an app that is there; its stores stay.")] = False,
) -> None:
    """Register an app. Its secret comes from a variable, a file or a hidden prompt, and is stored encrypted."""
    from gateway.cli.secrets import variable
    from gateway.model.store import AppSecret
    from gateway.operations.apps import add_app

    secret = AppSecret(
        sign_key=secret_of(secret_env, secret_file, f"Secret of app {name}"),
        push_key=variable(push_key_env) if push_key_env else "",
    )
    added = session.ask(
        add_app,
        name=name,
        platform=platform,
        key=key,
        secret=secret,
        base_url=base_url,
        replace=replace,
        by=session.person(),
    )
    session.show(
        added,
        lambda app: f"App {app.id} calls {app.base_url}. Next: `gateway stores connect --app {app.id}`.",
    )


@group.command("list")
@with_session
def list_(session: Session) -> None:
    """List the apps, without their secrets."""
    from gateway.operations.apps import list_apps

    session.show(session.run(list_apps, Access.read), _apps)


@group.command("push")
@with_session
def push(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="APP", help="Our name for it.")],
    here: Annotated[bool, typer.Option("--here", help="Send them to this gateway's public address.")] = False,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Or to this whole address.")] = None,
) -> None:
    """Show where the platform sends an app's pushes, or set it: the platform tries the address, so serve first."""
    from gateway.operations.pushing import push_settings, set_push_url

    if here or url:
        settings = session.ask(set_push_url, name, url, by=session.person())
    else:
        settings = session.run(lambda context: push_settings(context, name), Access.read)
    session.show(settings, _pushes)


def _pushes(settings: PushSettings) -> RenderableType:
    facts = [("sent to", settings.url), ("deliveries", settings.status), ("kinds", ", ".join(settings.kinds))]
    return table("", ("pushes", ""), facts, empty="")


def _apps(apps: list[App]) -> RenderableType:
    rows = ((app.id, app.platform, app.key, app.base_url) for app in apps)
    return table("", ("app", "platform", "key", "calls"), rows, empty="No apps. Register one with `gateway apps add`.")
