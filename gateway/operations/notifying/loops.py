"""Bringing notices to their addresses, one loop an address: a slow one delays no other, a dead process loses nothing.

What is to be brought stands in rows; a process that dies between the sending and the noting sends again, under the
same id, by which a receiver knows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog
from sqlalchemy import Connection

from gateway.cases.deliveries import Delivery, drop, drop_unknown, due_for, failed, gone, route, sent
from gateway.cases.notice_words import words_of
from gateway.cases.notices import Notice, notice_of
from gateway.config import NotifyAddress
from gateway.errors import ConfigurationError
from gateway.operations.context import Context
from gateway.operations.notifying.secrets import environment, open_address
from gateway.operations.notifying.sending import Sender, Tried
from gateway.policy.wording.catalog import Language
from gateway.work.carrying import Handler
from gateway.work.leases import Lease, Turns
from gateway.work.queue import Claim

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0  # seconds of real time between two looks for what is due


class Delivering:
    """Brings the notices of one gateway to its addresses."""

    def __init__(
        self,
        context: Context,
        turns: Turns,
        *,
        sender: Sender | None = None,
        environ: Mapping[str, str] | None = None,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._context = context
        self._turns = turns
        self._sender = sender or Sender()
        self._environ = environment() if environ is None else environ
        self._look_every = look_every
        self._told: set[str] = set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        context = self._context
        addresses = context.configuration.notify.addresses
        names = [each.name for each in addresses]
        now = context.clock.now()
        await context.database.write(lambda c: drop_unknown(c, names, now))
        loops = [
            asyncio.create_task(
                self._turns.hold(f"notify:{each.name}", partial(self._keep_delivering, each)),
                name=f"notify {each.name}",
            )
            for each in addresses
        ]
        try:
            await asyncio.gather(*loops) if loops else await asyncio.Event().wait()
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await self._sender.close()

    async def _keep_delivering(self, address: NotifyAddress, _: Lease | None) -> None:
        while True:
            while await self.deliver_next(address):
                pass
            await asyncio.sleep(self._look_every)

    async def deliver_next(self, address: NotifyAddress) -> bool:
        """Try the delivery to an address that has been due longest; return whether there was one."""
        context = self._context
        now = context.clock.now()

        def find(c: Connection) -> tuple[Delivery, Notice] | None:
            due = due_for(c, address.name, now)
            return None if due is None else (due, notice_of(c, due.notice))

        found = await context.database.read(find)
        if found is None:
            return False
        delivery, notice = found
        if notice.settled_at is not None and delivery.attempts:
            words = "its cause was gone before the address took it"
            await context.database.write(lambda c: drop(c, delivery, words, now))
            return True
        tried = await self._try(address, notice)
        await context.database.write(lambda c: _note(c, delivery, tried, context))
        if not tried.taken:
            log.warning("notice.not_sent", address=address.name, kind=notice.kind, error=tried.error)
        return True

    async def _try(self, address: NotifyAddress, notice: Notice) -> Tried:
        context = self._context
        try:
            opened = open_address(address, context.folder.path, self._environ)
            words = words_of(notice, Language(context.configuration.notify.language))
            return await self._sender.send(opened, notice, words, context.clock.now())
        except ConfigurationError as error:
            if address.name not in self._told:
                self._told.add(address.name)
                log.warning("notice.address_unusable", address=address.name, text=str(error))
            return Tried(str(error))
        except Exception as error:  # what one address does to us must not end the others; its text may hold the URL
            return Tried(f"a fault: {type(error).__name__}")


def routing(context: Context) -> Handler:
    """Return what finds the addresses of a new notice (`NOTICE_KIND`)."""

    async def find(claim: Claim) -> None:
        now, addresses = context.clock.now(), context.configuration.notify.addresses
        if addresses:
            await context.database.write(lambda c: route(c, claim.key, addresses, now))

    return find


def _note(c: Connection, delivery: Delivery, tried: Tried, context: Context) -> None:
    now = context.clock.now()
    if tried.taken:
        sent(c, delivery, now)
    elif tried.gone:
        gone(c, delivery, tried.error, now)
    else:
        failed(c, delivery, tried.error, now, not_before=tried.not_before)
