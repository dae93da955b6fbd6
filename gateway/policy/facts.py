"""The names of every rule fact the code reads, each with the shape its value must have.

A rule file may set these names and no others; a name nobody sets is "no rule known", never a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeVar

from gateway.marked_yaml import Mapping, MarkedError, Scalar, Sequence
from gateway.model.order import Phase
from gateway.policy.terms import EvidenceKind, Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    from gateway.marked_yaml import Node

T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound="StrEnum")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """One named fact. ``read`` turns its YAML value into the code's type and raises MarkedError when it cannot."""

    name: str
    read: Callable[[Node], T_co]


def _text(node: Node) -> str:
    if not isinstance(node, Scalar) or node.is_null:
        raise MarkedError(node.mark, "one word is expected here")
    return node.text


def _count(node: Node) -> int:
    text = _text(node)
    if not (text.isascii() and text.isdigit()):
        raise MarkedError(node.mark, f"{text!r} is no whole number of zero or more")
    return int(text)


def _decimal(node: Node) -> Decimal:
    text = _text(node)
    if not text.replace(".", "", 1).isdecimal() or not text.isascii():
        raise MarkedError(node.mark, f"{text!r} is no decimal number of zero or more")
    return Decimal(text)


def _yes(node: Node) -> bool:
    text = _text(node)
    if text not in {"true", "false"}:
        raise MarkedError(node.mark, f"{text!r} is neither true nor false")
    return text == "true"


def _word(words: type[E], node: Node) -> E:
    text = _text(node)
    if text not in {word.value for word in words}:
        raise MarkedError(node.mark, f"{text!r} is unknown; known are {', '.join(words)}")
    return words(text)


def _texts(node: Node) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        raise MarkedError(node.mark, "a list is expected here")
    return tuple(_text(item) for item in node.items)


def _words(words: type[E]) -> Callable[[Node], frozenset[E]]:
    def read(node: Node) -> frozenset[E]:
        if not isinstance(node, Sequence):
            raise MarkedError(node.mark, "a list is expected here")
        return frozenset(_word(words, item) for item in node.items)

    return read


def _by_reason(node: Node) -> dict[Reason, str]:
    if not isinstance(node, Mapping):
        raise MarkedError(node.mark, "a table of reason: platform's word is expected here")
    return {
        _word(Reason, Scalar(key, plain=True, mark=node.key_marks[key])): _text(value)
        for key, value in node.entries.items()
    }


EVIDENCE_FOR_BUYER_ASKED = Fact("shared.truth.evidence_for_buyer_asked", _words(EvidenceKind))
FEWEST_ORDERS_FOR_A_RATE = Fact("shared.rate.fewest_orders", _count)
LOSS_NEEDING_APPROVAL_CNY = Fact("shared.fulfil.loss_needing_approval_cny", _decimal)

SHOPEE_ACCEPT_REQUEST = Fact("shopee.request.accept_before_shipment", _yes)
SHOPEE_ANSWER_HOURS = Fact("shopee.request.answer_within_hours", _count)
SHOPEE_REJECTION_MAY_COUNT = Fact("shopee.request.rejection_may_count", _yes)
SHOPEE_ACCEPT_REFUND = Fact("shopee.after_sale.accept_refund_request", _yes)
SHOPEE_ACCEPT_RETURN = Fact("shopee.after_sale.accept_return_request", _yes)
SHOPEE_MONEY_AFTER_GOODS = Fact("shopee.after_sale.money_after_goods", _yes)
SHOPEE_CLOSE_PHASES = Fact("shopee.seller_close.phases", _words(Phase))
SHOPEE_NATIVE_REASONS = Fact("shopee.seller_close.native_reasons", _by_reason)
SHOPEE_NO_HONEST_REASON = Fact("shopee.seller_close.no_honest_reason", _words(Reason))
SHOPEE_UNDELIVERABLE_REGIONS = Fact("shopee.seller_close.undeliverable_regions", _texts)
SHOPEE_UNCOUNTED_REASONS = Fact("shopee.seller_close.uncounted_reasons", _words(Reason))
SHOPEE_TRUE_REASON_ONLY = Fact("shopee.seller_close.true_reason_only", _yes)
SHOPEE_REQUEST_COMES_FIRST = Fact("shopee.seller_close.request_comes_first", _yes)
SHOPEE_LINE_PERCENT = Fact("shopee.rate.line_percent", _count)
SHOPEE_POINTS_ABOVE_LINE = Fact("shopee.rate.points_above_line", _count)
SHOPEE_STOP_POINTS = Fact("shopee.rate.stop_points", _count)
SHOPEE_FULFIL_PHASES = Fact("shopee.fulfil.phases", _words(Phase))
SHOPEE_FULFIL_REASONS = Fact("shopee.fulfil.reasons", _words(Reason))
SHOPEE_UNPAID_LAPSES = Fact("shopee.unpaid.platform_cancels", _yes)
SHOPEE_NEVER_ASK_TO_CANCEL = Fact("shopee.forbidden.ask_buyer_to_cancel", _yes)
SHOPEE_NEVER_REFUSE_TO_SHIP = Fact("shopee.forbidden.refuse_to_ship", _yes)
SHOPEE_NEVER_LET_LAPSE = Fact("shopee.forbidden.let_it_lapse", _yes)
SHOPEE_RATE_WINDOW = Fact("shopee.rate.window_days", _count)  # read where the store's counts are made

ALL_FACTS: dict[str, Fact[object]] = {
    value.name: value for value in list(globals().values()) if isinstance(value, Fact)
}
"""Every fact of this module by its name."""
