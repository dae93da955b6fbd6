"""``gateway backup`` and ``gateway restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.session import Access, Session, with_session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


@with_session
def backup(session: Session, file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Copy database, configuration and evidence into one file, also while the gateway runs. The key is not in it."""
    from gateway.operations.backups import backup as run

    done = session.run(lambda context: run(context, file), Access.read)
    session.show(done, lambda made: f"Backup {made.file}: {made.size} bytes.\n{made.reminder}")


@with_session
def restore(
    session: Session, file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` made.")]
) -> None:
    """Verify a backup and put it into an empty data folder."""
    from gateway.operations.backups import restore as run
    from gateway.operations.context import DataFolder

    session.log()
    done = session.run_plain(run(DataFolder(session.data), file))
    session.show(done, lambda made: f"Restored into {made.folder}.\n{made.reminder}")
