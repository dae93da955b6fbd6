"""A text as it is read aloud: written in one way whatever was done to its letters, with every letter's old place.

What makes two texts look or sound alike is undone: full-width and styled letters (NFKC), invisible characters, letters
of other alphabets that look the same, digits in place of letters, traditional characters, and whatever was put between
the letters of a word.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ENDS = ".。!?;\n"
"""What ends a sentence in a `View`."""

_LOOK_ALIKE = str.maketrans(
    "аеорсухіјѕԁԛԝһӏвкмнтгαεικνορτυχωβηɑɡıᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "aeopcyxijsdqwhlbkmhtraeikvoptuxwbhagiabcdefghjklmnoprstuvwyz",
)
_SPELT_WITH = str.maketrans("013457@$!|", "oleastasil")
_SIMPLE = str.maketrans(
    "發貨關閉單請訂們給從為這還個無沒時點將優補償贈幾撤銷問題賣買虧錢後價錯誤設標損壞斷售罄庫倉處麻煩勞辦帳號電話"
    "機傳寄達運輸遞區對應該願會讓誰說謝謝歡迎覺動進選擇現暫員輕鬆過濟準備確認圖"
    "異氣颱風災難聯繫繳納購轉嗎邊種樣軟級缺絕",
    "发货关闭单请订们给从为这还个无没时点将优补偿赠几撤销问题卖买亏钱后价错误设标损坏断售罄库仓处麻烦劳办帐号电话"
    "机传寄达运输递区对应该愿会让谁说谢谢欢迎觉动进选择现暂员轻松过济准备确认图"
    "异气台风灾难联系缴纳购转吗边种样软级缺绝",
)
_STRUCK = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_VOICED = "\uff9e\uff9f"  # the marks of half-width kana, which belong to the letter before
_CJK = "\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_QUOTES = re.compile("[\"'`´‘’“”„«»‹›「」『』《》〈〉【】〔〕]")
_BETWEEN_CJK = re.compile(rf"(?<=[{_CJK}])[^\w{_CJK}。!?;,、:\n]+(?=[{_CJK}])|(?<=[{_CJK}])_+(?=[{_CJK}])")
_BESIDE_CJK = re.compile(rf"(?<=[{_CJK}]) +| +(?=[{_CJK}])")
_LONE = re.compile(rf"(?<![{_CJK}])([{_CJK}])[,、:](?=[{_CJK}])|(?<=[{_CJK}])[,、:](?=[{_CJK}](?![{_CJK}]))")
_SPACED_LETTERS = re.compile(r"(?<![^\W_])[a-z](?:(?:[^a-z0-9\n]|[^a-z0-9\s] )[a-z](?![^\W_])){2,}")
_IN_WORD = re.compile(r"(?<=[a-z])[013457@$!|]+(?=[a-z])")


@dataclass(frozen=True, slots=True)
class View:
    """A text in its plain form. ``places`` tells for each letter where it began and ended in the original."""

    text: str
    places: tuple[tuple[int, int], ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the letters from ``start`` to before ``end`` stand in the original text."""
        inside = self.places[start:end]
        return (inside[0][0], inside[-1][1]) if inside else (0, 0)

    def mapped(self, table: dict[int, str] | dict[int, int]) -> View:
        """Return the view with single letters exchanged for single letters."""
        return View(self.text.translate(table), self.places)

    def without(self, pattern: re.Pattern[str], keep: Callable[[re.Match[str]], str] | None = None) -> View:
        """Return the view without what ``pattern`` finds, but for what ``keep`` picks of it, letter by letter."""
        letters: list[str] = []
        places: list[tuple[int, int]] = []
        done = 0
        for found in pattern.finditer(self.text):
            letters.append(self.text[done : found.start()])
            places += self.places[done : found.start()]
            done = found.end()
            if keep is not None:
                at = found.start()
                for letter in keep(found):
                    at = self.text.index(letter, at)
                    letters.append(letter)
                    places.append(self.places[at])
                    at += 1
        letters.append(self.text[done:])
        places += self.places[done:]
        return View("".join(letters), tuple(places))


def plain(text: str) -> View:
    """Return ``text`` in NFKC and lower case, without what cannot be seen. Digits stay digits.

    Of many blanks two stay: one may stand between letters, two between words.
    """
    letters: list[str] = []
    places: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        shown = unicodedata.normalize("NFKC", text[start:end])
        for letter in _STRUCK.sub("", shown).casefold():
            kind = unicodedata.category(letter)
            if kind == "Cf" or (kind == "Cc" and letter not in "\n\r\t") or letter == "\u3164":
                continue
            shown_as = "\n" if letter in "\n\r" else " " if letter.isspace() else letter
            if shown_as == " " and letters[-2:] == [" ", " "]:
                continue
            letters.append(shown_as)
            places.append((start, end))
    return View("".join(letters), tuple(places))


def spoken(text: str, rejoin: Iterable[re.Pattern[str]] = ()) -> View:
    """Return ``text`` as words: nothing between the letters of a word, one alphabet, one form of a character.

    ``rejoin`` finds words that somebody has pulled apart.
    """
    view = plain(text).without(_QUOTES).mapped(_LOOK_ALIKE).mapped(_SIMPLE)
    view = view.without(_BETWEEN_CJK).without(_BESIDE_CJK)
    view = view.without(_LONE, keep=lambda found: found[1] or "")
    view = view.without(_SPACED_LETTERS, keep=_letters_of)
    view = _spelt(view)
    for pattern in rejoin:
        view = view.without(pattern, keep=_letters_of)
    return view.without(re.compile(r"(?<= ) +"))


def fold(pattern: str) -> str:
    """Return a pattern in the form of the letters it will meet."""
    return pattern.translate(_SIMPLE)


def pulled_apart(word: str) -> re.Pattern[str]:
    """Return what finds ``word`` with anything put between its letters."""
    return re.compile(r"(?<![^\W_])" + r"[\W_]{0,2}".join(map(re.escape, word)))


def _letters_of(found: re.Match[str]) -> str:
    return re.sub(r"[\W_]+", "", found[0])


def _spelt(view: View) -> View:
    """Undo digits and signs in place of letters inside a word."""
    text = _IN_WORD.sub(lambda found: found[0].translate(_SPELT_WITH), view.text)
    return View(text, view.places)


def _clusters(text: str) -> Iterable[tuple[int, int]]:
    start = 0
    for place in range(1, len(text) + 1):
        if place < len(text) and (unicodedata.combining(text[place]) or text[place] in _VOICED):
            continue
        yield start, place
        start = place
