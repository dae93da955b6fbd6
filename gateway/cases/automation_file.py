"""``automations.yaml`` of a data folder: what the gateway does by itself where somebody switched it on.

::

    automations:
      accept-before-shipment:
        when: cancellation_requested
        stores: [shopee-1234]
        if: {before_shipment: yes, amount_at_most: {MYR: "100"}, buyer_not_marked: yes}
        do: accept
        limits: {per_hour: 5, per_day: 20, amount_at_most: {MYR: "500"}}

An automation is off until it is switched on by its name (`gateway automations enable`), whatever stands in the file;
and it takes the road everybody takes: it can do no more than the rules and its store's mode let.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from gateway.errors import ConfigurationError
from gateway.marked_yaml import Mapping as Table
from gateway.marked_yaml import Mark, MarkedError, Node, Scalar, Sequence, load
from gateway.model.after_sale import AfterSaleReason
from gateway.policy.terms import Reason

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_WORDS = 500
_MOST = 1000


class When(StrEnum):
    """What an automation answers."""

    cancellation_requested = "cancellation_requested"
    quality_refund_requested = "quality_refund_requested"  # money back for goods that are not as they should be
    supplier_shortage = "supplier_shortage"  # no supplier of an article has any left
    stock_zero = "stock_zero"  # the own stock is told to be empty
    purchase_closed = "purchase_closed"  # a purchase ended, and its sale lacks the goods


REQUESTS = frozenset({When.cancellation_requested, When.quality_refund_requested})
"""What comes as a buyer's request."""


class Do(StrEnum):
    """What it does then."""

    accept = "accept"  # the buyer's request
    open_case = "open_case"
    task = "task"
    tell = "tell"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must be true. Amounts are by currency; one that is not named meets no limit."""

    before_shipment: bool = False
    amount_at_most: Mapping[str, Decimal] = field(default_factory=dict)
    reasons: frozenset[str] = frozenset()  # the buyer's; empty: any
    buyer_not_marked: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How often, and up to which amount, it acts by itself; what lies above is a person's (TTJ-21)."""

    per_hour: int = 10
    per_day: int = 50
    amount_at_most: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Automation:
    """One rule of the file. ``digest`` names its text: another text is another rule, to be tried anew."""

    name: str
    when: When
    stores: tuple[str, ...]
    conditions: Conditions
    do: Do
    reason: Reason | None  # of the case that is opened
    words: str  # of the task
    limits: Limits
    digest: str
    line: int

    @property
    def by(self) -> str:
        """Who acts, in the record."""
        return f"automation:{self.name}"


