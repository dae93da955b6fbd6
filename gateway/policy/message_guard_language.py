"""Whether a text is written in a language: by its letters, and by the small words no longer text does without.

Names of goods, numbers and brand names in another language are no sentences, so they count for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.policy.message_guard_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.policy.message_guard_words import Words

_SENTENCE = re.compile(r"[^。!?;.\n…~]+")
_SCRIPTS = {
    "kana": re.compile(r"[\u3041-\u3096\u30a1-\u30fa]"),
    "hiragana": re.compile(r"[\u3041-\u3096]"),
    "han": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"),
    "thai": re.compile(r"[\u0e00-\u0e7f]"),
    "hangul": re.compile(r"[\uac00-\ud7af\u1100-\u11ff]"),
    "cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "arabic": re.compile(r"[\u0600-\u06ff]"),
    "latin": re.compile(r"[a-z\u00df-\u024f\u1e00-\u1eff]"),
}
_OTHERS = ("thai", "hangul", "cyrillic", "arabic")
_WORD = re.compile(r"[a-z\u00df-\u024f\u1e00-\u1eff]+")
_ONE_FAMILY = {"id": "malay", "ms": "malay", "fil": "fil"}  # too near to each other to be told apart
_LATIN_WORDS = 4  # fewer may be a name
_HAN = 4


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    letters: Mapping[str, int]
    words: tuple[str, ...]


def foreign(text: str, language: str, words: Mapping[str, Words]) -> Iterator[tuple[int, int]]:
    """Yield where in ``text`` a sentence stands that is not in ``language`` (a BCP 47 tag).

    Nothing is yielded for a language that nobody has described.
    """
    wanted = language.lower().split("-")[0]
    if wanted not in words:
        return
    view = plain(text)
    for found in _SENTENCE.finditer(view.text):
        counts = {name: len(pattern.findall(found[0])) for name, pattern in _SCRIPTS.items()}
        sentence = _Sentence(found[0], counts, tuple(_WORD.findall(found[0])))
        if _is_foreign(sentence, wanted, words):
            yield view.span(*found.span())


def _is_foreign(sentence: _Sentence, wanted: str, words: Mapping[str, Words]) -> bool:
    letters = sentence.letters
    if any(letters[name] >= 4 for name in _OTHERS if name != {"th": "thai"}.get(wanted)):
        return True
    if wanted == "ja":
        return _is_not_japanese(sentence, words)
    if wanted == "zh":
        return letters["hiragana"] >= 3 or (letters["han"] == 0 and len(sentence.words) >= _LATIN_WORDS)
    if wanted == "th":
        return letters["thai"] == 0 and (
            len(sentence.words) >= _LATIN_WORDS or letters["han"] + letters["kana"] >= _HAN
        )
    if letters["han"] + letters["kana"] >= _HAN and letters["latin"] < 3 * (letters["han"] + letters["kana"]):
        return True
    return len(sentence.words) >= _LATIN_WORDS and _is_of_another(sentence, wanted, words)


def _is_not_japanese(sentence: _Sentence, words: Mapping[str, Words]) -> bool:
    letters = sentence.letters
    chinese = sum(letter in words["zh"].letters for letter in sentence.text) if "zh" in words else 0
    if letters["kana"] == 0:
        if letters["han"] == 0:
            return len(sentence.words) >= _LATIN_WORDS
        return letters["han"] >= _HAN and chinese > 0
    return chinese >= 2 and letters["kana"] * 6 < letters["han"]


def _is_of_another(sentence: _Sentence, wanted: str, words: Mapping[str, Words]) -> bool:
    def hits(language: str) -> int:
        return sum(word in words[language].common for word in sentence.words)

    own = max(hits(each) for each in words if _family(each) == _family(wanted))
    others = max((hits(each) for each in words if _family(each) != _family(wanted)), default=0)
    return own == 0 and others >= 2


def _family(language: str) -> str:
    return _ONE_FAMILY.get(language, language)
