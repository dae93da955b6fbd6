"""A buyer wrote: people are asked to read it where a case waits, and nobody guesses what it means.

A push of a chat tells who wrote, in clear or by the conversation. Whether it is consent, a refusal or a question only
a person can say, with ``gateway contact reply`` or at the task's end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, select, text

from gateway.cases.tasks import TaskKind, open_task
from gateway.orders.store import order as stored_order
from gateway.storage.database import Database
from gateway.storage.moments import from_micros_or_none
from gateway.storage.schema import cases
from gateway.storage.vault import Vault
from gateway.work.wake import wake_cases

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Asking:
    """An open case of an order."""

    case: str
    order_id: str
    act_by: datetime | None


async def hear_buyer(database: Database, vault: Vault, store: str, buyer: str, now: datetime) -> int:
    """Ask a person to read what a buyer wrote, for each of his orders that a case is open on; return how many.

    ``buyer`` is the platform's id of him. A task that is open already stays one. The cases are woken.
    """
    # to open what is sealed of each takes its time, which the one writer has not
    orders = await database.read(lambda c: {each for each in _open(c, store) if _is_of(c, vault, store, each, buyer)})
    if not orders:
        return 0

    def ask(c: Connection) -> int:
        asking = [each for order_id, each in _open(c, store).items() if order_id in orders]  # some may have settled
        for each in asking:
            open_task(
                c,
                case_id=each.case,
                store=store,
                order_id=each.order_id,
                kind=TaskKind.read_reply,
                subject=each.order_id,
                details={"order": each.order_id},
                due_by=each.act_by,
                now=now,
            )
        wake_cases(c, store, [each.order_id for each in asking], now, "chat")
        return len(asking)

    asked = await database.write(ask)
    log.info("chat.heard", store=store, cases=asked)
    return asked


def _open(connection: Connection, store: str) -> dict[str, _Asking]:
    """Return the open cases of a store, by their orders."""
    is_open = text("cases.state <> 'settled'")  # as the partial index spells it
    query = select(cases.c.id, cases.c.order_id, cases.c.act_by).where(cases.c.store == store, is_open)
    return {
        row.order_id: _Asking(row.id, row.order_id, from_micros_or_none(row.act_by))
        for row in connection.execute(query)
    }


def _is_of(connection: Connection, vault: Vault, store: str, order_id: str, buyer: str) -> bool:
    found = stored_order(connection, vault, store, order_id, with_personal=True)
    return found is not None and found.order.buyer is not None and found.order.buyer.buyer_id == buyer
