"""Whether a text may be sent to a buyer: asked of every text before it is offered or sent.

Looked for, as far as the platform's rules speak of it: a flat refusal to ship, the buyer asked to cancel, a phone
number written out, the wrong language, a missing part of a notice, and a reason that is not the true one. Every
language's words are looked for in every text. No text is understood: words decide, as ``messages/`` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import DataError, NotAllowed
from gateway.policy.message_guard_language import foreign
from gateway.policy.message_guard_phone import written_out
from gateway.policy.message_guard_text import spoken
from gateway.policy.message_guard_words import Kind, guard_book
from gateway.policy.terms import Purpose, Reason, Reply

if TYPE_CHECKING:
    from datetime import date

    from gateway.model.store import Platform
    from gateway.policy.message_guard_text import View
    from gateway.policy.message_guard_words import GuardBook, TextRule, Words

    Place = tuple[Words | None, tuple[int, int]]  # in whose words, and where

Span = tuple[int, int]

LONGEST = 5000
"""The longest text that is looked at, in letters."""

# Who names one of these has named the other as well.
_SAME = {
    Reason.stock_damaged: {Reason.out_of_stock, Reason.quality_problem},
    Reason.out_of_stock: {Reason.stock_damaged},
    Reason.quality_problem: {Reason.stock_damaged},
    Reason.force_majeure: {Reason.undeliverable_area},
    Reason.undeliverable_area: {Reason.force_majeure},
    Reason.changed_mind: {Reason.buyer_asked},
    Reason.buyer_asked: {Reason.changed_mind},
    Reason.malicious_order: {Reason.buyer_unreachable},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """On what occasion a text is written. What is not known is None; then what hangs on it is not looked at.

    ``language`` is the buyer's (BCP 47), ``reason`` the true one, ``reply`` the buyer's latest answer. Rules count
    that are in force on ``day``, the store's local date; without one, all.
    """

    platform: Platform
    purpose: Purpose | None = None
    language: str | None = None
    reason: Reason | None = None
    reply: Reply = Reply.none
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a text: the rule it breaks, the words that break it, and what to write instead.

    ``words`` stand at ``offset`` of the text; both are empty (0) for something that is missing. ``write`` is an example
    in the text's language, empty where there is none.
    """

    kind: Kind
    rules: tuple[str, ...]
    title: str
    words: str
    offset: int
    instead: str
    write: str


def check(text: str, occasion: Occasion, book: GuardBook | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with a text, by its place; nothing: it may be sent.

    Raises DataError for a text longer than any chat takes.
    """
    if len(text) > LONGEST:
        raise DataError(f"The text has {len(text)} letters; no chat takes more than {LONGEST}. Shorten it.")
    book = book or guard_book()
    heard = _Heard(text, spoken(text, book.rejoin), occasion, book)
    found = [finding for rule in _in_force(occasion, book) for finding in _findings(rule, heard)]
    return tuple(sorted(found, key=lambda each: (each.offset, each.rules)))


def require(text: str, occasion: Occasion, book: GuardBook | None = None) -> None:
    """Return when a text may be sent. Raises NotAllowed, with the rules it breaks, otherwise."""
    found = check(text, occasion, book)
    if found:
        cites = tuple(dict.fromkeys(rule for finding in found for rule in finding.rules))
        kinds = "; ".join(dict.fromkeys(f"{finding.title} ({finding.rules[0]})" for finding in found))
        raise NotAllowed(
            f"The text may not be sent to the buyer: {kinds}. Look at it with `gateway message check`.", citations=cites
        )


@dataclass(frozen=True, slots=True)
class _Heard:
    text: str
    view: View
    occasion: Occasion
    book: GuardBook

    def spans(self, topic: str) -> Iterator[tuple[Words, Span]]:
        """Yield where any language's words for a topic stand in the original, each place once."""
        taken: list[Span] = []
        for words in self.book.words.values():
            for found in sorted(words.sign(topic).found_in(self.view), key=lambda span: (span[0], -span[1])):
                span = self.view.span(*found)
                if not any(span[0] < end and start < span[1] for start, end in taken):
                    taken.append(span)
                    yield words, span

    def has(self, topic: str) -> bool:
        return any(words.sign(topic).are_in(self.view) for words in self.book.words.values())

    def reasons(self) -> Iterator[tuple[Words, Reason, Span]]:
        """Yield every reason the text names, and where."""
        for words in self.book.words.values():
            for reason, signs in words.reasons.items():
                for found in signs.found_in(self.view):
                    yield words, reason, self.view.span(*found)

    @property
    def names_a_reason(self) -> bool:
        return self.has("because") or next(self.reasons(), None) is not None


def _in_force(occasion: Occasion, book: GuardBook) -> Iterator[TextRule]:
    for rule in book.rules.get(occasion.platform, ()):
        if occasion.day is not None and occasion.day < rule.in_force:
            continue
        if rule.purposes and occasion.purpose not in rule.purposes:
            continue
        if rule.only_for_reasons and occasion.reason not in rule.only_for_reasons:
            continue
        if occasion.reason not in rule.not_for_reasons and occasion.reply not in rule.allowed_after:
            yield rule


def _findings(rule: TextRule, heard: _Heard) -> Iterator[Finding]:
    for words, (start, end) in _LOOK_FOR[rule.kind](rule, heard):
        spoken_in = words or heard.book.language(heard.occasion.language or rule.language or "en")
        yield Finding(
            kind=rule.kind,
            rules=rule.rules,
            title=rule.title,
            words=heard.text[start:end],
            offset=start,
            instead=rule.instead,
            write=spoken_in.instead.get(rule.kind, "") if spoken_in else "",
        )


def _phones(_rule: TextRule, heard: _Heard) -> Iterable[Place]:
    return ((None, span) for span in written_out(heard.text))


def _foreign(rule: TextRule, heard: _Heard) -> Iterable[Place]:
    language = heard.occasion.language or rule.language
    return ((None, span) for span in foreign(heard.text, language, heard.book.words))


def _asked(_rule: TextRule, heard: _Heard) -> Iterable[Place]:
    return heard.spans("ask_to_cancel")


def _induced(_rule: TextRule, heard: _Heard) -> Iterable[Place]:
    return heard.spans("inducement") if heard.has("ask_to_cancel") else ()


def _missing(there: Callable[[_Heard], bool]) -> Callable[[TextRule, _Heard], Iterable[Place]]:
    return lambda _, heard: () if there(heard) else [(None, (0, 0))]


def _refusals(_rule: TextRule, heard: _Heard) -> Iterator[Place]:
    """Yield flat refusals; that it cannot be sent is one when neither a reason nor an end is told (C7)."""
    yield from heard.spans("refusal")
    if not heard.has("soothing") and not heard.names_a_reason:
        yield from heard.spans("unable")


def _false_reasons(_rule: TextRule, heard: _Heard) -> Iterator[Place]:
    true = heard.occasion.reason
    if true is None:
        return
    for words, reason, span in heard.reasons():
        if reason is not true and reason not in _SAME.get(true, ()):
            yield words, span


_LOOK_FOR: dict[Kind, Callable[[TextRule, _Heard], Iterable[Place]]] = {
    Kind.refusal: _refusals,
    Kind.ask_to_cancel: _asked,
    Kind.inducement: _induced,
    Kind.phone: _phones,
    Kind.language: _foreign,
    Kind.reason_missing: _missing(lambda heard: heard.names_a_reason),
    Kind.refund_missing: _missing(lambda heard: heard.has("refund")),
    Kind.hour_missing: _missing(lambda heard: heard.has("hour")),
    Kind.false_reason: _false_reasons,
}
