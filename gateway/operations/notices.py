"""Notices as people see them: what stands, to whom it went, and trying an address."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.cases import notices as kept
from gateway.cases.deliveries import Delivery, deliveries_of, disabled_since, enable
from gateway.cases.deliveries import send_again as let_wait
from gateway.cases.notice_words import words_of
from gateway.cases.notices import Level, Notice, notice_of, notices_like
from gateway.config import NotifyAddress
from gateway.errors import Conflict, DataError, NotFound
from gateway.operations.context import Context
from gateway.operations.notifying.secrets import environment, open_address
from gateway.operations.notifying.sending import Sender
from gateway.operations.stores import chosen_stores
from gateway.policy.wording.catalog import Language


@dataclass(frozen=True, slots=True)
class ListedNotice:
    """A notice with its words."""

    notice: Notice
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice with its words and its way to each address. ``gone``: the addresses that take nothing any more."""

    notice: Notice
    title: str
    text: str
    deliveries: list[Delivery]
    gone: list[str]


@dataclass(frozen=True, slots=True)
class TestedAddress:
    """An address that took a test. ``enabled``: it had said before that it is gone, and gets notices again."""

    address: str
    enabled: bool


async def list_notices(
    context: Context,
    *,
    store: str | None = None,
    lowest: Level = Level.info,
    settled: bool = False,
    limit: int = 100,
    language: Language | None = None,
) -> list[ListedNotice]:
    """Return the notices that stand, the newest first; with ``settled`` the others too. Raises NotFound."""
    stores = None if store is None else [each.id for each in await chosen_stores(context, [store])]
    chosen = _language(context, language)
    found = await context.database.read(
        lambda c: notices_like(c, stores=stores, lowest=lowest, settled=settled, limit=limit)
    )
    return [ListedNotice(each, words.title, words.text) for each in found for words in [words_of(each, chosen)]]


async def show_notice(context: Context, notice: str, *, language: Language | None = None) -> ShownNotice:
    """Return a notice by its id or the beginning of it. Raises NotFound, DataError."""

    def read(c: Connection) -> ShownNotice:
        found = notice_of(c, notice)
        words = words_of(found, _language(context, language))
        ways = deliveries_of(c, found.id)
        gone = [each.address for each in ways if disabled_since(c, each.address) is not None]
        return ShownNotice(found, words.title, words.text, ways, gone)

    return await context.database.read(read)


async def settle_notice(context: Context, notice: str, *, by: str) -> Notice:
    """Settle a notice: somebody has seen to it. Raises NotFound, Conflict when it is settled already."""
    now = context.clock.now()
    return await context.database.write(lambda c: kept.settle_by_person(c, notice, by=by, now=now))


async def send_notice_again(context: Context, notice: str, *, address: str | None = None, by: str) -> list[Delivery]:
    """Let a notice go once more to an address, or to every one it went to or goes to now; return its deliveries.

    Raises NotFound; Conflict where an address has said that it is gone; DataError where nobody gets it.
    """
    del by  # nothing is decided by it
    now, known = context.clock.now(), context.configuration.notify.addresses
    if address is not None:
        _address(context, address)

    def act(c: Connection) -> list[Delivery]:
        found = notice_of(c, notice)
        names = {each.name for each in known}
        wanted = (
            [address] if address else [each.address for each in deliveries_of(c, found.id) if each.address in names]
        )
        if not wanted:
            raise DataError(f"Notice {found.id} went to no address: name one with --address.")
        return let_wait(c, found.id, wanted, now)

    return await context.database.write(act)


async def try_address(context: Context, address: str, *, by: str) -> TestedAddress:
    """Send a test to an address now. Raises NotFound, ConfigurationError, and Conflict when it was not taken."""
    del by  # nothing is decided by it
    chosen = _address(context, address)
    opened = open_address(chosen, context.folder.path, environment())
    now = context.clock.now()
    test = Notice(
        f"test{int(now.timestamp() * 1e6):x}", "", "test", "", None, Level.info, {"address": address}, now, None
    )
    sender = Sender()
    try:
        tried = await sender.send(opened, test, words_of(test, _language(context, None)), now)
    finally:
        await sender.close()
    if not tried.taken:
        raise Conflict(f"Address {address} did not take the test: {tried.error}.")

    def act(c: Connection) -> bool:
        was_gone = disabled_since(c, address) is not None
        enable(c, address)
        return was_gone

    return TestedAddress(address, await context.database.write(act))


def _address(context: Context, name: str) -> NotifyAddress:
    known = context.configuration.notify.addresses
    found = next((each for each in known if each.name == name), None)
    if found is None:
        names = ", ".join(each.name for each in known) or "none"
        raise NotFound(f"gateway.yaml names no address {name} under `notify: addresses`; it names: {names}.")
    return found


def _language(context: Context, language: Language | None) -> Language:
    return language or Language(context.configuration.notify.language)
