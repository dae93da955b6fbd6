"""The words on papers, in the language of the platform they are for. Every file here holds the same keys.

What a decision says has words already (`gateway.policy.wording`): phases, reasons, paths, platforms are said in those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from gateway.marked_yaml import Mapping, MarkedError, Node, Scalar, load
from gateway.model.money import to_major
from gateway.model.store import Platform, Store
from gateway.policy.wording.catalog import Language, Texts, texts_in
from gateway.policy.wording.page import moment

_CHINESE = frozenset({Platform.xiaohongshu, Platform.alibaba_1688})


@dataclass(frozen=True, slots=True)
class Words:
    """What is said on papers of one language."""

    language: Language
    entries: dict[str, str]  # by dotted key, like "sheet.title"
    texts: Texts

    def say(self, key: str, **slots: object) -> str:
        """Return a text with its slots filled, of a paper or of a decision. Raises KeyError for an unknown key."""
        found = self.entries.get(key)
        return self.texts.say(key, **slots) if found is None else found.format(**slots)

    def word(self, kind: str, value: str | None) -> str:
        """Return a word of ours in this language; one that has none stays as it is, None is empty."""
        if value is None:
            return ""
        return self.entries.get(f"{kind}.{value}") or self.texts.entries.get(f"{kind}.{value}", value)


def language_of(store: Store) -> Language:
    """Return the language in which a store's platform reads what is handed in."""
    if Platform.of(store.platform) in _CHINESE:
        return Language.zh
    return Language.ja if store.region == "JP" else Language.en


@lru_cache
def words_in(language: Language) -> Words:
    """Return the words of a language."""
    file = resources.files("gateway.cases.papers") / f"{language}.yaml"
    entries = dict(_entries(load(file.read_text(encoding="utf-8"), f"{language}.yaml"), ""))
    return Words(language, entries, texts_in(language))


def money(minor: int | None, currency: str) -> str:
    """Return an amount as people read it, empty for None."""
    return "" if minor is None else f"{to_major(minor, currency)} {currency}"


def when(instant: datetime | None, zone: ZoneInfo) -> str:
    """Return an instant in a time zone as people read it, empty for None."""
    return "" if instant is None else moment(instant, zone)


def _entries(node: Node, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Scalar):
        yield prefix, node.text
    elif isinstance(node, Mapping):
        for key, each in node.entries.items():
            yield from _entries(each, f"{prefix}.{key}" if prefix else key)
    else:
        raise MarkedError(node.mark, "a text or a table of texts is expected here")
