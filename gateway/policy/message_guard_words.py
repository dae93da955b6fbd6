"""What the message guard goes by: each platform's dated rules about texts, and each language's words for them.

``messages/rules.yaml`` says what a platform forbids, ``messages/words/<language>.yaml`` what it sounds like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from gateway.marked_yaml import load
from gateway.model.store import Platform
from gateway.policy.message_guard_text import fold, pulled_apart
from gateway.policy.rule_file import (
    RuleError,
    read_date,
    read_fields,
    read_items,
    read_mapping,
    read_one_of,
    read_rule_id,
    read_text,
)
from gateway.policy.terms import Purpose, Reason, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from importlib.resources.abc import Traversable

    from gateway.marked_yaml import Node
    from gateway.policy.message_guard_text import View

SENTENCE = r"[^。.!?;\n]"
CLAUSE = r"[^。.!?;,、:\n]"


class Kind(StrEnum):
    """What can be wrong with a text."""

    refusal = "refusal"
    ask_to_cancel = "ask_to_cancel"
    inducement = "inducement"
    phone = "phone"
    language = "language"
    reason_missing = "reason_missing"
    refund_missing = "refund_missing"
    hour_missing = "hour_missing"
    false_reason = "false_reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRule:
    """One rule of a platform about texts. ``rules`` are the ids to cite, the one that says it first.

    An empty ``purposes`` means every text; an empty ``only_for_reasons`` every reason, given or not.
    """

    kind: Kind
    rules: tuple[str, ...]
    title: str
    instead: str
    purposes: frozenset[Purpose]
    only_for_reasons: frozenset[Reason]
    not_for_reasons: frozenset[Reason]
    allowed_after: frozenset[Reply]
    language: str  # of buyers who told none; only of kind `language`
    source: str
    span: str
    in_force: date
    seen: date


@dataclass(frozen=True, slots=True)
class Signs:
    """What words give a thing away, and what excuses words that it touches."""

    forbid: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()

    def found_in(self, view: View) -> Iterator[tuple[int, int]]:
        """Yield where in the view they stand, without what is excused."""
        excused = [each.span() for pattern in self.unless for each in pattern.finditer(view.text)]
        for pattern in self.forbid:
            for found in pattern.finditer(view.text):
                start, end = found.span()
                if not any(start < other_end and other_start < end for other_start, other_end in excused):
                    yield start, end

    def are_in(self, view: View) -> bool:
        """Tell whether any of it stands there."""
        return next(self.found_in(view), None) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language."""

    language: str
    signs: dict[str, Signs]  # by topic
    reasons: dict[Reason, Signs]
    letters: frozenset[str]  # letters or characters that only this language has among its neighbours
    common: frozenset[str]  # words that no longer text does without
    rejoin: tuple[re.Pattern[str], ...]
    instead: dict[str, str]  # what may be written in place of a kind of words

    def sign(self, topic: str) -> Signs:
        """Return the signs of a topic, none where the language has none."""
        return self.signs.get(topic, _NONE)


@dataclass(frozen=True, slots=True)
class GuardBook:
    """All of it."""

    rules: dict[Platform, tuple[TextRule, ...]]
    words: dict[str, Words]

    @property
    def rejoin(self) -> tuple[re.Pattern[str], ...]:
        """Return what finds words that were pulled apart."""
        return tuple(pattern for words in self.words.values() for pattern in words.rejoin)

    def language(self, tag: str) -> Words | None:
        """Return the words of the language of a BCP 47 tag, None where there are none."""
        return self.words.get(tag.lower().split("-")[0])


_NONE = Signs()
TOPICS = ("refusal", "unable", "soothing", "ask_to_cancel", "inducement", "hour", "refund", "because")
_OPTIONAL = {*TOPICS, "let", "rejoin", "reasons", "signs", "instead"}


@cache
def guard_book() -> GuardBook:
    """Return the rules and words that come with this package. Raises RuleError where a file cannot be used."""
    root = resources.files("gateway.policy") / "messages"
    words = sorted((root / "words").iterdir(), key=lambda each: each.name)
    return GuardBook(
        read_rules((root / "rules.yaml").read_text("utf-8"), "messages/rules.yaml"),
        {name: read_words(name, file.read_text("utf-8")) for file in words if (name := _language(file))},
    )


def read_rules(text: str, file: str) -> dict[Platform, tuple[TextRule, ...]]:
    """Return the rules about texts in a file. Raises RuleError or MarkedError with its place."""
    topic = read_mapping(load(text, file))
    for key, mark in topic.key_marks.items():
        if key not in set(Platform):
            raise RuleError(mark, f"{key!r} is no platform; known are {', '.join(Platform)}")
    return {Platform(key): tuple(_rule(each) for each in read_items(node)) for key, node in topic.entries.items()}


