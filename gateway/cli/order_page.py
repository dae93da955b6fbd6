"""How one order is shown to a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.cli.output import cell, table
from gateway.cli.purchases import links_table
from gateway.model.money import to_major

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.orders import ShownOrder


def order_parts() -> tuple[Callable[[ShownOrder], RenderableType | None], ...]:
    """Return what makes the tables of the page, top first."""
    return (
        _facts,
        _held,
        _deadlines,
        _lines,
        _payments,
        _packages,
        _requests,
        _supplied_by,
        _supplies,
        _person,
        _effects,
        _history,
    )


def _facts(shown: ShownOrder) -> RenderableType:
    order = shown.order
    facts: list[tuple[str, object]] = [
        ("store", order.store),
        ("phase", f"{shown.phase} (platform: {order.raw_status})"),
        ("payment", order.payment),
        ("fulfillment", order.fulfillment),
        ("closure", order.closure),
        ("region", order.region),
        ("total", _money(order.total_minor, order.currency)),
        ("placed", order.placed_at),
        ("paid", order.paid_at),
        ("shipped", order.shipped_at),
        ("delivered", order.delivered_at),
        ("updated", order.updated_at),
        ("last read", shown.seen_at),
    ]
    if order.ended_at is not None or order.ended_by is not None:
        by, why = order.ended_by or "-", order.end_reason or "-"
        facts.append(
            ("ended", f"{cell(order.ended_at)} by {by} ({order.ended_by_raw}): {why} ({order.end_reason_raw})")
        )
    further = (
        ("not to be shipped before", order.ship_from),
        ("refunded", _money(order.refunded_minor, order.currency)),
        ("replaces order", order.replaces or None),
        ("supplier", None if order.supplier is None else order.supplier.name or order.supplier.supplier_id),
        ("the platform also says", ", ".join(f"{name}: {word}" for name, word in sorted(order.raw_details.items()))),
    )
    facts += [(name, value) for name, value in further if value]
    if order.absent:
        facts.append(("not told by the platform", ", ".join(sorted(order.absent))))
    return table(f"Order {order.order_id}", ("fact", "value"), facts, empty="")


def _held(shown: ShownOrder) -> RenderableType | None:
    if not shown.signs:
        return None
    rows = ((each.words, each.at) for each in shown.signs)
    return table("Held back from shipment: ask the buyer first (XHS-92)", ("why", "since"), rows, empty="")


def _deadlines(shown: ShownOrder) -> RenderableType | None:
    if not shown.deadlines:
        return None
    rows = ((each.what, each.by, "passed" if each.passed else "") for each in shown.deadlines)
    return table("Deadlines", ("what", "by", ""), rows, empty="")


def _lines(shown: ShownOrder) -> RenderableType:
    currency = shown.order.currency
    rows = (
        (
            line.line_id,
            line.sku,
            " ".join(part for part in (line.title, line.variant) if part),
            line.quantity,
            line.cancelled,
            line.returned,
            None if line.unit_price_minor is None else to_major(line.unit_price_minor, currency),
        )
        for line in shown.order.lines
    )
    columns = ("line", "sku", "what", "ordered", "cancelled", "returned", f"price {currency}")
    return table("Lines", columns, rows, empty="No lines were told.")


def _payments(shown: ShownOrder) -> RenderableType | None:
    if not shown.order.payments:
        return None
    rows = (
        (each.step, each.method, each.state, _money(each.amount_minor, shown.order.currency), each.paid_at, each.pay_by)
        for each in shown.order.payments
    )
    return table("Payments", ("step", "method", "state", "amount", "paid", "pay by"), rows, empty="")


def _packages(shown: ShownOrder) -> RenderableType | None:
    if not shown.order.packages:
        return None
    rows = (
        (
            package.package_id,
            package.state,
            package.raw_status,
            package.carrier,
            package.tracking_number,
            ", ".join(f"{line.line_id} x {line.quantity}" for line in package.lines),
        )
        for package in shown.order.packages
    )
    return table("Packages", ("package", "state", "platform says", "carrier", "tracking", "lines"), rows, empty="")


def _requests(shown: ShownOrder) -> RenderableType | None:
    if not shown.order.requests:
        return None
    rows = (
        (
            request.request_id,
            request.kind,
            request.state,
            request.goods,
            request.refund,
            request.reason or request.reason_raw,
            _money(request.refund_minor, request.currency),
            request.opened_at,
            request.answer_by,
        )
        for request in shown.order.requests
    )
    columns = ("request", "kind", "state", "goods", "refund", "reason", "amount", "opened", "answer by")
    return table("The buyer asks", columns, rows, empty="")


def _supplied_by(shown: ShownOrder) -> RenderableType | None:
    return links_table("Bought for it", shown.supplied_by) if shown.supplied_by else None


def _supplies(shown: ShownOrder) -> RenderableType | None:
    return links_table("Bought for these sales", shown.supplies) if shown.supplies else None


def _person(shown: ShownOrder) -> RenderableType | None:
    if not shown.personal_shown:
        return None
    order = shown.order
    rows: list[tuple[str, object]] = []
    for name, person in (("buyer", order.buyer), ("recipient", order.recipient)):
        if person is None:
            continue
        hidden = person.masked
        sealed = getattr(person, "encrypted", {})
        rows += [(f"{name} {field.replace('_', ' ')}", "(encrypted by the platform)") for field in sorted(sealed)]
        rows += [
            (f"{name} {field.replace('_', ' ')}", f"{value}{' (hidden by the platform)' if field in hidden else ''}")
            for field, value in person
            if field not in {"masked", "encrypted"} and value
        ]
    rows += [(name, text) for name, text in (("note", order.note), ("message", order.buyer_message)) if text]
    return table("Personal data", ("field", "value"), rows, empty="No personal data is stored for this order.")


def _effects(shown: ShownOrder) -> RenderableType | None:
    if not shown.effects:
        return None
    rows = (
        (each.changed_at, each.act.operation, each.state, each.attempts, each.reference, each.because)
        for each in shown.effects
    )
    return table("Effects", ("at", "operation", "state", "attempts", "reference", "because"), rows, empty="")


def _history(shown: ShownOrder) -> RenderableType | None:
    if not shown.audit:
        return None
    rows = ((each.at, each.who, each.what) for each in shown.audit)
    return table("History", ("at", "who", "what"), rows, empty="")


def _money(minor: int | None, currency: str) -> str | None:
    return None if minor is None else f"{to_major(minor, currency)} {currency}"
