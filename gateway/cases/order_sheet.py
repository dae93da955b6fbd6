"""The order sheet: evidence `order_detail`, made by the gateway from an order as it was read (XHS-50).

The same facts give the same bytes. Who bought is told masked.
"""

from __future__ import annotations

import hashlib
import re
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.cases.evidence import Evidence, EvidenceRoom
from gateway.cases.papers.page import Facts, Grid, Page, html_of
from gateway.cases.papers.words import Words, language_of, money, when, words_in
from gateway.errors import NotFound
from gateway.model.order import Order
from gateway.model.store import Store
from gateway.orders.documents import document_of, request_document
from gateway.orders.reading import order as stored_order
from gateway.orders.store import StoredOrder
from gateway.policy.terms import EvidenceKind
from gateway.policy.wording.catalog import Language
from gateway.storage import stores as stored_stores
from gateway.storage.database import Database
from gateway.storage.vault import Vault

_HIDDEN = "**"
_SHOWN_TAIL = 4
_TIMES = (
    "placed_at", "paid_at", "ship_from", "ship_by", "shipped_at", "latest_delivery_at", "delivered_at",
    "auto_cancel_at", "ended_at",
)  # fmt: skip


async def make_order_sheet(
    room: EvidenceRoom,
    *,
    database: Database,
    vault: Vault,
    rule_set: str,
    store: str,
    order_id: str,
    by: str = "gateway",
    language: Language | None = None,
) -> Evidence:
    """Keep the order sheet, as HTML in the platform's language, as evidence `order_detail`; return its entry.

    An order whose facts did not change since the last sheet keeps that one. Raises as `EvidenceRoom.add`.
    """
    page = await database.read(lambda c: sheet_of(*read_for_sheet(c, vault, store, order_id), rule_set, language))
    name = f"order-{order_id}.html"
    return await room.add(store, order_id, EvidenceKind.order_detail, html_of(page), name=name, by=by)


def read_for_sheet(connection: Connection, vault: Vault, store: str, order_id: str) -> tuple[StoredOrder, Store]:
    """Return what a sheet is made of. Raises NotFound for an unknown order."""
    found = stored_order(connection, vault, store, order_id, with_personal=True)
    if found is None:
        raise NotFound(f"Store {store} has no order {order_id}. Check the number; `gateway sync` fetches what is new.")
    return found, stored_stores.store_of(connection, store)


def sheet_of(stored: StoredOrder, store: Store, rule_set: str, language: Language | None = None) -> Page:
    """Return the sheet of an order, in ``language`` or else in the one its platform reads. Pure."""
    words = words_in(language or language_of(store))
    zone = ZoneInfo(store.time_zone)
    order = stored.order
    say = words.say
    origin = say("sheet.origin", changed=when(stored.changed_at, zone), version=stored.version)
    return Page(
        language=words.language,
        title=say("sheet.title", order=order.order_id),
        lead=say(
            "sheet.lead", platform=words.word("platform", store.platform), store=_store_name(store), zone=zone.key
        ),
        sections=(
            _standing(stored, store, words),
            Facts(
                say("sheet.times"), tuple((say(f"sheet.{each}"), when(getattr(order, each), zone)) for each in _TIMES)
            ),
            Facts(
                say("sheet.money"),
                (
                    (say("sheet.total"), money(order.total_minor, order.currency)),
                    (say("sheet.shipping"), money(order.shipping_minor, order.currency)),
                    (say("sheet.refunded"), money(order.refunded_minor, order.currency)),
                ),
            ),
            _lines(order, words),
            _packages(order, words),
            _payments(order, words, zone),
            _requests(order, words, zone),
            _people(order, words),
        ),
        foot=(origin, say("sheet.rule_set", version=rule_set), say("sheet.hash", hash=facts_hash(stored))),
    )


def facts_hash(stored: StoredOrder) -> str:
    """Return the SHA-256 of an order's facts as stored, its requests included and its person left out."""
    parts = [document_of(stored.order, stored.as_of), *(request_document(each) for each in stored.order.requests)]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def masked_name(name: str) -> str:
    """Return a name of which one letter is left; how long it is does not show."""
    return name[:1] + _HIDDEN if name else ""


def masked_phone(phone: str) -> str:
    """Return a number of which at most the first three and the last four digits are left (XHS-33)."""
    digits = re.sub(r"[^0-9*]", "", phone)
    if len(digits) <= 2 * _SHOWN_TAIL:
        return _HIDDEN if digits else ""
    return f"{digits[:3]}****{digits[-_SHOWN_TAIL:]}"