def read_words(language: str, text: str) -> Words:
    """Return the words of one language. Raises RuleError or MarkedError with the place in its file."""
    file = f"messages/words/{language}.yaml"
    fields = read_fields(load(text, file), set(), _OPTIONAL)
    let: dict[str, str] = {}
    for name, node in _entries(fields.get("let")):
        let[name] = _expanded(node, let)
    signs = read_fields(fields["signs"], set(), {"characters", "words"}) if "signs" in fields else {}
    return Words(
        language=language,
        signs={topic: _signs(fields[topic], let) for topic in TOPICS if topic in fields},
        reasons={_reason(name, node): _signs(node, let) for name, node in _entries(fields.get("reasons"))},
        letters=frozenset(read_text(signs["characters"])) if "characters" in signs else frozenset(),
        common=frozenset(_texts(signs.get("words"))),
        rejoin=tuple(pulled_apart(word) for word in _texts(fields.get("rejoin"))),
        instead={name: read_text(node) for name, node in _entries(fields.get("instead"))},
    )


def _reason(name: str, node: Node) -> Reason:
    if name not in set(Reason):
        raise RuleError(node.mark, f"{name!r} is no reason; known are {', '.join(Reason)}")
    return Reason(name)


def _rule(node: Node) -> TextRule:
    required = {"kind", "rules", "title", "instead", "source", "span", "in_force", "seen"}
    fields = read_fields(
        node, required, {"purposes", "only_for_reasons", "not_for_reasons", "allowed_after", "language"}
    )
    cites = tuple(read_rule_id(each) for each in read_items(fields["rules"]))
    if not cites:
        raise RuleError(node.mark, "rules: needs at least one rule id")
    return TextRule(
        kind=Kind(read_one_of(fields["kind"], tuple(Kind))),
        rules=cites,
        title=read_text(fields["title"]),
        instead=read_text(fields["instead"]),
        purposes=frozenset(Purpose(read_one_of(each, tuple(Purpose))) for each in _list(fields.get("purposes"))),
        only_for_reasons=_reasons(fields.get("only_for_reasons")),
        not_for_reasons=_reasons(fields.get("not_for_reasons")),
        allowed_after=frozenset(Reply(read_one_of(each, tuple(Reply))) for each in _list(fields.get("allowed_after"))),
        language=read_text(fields["language"]) if "language" in fields else "",
        source=read_text(fields["source"]),
        span=read_text(fields["span"]),
        in_force=read_date(fields["in_force"]),
        seen=read_date(fields["seen"]),
    )


def _reasons(node: Node | None) -> frozenset[Reason]:
    return frozenset(Reason(read_one_of(each, tuple(Reason))) for each in _list(node))


def _signs(node: Node, let: dict[str, str]) -> Signs:
    fields = read_fields(node, {"forbid"}, {"unless"})
    return Signs(_patterns(fields["forbid"], let), _patterns(fields["unless"], let) if "unless" in fields else ())


def _patterns(node: Node, let: dict[str, str]) -> tuple[re.Pattern[str], ...]:
    found = []
    for each in read_items(node):
        expanded = _expanded(each, let)
        try:
            found.append(re.compile(expanded))
        except re.error as error:
            raise RuleError(each.mark, f"no readable pattern: {error}") from None
    return tuple(found)


def _expanded(node: Node, let: dict[str, str]) -> str:
    def named(found: re.Match[str]) -> str:
        if found["many"]:
            return f"{SENTENCE if found['how'] == '..' else CLAUSE}{{0,{found['many']}}}"
        if found["name"] not in let:
            raise RuleError(node.mark, f"<{found['name']}> stands for nothing: write it under `let`, above its use")
        return let[found["name"]]

    pattern = r"(?<!\(\?)(?<!\(\?P)<(?:(?P<how>\.\.|-)(?P<many>[0-9]+)|(?P<name>[a-z_]+))>"
    return fold(re.sub(pattern, named, read_text(node)))


def _texts(node: Node | None) -> tuple[str, ...]:
    return tuple(read_text(each) for each in _list(node))


def _entries(node: Node | None) -> Iterable[tuple[str, Node]]:
    return () if node is None else read_mapping(node).entries.items()


def _list(node: Node | None) -> tuple[Node, ...]:
    return () if node is None else read_items(node)


def _language(file: Traversable) -> str:
    return file.name.removesuffix(".yaml") if file.name.endswith(".yaml") else ""
