"""``gateway backup`` and ``gateway restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from gateway.operations.backups import Restored


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


@with_session
def backup(session: Session, file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Copy database, evidence and settings into one file, also while the gateway runs. No key or secret is in it."""
    from gateway.operations.backups import backup as run  # `--help` does without storage

    done = session.run(lambda context: run(context, file), Access.read)
    session.show(
        done,
        lambda made: f"Backup {made.file}: {made.orders} orders, {made.size} bytes.",
        lambda made: f"Settings in it: {', '.join(made.settings) or 'none'}.",
        lambda made: made.reminder,
    )


@with_session
def restore(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Over the database that is there; that one is kept aside.")
    ] = False,
    with_settings: Annotated[
        bool,
        typer.Option(
            "--with-settings",
            help="Also gateway.yaml, automations.yaml and rules/; those that are there are kept aside. "
            "Into a folder without any they come back anyway.",
        ),
    ] = False,
) -> None:
    """Verify a backup and put it into the data folder."""
    from gateway.operations.backups import restore as run  # `--help` does without storage
    from gateway.operations.context import DataFolder

    session.log()
    done = session.run_plain(run(DataFolder(session.data), file, replace=replace, with_settings=with_settings))
    session.show(
        done,
        lambda made: f"Restored {made.orders} orders into {made.folder}, as they were at {made.made_at}.",
        _settings,
        lambda made: made.words,
    )
    if not done.key_fits:
        raise typer.Exit(Exit.configuration)


def _settings(made: Restored) -> str:
    if made.settings:
        return f"Settings: {', '.join(made.settings)}."
    if made.settings_left:
        return f"Settings in it were left there ({', '.join(made.settings_left)}): --with-settings puts them back."
    return "It holds no settings."