def _standing(stored: StoredOrder, store: Store, words: Words) -> Facts:
    order, say = stored.order, words.say
    cross = None if order.cross_border is None else say("sheet.yes" if order.cross_border else "sheet.no")
    reason = words.word("end_reason", order.end_reason)
    if order.end_reason_raw:
        reason = f"{reason} ({order.end_reason_raw})" if reason else order.end_reason_raw
    return Facts(
        say("sheet.order"),
        (
            (say("sheet.order_id"), order.order_id),
            (say("sheet.replaces"), order.replaces),
            (say("sheet.platform"), words.word("platform", store.platform)),
            (say("sheet.store"), _store_name(store)),
            (say("sheet.region"), order.region),
            (say("sheet.phase"), words.word("phase", stored.phase)),
            (say("sheet.raw_status"), order.raw_status),
            (say("sheet.payment"), words.word("payment", order.payment)),
            (say("sheet.fulfillment"), words.word("fulfillment", order.fulfillment)),
            (say("sheet.closure"), words.word("closure", order.closure)),
            (say("sheet.ended_by"), words.word("ended_by", order.ended_by)),
            (say("sheet.end_reason"), reason),
            (say("sheet.sale_type"), words.word("sale_type", order.sale_type)),
            (say("sheet.cross_border"), cross or ""),
        ),
    )


def _lines(order: Order, words: Words) -> Grid:
    columns = ("article", "variant", "sku", "quantity", "unit_price", "paid", "cancelled", "returned")
    return Grid(
        words.say("sheet.lines"),
        tuple(words.say(f"sheet.{each}") for each in columns),
        tuple(
            (
                line.title or line.product_id,
                line.variant or line.variant_id,
                line.sku or "",
                f"{line.quantity} {line.unit}".rstrip(),
                money(line.unit_price_minor, order.currency),
                money(line.paid_minor, order.currency),
                str(line.cancelled or ""),
                str(line.returned or ""),
            )
            for line in order.lines
        ),
    )


def _packages(order: Order, words: Words) -> Grid:
    return Grid(
        words.say("sheet.packages"),
        tuple(words.say(f"sheet.{each}") for each in ("package", "carrier", "tracking", "state", "raw_status")),
        tuple(
            (
                each.package_id,
                each.carrier,
                each.tracking_number,
                words.word("fulfillment", each.state),
                each.raw_status,
            )
            for each in order.packages
        ),
    )


def _payments(order: Order, words: Words, zone: ZoneInfo) -> Grid:
    return Grid(
        words.say("sheet.payments"),
        tuple(words.say(f"sheet.{each}") for each in ("method", "amount", "payment", "paid_at")),
        tuple(
            (each.method, money(each.amount_minor, order.currency), words.word("payment", each.state),
             when(each.paid_at, zone))
            for each in order.payments
        ),
    )  # fmt: skip


def _requests(order: Order, words: Words, zone: ZoneInfo) -> Grid:
    columns = ("request", "kind", "state", "reason", "opened_at", "answer_by", "refunded")
    return Grid(
        words.say("sheet.requests"),
        tuple(words.say(f"sheet.{each}") for each in columns),
        tuple(
            (
                each.request_id,
                words.word("request_kind", each.kind),
                words.word("request_state", each.state),
                each.reason_raw,
                when(each.opened_at, zone),
                when(each.answer_by, zone),
                money(each.refunded_minor, each.currency),
            )
            for each in order.requests
        ),
    )


def _people(order: Order, words: Words) -> Facts:
    rows: list[tuple[str, str]] = []
    if order.buyer is not None:
        rows += [
            (words.say("sheet.buyer"), masked_name(order.buyer.name)),
            (words.say("sheet.buyer_id"), masked_name(order.buyer.buyer_id)),
        ]
    if (to := order.recipient) is not None:
        place = " ".join(each for each in (to.region, to.state, to.city) if each)
        rows += [
            (words.say("sheet.recipient"), masked_name(to.name)),
            (words.say("sheet.phone"), masked_phone(to.phone)),
            (words.say("sheet.address"), f"{place} {_HIDDEN}" if place else ""),
        ]
    return Facts(words.say("sheet.people"), tuple(rows))


def _store_name(store: Store) -> str:
    return f"{store.name} ({store.id})" if store.name else store.id
