"""Evidence: kept, looked at, verified, and handed in as one pack."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from gateway.cases.appeal_pack import Pack, make_pack
from gateway.cases.evidence import Evidence, EvidenceRoom, Verified
from gateway.cases.evidence_files import files_at
from gateway.cases.order_sheet import make_order_sheet, read_for_sheet, sheet_of
from gateway.cases.papers.page import html_of
from gateway.cases.papers.pdf import pdf_of
from gateway.cases.papers.words import words_in
from gateway.errors import ConfigurationError, DataError
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.operations.stores import chosen_stores
from gateway.policy.terms import EvidenceKind
from gateway.policy.wording.catalog import Language


def _bytes(value: object) -> object:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


Content = Annotated[
    bytes,
    BeforeValidator(_bytes),
    PlainSerializer(lambda content: base64.b64encode(content).decode(), return_type=str, when_used="json"),
]
"""What is in a file; base64 where it travels as JSON."""


def room_of(context: Context) -> EvidenceRoom:
    """Return where this gateway keeps evidence. Raises ConfigurationError when nothing here can speak to the place."""
    settings = context.configuration.evidence
    return EvidenceRoom(
        database=context.database,
        vault=context.vault,
        clock=context.clock,
        files=files_at(settings.url, context.folder.evidence),
        max_bytes=settings.max_mb * 1_000_000,
    )


async def add_evidence(
    context: Context,
    order_id: str,
    kind: EvidenceKind,
    name: str = "",
    content: Content | None = None,
    *,
    store: str | None = None,
    by: str,
) -> Evidence:
    """Keep a file as evidence about an order, and wake its case. Without one the gateway makes the order sheet.

    Raises DataError when a file is needed or cannot be taken, NotFound, Conflict when the order's person was erased.
    """
    owner = await _owner(context, order_id, store)
    room = room_of(context)
    if content is not None:
        return await room.add(owner, order_id, kind, content, name=name, by=by)
    if kind is not EvidenceKind.order_detail:
        raise DataError(f"The gateway makes {EvidenceKind.order_detail} only: name the file that shows {kind}.")
    return await make_order_sheet(
        room,
        database=context.database,
        vault=context.vault,
        rule_set=context.rules.version,
        store=owner,
        order_id=order_id,
        by=by,
    )


async def list_evidence(context: Context, *, order_id: str | None = None, store: str | None = None) -> list[Evidence]:
    """Return the evidence on record about an order, of a store, or all, the oldest first. Raises NotFound."""
    if order_id is not None:
        store = await _owner(context, order_id, store)
    elif store is not None:
        await chosen_stores(context, [store])
    return await room_of(context).on_record(store, order_id)


async def verify_evidence(
    context: Context, *, order_id: str | None = None, store: str | None = None, everything: bool = False
) -> Verified:
    """Check the register, and the files of an order, or (``everything``) all. Raises NotFound for an unknown order."""
    if order_id is not None:
        store = await _owner(context, order_id, store)
    return await room_of(context).verify(store, order_id, files=everything or order_id is not None)


async def save_evidence(context: Context, number: int, file: Path) -> Evidence:
    """Write an evidence file as it was brought, verified, into the new file ``file``. Raises as `EvidenceRoom.read`."""
    found, content = await room_of(context).read(number)
    await asyncio.to_thread(_write_new, file, content)
    return found


async def save_pack(
    context: Context, order_id: str, file: Path, *, store: str | None = None, language: Language | None = None
) -> Pack:
    """Write the appeal pack of an order into the new file ``file``; see `gateway.cases.appeal_pack`."""
    owner = await _owner(context, order_id, store)
    pack = await make_pack(
        room_of(context),
        database=context.database,
        vault=context.vault,
        rules=context.rules,
        store=owner,
        order_id=order_id,
        language=language,
    )
    await asyncio.to_thread(_write_new, file, pack.content)
    return pack


async def save_order_sheet(
    context: Context,
    order_id: str,
    file: Path,
    *,
    store: str | None = None,
    pdf: bool = False,
    language: Language | None = None,
) -> int:
    """Write the order sheet into the new file ``file``, as HTML or as PDF; return its size in bytes.

    It is not put on record: `add_evidence` does that.
    """
    owner = await _owner(context, order_id, store)
    page = await context.database.read(
        lambda c: sheet_of(*read_for_sheet(c, context.vault, owner, order_id), context.rules.version, language)
    )
    content = await asyncio.to_thread(pdf_of, page, words_in(page.language).say("undrawn")) if pdf else html_of(page)
    await asyncio.to_thread(_write_new, file, content)
    return len(content)


async def _owner(context: Context, order_id: str, store: str | None) -> str:
    if store is not None:
        await chosen_stores(context, [store])
    return await context.database.read(lambda c: store_of_order(c, order_id, store))


def _write_new(file: Path, content: bytes) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(f"{file} is there already: name a new file.") from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written ({error.strerror}): name another place.") from error
    with os.fdopen(descriptor, "wb") as written:
        written.write(content)
