"""``gateway stores connect / add / list / check / mode``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.output import table
from gateway.cli.secrets import Source, tokens_of
from gateway.cli.session import Access, Session, with_session
from gateway.model.store import StoreMode

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.connecting import Connected
    from gateway.operations.context import Context
    from gateway.operations.stores import Checked, StoreView

group = typer.Typer(help="The connected shops.", no_args_is_help=True)

AppOption = Annotated[str, typer.Option("--app", metavar="APP", help="Our app at the platform, see `apps list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="stores")


@group.command("list")
@with_session
def list_(session: Session) -> None:
    """List the stores: mode, whether their authorisation works, how far they were read."""
    from gateway.operations.stores import list_stores

    session.show(session.run(list_stores, Access.read), _stores)


@group.command("connect")
@with_session
def connect(
    session: Session,
    app: AppOption,
    code: Annotated[str | None, typer.Option(help="The code of a callback you received yourself.")] = None,
    shop_id: Annotated[str | None, typer.Option(help="The shop of that code.")] = None,
    main_account_id: Annotated[str | None, typer.Option(help="Or the main account of that code.")] = None,
    redirect_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where the platform sends the seller back to.  [default: this gateway]"),
    ] = None,
    wait: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the callback; 0 only prints the link.")
    ] = 600,
) -> None:
    """Connect shops: print the link a seller opens, then wait for the platform's callback.

    With --code (and --shop-id or --main-account-id) the shop is connected at once. A shop that was connected before
    keeps its name, mode and orders.
    """
    from gateway.api.callbacks import connect_by_callback
    from gateway.operations.connecting import Link, connect_link, connect_with

    named = {"code": code, "shop_id": shop_id, "main_account_id": main_account_id}
    given = {name: value for name, value in named.items() if value is not None}
    if given and redirect_url is not None:
        given["redirect_url"] = redirect_url

    def told(link: Link) -> None:
        session.say(f"Open this link and let the seller sign in (it ages within minutes):\n{link.url}")

    async def listen(context: Context) -> list[Connected] | Link:
        async with session.asking() as ask:
            return await connect_by_callback(context, ask, app, redirect_url, told=told, patience=wait)

    result: list[Connected] | Link
    if given:
        result = session.ask(connect_with, app, given)
    elif wait == 0:
        result = session.ask(connect_link, app, redirect_url)
    else:
        result = session.run(listen, Access.read)
    session.show(result, lambda shown: shown.url if isinstance(shown, Link) else _connected(shown))


@group.command("add")
@with_session
def add(  # noqa: PLR0913, PLR0917 - one option each
    session: Session,
    app: AppOption,
    shop_id: Annotated[str, typer.Option(help="The platform's id of the shop.")],
    access_token_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable that holds the access token.")
    ] = None,
    refresh_token_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable that holds the refresh token.")
    ] = None,
    tokens_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='Or a JSON file: {"access_token", "refresh_token", "expires_in"}.'),
    ] = None,
    expires_in: Annotated[
        int | None, typer.Option(min=1, metavar="SECONDS", help="How long the access token still lasts.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Our name for the store.  [default: PLATFORM-SHOP]")] = None,
    region: Annotated[str | None, typer.Option(help="Two letters, when the platform does not tell it.")] = None,
    currency: Annotated[str | None, typer.Option(help="Three letters, when the region does not tell it.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA name, when the region does not tell it.")] = None,
) -> None:
    """Add a shop with tokens from the platform's console. Tokens never stand on the command line."""
    from gateway.operations.connecting import Wishes, add_store

    tokens = tokens_of(Source(access_token_env, refresh_token_env, tokens_file), expires_in)
    wishes = Wishes(name, region, currency, time_zone)
    session.show(session.ask(add_store, app, shop_id, tokens, wishes), _connected)


@group.command("check")
@with_session
def check(
    session: Session,
    stores: Annotated[list[str] | None, typer.Argument(metavar="[STORE]...", help="Default: all.")] = None,
) -> None:
    """Try each store's authorisation, and say how to reconnect those where it does not work."""
    from gateway.operations.stores import check_stores

    checked = session.ask(check_stores, stores or ())
    session.show(checked, _checked)
    if not all(each.works for each in checked):
        refused = any(each.state.value == "disconnected" for each in checked if not each.works)
        raise typer.Exit(Exit.credential if refused else Exit.unavailable)


@group.command("mode")
@with_session
def mode(
    session: Session,
    store: Annotated[str, typer.Argument(metavar="STORE")],
    to: Annotated[
        StoreMode, typer.Argument(metavar="observe|ask|act", help="observe: reads only; ask: acts with your yes.")
    ],
) -> None:
    """Say how far the gateway may go in a store."""
    from gateway.operations.stores import set_store_mode

    changed = session.ask(set_store_mode, store, to, by=session.person())
    session.show(changed, lambda shown: f"Store {shown.id} is in mode {shown.mode} now.")


def _stores(views: list[StoreView]) -> RenderableType:
    rows = (
        (
            view.store.id,
            view.store.platform,
            view.store.region,
            view.store.currency,
            view.store.mode,
            view.store.state,
            view.read_to,
            "; ".join(
                part for part in (view.store.state_reason, "effects stopped" if view.effects_stopped else "") if part
            ),
        )
        for view in views
    )
    columns = ("store", "platform", "region", "currency", "mode", "state", "read to", "remarks")
    return table("", columns, rows, empty="No stores. Connect one with `gateway stores connect --app APP`.")


def _connected(connected: list[Connected]) -> RenderableType:
    rows = (
        (
            each.store.id,
            "new" if each.new else "reconnected",
            each.store.region,
            each.store.currency,
            each.store.time_zone,
            each.store.mode,
            f"{' and '.join(each.unknown)} not known for this region" if each.unknown else "",
        )
        for each in connected
    )
    return table(
        "", ("store", "", "region", "currency", "time zone", "mode", "remarks"), rows, empty="No shop was connected."
    )


def _checked(checked: list[Checked]) -> RenderableType:
    rows = ((each.store, "works" if each.works else "does not work", each.state, each.words) for each in checked)
    return table("", ("store", "", "state", "what to do"), rows, empty="No stores to check.")
