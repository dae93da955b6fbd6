"""``gateway serve``."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import print_json
from gateway.cli.session import Session, with_session
from gateway.operations.roles import Role

if TYPE_CHECKING:
    from gateway.operations.context import Context
    from gateway.operations.serving import Serving


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise typer.BadParameter(f"{word!r} is none of {', '.join(Role)}.") from None


@with_session
def serve(
    session: Session,
    role: Annotated[
        list[Role] | None,
        typer.Option(
            "--role",
            parser=_role,
            metavar=f"[{'|'.join(Role)}]",
            help="What to do; may repeat. Processes that share the roles need PostgreSQL.  [default: all]",
            show_default=False,
        ),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="Where to listen.  [default: the configuration's]", show_default=False),
    ] = "",
) -> None:
    """Run the gateway: pull every store, settle effects, take in pushes and callbacks.

    Ends cleanly on SIGTERM and SIGINT.
    """
    from gateway.api.site import open_site
    from gateway.operations.serving import serve as run

    def ready(serving: Serving) -> None:
        if session.json:
            told = {"ready": True, "address": serving.address, "stores": serving.stores, "roles": serving.roles}
            print_json(told, line=True)
        else:
            where = f", listening on {serving.address}" if serving.address else ""
            session.say(f"gateway: serving {len(serving.stores)} stores{where}. Stop with Ctrl-C.")

    async def act(context: Context) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await run(context, roles=frozenset(role or Role), stop=stop, ready=ready, open_site=open_site, listen=listen)

    session.run(act, daemon=True)
