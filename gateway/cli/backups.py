"""``gateway backup`` and ``gateway restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.session import Access, Session, with_session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


@with_session
def backup(session: Session, file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Copy database and evidence into one file, also while the gateway runs. The key is not in it."""
    from gateway.operations.backups import backup as run  # `--help` does without storage

    done = session.run(lambda context: run(context, file), Access.read)
    session.show(
        done, lambda made: f"Backup {made.file}: {made.orders} orders, {made.size} bytes.", lambda made: made.reminder
    )


@with_session
def restore(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Over the database that is there; that one is kept aside.")
    ] = False,
) -> None:
    """Verify a backup and put it into the data folder."""
    from gateway.operations.backups import restore as run  # `--help` does without storage
    from gateway.operations.context import DataFolder

    session.log()
    done = session.run_plain(run(DataFolder(session.data), file, replace=replace))
    session.show(
        done,
        lambda made: f"Restored {made.orders} orders into {made.folder}, as they were at {made.made_at}.",
        lambda made: made.words,
    )
    if not done.key_fits:
        raise typer.Exit(Exit.configuration)
