"""``gateway init``, ``gateway db upgrade / move / keep / reindex``, ``gateway version``."""

from __future__ import annotations

import os
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.session import Session, with_session

if TYPE_CHECKING:
    from gateway.operations.initialise import Initialised, Upgraded
    from gateway.operations.moving import MovedGateway
    from gateway.operations.reindexing import Reindexed

database = typer.Typer(help="The database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init")(init)
    app.command("version")(version)
    app.add_typer(database, name="db")


@with_session
def init(session: Session) -> None:
    """Make a data folder: configuration, master key, database. Nothing that is there is overwritten."""
    from gateway.operations.context import DataFolder
    from gateway.operations.initialise import initialise

    session.log()
    session.show(session.run_plain(initialise(DataFolder(session.data), os.environ)), _initialised)


@database.command("upgrade")
@with_session
def upgrade(session: Session) -> None:
    """Bring the database to the revision this version works with. Back it up first: `gateway backup FILE`."""
    from gateway.operations.context import DataFolder
    from gateway.operations.initialise import upgrade_database

    session.log()
    session.show(session.run_plain(upgrade_database(DataFolder(session.data))), _upgraded)


@database.command("move")
@with_session
def move(
    session: Session,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="URL", help="An empty PostgreSQL database: postgresql://user@host/name. Without a password."
        ),
    ],
) -> None:
    """Carry everything over from SQLite to PostgreSQL. The gateway must not be running.

    An interrupted move is finished, or done anew, by the same command; until then nothing starts on the old database.
    """
    from gateway.clock import SystemClock
    from gateway.operations.context import DataFolder
    from gateway.operations.moving import move_database

    session.log()

    def tell(table: str, rows: int) -> None:
        if rows:
            session.narrate(f"{table}: {rows}")

    now = SystemClock().now()
    moved = session.run_plain(move_database(DataFolder(session.data), to, by=session.person(), now=now, tell=tell))
    session.show(
        moved,
        _moved,
        lambda done: f"  {done.setting}",
        lambda done: done.words,
    )


@database.command("keep")
@with_session
def keep(session: Session) -> None:
    """Go on with the SQLite database after all: a move was interrupted and given up, or is taken back."""
    from gateway.clock import SystemClock
    from gateway.operations.context import DataFolder
    from gateway.operations.moving import keep_database

    session.log()
    now = SystemClock().now()
    to = session.run_plain(keep_database(DataFolder(session.data), by=session.person(), now=now))
    session.show(
        {"kept_from": to},
        lambda _: "The gateway starts here again. Nothing may work on the other database any more:",
        lambda told: f"  {told['kept_from']}",
        lambda _: "If effects were stopped by the move, `gateway stop-effects --resume` lets them go on.",
    )


@database.command("reindex")
@with_session
def reindex(
    session: Session,
    everything: Annotated[bool, typer.Option("--all", help="Make all of it anew, not only what is missing.")] = False,
) -> None:
    """Make what an earlier version stored searchable. `gateway serve` does it by itself."""
    from gateway.operations.reindexing import reindex as run

    session.show(session.ask(run, everything=everything), _reindexed)


@with_session
def version(session: Session) -> None:
    """Print the version."""
    session.show({"version": installed_version("order-gateway")}, lambda shown: shown["version"])


def _initialised(done: Initialised) -> str:
    lines = [f"Data folder {done.folder}"]
    if done.made:
        lines.append(f"  made: {', '.join(done.made)}")
    if done.kept:
        lines.append(f"  there before, kept: {', '.join(done.kept)}")
    lines.append(f"The master key is in {done.key_in}. Keep a copy elsewhere: without it the stored secrets are lost.")
    lines.append("Next: `gateway apps add`, then `gateway stores connect`.")
    return "\n".join(lines)


def _moved(done: MovedGateway) -> str:
    if not done.rows:
        return f"An earlier move had carried everything to {done.database}; it is finished now."
    return f"Moved {sum(done.rows.values())} rows to {done.database}. Every row was compared."


def _upgraded(done: Upgraded) -> str:
    if done.before == done.after:
        return f"The database is at revision {done.after} already."
    return f"The database is at revision {done.after} now (before: {done.before or 'empty'})."


def _reindexed(done: Reindexed) -> str:
    lines = [f"{done.traced} receivers made searchable."]
    if done.unreadable:
        lines.append(f"{done.unreadable} do not open with their order's key: the rows were altered; restore a backup.")
    if not done.trigrams:
        lines.append("This database has no trigrams: titles are found all the same, by reading them through.")
    return "\n".join(lines)