def read_automations(file: Path) -> list[Automation]:
    """Return the automations of a file, none where there is no file. Raises MarkedError, ConfigurationError."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read ({type(error).__name__}): save it as UTF-8 text") from None
    return parse_automations(text, str(file))


def parse_automations(text: str, file: str) -> list[Automation]:
    """Return the automations in a text. Raises MarkedError naming file, line, key and fix."""
    top = _fields(load(text, file), "", {"automations"}, set())
    node = top["automations"]
    if isinstance(node, Scalar) and node.is_null:
        return []
    named = _table(node, "automations")
    return [_automation(name, each, named.key_marks[name]) for name, each in named.entries.items()]


def _automation(name: str, node: Node, mark: Mark) -> Automation:
    if not _NAME.fullmatch(name):
        raise MarkedError(mark, f"{name}: a name is of small letters, digits, - and _")
    if isinstance(node, Table) and "enabled" in node.entries:
        raise MarkedError(
            node.key_marks["enabled"],
            f"{name}.enabled: nothing is switched on here: remove it, and run `gateway automations enable {name}`",
        )
    found = _fields(node, name, {"when", "stores", "do"}, {"if", "limits"})
    when = When(_word(found["when"], f"{name}.when", When))
    conditions = _conditions(found["if"], f"{name}.if", when) if "if" in found else Conditions()
    do, reason, words = _do(found["do"], f"{name}.do")
    if do is Do.accept and when not in REQUESTS:
        raise MarkedError(found["do"].mark, f"{name}.do: accept answers a request; {when} is none: open a case, say")
    return Automation(
        name=name,
        when=when,
        stores=_stores(found["stores"], f"{name}.stores"),
        conditions=conditions,
        do=do,
        reason=reason,
        words=words,
        limits=_limits(found["limits"], f"{name}.limits") if "limits" in found else Limits(),
        digest=hashlib.sha256(f"{name}\n{_spelt(node)}".encode()).hexdigest(),
        line=mark.line,
    )


def _conditions(node: Node, where: str, when: When) -> Conditions:
    found = _fields(node, where, set(), {"before_shipment", "amount_at_most", "reasons", "buyer_not_marked"})
    if "reasons" in found and when not in REQUESTS:
        raise MarkedError(found["reasons"].mark, f"{where}.reasons: only a buyer's request has one: remove it")
    reasons = _list(found["reasons"], f"{where}.reasons") if "reasons" in found else ()
    words = frozenset(_word(each, f"{where}.reasons", AfterSaleReason) for each in reasons)
    return Conditions(
        before_shipment="before_shipment" in found and _yes(found["before_shipment"], f"{where}.before_shipment"),
        amount_at_most=_amounts(found["amount_at_most"], f"{where}.amount_at_most")
        if "amount_at_most" in found
        else {},
        reasons=words,
        buyer_not_marked="buyer_not_marked" in found and _yes(found["buyer_not_marked"], f"{where}.buyer_not_marked"),
    )


def _do(node: Node, where: str) -> tuple[Do, Reason | None, str]:
    if isinstance(node, Table):
        found = _fields(node, where, set(), {"open_case", "task"})
        if len(found) != 1:
            raise MarkedError(node.mark, f"{where}: one thing is done: write open_case or task")
        if "open_case" in found:
            return Do.open_case, Reason(_word(found["open_case"], f"{where}.open_case", Reason)), ""
        words = _text(found["task"], f"{where}.task")
        if len(words) > _LONGEST_WORDS:
            raise MarkedError(found["task"].mark, f"{where}.task: write at most {_LONGEST_WORDS} characters")
        return Do.task, None, words
    word = _word(node, where, Do)
    if word in {Do.open_case, Do.task}:
        how = "{open_case: out_of_stock}" if word == Do.open_case else "{task: what a person is to do}"
        raise MarkedError(node.mark, f"{where}: {word} needs more: write {how}")
    return Do(word), None, ""


def _limits(node: Node, where: str) -> Limits:
    found = _fields(node, where, set(), {"per_hour", "per_day", "amount_at_most"})
    usual = Limits()
    return Limits(
        per_hour=_count(found["per_hour"], f"{where}.per_hour") if "per_hour" in found else usual.per_hour,
        per_day=_count(found["per_day"], f"{where}.per_day") if "per_day" in found else usual.per_day,
        amount_at_most=_amounts(found["amount_at_most"], f"{where}.amount_at_most")
        if "amount_at_most" in found
        else {},
    )


def _stores(node: Node, where: str) -> tuple[str, ...]:
    named = tuple(_text(each, where) for each in _list(node, where))
    if not named or len(set(named)) != len(named):
        raise MarkedError(node.mark, f"{where}: name each store it is for, once")
    return named


def _fields(node: Node, where: str, required: set[str], optional: set[str]) -> Mapping[str, Node]:
    table = _table(node, where or "the file")
    before = f"{where}." if where else ""
    for key, mark in table.key_marks.items():
        if key not in required | optional:
            raise MarkedError(mark, f"{before}{key}: no such key; there are {', '.join(sorted(required | optional))}")
    for key in sorted(required - table.entries.keys()):
        raise MarkedError(table.mark, f"{before}{key}: is missing; add it")
    return table.entries


def _table(node: Node, where: str) -> Table:
    if not isinstance(node, Table):
        raise MarkedError(node.mark, f"{where}: keys and values are expected here")
    return node


def _list(node: Node, where: str) -> tuple[Node, ...]:
    if not isinstance(node, Sequence):
        raise MarkedError(node.mark, f"{where}: a list is expected here, like [one, two]")
    return node.items


def _text(node: Node, where: str) -> str:
    if not isinstance(node, Scalar) or not node.text.strip():
        raise MarkedError(node.mark, f"{where}: a text is expected here")
    return node.text.strip()


def _word(node: Node, where: str, words: type[StrEnum]) -> str:
    text = _text(node, where)
    if text not in set(words):
        raise MarkedError(node.mark, f"{where}: {text} is none of {', '.join(words)}")
    return text


def _yes(node: Node, where: str) -> bool:
    text = _text(node, where)
    if text not in {"yes", "no", "true", "false"}:
        raise MarkedError(node.mark, f"{where}: write yes or no")
    return text in {"yes", "true"}


def _count(node: Node, where: str) -> int:
    text = _text(node, where)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST):
        raise MarkedError(node.mark, f"{where}: write a whole number from 1 to {_MOST}")
    return int(text)


def _amounts(node: Node, where: str) -> Mapping[str, Decimal]:
    found = {}
    for currency, each in _table(node, where).entries.items():
        try:
            amount = Decimal(_text(each, f"{where}.{currency}"))
        except InvalidOperation:
            amount = Decimal(-1)
        if not _CURRENCY.fullmatch(currency) or not amount.is_finite() or amount < 0:
            raise MarkedError(each.mark, f'{where}.{currency}: write a currency and an amount, like {{CNY: "100"}}')
        found[currency] = amount
    return found


def _spelt(node: Node) -> str:
    """Return a text that differs wherever two nodes do, and not by blanks, comments or the order of keys."""
    if isinstance(node, Table):
        return "{" + ",".join(f"{key!r}:{_spelt(each)}" for key, each in sorted(node.entries.items())) + "}"
    if isinstance(node, Sequence):
        return "[" + ",".join(_spelt(each) for each in node.items) + "]"
    return repr(node.text)
