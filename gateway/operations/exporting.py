"""Orders into a file, a page at a time, so that a million need no more memory than a page."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from gateway.errors import ConfigurationError
from gateway.operations.context import Context
from gateway.operations.export_formats import ExportFormat, written
from gateway.operations.orders import check_stores_of
from gateway.orders.export_rows import ExportedOrder, exported
from gateway.orders.query import Query
from gateway.orders.search import find

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written. ``notes`` say what could not be searched."""

    file: Path
    orders: int
    notes: list[str]


async def export_orders(
    context: Context, file: Path, query: Query, *, format_: ExportFormat, personal: bool = False
) -> Exported:
    """Write the orders that meet ``query`` into the new file ``file``, in the order it asks for.

    The file appears whole or not at all, readable by this user only; without ``personal`` it names no person. Each
    order is as it stands when its page is read; those that come in meanwhile may be missing. Raises ConfigurationError
    when the file is there already or cannot be written, and as `list_orders`.
    """
    await check_stores_of(context, query)
    platforms = {store.id: store.platform for store in await context.connections.stores()}
    begins, spell = written(format_, personal=personal, platforms=platforms)
    out = await asyncio.to_thread(_NewFile, file)
    try:
        await asyncio.to_thread(out.write, begins)
        count, after = 0, None
        while True:
            page, after, notes = await context.database.read(_Page(context, query, after, personal=personal))
            await asyncio.to_thread(lambda orders: out.write(spell(orders)), page)
            count += len(page)
            if after is None:
                break
        await asyncio.to_thread(out.finish)
    finally:
        await asyncio.to_thread(out.close)
    return Exported(file, count, notes)


class _NewFile:
    """A file that appears under its name only when it is finished. Raises ConfigurationError when it cannot."""

    def __init__(self, file: Path) -> None:
        self._file = file
        if file.exists():
            raise ConfigurationError(f"{file} is there already: name a new file, an export overwrites nothing")
        with self._told():
            descriptor, name = tempfile.mkstemp(prefix=".export-", dir=file.parent)  # mode 600
        self._part = Path(name)
        self._out = os.fdopen(descriptor, "wb")

    def write(self, words: bytes) -> None:
        """Add to the end."""
        with self._told():
            self._out.write(words)

    def finish(self) -> None:
        """Put the file in its place."""
        with self._told():
            self._out.flush()
            os.fsync(self._out.fileno())
            self._part.rename(self._file)

    def close(self) -> None:
        """Let go of the file; one that was not finished is removed."""
        with self._told():
            try:
                self._out.close()
            finally:
                self._part.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(
                f"the export {self._file} cannot be written ({error.strerror or error}): check the folder, its rights "
                "and the disk"
            ) from error


@dataclass(frozen=True, slots=True)
class _Page:
    """Reads one page on a connection."""

    context: Context
    query: Query
    after: str | None
    personal: bool

    def __call__(self, connection: Connection) -> tuple[list[ExportedOrder], str | None, list[str]]:
        vault = self.context.vault
        found = find(connection, vault, self.query, _PAGE, self.after)
        return exported(connection, vault, found.rows, personal=self.personal), found.next, found.notes
