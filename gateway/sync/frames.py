"""What goes between the gateway and the process that reads pages for it: frames, and what stands in them.

A frame is eight bytes of length and as many of content.
"""

from __future__ import annotations

import pickle

from gateway.orders.prepared import PreparedBatch, PreparedOrder
from gateway.orders.traces import Findable
from gateway.ports import Unread

LENGTH = 8

_FINDABLE = PreparedOrder._fields.index("findable")
_RAW = PreparedOrder._fields.index("raw")


def framed(content: bytes) -> bytes:
    """Return the length that stands before ``content``."""
    return len(content).to_bytes(LENGTH)


def packed(batch: PreparedBatch, page: Unread) -> bytes:
    """Return the orders of ``page`` as bytes, for `unpacked`.

    Raw words that stand in the page, half of all there is, are named by their place: who asked has the page.
    """
    body, at = _body(page), 0
    orders = []
    for order in batch.orders:
        fields = list(order)
        fields[_FINDABLE] = tuple(order.findable)
        raw = order.raw
        if raw is not None and (start := body.find(raw, at)) >= 0:
            at = start + len(raw)
            fields[_RAW] = (start, at)
        orders.append(fields)
    return pickle.dumps((orders, batch.bad, batch.unmapped), pickle.HIGHEST_PROTOCOL)


def unpacked(content: bytes, page: Unread) -> PreparedBatch:
    """Return what was `packed`; ``page`` is the one that was read."""
    body = _body(page)
    listed, bad, unmapped = pickle.loads(content)  # noqa: S301 - from our own process, over a pipe of its own
    orders = []
    for fields in listed:
        fields[_FINDABLE] = Findable._make(fields[_FINDABLE])
        raw = fields[_RAW]
        if type(raw) is tuple:
            fields[_RAW] = body[raw[0] : raw[1]]
        orders.append(PreparedOrder._make(fields))
    return PreparedBatch(orders, bad, unmapped)


def _body(page: Unread) -> bytes:
    return next((each for each in page.arguments if isinstance(each, bytes)), b"")
