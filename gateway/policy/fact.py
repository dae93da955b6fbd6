"""One named rule fact, and how its value is read from YAML: numbers, words, windows of time, lines of a rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeVar

from gateway.marked_yaml import Mapping, MarkedError, Scalar, Sequence
from gateway.policy.terms import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from enum import StrEnum

    from gateway.marked_yaml import Node

T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound="StrEnum")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """One named fact. ``read`` turns its YAML value into the code's type and raises MarkedError when it cannot."""

    name: str
    read: Callable[[Node], T_co]


@dataclass(frozen=True, slots=True)
class Window:
    """A length of time after an event. ``inclusive``: its very last second still belongs to it."""

    length: timedelta
    inclusive: bool

    def covers(self, event: datetime, instant: datetime) -> bool:
        """Tell whether ``instant`` lies in the window that ``event`` opened."""
        passed = instant - event
        return passed <= self.length if self.inclusive else passed < self.length


@dataclass(frozen=True, slots=True)
class Line:
    """A share in percent. ``inclusive``: standing exactly on it already counts as above."""

    percent: int
    inclusive: bool

    def is_crossed(self, part: int, whole: int) -> bool:
        """Tell whether ``part`` of ``whole`` is above the line."""
        share, line = part * 100, self.percent * whole
        return share >= line if self.inclusive else share > line


def read_text(node: Node) -> str:
    """Read one word."""
    if not isinstance(node, Scalar) or node.is_null:
        raise MarkedError(node.mark, "one word is expected here")
    return node.text


def read_count(node: Node) -> int:
    """Read a whole number of zero or more."""
    text = read_text(node)
    if not (text.isascii() and text.isdigit()):
        raise MarkedError(node.mark, f"{text!r} is no whole number of zero or more")
    return int(text)


def read_decimal_number(node: Node) -> Decimal:
    """Read a decimal number of zero or more."""
    text = read_text(node)
    if not text.replace(".", "", 1).isdecimal() or not text.isascii():
        raise MarkedError(node.mark, f"{text!r} is no decimal number of zero or more")
    return Decimal(text)


def read_yes(node: Node) -> bool:
    """Read true or false."""
    text = read_text(node)
    if text not in {"true", "false"}:
        raise MarkedError(node.mark, f"{text!r} is neither true nor false")
    return text == "true"


def read_texts(node: Node) -> tuple[str, ...]:
    """Read a list of words."""
    if not isinstance(node, Sequence):
        raise MarkedError(node.mark, "a list is expected here")
    return tuple(read_text(item) for item in node.items)


def read_words(words: type[E]) -> Callable[[Node], frozenset[E]]:
    """Return a reader of a list of known words."""

    def read(node: Node) -> frozenset[E]:
        if not isinstance(node, Sequence):
            raise MarkedError(node.mark, "a list is expected here")
        return frozenset(_word(words, item) for item in node.items)

    return read


def read_by_reason(node: Node) -> dict[Reason, str]:
    """Read a table that gives the platform's word for each reason."""
    if not isinstance(node, Mapping):
        raise MarkedError(node.mark, "a table of reason: platform's word is expected here")
    return {
        _word(Reason, Scalar(key, plain=True, mark=node.key_marks[key])): read_text(value)
        for key, value in node.entries.items()
    }


def read_window(node: Node) -> Window:
    """Read ``{hours: 4, inclusive: true}``; ``days``, ``minutes`` and ``seconds`` likewise."""
    fields = _fields_with_border(node, ("days", "hours", "minutes", "seconds"))
    unit, length = next((key, value) for key, value in fields.items() if key != "inclusive")
    return Window(timedelta(**{unit: read_count(length)}), read_yes(fields["inclusive"]))


def read_line(node: Node) -> Line:
    """Read ``{percent: 5, inclusive: false}``."""
    fields = _fields_with_border(node, ("percent",))
    return Line(read_count(fields["percent"]), read_yes(fields["inclusive"]))


def _fields_with_border(node: Node, measures: tuple[str, ...]) -> dict[str, Node]:
    entries = node.entries if isinstance(node, Mapping) else {}
    if len(entries) != 2 or "inclusive" not in entries or not entries.keys() & set(measures):
        expected = " or ".join(measures)
        raise MarkedError(node.mark, f"{{{expected}: number, inclusive: true or false}} is expected here")
    return entries


def _word(words: type[E], node: Node) -> E:
    text = read_text(node)
    if text not in {word.value for word in words}:
        raise MarkedError(node.mark, f"{text!r} is unknown; known are {', '.join(words)}")
    return words(text)
