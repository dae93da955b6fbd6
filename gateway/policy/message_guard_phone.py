"""Telephone numbers that are written out in full, however their digits are pulled apart (XHS-33).

A number with some digits hidden (138****5678) is none. Neither are order and parcel numbers: they are longer, or begin
with letters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.policy.message_guard_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMERALS = str.maketrans("零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖兩两", "00123456789112345678922")
_SEP = r"[\s\-.·_()/~]{1,3}"
_WORD = "zero|oh|one|two|three|four|five|six|seven|eight|nine"
_WRITTEN_OUT = (
    # a mobile number of mainland China
    rf"(?<![0-9a-z])(?:(?:\+|00)?86(?:{_SEP})?)?1(?:{_SEP})?[3-9](?:(?:{_SEP})?[0-9]){{9}}(?!(?:{_SEP})?[0-9])",
    # the same with every digit on its own, whatever stands between
    r"(?<![0-9a-z])1(?:[^0-9a-z*\n]{1,3}[0-9](?![0-9])){10}(?![^0-9a-z*\n]{1,3}[0-9])",
    r"(?<![0-9a-z])0[0-9]{2,3}[\s\-.)]{1,3}[0-9]{4}[\s\-.]?[0-9]{3,4}(?![0-9])",  # a fixed line in China
    r"(?<![0-9a-z])[48]00[\s\-.]{1,2}[0-9]{3,4}[\s\-.]?[0-9]{3,4}(?![0-9])",
    r"(?<![0-9a-z])0[5789]0[\s\-.]?[0-9]{4}[\s\-.]?[0-9]{4}(?![0-9])",  # Japan
    rf"\+[0-9]{{1,3}}(?:(?:{_SEP})?[0-9]){{7,12}}(?![0-9])",
    rf"\b(?:{_WORD})(?:[\s\-,.]{{1,3}}(?:{_WORD}|[0-9])){{6,}}\b",
)
_PATTERNS = tuple(re.compile(each) for each in _WRITTEN_OUT)


def written_out(text: str) -> Iterator[tuple[int, int]]:
    """Yield where in ``text`` a whole telephone number stands: start and end."""
    view = plain(text).mapped(_NUMERALS)
    taken = 0
    found = [view.span(*each.span()) for pattern in _PATTERNS for each in pattern.finditer(view.text)]
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if start >= taken:
            yield start, end
            taken = end
