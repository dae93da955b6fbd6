"""The texts of one language, by key. The files beside this module hold the same keys in every language.

``why`` holds what a decision's ``explanation`` may say; its English form is the one the rules speak, so an
explanation is found again in every language. ``titles_*.yaml`` translate the titles of rule facts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from gateway.marked_yaml import Mapping, MarkedError, Scalar, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.marked_yaml import Node

_SLOT = re.compile(r"\\\{(\w+)\\\}")  # a slot as `re.escape` leaves it
_WHY = "why."


class Language(StrEnum):
    """The languages a decision is told in."""

    en = "en"
    zh = "zh"
    ja = "ja"


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of one language."""

    language: Language
    entries: dict[str, str]  # by dotted key, like "path.wait"
    titles: dict[str, str]  # of rule facts and sources, and who published these, by their English words
    explanations: tuple[tuple[re.Pattern[str], str], ...]  # how each reads in English, and its key

    def say(self, key: str, **slots: object) -> str:
        """Return a text with its slots filled. Raises KeyError for a key that no file holds."""
        return self.entries[key].format(**slots)

    def explain(self, explanation: str) -> str:
        """Return a decision's explanation in this language; one that is not in the files stays in English."""
        for pattern, key in self.explanations:
            if (found := pattern.fullmatch(explanation)) is not None:
                return self.say(key, **{slot: self._word(slot, word) for slot, word in found.groupdict().items()})
        return explanation

    def title(self, english: str) -> str:
        """Return the title of a rule or a source, or its publisher; one that is not in the files stays in English."""
        return self.titles.get(english, english)

    def _word(self, slot: str, word: str) -> str:
        return self.entries.get(f"{slot}.{word.lower().replace(' ', '_')}", word)


@lru_cache
def texts_in(language: Language) -> Texts:
    """Return the texts of a language. Raises MarkedError when a file beside this module cannot be read."""
    english = dict(_entries(_file("en"), ""))
    return Texts(
        language=language,
        entries=dict(_entries(_file(language), "")),
        titles={} if language is Language.en else dict(_entries(_file(f"titles_{language}"), "")),
        explanations=tuple((_pattern(text), key) for key, text in english.items() if key.startswith(_WHY)),
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(_SLOT.sub(r"(?P<\1>.+?)", re.escape(text)))


def _file(name: str) -> Node:
    file = resources.files("gateway.policy.wording") / f"{name}.yaml"
    return load(file.read_text(encoding="utf-8"), f"{name}.yaml")


def _entries(node: Node, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Scalar):
        yield prefix, node.text
    elif isinstance(node, Mapping):
        for key, each in node.entries.items():
            yield from _entries(each, f"{prefix}.{key}" if prefix else key)
    else:
        raise MarkedError(node.mark, "a text or a table of texts is expected here")
