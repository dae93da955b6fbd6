"""Evidence: files that prove what happened, kept by date and order number (XHS-51), sealed with the order's own key.

A file is written before its row, so that a crash leaves an orphan file and never a row without one. Erasing an order's
person takes the key away: the files stay and nobody opens them any more, while the register still verifies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from gateway.cases.evidence_files import EvidenceFiles, digest_of
from gateway.cases.media import media_of
from gateway.cases.tasks import TaskKind, settle_task
from gateway.errors import Conflict, DataError, GatewayError, NotFound
from gateway.model.store import Store
from gateway.orders.keys import OrderKeys, label, same_order
from gateway.policy.terms import EvidenceKind
from gateway.ports import Clock
from gateway.storage import evidence_register as register
from gateway.storage import stores as stored_stores
from gateway.storage.database import Database
from gateway.storage.evidence_register import Registered, Unregistered
from gateway.storage.moments import to_micros
from gateway.storage.schema import evidence, order_keys, orders
from gateway.storage.vault import Vault
from gateway.work.wake import wake_cases

_SEALING = 28  # bytes that sealing adds
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One file on record. ``name`` is None once the order's person was erased: then nobody can open the file.

    ``size`` is that of the file as it was brought, in bytes; ``digest`` is that of the sealed file at ``path``.
    """

    number: int
    store: str
    order_id: str
    kind: EvidenceKind
    name: str | None
    media_type: str
    size: int
    digest: str
    path: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the evidence found. ``sealed_for_good`` counts files whose order's person was erased."""

    rows: int
    files: int
    sealed_for_good: int
    problems: tuple[str, ...]


