"""Buyers who are known, by keyed hashes of the platform's own id of them: neither id nor name stands in clear."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from gateway.model.order import Order
from gateway.storage.schema import buyer_marks
from gateway.storage.vault import Vault


def buyer_trace(vault: Vault, order: Order) -> bytes | None:
    """Return the trace of who bought; None when the platform does not tell, or hides it.

    ``order`` must carry its personal data.
    """
    buyer = order.buyer
    if buyer is None or not buyer.buyer_id or "buyer_id" in buyer.masked:
        return None
    return vault.trace(buyer.buyer_id, f"buyer\n{order.store}")


def standing_marks(connection: Connection, store: str, traces: Iterable[bytes]) -> dict[bytes, list[str]]:
    """Return the marks that stand of each of these buyers; those without one are left out."""
    wanted = sorted(set(traces))
    if not wanted:
        return {}
    mine = (buyer_marks.c.store == store) & buyer_marks.c.trace.in_(wanted)
    last = select(func.max(buyer_marks.c.id)).where(mine).group_by(buyer_marks.c.trace, buyer_marks.c.mark)
    query = select(buyer_marks.c.trace, buyer_marks.c.mark).where(buyer_marks.c.id.in_(last), buyer_marks.c.raised)
    found: dict[bytes, list[str]] = {}
    for row in connection.execute(query.order_by(buyer_marks.c.mark)):
        found.setdefault(bytes(row.trace), []).append(row.mark)
    return found