class EvidenceRoom:
    """Keeps evidence: the register in the database, the files where ``files`` keeps them."""

    def __init__(
        self, *, database: Database, vault: Vault, clock: Clock, files: EvidenceFiles, max_bytes: int = 20_000_000
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._files = files
        self._max_bytes = max_bytes

    async def add(
        self, store: str, order_id: str, kind: EvidenceKind, content: bytes, *, name: str, by: str
    ) -> Evidence:
        """Keep a file as evidence of ``kind`` about an order and wake the order's case; return its entry.

        The same file of the same kind again: nothing is added, the entry there is returned, and the file is put back
        where it had been lost or damaged.
        Raises DataError for a file that is empty, too large or of no type that is taken, NotFound for an unknown
        order, Conflict when its person was erased, ConfigurationError when the file cannot be written.
        """
        if len(content) > self._max_bytes:
            raise DataError(
                f"The file has {len(content)} bytes; {self._max_bytes} are taken at most (evidence.max_mb in "
                "gateway.yaml). Make the picture smaller or cut the recording."
            )
        media = media_of(content)
        sealing = label("evidence", store, order_id)

        def look(c: Connection) -> tuple[Store, bytes]:
            return stored_stores.store_of(c, store), self._key(c, store, order_id)

        owner, key = await self._database.read(look)
        now = self._clock.now()
        sealed = await asyncio.to_thread(self._vault.seal_alike, key, content, sealing)
        digest = digest_of(sealed)
        new = Unregistered(
            store=store,
            order_id=order_id,
            kind=kind.value,
            digest=digest,
            path=path_of(owner, order_id, digest, media.extension, now),
            name=self._vault.seal(key, _plain_name(name).encode(), label("evidence_name", store, order_id)),
            media_type=media.media_type,
            size=len(sealed),
            by=by,
            at=now,
        )
        before = await self._database.read(lambda c: _same(c, new))
        await asyncio.to_thread(self._files.write, new.path if before is None else before.path, sealed)

        def write(c: Connection) -> Evidence:
            self._key(c, store, order_id)  # whoever was erased meanwhile stays erased
            row = _same(c, new)
            if row is None:
                row = register.append(c, new)
                subject, words = f"{order_id}:{kind.value}", f"on file: {kind.value}"
                settle_task(
                    c, store=store, kind=TaskKind.collect_evidence, subject=subject, by=by, now=now, because=words
                )
                wake_cases(c, store, [order_id], now, "evidence", by)
            return self._shown(c, [row])[0]

        return await self._database.write(write)

    async def on_record(self, store: str | None = None, order_id: str | None = None) -> list[Evidence]:
        """Return what is on record about an order, a store, or all, the oldest first."""
        return await self._database.read(lambda c: self._shown(c, register.rows_of(c, store, order_id)))

    async def read(self, number: int) -> tuple[Evidence, bytes]:
        """Return a file as it was brought. It is verified on the way.

        Raises NotFound for an unknown number, Conflict when the order's person was erased, DataError when the file
        is missing or is not the one that was kept, NotSent when its place cannot be reached.
        """

        def find(c: Connection) -> tuple[Registered, Evidence, bytes]:
            row = register.row_of(c, number)
            if row is None:
                raise NotFound(f"There is no evidence {number}: `gateway evidence list` shows the numbers.")
            return row, self._shown(c, [row])[0], self._key(c, row.store, row.order_id)

        row, shown, key = await self._database.read(find)
        return shown, await asyncio.to_thread(self._opened, row, key)

    async def verify(self, store: str | None = None, order_id: str | None = None, *, files: bool = True) -> Verified:
        """Check the whole register, and the ``files`` of an order, a store, or all. What is wrong is in the result."""
        problems: list[str] = []

        def look(c: Connection) -> tuple[int, list[tuple[Registered, bytes | None]]]:
            rows = register.rows_of(c, store, order_id) if files else []
            keys = self._keys(c, rows)
            try:
                count = register.verify(c)
            except DataError as error:
                problems.append(str(error))
                count = len(register.rows_of(c))
            return count, [(row, keys[row.store].of(row.order_id)) for row in rows]

        count, looked_at = await self._database.read(look)
        for row, key in looked_at:
            try:
                await asyncio.to_thread(self._opened, row, key)
            except GatewayError as error:
                problems.append(f"Number {row.seq}, order {row.order_id}: {error}")
        erased = sum(key is None for _, key in looked_at)
        return Verified(count, len(looked_at), erased, tuple(problems))

    def _opened(self, row: Registered, key: bytes | None) -> bytes:
        """Return a file's content, empty without a key. Raises DataError when it is not what was kept."""
        sealed = self._files.read(row.path)
        if len(sealed) != row.size or digest_of(sealed) != row.digest:
            raise DataError(
                f"{row.path} in {self._files.where} is not the file that was kept: it was altered or damaged. "
                "Put it back from a backup."
            )
        return b"" if key is None else self._vault.open(key, sealed, label("evidence", row.store, row.order_id))

    def _shown(self, connection: Connection, rows: Sequence[Registered]) -> list[Evidence]:
        keys = self._keys(connection, rows)
        shown = []
        for row in rows:
            key = keys[row.store].of(row.order_id)
            about = label("evidence_name", row.store, row.order_id)
            shown.append(
                Evidence(
                    number=row.seq,
                    store=row.store,
                    order_id=row.order_id,
                    kind=EvidenceKind(row.kind),
                    name=None if key is None else self._vault.open(key, row.name, about).decode(),
                    media_type=row.media_type,
                    size=row.size - _SEALING,
                    digest=row.digest,
                    path=row.path,
                    by=row.by,
                    at=row.at,
                )
            )
        return shown

    def _keys(self, connection: Connection, rows: Sequence[Registered]) -> dict[str, OrderKeys]:
        named: dict[str, set[str]] = {}
        for row in rows:
            named.setdefault(row.store, set()).add(row.order_id)
        return {store: OrderKeys.load(connection, self._vault, store, sorted(ids)) for store, ids in named.items()}

    def _key(self, connection: Connection, store: str, order_id: str) -> bytes:
        known = select(orders.c.order_id).where(orders.c.store == store, orders.c.order_id == order_id)
        if connection.execute(known).first() is None:
            raise NotFound(
                f"Store {store} has no order {order_id}. Check the number; `gateway sync` fetches what is new."
            )
        key = OrderKeys.load(connection, self._vault, store, [order_id]).of(order_id)
        if key is None:
            raise Conflict(f"The person of order {order_id} was erased: evidence about it is neither kept nor opened.")
        return key


def kinds(
    connection: Connection, store: str, order_id: str, *, before: datetime | None = None
) -> tuple[EvidenceKind, ...]:
    """Return which kinds of evidence are on record about an order and can still be opened, in the rules' order.

    With ``before`` only what was on record by then, that instant excluded.
    """
    query = (
        select(evidence.c.kind)
        .where(evidence.c.store == store, evidence.c.order_id == order_id)
        .where(select(order_keys.c.order_id).where(same_order(order_keys, evidence)).exists())
        .distinct()
    )
    if before is not None:
        query = query.where(evidence.c.at < to_micros(before))
    known = set(connection.execute(query).scalars())
    return tuple(kind for kind in EvidenceKind if kind.value in known)


def _same(connection: Connection, new: Unregistered) -> Registered | None:
    rows = register.rows_of(connection, new.store, new.order_id)
    return next((row for row in rows if (row.kind, row.digest) == (new.kind, new.digest)), None)


def path_of(store: Store, order_id: str, digest: str, extension: str, now: datetime) -> str:
    """Return where a file is kept: the store's own date, the order's number, the digest (XHS-51).

    Whatever stands in a number, the path stays one of three parts below the place.
    """
    number = quote(order_id, safe="").replace(".", "%2E")
    return f"{now.astimezone(ZoneInfo(store.time_zone)).date().isoformat()}/{number}/{digest}.{extension}"


def _plain_name(name: str) -> str:
    last = PurePath(name.replace("\\", "/")).name
    return "".join(each for each in last if each.isprintable())[:_LONGEST_NAME] or "file"
